"""Clean raw images: data bar, registration, curtaining, shading, contrast, noise, crop."""

from ..package_call import callable_as

callable_as(__name__, "pipeline:prepare")
