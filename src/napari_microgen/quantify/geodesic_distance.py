"""Geodesic distance inside a phase from one face of the volume, as a field to look at.

The whole volume is taken at once. Memory: 4 bytes per voxel for the result, and a little
for the moving front.
"""

from typing import Literal

import numpy as np

from ..errors import AxesError, ParameterError
from ..progress import Progress, Steps, stepwise
from .eikonal import AXES, March

Direction = Literal["plane+", "plane-", "row+", "row-", "column+", "column-"]
"""Which way the front travels: ``row+`` starts at row 0."""


def face_of(direction: str) -> tuple[int, int]:
    """Return axis and side (0 low, 1 high) of the face a direction starts from.

    Examples
    --------
    >>> face_of("row-")
    (1, 1)
    """
    if direction[:-1] not in AXES or direction[-1] not in "+-":
        known = ", ".join(f"{axis}{sign}" for axis in AXES for sign in "+-")
        raise ParameterError(f"{direction!r} is not a direction; there are {known}.")
    return AXES.index(direction[:-1]), int(direction[-1] == "-")


def as_volume(phase: np.ndarray, spacing: tuple[float, ...]) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Return a phase as a boolean volume, an image as one plane of it, with three voxel edges."""
    if phase.ndim not in (2, 3) or len(spacing) != phase.ndim:
        raise AxesError(
            f"A phase of shape {phase.shape} with {len(spacing)} voxel edges was given; expected an image or "
            f"a volume with one edge per axis."
        )
    if any(not (np.isfinite(edge) and edge > 0) for edge in spacing):
        raise ParameterError(f"Voxel edges {spacing} were given; each must be a finite length above 0.")
    flat = phase.ndim == 2
    volume = np.ascontiguousarray(phase[None] if flat else phase, bool)
    edges = (min(spacing), *spacing) if flat else spacing
    return volume, (float(edges[0]), float(edges[1]), float(edges[2]))


@stepwise
def geodesic_distance(
    phase: np.ndarray, spacing: tuple[float, ...], *, direction: Direction = "row+"
) -> Steps[np.ndarray]:
    """Shortest way inside the phase from one face of the volume to each voxel.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float
        Voxel edges along the axes of ``phase``, in any unit.
    direction : {"plane+", "plane-", "row+", "row-", "column+", "column-"}
        Which way; ``row+`` starts at the outer plane of row 0.

    Returns
    -------
    ndarray of float32, shape of ``phase``
        Length in the unit of ``spacing``. NaN outside the phase and where it cannot be reached.

    Examples
    --------
    >>> geodesic_distance(np.ones((2, 3), bool), (1.0, 2.0), direction="column+")
    array([[1., 3., 5.],
           [1., 3., 5.]], dtype=float32)
    """
    volume, edges = as_volume(phase, spacing)
    axis, side = face_of(direction)
    times = np.full(volume.shape, np.nan, np.float32)
    total = int(np.count_nonzero(volume))
    if total:
        march = March(volume, edges, axis, side, times=times)
        while not march.advance():
            yield Progress(march.done, total, f"geodesic distance along {direction}")
    yield Progress(total, total, f"geodesic distance along {direction}")
    times *= np.float32(edges[axis])
    return times.reshape(phase.shape)
