"""What a voxel grid of this resolution does to each quantity, in words beside the value.

Resolution is the smallest mean chord, of the phase or the rest, along any axis, in voxels:
about how many voxels the finest features span. The bias that belongs to it was measured on
level-cut Gaussian random fields at several pitches (`discretisation_curves`, made by
``benchmarks/discretisation_bias.py``). Bodies of other shape may differ from them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..features import Feature
from ..progress import Progress, Steps
from .chunk import Chunk
from .discretisation_curves import CURVES

_MARGIN = 1.5
"""The stated bound is this many times the largest deviation seen on the fields measured."""

NONE = {
    "relative_density": "none: every voxel counts alike",
    "porosity": "none: every voxel counts alike",
    "area_fraction": "none: every pixel counts alike",
}
NOT_KNOWN = {
    "bruggeman_exponent": "that of ln(geodesic_tortuosity) and of relative_density",
    "curvature_ratio": "that of the two curvatures and of strut_diameter together",
    "shape_index": "not known: the index belongs to its blur of one pixel, so it changes with the pixel size",
    "persistence_image": "not known: it depends on grey values, not only on the phase",
    "feret_diameter": "about +0.9 pixels by pixel corners (0 midway, -0.5 by centres), on round particles",
}
_NOT_KNOWN_IN_IMAGES = {
    "percolating_fraction": "not known: images lie near the percolation threshold, where a pixel decides",
}
_FURTHER = {
    "mean_curvature": "straight cylinders along an axis come out up to 5 % low (their integral 7 to 10 %)",
    "specific_surface_area": "a flat interface facing an axis comes out 7 to 8 % low",
    "specific_perimeter": "a straight edge along an axis comes out 5 % low",
}
_LESS_ONE = ("geodesic_tortuosity",)

EXTRAPOLATED = "two-grid extrapolation"
"""Words in the method of a tortuosity whose grid bias was removed; its own bias has its own curve."""


def with_bias(feature: Feature, dimensions: int, resolution: float | None) -> Feature:
    """Return a feature with what is known of its bias.

    Parameters
    ----------
    feature : Feature
        As measured.
    dimensions : int
        2 for an image, 3 for a volume.
    resolution : float or None
        As `resolution_of` gives it.

    Examples
    --------
    >>> with_bias(Feature(name="porosity", value=0.4), 3, 12.0).bias
    'none: every voxel counts alike'
    """
    if feature.value is None or feature.bias:
        return feature
    name = (
        f"{feature.name.partition('.')[0]} {EXTRAPOLATED}" if EXTRAPOLATED in feature.method else feature.name
    )
    return replace(feature, bias=bias_text(name, dimensions, resolution))


def bias_text(name: str, dimensions: int, resolution: float | None) -> str:
    """Return what is known of the bias of a quantity at a resolution, in words."""
    main = name.partition(".")[0].partition(" ")[0]
    for texts in (NONE, NOT_KNOWN, _NOT_KNOWN_IN_IMAGES if dimensions == 2 else {}):
        if main in texts:
            return texts[main]
    if resolution is None:
        return "not known: there is no interface to tell the resolution from"
    known = expected_bias(name, dimensions, resolution)
    if known is None:
        key = _key(name, dimensions)
        if key is None:
            return "not known: not measured for this quantity"
        least = CURVES[key]["voxels"][0]
        return f"not known: features span {resolution:.3g} voxels, measured from {least:.3g} on"
    bias, within = known
    of = " of tau - 1" if main in _LESS_ONE else ""
    text = f"{bias:+.1%} +- {within:.1%}{of} on random fields with features of {resolution:.3g} voxels"
    return f"{text}; {_FURTHER[main]}" if main in _FURTHER else text


def expected_bias(name: str, dimensions: int, resolution: float) -> tuple[float, float] | None:
    """Relative bias of a quantity at a resolution, and how far single fields lie off.

    Parameters
    ----------
    name : str
        Feature; the bias of ``geodesic_tortuosity`` is that of tau - 1.
    dimensions : int
        2 or 3.
    resolution : float
        Voxels across a feature, see `resolution_of`.

    Returns
    -------
    (float, float) or None
        None where it was not measured: features of fewer voxels than any measured. Beyond
        the finest resolution measured the bias there stands as an upper bound.
    """
    key = _key(name, dimensions)
    if key is None or resolution < 0.9 * CURVES[key]["voxels"][0]:
        return None
    curve = CURVES[key]
    return (
        interpolated(curve["voxels"], curve["bias"], resolution),
        _MARGIN * interpolated(curve["voxels"], curve["within"], resolution),
    )


def interpolated(at: Sequence[float], values: Sequence[float], resolution: float) -> float:
    """Interpolate over the logarithm of the resolution; constant beyond both ends.

    Examples
    --------
    >>> interpolated([2.0, 8.0], [0.3, 0.1], 4.0)
    0.2
    """
    return round(float(np.interp(math.log(resolution), np.log(at), values)), 6)


def _key(name: str, dimensions: int) -> str | None:
    for candidate in (name, name.partition(".")[0]):
        key = f"{candidate} {dimensions}D"
        if key in CURVES:
            return key
    return None


def resolution_of(phase: np.ndarray) -> Steps[float | None]:
    """Return how many voxels the finest features span.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.

    Returns
    -------
    float or None
        The smallest mean chord, of the phase or the rest, along any axis, in voxels. None
        if there is one phase only.

    Examples
    --------
    >>> from napari_microgen.progress import finish
    >>> stripes = np.tile(np.arange(64) % 16 < 4, (64, 1))
    >>> round(finish(resolution_of(stripes)), 1)
    4.5
    """
    return (yield from counting_changes(Chunk.whole(phase if phase.ndim == 3 else phase[None]))).resolution


@dataclass(frozen=True)
class Changes:
    """Changes of phase from voxel to voxel; those of chunks add up to those of the whole."""

    shape: tuple[int, ...]
    """Of the planes that were counted."""
    inside: int
    """Voxels of the phase."""
    along: np.ndarray
    """Changes along plane, row and column, float64, shape (3,)."""

    def __add__(self, other: "Changes") -> "Changes":
        shape = (self.shape[0] + other.shape[0], *self.shape[1:])
        return Changes(shape, self.inside + other.inside, self.along + other.along)

    @property
    def resolution(self) -> float | None:
        """The smallest mean chord, see `resolution_of`."""
        voxels = math.prod(self.shape)
        pairs = np.array([voxels / n * (n - 1) for n in self.shape])
        rates = self.along[self.along > 0] / pairs[self.along > 0]
        share = self.inside / voxels
        return float(2 * min(share, 1 - share) / rates.max()) if rates.size else None


def counting_changes(chunk: Chunk) -> Steps[Changes]:
    """Count changes of phase in a chunk of planes, which needs one plane above, or in a whole volume."""
    inside, along = 0, np.zeros(3)
    before = None if chunk.is_first else chunk.phase[chunk.start - chunk.low - 1]
    for index, plane in enumerate(chunk.core):
        inside += int(np.count_nonzero(plane))
        along[1] += np.count_nonzero(plane[1:] != plane[:-1])
        along[2] += np.count_nonzero(plane[:, 1:] != plane[:, :-1])
        if before is not None:
            along[0] += np.count_nonzero(plane != before)
        before = plane
        if index % 16 == 0:
            yield Progress(index, len(chunk.core), "resolution")
    return Changes(chunk.core.shape, inside, along)
