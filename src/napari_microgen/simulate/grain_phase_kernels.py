# mypy: disable-error-code="no-untyped-def"
"""Compiled steps of the multi-phase field: only the phases present in a cell are kept.

A cell has ``K`` places for a phase (its number and its share), the largest first. A step works tile by
tile: the few phases of a tile are spread out as small dense fields, which the processor moves many cells
at a time, and are packed again. Tiles inside one grain are passed over. The arrays change in place; the
old values are read from a window of rows, so that memory is that of one state.
"""

import math

import numpy as np
from numba import njit

ROWS, COLUMNS = 16, 16
"""Cells of a tile."""
OBSTACLE = 16 / math.pi**2
"""Weight of the obstacle potential."""
NEAR, FAR, MIDDLE = np.float32(2 / 3), np.float32(1 / 6), np.float32(-10 / 3)
"""Laplacian of nine points, whose error is the same in all directions."""
NIL, HALF, ONE, FOUR = np.float32(0), np.float32(0.5), np.float32(1), np.float32(4)
WIDTH = COLUMNS + 2
START, END = WIDTH + 1, (ROWS + 1) * WIDTH - 1
"""A tile and its rim as one line of numbers, and where the tile is on it."""
TINY = np.float32(1e-30)
ABSENT = np.float32(-1e30)
"""Force on a phase that is not around: it stays away."""


@njit(nogil=True, cache=True)
def _surround(ids, shares, above, below, edges, numbers, y0, height, x0, width, none, rim_ids, rim_shares):
    """Copy the old cells around a tile: the row above, the row below, the columns left and right.

    ``above``, ``below`` and ``edges`` hold shares, ``numbers`` the phases of all three in this order; of
    the edges the first becomes the last column of this tile.
    """
    columns, places = ids.shape[1], ids.shape[2]
    for n in range(width + 2):
        x = x0 + n - 1
        x = columns - 1 if x < 0 else (0 if x == columns else x)
        for k in range(places):
            rim_ids[0, n, k], rim_shares[0, n, k] = numbers[0][x, k], above[x, k]
            rim_ids[1, n, k], rim_shares[1, n, k] = numbers[1][x, k], below[x, k]
    right, last = x0 + width, x0 + width - 1
    for n in range(height):
        for k in range(places):
            rim_ids[2, n, k], rim_shares[2, n, k] = numbers[2][n, k], edges[0, n, k]
            if right < columns:
                rim_ids[3, n, k], rim_shares[3, n, k] = ids[y0 + n, right, k], shares[y0 + n, right, k]
            else:
                rim_ids[3, n, k], rim_shares[3, n, k] = numbers[3][n, k], edges[1, n, k]
            numbers[2][n, k], edges[0, n, k] = ids[y0 + n, last, k], shares[y0 + n, last, k]


@njit(nogil=True, cache=True)
def _is_alone(ids, rim_ids, y0, height, x0, width, none):
    """Return whether one phase fills a tile and its rim."""
    first = ids[y0, x0, 0]
    for c in range(width):
        if ids[y0, x0 + c, 0] != first or ids[y0, x0 + c, 1] != none:
            return False
    for q in range(4):
        for n in range(width + 2 if q < 2 else height):
            if rim_ids[q, n, 0] != first or rim_ids[q, n, 1] != none:
                return False
    for r in range(1, height):
        for c in range(width):
            if ids[y0 + r, x0 + c, 0] != first or ids[y0 + r, x0 + c, 1] != none:
                return False
    return True


@njit(nogil=True, cache=True)
def _admit(i, place, found, dense, count):
    """Give a phase that is new to the tile an empty field; return how many fields there are."""
    if place[i] < 0:
        place[i], found[count] = count, i
        dense[count] = NIL
        count += 1
    return count


