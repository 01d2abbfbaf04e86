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
MOST = 32
"""Fields of a tile, the first of which takes what is written for empty places: one bit each."""
NO_BIT, DE_BRUIJN = np.uint32(0), np.uint32(0x077CB531)
LOWEST = np.zeros(32, np.int32)
LOWEST[[(0x077CB531 << n) % 2**32 >> 27 for n in range(32)]] = np.arange(32)
"""The place of a single bit, by the top five bits of its product with a De Bruijn number."""
ABSENT = np.float32(-1e30)
"""Force on a phase that is not around: it stays away."""


@njit(nogil=True, cache=True)
def _copy_row(ids, shares, y, none, kept_ids, kept, slot):
    """Copy a row of cells, as far as they are filled."""
    for x in range(ids.shape[2]):
        for k in range(ids.shape[0]):
            kept_ids[slot, k, x], kept[slot, k, x] = ids[k, y, x], shares[k, y, x]
            if ids[k, y, x] == none:
                break


@njit(nogil=True, cache=True)
def _surround_rows(ids, shares, y, kept_ids, kept, slot, x0, width, none, rim_ids, rim_shares):
    """Copy the old cells above a tile, from a kept row, and below it, from row ``y``, corners included."""
    places, columns = ids.shape[0], ids.shape[2]
    for n in range(width + 2):
        x = x0 + n - 1
        x = columns - 1 if x < 0 else (0 if x == columns else x)
        for k in range(places):
            rim_ids[0, n, k], rim_shares[0, n, k] = kept_ids[slot, k, x], kept[slot, k, x]
            if kept_ids[slot, k, x] == none:
                break
        for k in range(places):
            rim_ids[1, n, k], rim_shares[1, n, k] = ids[k, y, x], shares[k, y, x]
            if ids[k, y, x] == none:
                break


@njit(nogil=True, cache=True)
def _surround_columns(ids, shares, edge_ids, edges, y0, height, x0, width, none, rim_ids, rim_shares):
    """Copy the old cells left and right of a tile; the last column of this tile is kept for the next."""
    places, columns, right, last = ids.shape[0], ids.shape[2], x0 + width, x0 + width - 1
    for n in range(height):
        y = y0 + n
        for k in range(places):
            rim_ids[2, n, k], rim_shares[2, n, k] = edge_ids[0, k, n], edges[0, k, n]
            if edge_ids[0, k, n] == none:
                break
        for k in range(places):
            if right < columns:
                rim_ids[3, n, k], rim_shares[3, n, k] = ids[k, y, right], shares[k, y, right]
            else:
                rim_ids[3, n, k], rim_shares[3, n, k] = edge_ids[1, k, n], edges[1, k, n]
            if rim_ids[3, n, k] == none:
                break
        for k in range(places):
            edge_ids[0, k, n], edges[0, k, n] = ids[k, y, last], shares[k, y, last]
            if ids[k, y, last] == none:
                break


@njit(nogil=True, cache=True)
def _is_alone(ids, rim_ids, y0, height, x0, width, none):
    """Return whether one phase fills a tile and its rim."""
    first = ids[0, y0, x0]
    for c in range(width):
        if ids[0, y0, x0 + c] != first or ids[1, y0, x0 + c] != none:
            return False
    for q in range(4):
        for n in range(width + 2 if q < 2 else height):
            if rim_ids[q, n, 0] != first or rim_ids[q, n, 1] != none:
                return False
    for r in range(1, height):
        for c in range(width):
            if ids[0, y0 + r, x0 + c] != first or ids[1, y0 + r, x0 + c] != none:
                return False
    return True


@njit(nogil=True, cache=True)
def _admit(i, place, found, dense, count):
    """Give a phase that is new to the tile an empty field; return how many there are, or one too many."""
    if place[i] >= 0:
        return count
    if count >= MOST:
        return MOST + 1  # the phase keeps -1, the last field, which nobody reads
    place[i], found[count] = count, i
    dense[count] = NIL
    return count + 1


