# mypy: disable-error-code="no-untyped-def"
"""From grain numbers to boundaries to distances, on a periodic domain."""

import numpy as np
from numba import njit


def grain_boundaries(labels: np.ndarray, *, periodic: bool = True) -> np.ndarray:
    """Return the boundary pixels: those whose right or lower neighbour belongs to another grain.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each pixel.
    periodic : bool
        Whether the last row and column touch the first.

    Returns
    -------
    ndarray of bool, shape (R, C)

    Examples
    --------
    >>> grain_boundaries(np.array([[1, 1, 2]]), periodic=False)
    array([[False,  True, False]])
    """
    right, below = labels != np.roll(labels, -1, 1), labels != np.roll(labels, -1, 0)
    if not periodic:
        right[:, -1] = below[-1] = False
    return np.asarray(right | below)


def boundary_distance(boundaries: np.ndarray, *, periodic: bool = True) -> np.ndarray:
    """Return the distance of each pixel to the nearest boundary pixel, through the edges if periodic.

    Parameters
    ----------
    boundaries : ndarray of bool, shape (R, C)
        True on boundaries.
    periodic : bool
        Whether the last row and column touch the first.

    Returns
    -------
    ndarray of float32, shape (R, C)
        In px between centres; 0 on boundaries, infinite everywhere if there are none.

    Examples
    --------
    >>> boundary_distance(np.array([[True, False, False, False]]))
    array([[0., 1., 2., 1.]], dtype=float32)
    """
    if not boundaries.any():
        return np.full(boundaries.shape, np.inf, np.float32)
    along = _along_rows(np.ascontiguousarray(boundaries, bool), periodic)
    return np.asarray(_across_rows(along, periodic))


@njit(nogil=True, cache=True)
def _along_rows(boundaries, periodic):
    rows, columns = boundaries.shape
    far = 4 * (rows + columns)
    steps = np.full((rows, columns), far, np.int32)
    for y in range(rows):
        for turn in range(2):  # twice: the second time the count comes in through the edge
            gap = far if turn == 0 or not periodic else steps[y, columns - 1]
            for x in range(columns):
                gap = 0 if boundaries[y, x] else min(gap + 1, far)
                steps[y, x] = min(steps[y, x], gap)
            gap = far if turn == 0 or not periodic else steps[y, 0]
            for x in range(columns - 1, -1, -1):
                gap = 0 if boundaries[y, x] else min(gap + 1, far)
                steps[y, x] = min(steps[y, x], gap)
    return steps


@njit(nogil=True, cache=True)
def _across_rows(steps, periodic):
    rows, columns = steps.shape
    found = np.empty((rows, columns), np.float32)
    for y in range(rows):
        for x in range(columns):
            best, k = np.int64(steps[y, x]) ** 2, 1
            while k * k < best and k <= rows:
                for at in (y - k, y + k):
                    if periodic:
                        at %= rows
                    if 0 <= at < rows:
                        best = min(best, np.int64(steps[at, x]) ** 2 + k * k)
                k += 1
            found[y, x] = np.sqrt(best)
    return found
