"""The struts of a phase: segments of its skeleton between nodes, each with its diameter.

The diameter at a skeleton voxel is that of the largest ball that fits into the phase with
its centre within half a voxel of it (`inscribed_ball`). On straight cylinders it is right
within a tenth of a voxel, where the plain distance map errs by up to one.
"""

from dataclasses import dataclass

import numpy as np

from ..progress import Progress, Steps, stepwise
from .distance_transform import distance_transform
from .inscribed_ball import inscribed_diameter
from .skeleton import skeleton
from .threads import stoppable


@dataclass(frozen=True, slots=True)
class Struts:
    """Struts of a volume; voxel k of the skeleton belongs to strut ``strut[k]``, or to none (-1)."""

    voxels: np.ndarray
    """Skeleton voxels as (plane, row, column), shape (K, 3), after pruning."""
    strut: np.ndarray
    """Number of the strut of each voxel, from 0 on; -1 at nodes and where the edge rule drops it."""
    voxel_diameter: np.ndarray
    """Diameter at each voxel, in the unit of the spacing; NaN where ``strut`` is -1."""
    diameter: np.ndarray
    """Mean diameter of each strut."""
    length: np.ndarray
    """Length of each strut, between its nodes or ends."""
    shape: tuple[int, int, int]
    """Shape of the volume."""

    def labels(self) -> np.ndarray:
        """Return the struts as a label image: 0 elsewhere, k + 1 on strut k."""
        image = np.zeros(self.shape, np.int32)
        image[tuple(self.voxels.T)] = self.strut + 1
        return image

    def field(self) -> np.ndarray:
        """Return an image of each strut's diameter, NaN elsewhere."""
        image = np.full(self.shape, np.nan, np.float32)
        inside = self.strut >= 0
        image[tuple(self.voxels[inside].T)] = self.diameter[self.strut[inside]]
        return image


@stepwise
def struts(phase: np.ndarray, spacing: tuple[float, float, float], *, shortest: int = 3) -> Steps[Struts]:
    """Find the struts of a phase and their diameters.

    Spurs that end within the largest ball around their node are pruned. Voxels nearer to a
    face of the volume than to the surface are dropped, as nothing is known beyond the face, and
    so are struts with too few voxels left.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is.
    spacing : (float, float, float)
        Voxel edges along plane, row, column, in any unit.
    shortest : int
        Struts with fewer voxels are dropped.

    Returns
    -------
    Struts
        In the unit of ``spacing``.
    """
    yield Progress(0, None, "distance map")
    phase = np.ascontiguousarray(phase, bool)
    distance = yield from stoppable(lambda _: distance_transform(phase, spacing), "distance map")
    lines = yield from skeleton.steps(phase, spacing, distance=distance)
    edges = np.asarray(spacing, float)
    voxels = np.argwhere(lines)
    near = np.minimum(distance[lines].astype(float), np.linalg.norm(edges * phase.shape))
    del distance
    alive, segment, length = yield from stoppable(
        lambda _: _pruned_segments(lines, voxels, edges, near), "struts"
    )
    to_face = (np.minimum(voxels + 0.5, phase.shape - voxels - 0.5) * edges).min(axis=1)
    kept = (segment >= 0) & (near <= to_face)
    count = np.bincount(segment[kept], minlength=length.size + 1)  # the last one stands for the nodes
    kept &= count[segment] >= shortest
    numbers = np.cumsum(count >= shortest) - 1
    strut = np.where(kept, numbers[segment], -1)
    voxel_diameter = np.full(len(voxels), np.nan)
    voxel_diameter[kept] = yield from stoppable(
        lambda stop: inscribed_diameter(phase, spacing, voxels[kept], near[kept], stop=stop), "struts"
    )
    diameter = np.bincount(strut[kept], voxel_diameter[kept]) / np.bincount(strut[kept])
    return Struts(
        voxels=voxels[alive],
        strut=strut[alive],
        voxel_diameter=voxel_diameter[alive],
        diameter=diameter,
        length=length[count[:-1] >= shortest],
        shape=phase.shape,
    )


def _pruned_segments(
    lines: np.ndarray, voxels: np.ndarray, edges: np.ndarray, near: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which skeleton voxels outlive pruning, their segments (-1: node), and segment lengths."""
    from . import skeleton_kernels as kernels

    padded = np.pad(lines, 1)
    row, plane = padded.shape[2], padded.shape[1] * padded.shape[2]
    flat = np.flatnonzero(padded)
    first = np.empty(flat.size + 1, np.int64)
    links = kernels.link(padded.reshape(-1), flat, row, plane, first, np.empty(0, np.int64))
    neighbours = np.empty(max(links, 1), np.int64)
    kernels.link(padded.reshape(-1), flat, row, plane, first, neighbours)
    alive, segment = np.ones(flat.size, np.uint8), np.empty(flat.size, np.int64)
    ends, tip, node = (np.empty(flat.size, np.int64) for _ in range(3))
    length = np.empty(flat.size)
    places = voxels * edges
    count = kernels.prune(first, neighbours, places, near, alive, segment, ends, tip, node, length)
    return alive.astype(bool), segment, length[:count]
