"""Real images against synthetic ones: floors, baselines, two-sample tests, memorisation, report."""

from ..package_call import callable_as

callable_as(__name__, "operation:compare")
