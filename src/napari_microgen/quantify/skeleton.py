"""Skeleton of a phase: lines of single voxels along its middle, with the same topology.

Distance-ordered thinning: voxels are visited by rising distance to the rest and deleted
if that changes no topology (26-connected phase, 6-connected rest) and they are no end of
a line, until none is left. Nothing lies outside the volume, so struts that are cut by its
faces end there.

The whole volume is taken at once: about 10 bytes per voxel (distances 4, order 4 per voxel
of the phase, state 1).

References
----------
G. Bertrand and G. Malandain, "A new characterization of three-dimensional simple
points", Pattern Recognit. Lett. 15 (1994) 169. C. Pudney, "Distance-ordered homotopic
thinning", Comput. Vis. Image Underst. 72 (1998) 404.
"""

import numpy as np

from ..progress import Steps, stepwise
from .distance_transform import distance_transform
from .threads import stoppable

_BUCKETS_PER_VOXEL = 16


@stepwise
def skeleton(
    phase: np.ndarray, spacing: tuple[float, ...], *, distance: np.ndarray | None = None
) -> Steps[np.ndarray]:
    """Thin a phase to lines along its middle.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float
        Voxel edges along the axes of ``phase``, in any unit.
    distance : ndarray of float32, optional
        The `distance_transform` of the phase, if it is there already.

    Returns
    -------
    ndarray of bool, shape of ``phase``
        True on the skeleton. It has the Euler number and the parts of the phase.

    Examples
    --------
    >>> bar = np.zeros((5, 5, 9), bool)
    >>> bar[1:4, 1:4, :] = True
    >>> np.argwhere(skeleton(bar, (1.0, 1.0, 1.0)))[:, :2].tolist() == [[2, 2]] * 9
    True
    """
    if distance is None:
        distance = distance_transform(phase, spacing)
    volume = np.ascontiguousarray(phase, bool).reshape((1,) * (3 - phase.ndim) + phase.shape)
    lengths = distance.reshape(volume.shape)
    thinned = yield from stoppable(lambda stop: _thin(volume, lengths, min(spacing), stop), "skeleton")
    return thinned.reshape(phase.shape)


def _thin(phase: np.ndarray, distance: np.ndarray, edge: float, stop: np.ndarray) -> np.ndarray:
    from . import thinning_kernels as kernels

    if phase.all():  # nothing to be distant from: peel from the faces of the volume
        inward = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in phase.shape)
        planes, rows, columns = np.ix_(*inward)
        distance = np.float32(edge) * np.minimum(np.minimum(planes, rows), columns)
    per_width = np.float32(_BUCKETS_PER_VOXEL / edge)
    buckets = int(distance.max(initial=0.0) * per_width) + 1
    starts = np.zeros(8 * buckets + 1, np.int64)
    padded = tuple(n + 2 for n in phase.shape)
    state = np.zeros(padded, np.uint8)
    number = np.int32 if state.size < 2**31 else np.int64
    order = np.empty(np.count_nonzero(phase), number)
    kernels.sort_by_distance(phase, distance, per_width, starts, order, state.reshape(-1))
    kernels.thin(state.reshape(-1), padded[2], padded[1] * padded[2], order, starts, stop)
    return (state[1:-1, 1:-1, 1:-1] & kernels.PHASE).astype(bool)
