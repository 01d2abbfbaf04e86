"""Segment images: Otsu, second derivative, superpixels, hybrid annotation, U-Net, scores."""

from ..package_call import callable_as

callable_as(__name__, "phase_map:segment")
