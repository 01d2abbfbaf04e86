# mypy: disable-error-code="no-untyped-def"
"""Compiled loops of the film surface: seeds that keep their distance, and the envelope of pyramids."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def thinned(candidates, box, distance, wanted):
    """Take candidates in turn that keep a distance from those taken, on a torus.

    Parameters
    ----------
    candidates : ndarray of float64, shape (m, 2)
        Random places (row, column).
    box : ndarray of float64, shape (2,)
        Edges of the torus.
    distance : float
        Least distance.
    wanted : int
        How many to take at most.

    Returns
    -------
    ndarray of int64, shape (k,)
        Numbers of the candidates taken.
    """
    rows, columns = max(1, int(box[0] / distance)), max(1, int(box[1] / distance))
    height, width = box[0] / rows, box[1] / columns
    first = np.full((rows, columns), -1, np.int64)
    after = np.full(wanted, -1, np.int64)
    taken = np.empty(wanted, np.int64)
    count = 0
    reach_rows, reach_columns = min(1, rows // 2), min(1, columns // 2)
    for number in range(len(candidates)):
        if count == wanted:
            break
        y, x = candidates[number]
        row, column = min(rows - 1, int(y / height)), min(columns - 1, int(x / width))
        free = True
        for i in range(row - reach_rows, row + reach_rows + 1):
            for j in range(column - reach_columns, column + reach_columns + 1):
                place = first[i % rows, j % columns]
                while place >= 0 and free:
                    dy = abs(y - candidates[taken[place], 0])
                    dx = abs(x - candidates[taken[place], 1])
                    dy, dx = min(dy, box[0] - dy), min(dx, box[1] - dx)
                    free = dy * dy + dx * dx >= distance * distance
                    place = after[place]
        if free:
            taken[count] = number
            after[count] = first[row, column]
            first[row, column] = count
            count += 1
    return taken[:count]


@njit(cache=True, nogil=True)
def envelope(
    seeds, order, starts, bins, reach, apex, facets, shape, pixel, first, last, height, owner, facet
):
    """Fill rows ``first`` to ``last`` with the highest of all pyramids on a torus.

    Parameters
    ----------
    seeds : ndarray of float64, shape (n, 2)
        Places of the tips (row, column), in nm.
    order, starts : ndarray of int64
        Seeds sorted by bin, and where each bin starts.
    bins, reach : (int, int)
        Bins along rows and columns, and how many to look at on each side.
    apex : ndarray of float64, shape (n,)
        Heights of the tips, in nm.
    facets : ndarray of float64, shape (n, f, 2)
        Slope of each facet along rows and columns.
    shape : (int, int)
        Pixels.
    pixel : float
        Edge of a pixel, in nm.
    first, last : int
        Rows to fill.
    height, owner, facet : ndarray, shape (R, C)
        Filled with height in nm, number of the seed, number of the facet.
    """
    tall, wide = shape[0] * pixel, shape[1] * pixel
    sides = facets.shape[1]
    for r in range(first, last):
        y = (r + 0.5) * pixel
        bin_row = int(y / tall * bins[0])
        for c in range(shape[1]):
            x = (c + 0.5) * pixel
            bin_column = int(x / wide * bins[1])
            best, mine, side = -1e300, -1, 0
            for i in range(bin_row - reach[0], bin_row + reach[0] + 1):
                for j in range(bin_column - reach[1], bin_column + reach[1] + 1):
                    place = (i % bins[0]) * bins[1] + j % bins[1]
                    for k in range(starts[place], starts[place + 1]):
                        seed = order[k]
                        dy, dx = y - seeds[seed, 0], x - seeds[seed, 1]
                        if dy > 0.5 * tall:
                            dy -= tall
                        elif dy < -0.5 * tall:
                            dy += tall
                        if dx > 0.5 * wide:
                            dx -= wide
                        elif dx < -0.5 * wide:
                            dx += wide
                        fall, steepest = -1e300, 0
                        for s in range(sides):
                            drop = facets[seed, s, 0] * dy + facets[seed, s, 1] * dx
                            if drop > fall:
                                fall, steepest = drop, s
                        if apex[seed] - fall > best:
                            best, mine, side = apex[seed] - fall, seed, steepest
            height[r, c], owner[r, c], facet[r, c] = best, mine, side


@njit(cache=True, nogil=True)
def caliper_extent(labels, seeds, pixel, count, directions):
    """Return the largest and the smallest caliper of each cell of a torus, without the pixels' own width.

    Parameters
    ----------
    labels : ndarray of int32, shape (R, C)
        Cell of each pixel, from 0.
    seeds : ndarray of float64, shape (n, 2)
        A place in each cell, in nm, from which its pixels are unrolled.
    pixel : float
        Edge of a pixel, in nm.
    count : int
        Number of cells.
    directions : ndarray of float64, shape (d, 2)
        Unit vectors.

    Returns
    -------
    ndarray of float64, shape (n, d)
        Caliper of each cell along each direction, between pixel centres; -1 for an empty cell.
    """
    rows, columns = labels.shape
    tall, wide = rows * pixel, columns * pixel
    low = np.full((count, len(directions)), 1e300)
    high = np.full((count, len(directions)), -1e300)
    for r in range(rows):
        for c in range(columns):
            cell = labels[r, c]
            inside = True
            for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                inside = inside and labels[(r + dr) % rows, (c + dc) % columns] == cell
            if inside:
                continue
            dy, dx = (r + 0.5) * pixel - seeds[cell, 0], (c + 0.5) * pixel - seeds[cell, 1]
            dy -= tall * np.round(dy / tall)
            dx -= wide * np.round(dx / wide)
            for d in range(len(directions)):
                along = directions[d, 0] * dy + directions[d, 1] * dx
                low[cell, d] = min(low[cell, d], along)
                high[cell, d] = max(high[cell, d], along)
    return np.where(high < low, -1.0, high - low)
