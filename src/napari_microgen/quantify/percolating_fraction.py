"""Percolating fraction: the share of a phase that lies in parts joining two opposite faces.

Parts are connected through voxel faces, as in the geodesic tortuosity, whose directions
are undefined where nothing percolates. The whole volume is taken at once, as runs along
rows: about one byte per voxel.
"""

from typing import Any

import numpy as np

from ..errors import LabelValueError
from ..features import Feature
from ..progress import Steps, waited
from .connected_components import Components, find_components

NAMES = (
    "percolating_fraction",
    "percolating_fraction.plane",
    "percolating_fraction.row",
    "percolating_fraction.column",
)
NEEDS_LENGTH = False
DIMENSIONS = (2, 3)
BYTES_PER_VOXEL = 2.0
UNDEFINED_WHEN = "the phase is absent"

_AXES = ("plane", "row", "column")


def percolating_fraction(phase: np.ndarray, *, axis: int) -> float:
    """Share of a phase in connected parts that touch both faces along one axis.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    axis : int
        Axis of ``phase`` along which parts must reach from face to face.

    Returns
    -------
    float
        Between 0 (nothing percolates) and 1, dimensionless.

    Raises
    ------
    LabelValueError
        If the phase is absent.

    Examples
    --------
    Of two rows one is cut.

    >>> phase = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 1]], bool)
    >>> round(percolating_fraction(phase, axis=1), 4)
    0.5714
    """
    if not phase.any():
        raise LabelValueError("The phase is absent, so it has no percolating fraction; choose another phase.")
    return _fractions(find_components(phase))[axis + 3 - phase.ndim]


def percolates(phase: np.ndarray, *, axis: int) -> bool:
    """Return whether a phase joins its two faces along an axis.

    Examples
    --------
    >>> percolates(np.eye(3, dtype=bool), axis=0)  # voxels that share only a corner
    False
    """
    return bool(phase.any()) and percolating_fraction(phase, axis=axis) > 0


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None = None) -> Steps[list[Feature]]:
    """Measure the percolating fraction along each axis, and their mean.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Not needed.

    Yields
    ------
    Progress
        While it works.

    Returns
    -------
    list of Feature
        ``percolating_fraction`` and one feature per axis.
    """
    axes = _AXES[3 - phase.ndim :]
    names = ["percolating_fraction", *(f"percolating_fraction.{axis}" for axis in axes)]
    method = "parts connected through voxel faces that touch both faces of the volume"
    if not phase.any():
        return [Feature(name=name, value=None, method=method, reason="the phase is absent") for name in names]
    components = yield from waited(lambda: find_components(phase), message="connected parts")
    fractions = _fractions(components)[3 - phase.ndim :]
    largest = float(components.sizes_and_faces()[0].max() / np.count_nonzero(phase))
    details: dict[str, Any] = {"parts": components.count, "largest_part": largest}
    mean = Feature(
        name=names[0], value=float(np.mean(fractions)), method=f"{method}, mean of axes", details=details
    )
    pairs = zip(names[1:], fractions, strict=True)
    return [mean, *(Feature(name=name, value=value, method=method) for name, value in pairs)]


def _fractions(components: Components) -> list[float]:
    """Percolating fractions along plane, row, column."""
    sizes, faces = components.sizes_and_faces()
    both = [(faces >> (2 * axis)) & 3 == 3 for axis in range(3)]
    return [float(sizes[touching].sum() / sizes.sum()) for touching in both]
