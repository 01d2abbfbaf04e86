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
def join_corners(height, labels, parent, peak, depth, periodic):
    """Join low basins that touch over the corner from the upper left to the lower right.

    There the two pixels beside the corner are boundaries. They are so, too, in a neck of a grain whose
    right and lower neighbours are others: if both of these belong to neither basin, and neither basin is
    high against the corner, the neck is one of a thin grain on the point of vanishing.
    """
    rows, columns = height.shape
    for y in range(rows):
        for x in range(columns):
            down, right, up, left = y + 1, x + 1, y - 1, x - 1
            if periodic:
                down, right, up, left = down % rows, right % columns, up % rows, left % columns
            elif down >= rows or right >= columns or up < 0 or left < 0:
                continue
            if height[y, x] <= 0 or height[down, right] <= 0 or height[y, right] > 0 or height[down, x] > 0:
                continue
            one, two = root_of(parent, labels[y, x]), root_of(parent, labels[down, right])
            top = max(abs(peak[one]), abs(peak[two]))
            if one == two or min(height[y, x], height[down, right]) < depth * top:
                continue
            beyond, below = (right + 1) % columns, (down + 1) % rows
            if not periodic and (beyond < right or below < down):
                continue
            first = _owner(height, labels, y, beyond, up, beyond)
            second = _owner(height, labels, below, x, below, left)
            if first == 0 or second == 0:
                continue
            first, second = root_of(parent, first), root_of(parent, second)
            if first != one and first != two and second != one and second != two:
                low, high = (one, two) if peak[one] < peak[two] else (two, one)
                parent[low] = high


@njit(nogil=True, cache=True)
def _owner(height, labels, y, x, next_y, next_x):
    """Return the basin of a pixel, or of a boundary that of the pixel above or left of it, or 0."""
    if height[y, x] > 0:
        return labels[y, x]
    return labels[next_y, next_x] if height[next_y, next_x] > 0 else np.int32(0)


@njit(nogil=True, cache=True)
def fill_boundaries(height, labels, parent, periodic):
    """Give the pixels without a basin to the grain on their left or above, else to any next to them.

    A boundary pixel is one whose right or lower neighbour belongs to another grain: where the pixel on
    its left or above is none, it belongs to the same grain as that one. Others cannot belong to the grain
    on their left if the pixel below that one does, nor to that above if the pixel right of that one does
    (those would not be boundaries), nor to one that has both the right and the lower pixel; such pixels
    wait until a neighbour that may own them is known, and are given away regardless at the end.
    """
    columns = height.shape[1]
    waiting = np.empty(height.size, np.int64)
    count = 0
    for index in range(height.size):
        y, x = index // columns, index % columns
        if labels[y, x] == 0:
            waiting[count] = index
            count += 1
        else:
            labels[y, x] = root_of(parent, labels[y, x])
    turn, strict = 0, True
    while count > 0:
        left_over = 0
        for n in range(count):
            y, x = waiting[n] // columns, waiting[n] % columns
            labels[y, x] = _chosen(height, labels, y, x, turn, strict, periodic)
            if labels[y, x] == 0:
                waiting[left_over] = waiting[n]
                left_over += 1
        if left_over == count and turn > 1:
            if not strict:
                break
            strict = False
        count = left_over
        turn += 1


@njit(nogil=True, cache=True)
def _chosen(height, labels, y, x, turn, strict, periodic):
    """Return the basin a pixel without one is given to in this turn, or 0."""
    left, up = _at(labels, y, x - 1, periodic), _at(labels, y - 1, x, periodic)
    if turn == 0:  # boundaries beside the inside of a grain
        if left > 0 and _at(height, y, x - 1, periodic) > 0:
            return left
        return up if up > 0 and _at(height, y - 1, x, periodic) > 0 else np.int32(0)
    right, down = _at(labels, y, x + 1, periodic), _at(labels, y + 1, x, periodic)
    both = right if right == down else np.int32(0)
    for q in range(4 if turn > 1 else 2):
        basin = left if q == 0 else (up if q == 1 else (right if q == 2 else down))
        if basin == 0:
            continue
        if strict and (
            basin == both
            or (basin == left and _at(labels, y + 1, x - 1, periodic) == left)
            or (basin == up and _at(labels, y - 1, x + 1, periodic) == up)
        ):
            continue
        return basin
    return np.int32(0)


@njit(nogil=True, cache=True)
def _at(values, y, x, periodic):
    """Return a value of a map, which goes on through the edges or is 0 beyond them."""
    rows, columns = values.shape
    if periodic:
        return values[y % rows, x % columns]
    if y < 0 or y >= rows or x < 0 or x >= columns:
        return values.dtype.type(0)
    return values[y, x]


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
