"""Measure microstructures: one quantity per file, named by its standard name."""