@njit(nogil=True, cache=True)
def _spread(ids, shares, rim_ids, rim_shares, y0, height, x0, width, none, place, found, dense):
    """Spread the phases of a tile and its rim as dense fields; return how many there are.

    Field 0 takes what is written for empty places.
    """
    count, places, place[none] = 1, ids.shape[2], 0
    for y in range(y0, y0 + height):
        r = y - y0 + 1
        for x in range(x0, x0 + width):
            i, j = ids[y, x, 0], ids[y, x, 1]
            if place[i] < 0 or place[j] < 0:
                count = _admit(i, place, found, dense, count)
                count = _admit(j, place, found, dense, count)
            dense[place[i], r * WIDTH + x - x0 + 1] = shares[y, x, 0]
            dense[place[j], r * WIDTH + x - x0 + 1] = shares[y, x, 1]
            k = 2 if j != none else places
            while k < places and ids[y, x, k] != none:
                i = ids[y, x, k]
                if place[i] < 0:
                    count = _admit(i, place, found, dense, count)
                dense[place[i], r * WIDTH + x - x0 + 1] = shares[y, x, k]
                k += 1
    for q in range(4):
        for n in range(width + 2 if q < 2 else height):
            r = (0 if q == 0 else height + 1) if q < 2 else n + 1
            c = n if q < 2 else (0 if q == 2 else width + 1)
            for k in range(places):
                i = rim_ids[q, n, k]
                if i == none:
                    break
                if place[i] < 0:
                    count = _admit(i, place, found, dense, count)
                dense[place[i], r * WIDTH + c] = rim_shares[q, n, k]
    for m in range(1, count):
        place[found[m]] = -1
    return count


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
def _laplace(p, out, around):
    """Write the Laplacian of one field, and the sum of the nine cells, which is 0 where it is not around."""
    for i in range(START, END):
        near = p[i - WIDTH] + p[i + WIDTH] + p[i - 1] + p[i + 1]
        far = p[i - WIDTH - 1] + p[i - WIDTH + 1] + p[i + WIDTH - 1] + p[i + WIDTH + 1]
        out[i] = NEAR * near + FAR * far + MIDDLE * p[i]
        around[i] = p[i] + near + far


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
def _plain(p, around, force, mean, number, obstacle):
    """Turn the Laplacian in ``force`` into the force by the plain obstacle potential, and sum it."""
    for i in range(START, END):
        there = around[i] > NIL
        value = force[i] + obstacle * p[i]
        force[i] = value if there else ABSENT
        mean[i] += value if there else NIL
        number[i] += ONE if there else NIL


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
def _gradients(p, laplace, squares, slopes, pull_x, pull_y):
    """Sum over the phases what the energy of pairs needs of them."""
    for i in range(START, END):
        across, down = HALF * (p[i + 1] - p[i - 1]), HALF * (p[i + WIDTH] - p[i - WIDTH])
        squares[i] += p[i] * p[i]
        slopes[i] += FOUR * (across * across + down * down) + (p[i] + p[i]) * laplace[i]
        pull_x[i] += FOUR * p[i] * across
        pull_y[i] += FOUR * p[i] * down


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
def _full(p, around, force, mean, number, squares, slopes, pull_x, pull_y, obstacle, cubic):
    """Turn the Laplacian in ``force`` into the force by the energy of pairs and triples, and sum it.

    Equations 2 to 4 of the paper for equal energies of all boundaries: with s the sum of squares of the
    shares, g that of their gradients and l that of share times Laplacian, the gradient energy drives a
    share p by ``2 s lap(p) + 2 grad(s).grad(p) - p (4 g + 2 l)``.
    """
    for i in range(START, END):
        there, square, rest = around[i] > NIL, squares[i], ONE - p[i]
        across, down = HALF * (p[i + 1] - p[i - 1]), HALF * (p[i + WIDTH] - p[i - WIDTH])
        value = (square + square) * force[i] - p[i] * slopes[i] + pull_x[i] * across + pull_y[i] * down
        value -= obstacle * rest + cubic * HALF * (rest * rest - square + p[i] * p[i])
        force[i] = value if there else ABSENT
        mean[i] += value if there else NIL
        number[i] += ONE if there else NIL


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
def _advance(p, force, mean, number, total, rate):
    """Replace the force on one phase by its new share, not yet divided by the total."""
    for i in range(START, END):
        value = p[i] + rate * (force[i] - mean[i] / number[i])
        value = value if value > NIL else NIL
        value = value if value < ONE else ONE
        force[i] = value
        total[i] += value


@njit(nogil=True, cache=True)
def _move(count, dense, force, around, sums, rate, obstacle, cubic, full):
    """Move all phases of a tile; their new shares are in ``force``, the totals in ``sums[2]``."""
    sums[:] = NIL
    sums[1:3] = TINY
    for m in range(1, count):
        _laplace(dense[m], force[m], around[m])
        if full:
            _gradients(dense[m], force[m], sums[3], sums[4], sums[5], sums[6])
        else:
            _plain(dense[m], around[m], force[m], sums[0], sums[1], obstacle)
    if full:
        for m in range(1, count):
            _full(
                dense[m],
                around[m],
                force[m],
                sums[0],
                sums[1],
                sums[3],
                sums[4],
                sums[5],
                sums[6],
                obstacle,
                cubic,
            )
    for m in range(1, count):
        _advance(dense[m], force[m], sums[0], sums[1], sums[2], rate)