@njit(nogil=True, cache=True)
def _spread(ids, shares, rim_ids, rim_shares, y0, height, x0, width, none, place, found, dense):
    """Spread the phases of a tile and its rim as dense fields; return how many there are.

    Field 0 takes what is written for empty places.
    """
    count, places, place[none] = 1, ids.shape[0], 0
    for y in range(y0, y0 + height):
        r = y - y0 + 1
        for x in range(x0, x0 + width):
            i, j = ids[0, y, x], ids[1, y, x]
            if place[i] < 0 or place[j] < 0:
                count = _admit(i, place, found, dense, count)
                count = _admit(j, place, found, dense, count)
            dense[place[i], r * WIDTH + x - x0 + 1] = shares[0, y, x]
            dense[place[j], r * WIDTH + x - x0 + 1] = shares[1, y, x]
            k = 2 if j != none else places
            while k < places and ids[k, y, x] != none:
                i = ids[k, y, x]
                if place[i] < 0:
                    count = _admit(i, place, found, dense, count)
                dense[place[i], r * WIDTH + x - x0 + 1] = shares[k, y, x]
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
    for m in range(1, min(count, MOST)):
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
def _plain(p, force, mean, number, obstacle):
    """Write the force on one phase by the plain obstacle potential, and sum it over the phases."""
    for i in range(START, END):
        near = p[i - WIDTH] + p[i + WIDTH] + p[i - 1] + p[i + 1]
        far = p[i - WIDTH - 1] + p[i - WIDTH + 1] + p[i + WIDTH - 1] + p[i + WIDTH + 1]
        there = p[i] + near + far > NIL
        value = NEAR * near + FAR * far + (MIDDLE + obstacle) * p[i]
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
def _advance(p, force, mean, total, most, which, present, bit, m, rate):
    """Replace the force on one phase by its new share, not yet divided by the total.

    Note where it is the largest so far, and set its bit where it is present.
    """
    for i in range(START, END):
        value = p[i] + rate * (force[i] - mean[i])
        value = value if value > NIL else NIL
        value = value if value < ONE else ONE
        force[i] = value
        total[i] += value
        which[i] = m if value > most[i] else which[i]
        most[i] = value if value > most[i] else most[i]
        present[i] |= bit if value > NIL else NO_BIT


@njit(nogil=True, cache=True)
def _move(count, dense, force, around, sums, which, present, rate, obstacle, cubic, full):
    """Move all phases of a tile; their new shares are in ``force``, the totals in ``sums[2]``."""
    sums[:] = NIL
    sums[1:3] = TINY
    present[:] = NO_BIT
    mean, number, total, most = sums[0], sums[1], sums[2], sums[3]
    squares, slopes, pull_x, pull_y = sums[4], sums[5], sums[6], sums[7]
    if full:
        for m in range(1, count):
            _laplace(dense[m], force[m], around[m])
            _gradients(dense[m], force[m], squares, slopes, pull_x, pull_y)
        for m in range(1, count):
            p, near, out = dense[m], around[m], force[m]
            _full(p, near, out, mean, number, squares, slopes, pull_x, pull_y, obstacle, cubic)
    else:
        for m in range(1, count):
            _plain(dense[m], force[m], mean, number, obstacle)
    mean /= number
    for m in range(1, count):
        bit = np.uint32(1) << np.uint32(m)
        _advance(dense[m], force[m], mean, total, most, which, present, bit, np.int32(m), rate)


@njit(nogil=True, cache=True)
def _pack(force, total, which, present, found, none, ids, shares, y0, height, x0, width):
    """Pack the shares of a tile, the largest first; return the largest share that found no place."""
    places, lost = ids.shape[0], NIL
    for r in range(height):
        for c in range(width):
            y, x, i, k = y0 + r, x0 + c, (r + 1) * WIDTH + c + 1, 2
            m, scale = which[i], ONE / total[i]
            ids[0, y, x], shares[0, y, x] = found[m], force[m, i] * scale
            left = present[i] ^ np.uint32(np.uint32(1) << np.uint32(m))
            low = np.uint32(left & np.uint32(~left + np.uint32(1)))
            m = LOWEST[np.uint32(low * DE_BRUIJN) >> np.uint32(27)]  # 0, the empty place, if no bit is left
            ids[1, y, x], shares[1, y, x] = found[m], force[m, i] * scale
            left = np.uint32(left ^ low)
            while left != NO_BIT:
                low = np.uint32(left & np.uint32(~left + np.uint32(1)))
                m = LOWEST[np.uint32(low * DE_BRUIJN) >> np.uint32(27)]
                left = np.uint32(left ^ low)
                if k == places:
                    lost = max(
                        lost, _replace_least(ids[:, y, x], shares[:, y, x], found[m], force[m, i] * scale)
                    )
                    continue
                ids[k, y, x], shares[k, y, x] = found[m], force[m, i] * scale
                k += 1
            if k < places:
                ids[k, y, x] = none
    return lost


