# mypy: disable-error-code="no-untyped-def"
"""Compiled steps of the multi-phase field: only the phases present in a cell are kept.

A cell has ``K`` places for a phase (its number and its share), the largest first; the first three are
always written, later ones have no meaning behind the first empty one. A step works tile by tile: the few
phases of a tile are spread out as small dense fields, which are moved and packed again. Tiles inside one
grain are passed over. The arrays change in place; the old values are read from a window of rows, so that
memory is that of one state.
"""

import numpy as np
from numba import njit

from .grain_phase_forces import COLUMNS, END, NIL, NO_BIT, ONE, ROWS, WIDTH, move

MOST = 32
"""Fields of a tile, the first of which takes what is written for empty places: one bit each."""
DE_BRUIJN = np.uint32(0x077CB531)
LOWEST = np.zeros(32, np.int32)
LOWEST[[(0x077CB531 << n) % 2**32 >> 27 for n in range(32)]] = np.arange(32)
"""The place of a single bit, by the top five bits of its product with a De Bruijn number."""
SEGMENT = 64
"""Cells of a row that are copied together."""


@njit(nogil=True, cache=True)
def keep_row(ids, shares, y, none, kept_ids, kept, slot):
    """Copy row ``y`` of the cells, plane by plane as far as any are filled, to a slot of kept rows.

    Parameters
    ----------
    ids, shares : ndarray, shape (K, R, C)
        Phases of each cell and their shares.
    y : int
        Row to copy.
    none : int
        The number that stands for no phase.
    kept_ids, kept : ndarray, shape (K, n, C)
        Where to; what stands behind the end of a cell's list there is of no meaning.
    slot : int
        Which of the n rows.
    """
    columns = ids.shape[2]
    for x0 in range(0, columns, SEGMENT):
        x1 = min(x0 + SEGMENT, columns)
        for k in range(ids.shape[0]):
            filled = 0
            for x in range(x0, x1):
                kept_ids[k, slot, x] = ids[k, y, x]
                filled |= ids[k, y, x] ^ none
            for x in range(x0, x1):
                kept[k, slot, x] = shares[k, y, x]
            if filled == 0 and k >= 2:
                break


@njit(nogil=True, cache=True)
def keep_rows(ids, shares, rows, none, kept_ids, kept):
    """Copy some rows to slots of kept rows, in that order (see `keep_row`)."""
    for slot in range(len(rows)):
        keep_row(ids, shares, rows[slot], none, kept_ids, kept, slot)


@njit(nogil=True, cache=True)
def _keep_column(ids, shares, y0, height, x, none, edge_ids, edges, side):
    """Copy the cells of one column of a tile, as far as they are filled."""
    for n in range(height):
        y = y0 + n
        for q in range(3):
            edge_ids[q, n, side], edges[q, n, side] = ids[q, y, x], shares[q, y, x]
        if ids.shape[0] > 3:
            edge_ids[3, n, side], edges[3, n, side] = ids[3, y, x], shares[3, y, x]
            if (ids[2, y, x] != none) & (ids[3, y, x] != none):
                for k in range(4, ids.shape[0]):
                    edge_ids[k, n, side], edges[k, n, side] = ids[k, y, x], shares[k, y, x]


@njit(nogil=True, cache=True)
def _one_phase(ids, first, number, phase, none):
    """Return whether one phase fills so many cells of a line, shape (K, n), that is closed to a ring."""
    size = ids.shape[1]
    for n in range(first, first + number):
        x = size - 1 if n < 0 else (0 if n == size else n)
        if ids[0, x] != phase or ids[1, x] != none:
            return False
    return True


@njit(nogil=True, cache=True)
def _is_alone(ids, lines, y0, height, x0, width, none):
    """Return whether one phase fills a tile and the lines around it."""
    first = ids[0, y0, x0]
    for r in range(height):
        for c in range(width):
            if ids[0, y0 + r, x0 + c] != first or ids[1, y0 + r, x0 + c] != none:
                return False
    for line_ids, _, start, number, _, _ in lines:  # noqa: SIM110
        if not _one_phase(line_ids, start, number, first, none):
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
def _spread_tile(ids, shares, y0, height, x0, width, none, place, found, dense):
    """Spread the phases of a tile as dense fields; return how many there are.

    Field 0 takes what is written for empty places.
    """
    count, places, place[none] = 1, ids.shape[0], 0
    fourth = min(3, places - 1)
    for y in range(y0, y0 + height):
        r = y - y0 + 1
        for x in range(x0, x0 + width):
            i, j, h, at = ids[0, y, x], ids[1, y, x], ids[2, y, x], r * WIDTH + x - x0 + 1
            if place[i] < 0 or place[j] < 0 or place[h] < 0:
                count = _admit(i, place, found, dense, count)
                count = _admit(j, place, found, dense, count)
                count = _admit(h, place, found, dense, count)
            dense[place[i], at] = shares[0, y, x]
            dense[place[j], at] = shares[1, y, x]
            dense[place[h], at] = shares[2, y, x]
            if (h != none) & (ids[fourth, y, x] != none):  # seldom: no branch to guess before it
                for k in range(3, places):
                    i = ids[k, y, x]
                    if i == none:
                        break
                    if place[i] < 0:
                        count = _admit(i, place, found, dense, count)
                    dense[place[i], at] = shares[k, y, x]
    return count


