# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `conductivity`: products, smoothing and transfers on a voxel network.

``down, back, right`` hold the conductance from a voxel to the next one along plane, row and
column; the last entry along the own axis is 0. ``own`` is the sum of all conductances of a voxel,
those to the electrodes included, and 0 where there is no voxel.
"""

from numba import njit


@njit(cache=True, nogil=True)
def product(down, back, right, top, bottom, u, out, first, last):
    """Write the current that leaves each voxel at the potentials ``u``, electrodes at 0.

    Each current is a conductance times a difference, so what leaves one voxel enters the next to the
    last bit. ``top`` and ``bottom`` join the outer planes to the electrodes.
    """
    planes, rows, columns = u.shape
    for p in range(first, last):
        for r in range(rows):
            for c in range(columns):
                here = u[p, r, c]
                total = down[p, r, c] * (here - u[min(p + 1, planes - 1), r, c])
                total += back[p, r, c] * (here - u[p, min(r + 1, rows - 1), c])
                total += right[p, r, c] * (here - u[p, r, min(c + 1, columns - 1)])
                if p > 0:
                    total += down[p - 1, r, c] * (here - u[p - 1, r, c])
                if r > 0:
                    total += back[p, r - 1, c] * (here - u[p, r - 1, c])
                if c > 0:
                    total += right[p, r, c - 1] * (here - u[p, r, c - 1])
                if p == 0:
                    total += top[r, c] * here
                if p == planes - 1:
                    total += bottom[r, c] * here
                out[p, r, c] = total


@njit(cache=True, nogil=True)
def smooth(down, back, right, own, f, u, colour, first, last):
    """Balance the currents of every second voxel (like the squares of one colour)."""
    planes, rows, columns = u.shape
    for p in range(first, last):
        for r in range(rows):
            for c in range((p + r + colour) % 2, columns, 2):
                weight = own[p, r, c]
                if weight == 0:
                    continue
                total = f[p, r, c]
                total += down[p, r, c] * u[min(p + 1, planes - 1), r, c]
                total += back[p, r, c] * u[p, min(r + 1, rows - 1), c]
                total += right[p, r, c] * u[p, r, min(c + 1, columns - 1)]
                if p > 0:
                    total += down[p - 1, r, c] * u[p - 1, r, c]
                if r > 0:
                    total += back[p, r - 1, c] * u[p, r - 1, c]
                if c > 0:
                    total += right[p, r, c - 1] * u[p, r, c - 1]
                u[p, r, c] = total / weight


@njit(cache=True, nogil=True)
def gather_blocks(fine, sp, sr, sc, coarse, first, last):
    """Sum ``fine`` over blocks of (sp, sr, sc) voxels into planes ``first`` to ``last`` of ``coarse``."""
    planes, rows, columns = fine.shape
    for p in range(first, last):
        coarse[p] = 0
        for q in range(p * sp, min(p * sp + sp, planes)):
            for r in range(rows):
                for c in range(columns):
                    coarse[p, r // sr, c // sc] += fine[q, r, c]


@njit(cache=True, nogil=True)
def spread_blocks(coarse, own, sp, sr, sc, fine, first, last):
    """Add to each voxel the value of its block."""
    _, rows, columns = fine.shape
    for p in range(first, last):
        for r in range(rows):
            for c in range(columns):
                if own[p, r, c] != 0:
                    fine[p, r, c] += coarse[p // sp, r // sr, c // sc]
