# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `skeleton`: thinning that never changes the topology.

The 3 x 3 x 3 neighbourhood of a voxel is held in 27 bits, bit ``9 z + 3 y + x``. All
neighbours of a set of voxels are then found by a few shifts.
"""

import numpy as np
from numba import njit

_ALL = (1 << 27) - 1
_CENTRE = 1 << 13
_LOW = tuple(sum(1 << k for k in range(27) if (k // 3**axis) % 3 == 0) for axis in range(3))
_HIGH = tuple(sum(1 << k for k in range(27) if (k // 3**axis) % 3 == 2) for axis in range(3))
_FACES = sum(1 << k for k in (4, 10, 12, 14, 16, 22))
_EDGES = sum(1 << k for k in (1, 3, 5, 7, 9, 11, 15, 17, 19, 21, 23, 25))
_X_LOW, _Y_LOW, _Z_LOW = _LOW
_X_HIGH, _Y_HIGH, _Z_HIGH = _HIGH

_HALF = np.float32(0.5)  # so that whole and half voxel distances fall into the middle of a bucket
PHASE, KEPT = np.uint8(1), np.uint8(2)


@njit(cache=True, nogil=True, inline="always")
def _widened(bits):
    """Return a set of voxels with all their 26-neighbours."""
    bits |= ((bits & ~_X_HIGH) << 1) | ((bits & ~_X_LOW) >> 1)
    bits |= ((bits & ~_Y_HIGH) << 3) | ((bits & ~_Y_LOW) >> 3)
    return bits | ((bits & ~_Z_HIGH) << 9) | ((bits & ~_Z_LOW) >> 9)


@njit(cache=True, nogil=True, inline="always")
def _widened_by_faces(bits):
    """Return a set of voxels with all their 6-neighbours."""
    along_x = ((bits & ~_X_HIGH) << 1) | ((bits & ~_X_LOW) >> 1)
    along_y = ((bits & ~_Y_HIGH) << 3) | ((bits & ~_Y_LOW) >> 3)
    return bits | along_x | along_y | ((bits & ~_Z_HIGH) << 9) | ((bits & ~_Z_LOW) >> 9)


@njit(cache=True, nogil=True)
def is_simple(bits):
    """Return whether deleting the centre changes no topology (26-connected phase, 6-connected rest).

    Bertrand and Malandain (1994): the phase around it is one 26-connected piece, and the rest in
    its 18-neighbourhood that touches its faces is one 6-connected piece.
    """
    faces = ~bits & _FACES
    if faces == 0:
        return False
    phase = bits & ~_CENTRE
    piece = phase & -phase
    before = np.int64(0)
    while piece != before:
        before = piece
        piece = _widened(piece) & phase
    if piece != phase or phase == 0:
        return False
    rest = ~bits & (_FACES | _EDGES)
    piece = faces & -faces
    before = np.int64(0)
    while piece != before:
        before = piece
        piece = _widened_by_faces(piece) & rest
    return faces & ~piece == 0


@njit(cache=True, nogil=True, inline="always")
def _neighbourhood(state, voxel, row, plane):
    """Bits of the phase around a voxel of the padded, flat volume, and all states there joined by or."""
    bits, joined = np.int64(0), np.uint8(0)
    at = 0
    for dz in range(-1, 2):
        for dy in range(-1, 2):
            here = voxel + dz * plane + dy * row
            low, middle, high = state[here - 1], state[here], state[here + 1]
            bits |= np.int64((low & 1) | (middle & 1) << 1 | (high & 1) << 2) << at
            joined |= low | middle | high
            at += 3
    return bits, joined


@njit(cache=True, nogil=True)
def sort_by_distance(phase, distance, per_width, starts, order, state):
    """Fill the padded ``state`` and list the voxels of the phase by rising distance (bucket sort).

    Each bucket has eight fields, by even and odd plane, row and column; field k of bucket b
    becomes ``order[starts[8 b + k] : starts[8 b + k + 1]]``, in raster order.
    """
    planes, rows, columns = phase.shape
    last = starts.size // 8 - 1
    for z in range(planes):
        for y in range(rows):
            field = (z & 1) << 2 | (y & 1) << 1
            for x in range(columns):
                if phase[z, y, x]:
                    bucket = min(np.int64(distance[z, y, x] * per_width + _HALF), last)
                    starts[8 * bucket + (field | x & 1) + 1] += 1
    starts[:] = np.cumsum(starts)
    place = starts.copy()
    for z in range(planes):
        for y in range(rows):
            voxel = ((z + 1) * (rows + 2) + y + 1) * (columns + 2) + 1
            field = (z & 1) << 2 | (y & 1) << 1
            for x in range(columns):
                if phase[z, y, x]:
                    at = 8 * min(np.int64(distance[z, y, x] * per_width + _HALF), last) + (field | x & 1)
                    order[place[at]] = voxel + x
                    place[at] += 1
                    state[voxel + x] = PHASE


@njit(cache=True, nogil=True)
def _is_end(state, bits, voxel, row, plane):
    """Return whether a voxel is alone or the end of a line (a mere bump on something is no end)."""
    others = bits & ~_CENTRE
    if others & (others - 1):
        return False
    at = 0
    for dz in range(-1, 2):
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                if others >> at & 1:
                    beside, _ = _neighbourhood(state, voxel + dz * plane + dy * row + dx, row, plane)
                    beside &= ~_CENTRE
                    beside &= beside - 1
                    return beside & (beside - 1) == 0
                at += 1
    return True


@njit(cache=True, nogil=True)
def _wake(state, voxel, row, plane, waiting, count):
    """Let the neighbours of a deleted voxel that were kept so far wait again."""
    for dz in range(-1, 2):
        for dy in range(-1, 2):
            here = voxel + dz * plane + dy * row
            for other in range(here - 1, here + 2):
                if state[other] == PHASE | KEPT:
                    state[other] = PHASE
                    field = (other // plane + 1 & 1) << 2 | (other // row % (plane // row) + 1 & 1) << 1
                    field |= other % row + 1 & 1
                    waiting[field, count[field]] = other
                    count[field] += 1


@njit(cache=True, nogil=True)
def thin(state, row, plane, order, starts, stop):
    """Delete simple voxels that are no ends, by rising distance, until none is left.

    ``state`` is the padded, flat volume and ends as the skeleton. Within a bucket the eight
    fields take turns: no two voxels of a field touch, so that a line two voxels wide loses
    one side and is not eaten up from its end. Gives up when ``stop[0]`` is set from outside.
    """
    waiting, count = np.empty((8, 1 << 10), order.dtype), np.zeros(8, np.int64)
    for bucket in range(starts.size // 8):
        for field in range(8):
            first, last = starts[8 * bucket + field], starts[8 * bucket + field + 1]
            if last - first > waiting.shape[1]:
                waiting = _with_room(waiting, last - first)
            waiting[field, : last - first] = order[first:last]
            count[field] = last - first
        changed = True
        while changed:
            changed = False
            for field in range(8):
                if stop[0]:
                    return
                left, k = 0, 0
                while k < count[field]:
                    voxel = np.int64(waiting[field, k])
                    k += 1
                    bits, joined = _neighbourhood(state, voxel, row, plane)
                    if is_simple(bits) and not _is_end(state, bits, voxel, row, plane):
                        state[voxel] = 0
                        changed = True
                        if joined & KEPT:
                            if count.max() + 26 > waiting.shape[1]:
                                waiting = _with_room(waiting, count.max() + 26)
                            _wake(state, voxel, row, plane, waiting, count)
                    else:
                        waiting[field, left] = voxel
                        left += 1
                count[field] = left
        for field in range(8):
            for k in range(count[field]):
                state[np.int64(waiting[field, k])] = PHASE | KEPT
            count[field] = 0


@njit(cache=True, nogil=True)
def _with_room(waiting, most):
    """Return the lists of waiting voxels with room for at least ``most`` in each."""
    longer = np.empty((8, 2 * most), waiting.dtype)
    longer[:, : waiting.shape[1]] = waiting
    return longer