@njit(nogil=True, cache=True)
def _spread_line(ids, shares, first, number, none, place, found, dense, count, start, step):
    """Spread so many cells of a line, shape (K, n), from ``start`` on; return how many phases there are."""
    places, size = ids.shape
    fourth = min(3, places - 1)
    for n in range(number):
        x = first + n
        x = size - 1 if x < 0 else (0 if x == size else x)
        i, j, h, at = ids[0, x], ids[1, x], ids[2, x], start + n * step
        if place[i] < 0 or place[j] < 0 or place[h] < 0:
            count = _admit(i, place, found, dense, count)
            count = _admit(j, place, found, dense, count)
            count = _admit(h, place, found, dense, count)
        dense[place[i], at], dense[place[j], at], dense[place[h], at] = (
            shares[0, x],
            shares[1, x],
            shares[2, x],
        )
        if (h != none) & (ids[fourth, x] != none):
            for k in range(3, places):
                i = ids[k, x]
                if i == none:
                    break
                if place[i] < 0:
                    count = _admit(i, place, found, dense, count)
                dense[place[i], at] = shares[k, x]
    return count


@njit(nogil=True, cache=True)
def _spread(ids, shares, lines, y0, height, x0, width, none, place, found, dense):
    """Spread a tile and the lines around it; return how many phases there are, or one too many."""
    count = _spread_tile(ids, shares, y0, height, x0, width, none, place, found, dense)
    for line_ids, line_shares, first, number, start, step in lines:
        count = _spread_line(
            line_ids, line_shares, first, number, none, place, found, dense, count, start, step
        )
    for m in range(1, min(count, MOST)):
        place[found[m]] = -1
    return count


@njit(nogil=True, cache=True)
def _right_of(ids, shares, edge_ids, edges, y0, height, x0, width):
    """Return the old cells right of a tile; those of the first column were kept."""
    x, start = x0 + width, WIDTH + width + 1
    if x < ids.shape[2]:
        return ids[:, y0 : y0 + height, x], shares[:, y0 : y0 + height, x], 0, height, start, WIDTH
    return edge_ids[:, :, 1], edges[:, :, 1], 0, height, start, WIDTH


@njit(nogil=True, cache=True)
def _pack(force, total, which, present, found, none, ids, shares, y0, height, x0, width):
    """Pack the shares of a tile, the largest first; return the largest share that found no place."""
    places, lost = ids.shape[0], NIL
    for r in range(height):
        for c in range(width):
            y, x, i = y0 + r, x0 + c, (r + 1) * WIDTH + c + 1
            m, scale = which[i], ONE / total[i]
            ids[0, y, x], shares[0, y, x] = found[m], force[m, i] * scale
            left = np.uint32(present[i] ^ np.uint32(np.uint32(1) << np.uint32(m)))
            for k in range(1, 3):
                low = np.uint32(left & np.uint32(~left + np.uint32(1)))
                m = LOWEST[np.uint32(low * DE_BRUIJN) >> np.uint32(27)]  # 0, the empty place, if none is left
                ids[k, y, x], shares[k, y, x] = found[m], force[m, i] * scale
                left = np.uint32(left ^ low)
            if left == NO_BIT:
                if places > 3:
                    ids[3, y, x] = none
                continue
            k = 3
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
        Phases present in each cell, the largest share first; ``none`` ends the list, and stands in all
        of the first three places behind the end.
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
    edge_ids, edges = np.empty((places, ROWS, 3), ids.dtype), np.empty((places, ROWS, 3), np.float32)
    kept_ids, kept = np.empty((places, 2, columns), ids.dtype), np.empty((places, 2, columns), np.float32)
    keep_row(halo_ids, halo_shares, 0, none, kept_ids, kept, 0)
    for y0 in range(first, last, ROWS):
        height = min(ROWS, last - y0)
        slot = (y0 - first) // ROWS % 2
        above, above_shares = kept_ids[:, slot], kept[:, slot]
        if y0 + height < last:
            below, below_shares = ids[:, y0 + height], shares[:, y0 + height]
        else:
            below, below_shares = halo_ids[:, 1], halo_shares[:, 1]
        keep_row(ids, shares, y0 + height - 1, none, kept_ids, kept, 1 - slot)
        _keep_column(ids, shares, y0, height, columns - 1, none, edge_ids, edges, 0)
        _keep_column(ids, shares, y0, height, 0, none, edge_ids, edges, 1)
        for x0 in range(0, columns, COLUMNS):
            width = min(COLUMNS, columns - x0)
            lines = (
                (above, above_shares, x0 - 1, width + 2, 0, 1),
                (below, below_shares, x0 - 1, width + 2, (height + 1) * WIDTH, 1),
                (edge_ids[:, :, 0], edges[:, :, 0], 0, height, WIDTH, WIDTH),
                _right_of(ids, shares, edge_ids, edges, y0, height, x0, width),
            )
            if _is_alone(ids, lines, y0, height, x0, width, none):
                _keep_column(ids, shares, y0, height, x0 + width - 1, none, edge_ids, edges, 0)
                continue
            count = _spread(ids, shares, lines, y0, height, x0, width, none, place, found, dense)
            if count > MOST:
                lost[0] = ONE
                return
            _keep_column(ids, shares, y0, height, x0 + width - 1, none, edge_ids, edges, 0)
            move(count, dense, force, around, sums, which, present, rate, obstacle, cubic, full)
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