@njit(nogil=True, cache=True)
def _pack(count, force, total, found, none, ids, shares, y0, height, x0, width, kept_ids, kept):
    """Pack the shares of a tile, the largest first; return the largest share that found no place."""
    places, lost = ids.shape[2], NIL
    for r in range(height):
        for c in range(width):
            y, x, i = y0 + r, x0 + c, (r + 1) * WIDTH + c + 1
            number, largest, most = 0, 0, NIL
            for m in range(1, count):
                value = force[m, i]
                kept_ids[number], kept[number] = found[m], value
                largest = number if value > most else largest
                most = value if value > most else most
                number += 1 if value > NIL else 0
            scale = ONE / total[i]
            ids[y, x, 0], shares[y, x, 0] = kept_ids[largest], most * scale
            kept_ids[largest], kept[largest] = kept_ids[0], kept[0]
            ids[y, x, 1] = kept_ids[1] if number > 1 else none
            shares[y, x, 1] = kept[1] * scale
            if number > 2:
                if number > places:
                    lost = max(lost, _shorten(kept_ids, kept, number, places) * scale)
                    number = places
                    ids[y, x, 1], shares[y, x, 1] = kept_ids[1], kept[1] * scale
                for k in range(2, number):
                    ids[y, x, k], shares[y, x, k] = kept_ids[k], kept[k] * scale
            if 1 < number < places:
                ids[y, x, number] = none
    return lost


@njit(nogil=True, cache=True)
def _shorten(kept_ids, kept, number, places):
    """Bring the largest shares but the first to the front; return the share of the others."""
    out = NIL
    for k in range(1, places):
        best = k
        for j in range(k + 1, number):
            if kept[j] > kept[best]:
                best = j
        kept[k], kept[best] = kept[best], kept[k]
        kept_ids[k], kept_ids[best] = kept_ids[best], kept_ids[k]
    for k in range(places, number):
        out += kept[k]
    return out


@njit(nogil=True, cache=True)
def step_rows(
    ids, shares, halo_ids, halo_shares, first, last, none, rate, obstacle, cubic, full, place, lost
):
    """Advance rows ``first`` to ``last`` by one time step, in place.

    Parameters
    ----------
    ids : ndarray of uint16 or uint32, shape (R, C, K)
        Phases present in each cell, the largest share first; ``none`` ends the list.
    shares : ndarray of float32, shape (R, C, K)
        Their shares.
    halo_ids, halo_shares : ndarray, shape (2, C, K)
        The row above ``first`` and the row ``last`` as they were before this step.
    first, last : int
        Rows to advance.
    none : int
        The number that stands for no phase.
    rate, obstacle, cubic : float32
        Time step and the two weights of the potential, in cells.
    full : bool
        Energy of the gradients by pairs of phases and the cubic term; else the plain obstacle.
    place : ndarray of int32, shape (phases,)
        Room for work, -1 everywhere.
    lost : ndarray of float32, shape (n,)
        The first entry becomes the largest share that found no place in its cell.
    """
    columns, places = ids.shape[1], ids.shape[2]
    most = (ROWS + 2) * (COLUMNS + 2) + 1
    found, kept_ids, kept = np.empty(most, ids.dtype), np.empty(most, ids.dtype), np.empty(most, np.float32)
    dense, force = np.zeros((most, WIDTH * (ROWS + 2)), np.float32), np.empty((most, END + 1), np.float32)
    around, sums = np.empty((most, END + 1), np.float32), np.empty((7, END + 1), np.float32)
    rim_ids = np.empty((4, COLUMNS + 2 + ROWS, places), ids.dtype)
    rim_shares = np.empty((4, COLUMNS + 2 + ROWS, places), np.float32)
    edge_ids, edges = np.empty((2, ROWS, places), ids.dtype), np.empty((2, ROWS, places), np.float32)
    above_ids, above = halo_ids[0].copy(), halo_shares[0].copy()
    for y0 in range(first, last, ROWS):
        height = min(ROWS, last - y0)
        next_ids, next_shares = ids[y0 + height - 1].copy(), shares[y0 + height - 1].copy()
        inside = y0 + height < last
        below_ids, below = (ids if inside else halo_ids), (shares if inside else halo_shares)
        below_ids, below = below_ids[y0 + height if inside else 1], below[y0 + height if inside else 1]
        for q in range(2):
            edge_ids[q, :height] = ids[y0 : y0 + height, (q - 1) % columns]
            edges[q, :height] = shares[y0 : y0 + height, (q - 1) % columns]
        numbers = (above_ids, below_ids, edge_ids[0], edge_ids[1])
        for x0 in range(0, columns, COLUMNS):
            width = min(COLUMNS, columns - x0)
            _surround(
                ids, shares, above, below, edges, numbers, y0, height, x0, width, none, rim_ids, rim_shares
            )
            if _is_alone(ids, rim_ids, y0, height, x0, width, none):
                continue
            count = _spread(
                ids, shares, rim_ids, rim_shares, y0, height, x0, width, none, place, found, dense
            )
            _move(count, dense, force, around, sums, rate, obstacle, cubic, full)
            out = _pack(
                count, force, sums[2], found, none, ids, shares, y0, height, x0, width, kept_ids, kept
            )
            lost[0] = max(lost[0], out)
        above_ids, above = next_ids, next_shares


@njit(nogil=True, cache=True)
def add_shares(ids, shares, none, areas):
    """Add the shares of each phase to its area."""
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            for k in range(ids.shape[2]):
                if ids[y, x, k] == none:
                    break
                areas[ids[y, x, k]] += shares[y, x, k]
