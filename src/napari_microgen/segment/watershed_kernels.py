# mypy: disable-error-code="no-untyped-def"
"""Compiled flooding of a height map from its peaks downwards, with basins joined over high saddles."""

import numpy as np
from numba import njit

ROW_STEPS, COLUMN_STEPS = (0, -1, 0, 1, -1, 1), (-1, 0, 1, 0, 1, -1)
"""Left, above, right, below, upper right, lower left."""


@njit(nogil=True, cache=True)
def root_of(parent, basin):
    """Return the basin that a basin has been joined to."""
    while parent[basin] != basin:
        parent[basin] = parent[parent[basin]]
        basin = parent[basin]
    return basin


@njit(nogil=True, cache=True)
def flood(height, order, marked, depth, floor, periodic, labels, parent, peak, first, last, count):
    """Flood pixels ``order[first:last]``; return how many basins there are.

    Water runs to the four next pixels, and over the corners to the upper right and the lower left: where
    boundaries are the pixels whose right or lower neighbour is another grain, two pixels without a
    boundary on this diagonal belong to one grain, on the other perhaps not.

    Parameters
    ----------
    height : ndarray of float32, shape (R, C)
    order : ndarray of int, shape (R * C,)
        Pixels from the highest to the lowest.
    marked : ndarray of bool, shape (R, C)
        Pixels whose basins stay apart; where one has no mark, it joins the first it meets. All False:
        saddles decide.
    depth, floor : float
        Basins are joined over a saddle of at least ``depth`` times the lower peak and at least ``floor``.
        A depth over 1 joins none.
    labels, parent, peak : ndarray
        Basin of each pixel, what it was joined to, its height (negative for basins without a mark).
    """
    rows, columns = height.shape
    for index in range(first, last):
        y, x = order[index] // columns, order[index] % columns
        here, best, chosen = height[y, x], -np.inf, 0
        for q in range(6):
            up, left = y + ROW_STEPS[q], x + COLUMN_STEPS[q]
            if periodic:
                up, left = up % rows, left % columns
            elif up < 0 or up >= rows or left < 0 or left >= columns:
                continue
            if labels[up, left] == 0:
                continue
            basin = root_of(parent, labels[up, left])
            if chosen == 0:
                best, chosen = height[up, left], basin
                continue
            if basin == chosen:
                best = max(best, height[up, left])
                continue
            low, high = (basin, chosen) if abs(peak[basin]) < abs(peak[chosen]) else (chosen, basin)
            bare = peak[low] < 0 or peak[high] < 0
            if bare or (here > floor and here >= depth * peak[low]):
                parent[low] = high
                if peak[high] < 0 and peak[low] >= 0:  # the mark is kept
                    parent[low], parent[high], high = low, low, low
                chosen, best = high, max(best, height[up, left])
            elif height[up, left] > best:
                best, chosen = height[up, left], basin
        if chosen == 0:
            count += 1
            parent[count], chosen = count, count
            peak[count] = max(here, np.float32(1e-30))
            if depth > 1:
                peak[count] = -peak[count]
        if depth > 1 and marked[y, x]:
            peak[chosen] = abs(peak[chosen])
        labels[y, x] = chosen
    return count


@njit(nogil=True, cache=True)
def fill_boundaries(height, labels, periodic):
    """Give the pixels without a basin to the grain on their left or above, else to any next to them.

    A boundary pixel is one whose right or lower neighbour belongs to another grain: where the pixel on
    its left or above is none, it belongs to the same grain as that one.
    """
    rows, columns = height.shape
    waiting = np.empty(height.size, np.int64)
    count = 0
    for index in range(height.size):
        if labels[index // columns, index % columns] == 0:
            waiting[count] = index
            count += 1
    turn = 0
    while count > 0:
        left_over = 0
        for n in range(count):
            y, x = waiting[n] // columns, waiting[n] % columns
            chosen = 0
            for q in range(4 if turn > 1 else 2):  # left, above, right, below
                up, left = y - (q == 1) + (q == 3), x - (q == 0) + (q == 2)
                if periodic:
                    up, left = up % rows, left % columns
                elif up < 0 or up >= rows or left < 0 or left >= columns:
                    continue
                if chosen == 0 and labels[up, left] > 0 and (turn > 0 or height[up, left] > 0):
                    chosen = labels[up, left]
            labels[y, x] = chosen
            if chosen == 0:
                waiting[left_over] = waiting[n]
                left_over += 1
        if left_over == count and turn > 1:
            break
        count = left_over
        turn += 1


@njit(nogil=True, cache=True)
def number_basins(labels, parent, numbers):
    """Replace basins by consecutive numbers from 1, in reading order; return how many there are."""
    count = 0
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            basin = root_of(parent, labels[y, x])
            if numbers[basin] == 0:
                count += 1
                numbers[basin] = count
            labels[y, x] = numbers[basin]
    return count
