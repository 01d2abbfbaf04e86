# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of the fast marching in `eikonal`.

Voxels wait in buckets of equal width in time, far finer than a voxel. A whole bucket is
handled at once: gather the upwind neighbours (memory-bound), solve the quadratic
equations side by side (vectorised), make the times final, then look after the
neighbours the same way.
"""

import numpy as np
from numba import njit

from .eikonal_front import (
    CURRENT,
    FROZEN,
    POOL_FREE,
    POOL_TOP,
    QUEUED,
    SLOTS_FREE,
    UNSEEN,
    WALL,
    activate,
    one_less,
    place,
)

BATCH = 512
ROW = 6 * BATCH + 24
DONE, PAUSED, GROW = 0, 1, 2

_THIRD = np.float32(1 / 3)
_ONE = np.float32(1)
_ZERO = np.float32(0)
_NONE = np.float32(-1)


@njit(cache=True, nogil=True, inline="always")
def _along(slots, slot, local, side, at, stride):
    """Addresses at -1, +1, -2, +2 along one axis, where ``at`` is the place inside the brick."""
    here = (slot << 9) + local
    low = (np.int64(slots[slot, side]) << 9) + local + 8 * stride
    high = (np.int64(slots[slot, side + 1]) << 9) + local - 8 * stride
    return (
        (here if at > 0 else low) - stride,
        (here if at < 7 else high) + stride,
        (here if at > 1 else low) - 2 * stride,
        (here if at < 6 else high) + 2 * stride,
    )


@njit(cache=True, nogil=True, inline="always")
def _upwind(values, before, after, before2, after2):
    """Earlier final neighbour along one axis, and a third of its lead over the one behind it.

    The lead is -1 where the voxel behind is not final or not earlier: first order there. Of two
    neighbours reached at the same time the one with more lead counts, so that a mirrored
    volume gives the mirrored result.
    """
    low, high = values[before], values[after]
    low, high = (low if low >= 0 else WALL), (high if high >= 0 else WALL)
    far_low, far_high = values[before2], values[after2]
    far_low, far_high = (far_low if far_low >= 0 else WALL), (far_high if far_high >= 0 else WALL)
    near = min(low, high)
    far = min(far_low if low <= high else WALL, far_high if high <= low else WALL)
    lead = (near - far) * _THIRD
    return near, lead if (far <= near) & (near < WALL) else _NONE


@njit(cache=True, nogil=True)
def _gather(values, neighbours, voxels, count, near, lead):
    """Collect the upwind neighbours of ``count`` voxels along all three axes."""
    for q in range(count):
        voxel = np.int64(voxels[q])
        slot, local = voxel >> 9, voxel & 511
        for axis in range(3):
            stride, at = 64 >> (3 * axis), (local >> (6 - 3 * axis)) & 7
            before, after, before2, after2 = _along(neighbours, slot, local, 2 * axis, at, stride)
            near[axis, q], lead[axis, q] = _upwind(values, before, after, before2, after2)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _solve(count, near, lead, steps, times):
    """Arrival times from upwind neighbours: sum over axes of ((t - a) / h)^2 = 1.

    Second order replaces a by a + (a - b) / 3 and h by 2 h / 3. Times are kept relative to
    the earliest neighbour, so that single precision is exact along a straight line.
    """
    h0, h1, h2, g0, g1, g2 = steps[0], steps[1], steps[2], steps[3], steps[4], steps[5]
    two_thirds, nine_quarters = np.float32(2 / 3), np.float32(9 / 4)
    for q in range(count):
        start = min(near[0, q], min(near[1, q], near[2, q]))
        second = lead[0, q] >= 0
        a0 = near[0, q] - start + (lead[0, q] if second else _ZERO)
        step, c0 = h0 * two_thirds if second else h0, g0 * nine_quarters if second else g0
        second = lead[1, q] >= 0
        a1 = near[1, q] - start + (lead[1, q] if second else _ZERO)
        step1, c1 = h1 * two_thirds if second else h1, g1 * nine_quarters if second else g1
        second = lead[2, q] >= 0
        a2 = near[2, q] - start + (lead[2, q] if second else _ZERO)
        step2, c2 = h2 * two_thirds if second else h2, g2 * nine_quarters if second else g2

        swap = a1 < a0
        a0, a1 = (a1 if swap else a0), (a0 if swap else a1)
        c0, c1 = (c1 if swap else c0), (c0 if swap else c1)
        step = step1 if swap else step
        swap = a2 < a0
        a0, a2 = (a2 if swap else a0), (a0 if swap else a2)
        c0, c2 = (c2 if swap else c0), (c0 if swap else c2)
        step = step2 if swap else step
        swap = a2 < a1
        a1, a2 = (a2 if swap else a1), (a1 if swap else a2)
        c1, c2 = (c2 if swap else c1), (c1 if swap else c2)

        along_line = a0 + step
        d1 = a1 - a0
        total = c0 + c1
        root = total - c0 * c1 * d1 * d1
        in_plane = a0 + (c1 * d1 + np.sqrt(max(root, _ZERO))) / total
        d2 = a2 - a0
        total = total + c2
        mean = c1 * d1 + c2 * d2
        root = mean * mean - total * (c1 * d1 * d1 + c2 * d2 * d2 - _ONE)
        in_space = a0 + (mean + np.sqrt(max(root, _ZERO))) / total

        bent = along_line > a1
        time = in_plane if bent else along_line
        time = in_space if bent & (time > a2) & (root >= 0) else time
        times[q] = start + time


@njit(cache=True, nogil=True)
def _freeze(front, voxels, times, count):
    """Make times final; close bricks that are complete with them."""
    values = front.values
    for q in range(count):
        voxel = np.int64(voxels[q])
        if values[voxel] >= 0:
            continue
        values[voxel] = times[q]
        front.counters[FROZEN] += 1
        slot = voxel >> 9
        front.todo[slot] -= 1
        if front.todo[slot] == 0:
            for side in range(6):
                other = np.int64(front.neighbours[slot, side])
                if other > 0:
                    one_less(front, other)
            one_less(front, slot)


@njit(cache=True, nogil=True)
def _enqueue(front, voxel, bucket):
    heads, pool, counters = front.heads, front.pool, front.counters
    entry = counters[POOL_FREE]
    if entry >= 0:
        counters[POOL_FREE] = pool[entry, 1]
    else:
        entry = counters[POOL_TOP]
        counters[POOL_TOP] += 1
    at = bucket & (heads.size - 1)
    pool[entry, 0] = voxel
    pool[entry, 1] = heads[at]
    heads[at] = entry
    counters[QUEUED] += 1


@njit(cache=True, nogil=True)
def _touch(front, voxels, times, count, touched, near, lead, later):
    """Bring the provisional times of the neighbours of newly final voxels up to date.

    A neighbour that is due within half a voxel edge is left alone: its time is worked out
    again when its turn comes, and its place in the queue would hardly change.
    """
    values, neighbours, steps = front.values, front.neighbours, front.steps
    patience = np.float32(0.5) * min(steps[0], min(steps[1], steps[2]))
    per_time = _ONE / steps[6]
    found = 0
    for q in range(count):
        voxel = np.int64(voxels[q])
        slot, local = voxel >> 9, voxel & 511
        due = -(times[q] + patience)
        for axis in range(3):
            stride, at = 64 >> (3 * axis), (local >> (6 - 3 * axis)) & 7
            before, after, _, _ = _along(neighbours, slot, local, 2 * axis, at, stride)
            touched[found] = before
            found += values[before] < due
            touched[found] = after
            found += values[after] < due
    for q in range(found):
        slot = np.int64(touched[q]) >> 9
        if front.active[slot] == 0:
            activate(front, slot)
    _gather(values, neighbours, touched, found, near, lead)
    _solve(found, near, lead, steps, later)
    current = front.counters[CURRENT]
    for q in range(found):
        voxel, time = np.int64(touched[q]), later[q]
        before = -values[voxel]
        if time < before:
            values[voxel] = -time
            bucket = max(np.int64(time * per_time), current)
            if bucket != np.int64(before * per_time):
                _enqueue(front, voxel, bucket)


@njit(cache=True, nogil=True)
def _next_batch(front, voxels):
    """Take up to BATCH voxels that are due from the current bucket."""
    values, heads, pool, counters = front.values, front.heads, front.pool, front.counters
    per_time = _ONE / front.steps[6]
    while heads[counters[CURRENT] & (heads.size - 1)] < 0:
        counters[CURRENT] += 1
    current, free, taken, count = counters[CURRENT], counters[POOL_FREE], 0, 0
    at = current & (heads.size - 1)
    entry = np.int64(heads[at])
    while entry >= 0 and count < BATCH:
        following = np.int64(pool[entry, 1])
        pool[entry, 1] = free
        free, voxel = entry, np.int64(pool[entry, 0])
        voxels[count] = voxel
        time = -values[voxel]
        count += (time > 0) & (np.int64(time * per_time) <= current)
        taken += 1
        entry = following
    heads[at] = entry
    counters[POOL_FREE] = free
    counters[QUEUED] -= taken
    return count


@njit(cache=True, nogil=True)
def start(front, bricks, voxels):
    """Place the bricks of the source face and set the march off from its voxels.

    ``voxels`` has room for 64 addresses per brick; half a voxel edge is their time.
    """
    axis, side = front.geometry[4], front.geometry[5]
    extent = front.mask.shape[axis] << front.geometry[3]
    at = ((extent - 1) if side else 0) & 7
    for brick in bricks:
        if front.slot_of[brick] == UNSEEN:
            place(front, brick)
    count = 0
    for brick in bricks:
        slot = np.int64(front.slot_of[brick])
        if slot <= 0:
            continue
        for q in range(64):
            if axis == 0:
                local = (at << 6) + q
            elif axis == 1:
                local = ((q >> 3) << 6) + (at << 3) + (q & 7)
            else:
                local = (q << 3) + at
            if front.values[(slot << 9) + local] < 0:
                voxels[count] = (slot << 9) + local
                count += 1
                if front.active[slot] == 0:
                    activate(front, slot)
                front.waiting[slot] += 1  # keeps the brick until its voxels have touched their neighbours
    half = np.full(BATCH, np.float32(0.5), np.float32)
    front.counters[CURRENT] = np.int64(half[0] / front.steps[6])
    touched = np.empty(ROW, np.int32)
    near, lead = np.empty((3, ROW), np.float32), np.empty((3, ROW), np.float32)
    later = np.empty(ROW, np.float32)
    for first in range(0, count, BATCH):
        _freeze(front, voxels[first:], half, min(BATCH, count - first))
    for first in range(0, count, BATCH):
        _touch(front, voxels[first:], half, min(BATCH, count - first), touched, near, lead, later)
    for q in range(count):
        one_less(front, np.int64(voxels[q]) >> 9)


@njit(cache=True, nogil=True)
def advance(front, goal):
    """March on until nothing is left (DONE), ``goal`` voxels are final (PAUSED), or room runs out (GROW)."""
    voxels, touched = np.empty(BATCH + 1, np.int32), np.empty(ROW, np.int32)
    near, lead = np.empty((3, ROW), np.float32), np.empty((3, ROW), np.float32)
    times, later = np.empty(BATCH, np.float32), np.empty(ROW, np.float32)
    counters = front.counters
    while counters[QUEUED] > 0:
        if counters[FROZEN] >= goal:
            return PAUSED
        if counters[SLOTS_FREE] < front.geometry[6] or front.pool.shape[0] - counters[QUEUED] < 6 * BATCH:
            return GROW
        count = _next_batch(front, voxels)
        _gather(front.values, front.neighbours, voxels, count, near, lead)
        _solve(count, near, lead, front.steps, times)
        _freeze(front, voxels, times, count)
        _touch(front, voxels, times, count, touched, near, lead, later)
    return DONE
