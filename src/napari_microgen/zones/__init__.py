"""Structure-zone diagrams: which microstructure which conditions give, and how far that is known."""

from ..package_call import callable_as

callable_as(__name__, "operation:zones")