@njit(nogil=True, cache=True)
def _replace_least(ids, shares, phase, share):
    """Put a phase in the place of the least one of a full cell if it has more; return what has no place."""
    least = 1
    for k in range(2, ids.shape[0]):
        if shares[k] < shares[least]:
            least = k
    out = min(share, shares[least])
    if share > shares[least]:
        ids[least], shares[least] = phase, share
    for k in range(ids.shape[0]):
        shares[k] /= ONE - out
    return out


@njit(nogil=True, cache=True)
def step_rows(
    ids, shares, halo_ids, halo_shares, first, last, none, rate, obstacle, cubic, full, place, lost
):
    """Advance rows ``first`` to ``last`` by one time step, in place.

    Parameters
    ----------
    ids : ndarray of uint16 or uint32, shape (K, R, C)
        Phases present in each cell, the largest share first; ``none`` ends the list.
    shares : ndarray of float32, shape (K, R, C)
        Their shares.
    halo_ids, halo_shares : ndarray, shape (K, 2, C)
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
    places, columns = ids.shape[0], ids.shape[2]
    most = MOST + 1
    found = np.full(most, none, ids.dtype)
    which, present = np.zeros(END + 1, np.int32), np.zeros(END + 1, np.uint32)
    dense, force = np.zeros((most, WIDTH * (ROWS + 2)), np.float32), np.zeros((most, END + 1), np.float32)
    around, sums = np.empty((most, END + 1), np.float32), np.empty((8, END + 1), np.float32)
    rim_ids = np.empty((4, COLUMNS + 2 + ROWS, places), ids.dtype)
    rim_shares = np.empty((4, COLUMNS + 2 + ROWS, places), np.float32)
    edge_ids, edges = np.empty((2, places, ROWS), ids.dtype), np.empty((2, places, ROWS), np.float32)
    kept_ids, kept = np.empty((2, places, columns), ids.dtype), np.empty((2, places, columns), np.float32)
    _copy_row(halo_ids, halo_shares, 0, none, kept_ids, kept, 0)
    for y0 in range(first, last, ROWS):
        height = min(ROWS, last - y0)
        slot = (y0 - first) // ROWS % 2
        _copy_row(ids, shares, y0 + height - 1, none, kept_ids, kept, 1 - slot)
        for q in range(2):
            edge_ids[q, :, :height] = ids[:, y0 : y0 + height, (q - 1) % columns]
            edges[q, :, :height] = shares[:, y0 : y0 + height, (q - 1) % columns]
        inside = y0 + height < last
        below = y0 + height if inside else 1
        for x0 in range(0, columns, COLUMNS):
            width = min(COLUMNS, columns - x0)
            if inside:
                _surround_rows(ids, shares, below, kept_ids, kept, slot, x0, width, none, rim_ids, rim_shares)
            else:
                _surround_rows(
                    halo_ids, halo_shares, below, kept_ids, kept, slot, x0, width, none, rim_ids, rim_shares
                )
            _surround_columns(ids, shares, edge_ids, edges, y0, height, x0, width, none, rim_ids, rim_shares)
            if _is_alone(ids, rim_ids, y0, height, x0, width, none):
                continue
            count = _spread(
                ids, shares, rim_ids, rim_shares, y0, height, x0, width, none, place, found, dense
            )
            if count > MOST:
                lost[0] = ONE
                return
            _move(count, dense, force, around, sums, which, present, rate, obstacle, cubic, full)
            out = _pack(force, sums[2], which, present, found, none, ids, shares, y0, height, x0, width)
            lost[0] = max(lost[0], out)


@njit(nogil=True, cache=True)
def add_shares(ids, shares, none, areas):
    """Add the shares of each phase to its area."""
    for y in range(ids.shape[1]):
        for x in range(ids.shape[2]):
            for k in range(ids.shape[0]):
                if ids[k, y, x] == none:
                    break
                areas[ids[k, y, x]] += shares[k, y, x]
