"""Simulated series with exact truth."""
