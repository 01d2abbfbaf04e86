"""Relative density: the share of a phase in the volume; porosity is what is left.

Counts are exactly additive: a volume may be counted slab by slab in any order.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import AxesError
from ..features import Feature
from ..progress import Progress, Steps
from .chunk import Chunk

NAMES = ("relative_density", "porosity")
NEEDS_LENGTH = False
DIMENSIONS = (2, 3)
BYTES_PER_VOXEL = 0.0
UNDEFINED_WHEN = "never: an absent phase has relative density 0 and porosity 1"

_SLABS = 32


def relative_density(phase: np.ndarray) -> float:
    """Volume of one phase per volume of the sample.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.

    Returns
    -------
    float
        Between 0 (absent) and 1 (nothing else), dimensionless. The edge of the volume
        does not matter: every voxel counts alike.

    Raises
    ------
    AxesError
        If there is no voxel at all.

    Examples
    --------
    >>> relative_density(np.array([[True, False], [False, False]]))
    0.25
    """
    return relative_density_of_slabs([phase])


def porosity(phase: np.ndarray) -> float:
    """Share of the volume outside the phase: one minus the relative density.

    Examples
    --------
    >>> porosity(np.array([[True, False], [False, False]]))
    0.75
    """
    return 1.0 - relative_density(phase)


def relative_density_of_slabs(slabs: Iterable[np.ndarray]) -> float:
    """Relative density of a volume that is given piece by piece, without overlap.

    Parameters
    ----------
    slabs : iterable of ndarray of bool
        The planes or chunks of the volume, each once.

    Returns
    -------
    float
        Exactly the value of the whole volume.
    """
    inside = voxels = 0
    for slab in slabs:
        inside += int(np.count_nonzero(slab))
        voxels += slab.size
    if voxels == 0:
        raise AxesError("The volume has no voxels, so it has no relative density; give a non-empty image.")
    return inside / voxels


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None = None) -> Steps[list[Feature]]:
    """Measure relative density and porosity.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Not needed: both are dimensionless.

    Yields
    ------
    Progress
        One tick per slab.

    Returns
    -------
    list of Feature
        ``relative_density`` and ``porosity``.
    """
    found = yield from count(Chunk.whole(phase), spacing)
    return features(found, phase.shape, spacing)


@dataclass(frozen=True)
class VoxelCount:
    """Voxels of the phase among the voxels of a chunk."""

    inside: int
    voxels: int

    def __add__(self, other: "VoxelCount") -> "VoxelCount":
        return VoxelCount(self.inside + other.inside, self.voxels + other.voxels)


def halo(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> tuple[int, int]:
    """Return how many planes a chunk needs above and below its own: none."""
    return 0, 0


def count(chunk: Chunk, spacing: tuple[float, ...] | None = None) -> Steps[VoxelCount]:
    """Count voxels in a chunk of planes, or in the whole volume."""
    inside = 0
    slabs = np.array_split(chunk.core, min(_SLABS, max(1, len(chunk.core))))
    for index, slab in enumerate(slabs):
        inside += int(np.count_nonzero(slab))
        yield Progress(index + 1, len(slabs), "counting voxels")
    return VoxelCount(inside, int(chunk.core.size))


def features(
    found: VoxelCount, shape: tuple[int, ...], spacing: tuple[float, ...] | None = None
) -> list[Feature]:
    """Return the features that follow from the count of the whole volume."""
    if found.voxels == 0:
        return [Feature(name=name, value=None, reason="the volume has no voxels") for name in NAMES]
    density = found.inside / found.voxels
    details = {"phase_voxels": found.inside, "voxels": found.voxels}
    return [
        Feature(name="relative_density", value=density, method="voxel count", details=details),
        Feature(name="porosity", value=1.0 - density, method="voxel count", details=details),
    ]
