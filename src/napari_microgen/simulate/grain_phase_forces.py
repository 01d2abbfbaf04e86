# mypy: disable-error-code="no-untyped-def"
"""Compiled forces on the phases of a tile, which lie there as small dense fields with a rim.

A field is one line of numbers, row after row, so that the processor moves many cells at a time.
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
NO_BIT = np.uint32(0)
ABSENT = np.float32(-1e30)
"""Force on a phase that is not around: it stays away."""


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
def move(count, dense, force, around, sums, which, present, rate, obstacle, cubic, full):
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
