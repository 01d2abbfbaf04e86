"""Measure microstructures: one quantity per file, named by its standard name."""

from ..package_call import callable_as

callable_as(__name__, "table:quantify")
