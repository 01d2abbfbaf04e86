"""Cut touching particles along the lines where floods from their middles meet (watershed with lines).

References
----------
Beucher, Meyer, in Dougherty (ed.), Mathematical Morphology in Image Processing, Dekker 1993, 433.
"""

import numpy as np
from numba import njit

LINE = -1
"""What a dividing line has while the flood goes on."""


def divided(height: np.ndarray, middles: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Return the particles of a phase, cut by lines one pixel wide.

    Each middle floods its surroundings, lowest pixels first and of equal ones those that were reached
    first; a pixel that is reached where another flood is next to it belongs to the line.
    Every pixel is decided once, so that the work is that of sorting the pixels, whatever the lines are like.

    Parameters
    ----------
    height : ndarray of float, shape (R, C)
        What is flooded, such as the negative distance to the border.
    middles : ndarray of int, shape (R, C)
        Number of the particle in its middle, 0 elsewhere; different ones do not touch.
    phase : ndarray of bool, shape (R, C)
        True where the particles are.

    Returns
    -------
    ndarray of int32, shape (R, C)
        Number of the particle; 0 on lines, outside the phase, and where no middle is connected.

    Examples
    --------
    >>> row = np.array([[0, 1, 2, 3, 2, 1, 0]], float)
    >>> divided(row, np.array([[1, 0, 0, 0, 0, 0, 2]]), np.ones((1, 7), bool)).tolist()
    [[1, 1, 1, 0, 2, 2, 2]]
    """
    padded = np.pad(np.asarray(height, np.float64), 1)
    inside = np.pad(np.asarray(phase, bool), 1)
    found = np.where(inside, np.pad(np.asarray(middles, np.int32), 1), np.int32(0))
    _flood(padded.ravel(), inside.ravel(), found.ravel(), padded.shape[1])
    cut: np.ndarray = np.maximum(found[1:-1, 1:-1], 0)
    return cut


@njit(cache=True, nogil=True)
def _flood(height, inside, found, wide):  # type: ignore[no-untyped-def]
    near = np.array([-wide, -1, 1, wide, -wide - 1, -wide + 1, wide - 1, wide + 1])
    size = 9 * len(height) + 1  # each pixel is pushed by each neighbour once, or as a middle
    levels, ages = np.empty(size), np.empty(size, np.int64)
    places, numbers = np.empty(size, np.int64), np.empty(size, np.int32)
    queue = (levels, ages, places, numbers)
    decided = np.zeros(len(height), np.bool_)
    count = age = 0
    for index in range(len(height)):
        if found[index] > 0:
            _push(queue, count, height[index], 0, index, found[index])
            count += 1
    while count:
        level, index, number = levels[0], places[0], numbers[0]
        count -= 1
        _drop(queue, count)
        if decided[index]:
            continue
        decided[index] = True
        found[index] = LINE if _meets(near, found, index, number) else number
        for step in near:
            other = index + step
            if inside[other] and found[other] == 0:
                age += 1
                _push(queue, count, max(level, height[other]), age, other, number)
                count += 1


@njit(cache=True, nogil=True)
def _meets(near, found, index, number):  # type: ignore[no-untyped-def]
    """Whether another flood has reached a neighbour."""
    for step in near:  # noqa: SIM110
        if found[index + step] > 0 and found[index + step] != number:
            return True
    return False


@njit(cache=True, nogil=True)
def _before(queue, one, other):  # type: ignore[no-untyped-def]
    levels, ages = queue[0], queue[1]
    return levels[one] < levels[other] or (levels[one] == levels[other] and ages[one] < ages[other])


@njit(cache=True, nogil=True)
def _swap(queue, one, other):  # type: ignore[no-untyped-def]
    levels, ages, places, numbers = queue
    levels[one], levels[other] = levels[other], levels[one]
    ages[one], ages[other] = ages[other], ages[one]
    places[one], places[other] = places[other], places[one]
    numbers[one], numbers[other] = numbers[other], numbers[one]


@njit(cache=True, nogil=True)
def _push(queue, count, level, age, place, number):  # type: ignore[no-untyped-def]
    """Put an entry into a heap of ``count`` entries."""
    levels, ages, places, numbers = queue
    levels[count], ages[count], places[count], numbers[count] = level, age, place, number
    child = count
    while child > 0:
        parent = (child - 1) // 2
        if not _before(queue, child, parent):
            return
        _swap(queue, child, parent)
        child = parent


@njit(cache=True, nogil=True)
def _drop(queue, count):  # type: ignore[no-untyped-def]
    """Take the first entry off a heap, of which ``count`` are left."""
    _swap(queue, 0, count)
    top = 0
    while True:
        first = top
        for child in (2 * top + 1, 2 * top + 2):
            if child < count and _before(queue, child, first):
                first = child
        if first == top:
            return
        _swap(queue, top, first)
        top = first
