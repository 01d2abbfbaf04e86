# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `local_thickness`: which balls matter, and which ball covers a voxel first."""

import numpy as np
from numba import njit

_ONE = np.uint64(1)
_BYTE = np.uint64(0xFF)


@njit(cache=True, nogil=True)
def mark_ridge(distance, spacing, tolerance, ridge, first, last):
    """Mark the voxels whose ball is not covered, but for ``tolerance``, by the ball of a neighbour."""
    planes, rows, columns = distance.shape
    for z in range(first, last):
        for y in range(rows):
            own, marks = distance[z, y], ridge[z, y]
            for x in range(columns):
                marks[x] = own[x] > 0
            for dz in range(-1 if z > 0 else 0, 2 if z < planes - 1 else 1):
                for dy in range(-1 if y > 0 else 0, 2 if y < rows - 1 else 1):
                    line = distance[z + dz, y + dy]
                    across = (dz * spacing[0]) ** 2 + (dy * spacing[1]) ** 2
                    for dx in range(-1, 2):
                        if dz == 0 and dy == 0 and dx == 0:
                            continue
                        step = np.float32(np.sqrt(across + (dx * spacing[2]) ** 2) - tolerance)
                        _unmark(marks[max(0, -dx) :], own[max(0, -dx) :], line[max(0, dx) :], step)


@njit(cache=True, nogil=True)
def _unmark(marks, own, other, step):
    for x in range(min(own.size, other.size)):
        marks[x] &= other[x] < own[x] + step


@njit(cache=True, nogil=True)
def cover(phase, spacing, centres, radii, owner, stop, first, last):
    """Give each voxel of the phase the first of the balls that cover it, in planes ``first`` to ``last``.

    Balls come by falling radius, so the first one is the largest. Voxels without an owner yet
    are kept as bits, one word per tile of 8 x 8 voxels of a plane, so that most of most balls is
    dismissed at a glance. Gives up when ``stop[0]`` is set from outside.
    """
    rows, columns = phase.shape[1], phase.shape[2]
    left = np.zeros((last - first, (rows + 7) // 8, (columns + 7) // 8), np.uint64)
    for z in range(first, last):
        for y in range(rows):
            for x in range(columns):
                owner[z, y, x] = -1
                if phase[z, y, x]:
                    left[z - first, y >> 3, x >> 3] |= _ONE << np.uint64((y & 7) << 3 | x & 7)
    for ball in range(radii.size):
        if stop[0]:
            return
        radius = radii[ball] * np.float32(0.999999)
        z0, y0, x0 = centres[ball, 0], centres[ball, 1], centres[ball, 2]
        reach = np.int64(radius / spacing[0])
        for z in range(max(first, z0 - reach), min(last, z0 + reach + 1)):
            square = radius**2 - (spacing[0] * (z - z0)) ** 2
            if square >= 0:
                _cover_disc(left[z - first], owner[z], spacing, y0, x0, square, ball)


@njit(cache=True, nogil=True, inline="always")
def _cover_disc(left, owner, spacing, y0, x0, square, ball):
    """Give the free voxels of one plane within a disc (radius squared: ``square``) to a ball."""
    rows, columns = owner.shape
    radius, per_column = np.sqrt(square), np.float32(1) / spacing[2]
    reach_y, reach_x = np.int64(radius / spacing[1]), np.int64(radius * per_column)
    top, bottom = max(0, y0 - reach_y), min(rows - 1, y0 + reach_y)
    start, stop = max(0, x0 - reach_x), min(columns - 1, x0 + reach_x)
    for tile_y in range(top >> 3, (bottom >> 3) + 1):
        for tile_x in range(start >> 3, (stop >> 3) + 1):
            free, first = left[tile_y, tile_x], tile_x << 3
            if free == 0:
                continue
            for y in range(max(top, tile_y << 3), min(bottom, (tile_y << 3) + 7) + 1):
                shift = np.uint64((y & 7) << 3)
                if (free >> shift) & _BYTE == 0:
                    continue
                chord = square - (spacing[1] * (y - y0)) ** 2
                half = np.int64(np.sqrt(max(chord, np.float32(0))) * per_column)
                low, high = max(x0 - half - first, 0), min(x0 + half - first, 7)
                if low > high:
                    continue
                hit = (free >> shift) & (_BYTE << np.uint64(low)) & (_BYTE >> np.uint64(7 - high))
                if hit:
                    free ^= hit << shift
                    for x in range(low, high + 1):
                        if hit >> np.uint64(x) & _ONE:
                            owner[y, first + x] = ball
            left[tile_y, tile_x] = free


@njit(cache=True, nogil=True)
def mark_owners(owner, used, first, last):
    """Mark the balls that own a voxel."""
    for z in range(first, last):
        for y in range(owner.shape[1]):
            for x in range(owner.shape[2]):
                if owner[z, y, x] >= 0:
                    used[owner[z, y, x]] = True


@njit(cache=True, nogil=True)
def write_diameters(phase, owner, diameter, field, first, last):
    """Turn the distances in ``field`` into the diameters of the owners (without one, of the own ball)."""
    for z in range(first, last):
        for y in range(owner.shape[1]):
            for x in range(owner.shape[2]):
                ball = owner[z, y, x]
                if ball >= 0:
                    field[z, y, x] = diameter[ball]
                else:
                    field[z, y, x] = 2 * field[z, y, x] if phase[z, y, x] else 0
