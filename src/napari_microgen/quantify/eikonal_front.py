# mypy: disable-error-code="no-untyped-def"
"""The state of a march through a volume cut into bricks, and the coming and going of bricks.

The volume is cut into bricks of 8 x 8 x 8 voxels. Only the bricks near the moving
front are in memory: a brick gets a slot when the front touches one of its neighbours
and gives it back when the front has left it and all six neighbours for good. A
voxel's address is ``slot * 512 + plane * 64 + row * 8 + column`` inside its brick.

One number per voxel says everything: ``WALL`` (large, positive) outside the phase,
``-t`` while the arrival time t is provisional (``-WALL`` if the voxel is untouched),
``+t`` once it is final. So "final or wall" is "not negative", and a wall looks like a
neighbour that is reached infinitely late.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

WALL = np.float32(1e9)
UNSEEN, RETIRED, SOLID_WALL = -1, -2, 0
CURRENT, QUEUED, POOL_FREE, POOL_TOP, SLOTS_FREE, FROZEN, SLOTS_PEAK = range(7)


class Front(NamedTuple):
    """State of one march; every field is an array, so a march can pause and go on."""

    values: np.ndarray
    """float32, 512 per slot; slot 0 is all wall and stands for everything outside."""
    neighbours: np.ndarray
    """int32 (slots, 6): the slots of the bricks at plane-, plane+, row-, row+, column-, column+."""
    brick: np.ndarray
    """int32 (slots): which brick of the volume lies here."""
    todo: np.ndarray
    """int32 (slots): voxels of the phase that are not final yet."""
    waiting: np.ndarray
    """int32 (slots): how many of the brick and its six neighbours are not complete."""
    active: np.ndarray
    """uint8 (slots): 1 once the front is inside, so that all six neighbours are present."""
    free_slots: np.ndarray
    """int32 (slots): stack of unused slots."""
    slot_of: np.ndarray
    """int32 (bricks): slot of a brick, or UNSEEN, RETIRED, SOLID_WALL."""
    heads: np.ndarray
    """int32 (power of two): first queue entry of each bucket, a ring in time."""
    pool: np.ndarray
    """int32 (entries, 2): queue entries (voxel, next entry)."""
    counters: np.ndarray
    """int64: current bucket, entries in the queue, and the like."""
    mask: np.ndarray
    """bool (P, R, C): the phase."""
    geometry: np.ndarray
    """int64: bricks along plane, row, column; refinement shift; source axis; source side;
    slots that must be free before a batch."""
    steps: np.ndarray
    """float32: voxel edges (3), their inverse squares (3), width of a bucket; in source-axis steps."""
    layers: np.ndarray
    """float64 (layers, 3): count, sum, sum of squares of T / depth in each layer."""
    histogram: np.ndarray
    """int64: voxels of the last quarter by depth / T."""
    times: np.ndarray
    """float32 (P, R, C) or (0, 0, 0): where to write the arrival times, if wanted."""


@njit(cache=True, nogil=True)
def neighbour_brick(geometry, brick, side):
    """Return the brick beside ``brick`` (sides 0 to 5 as in `Front.neighbours`), or -1 outside."""
    planes, rows, columns = geometry[0], geometry[1], geometry[2]
    axis, forward = side >> 1, side & 1
    stride = rows * columns if axis == 0 else (columns if axis == 1 else 1)
    extent = planes if axis == 0 else (rows if axis == 1 else columns)
    at = (brick // stride) % extent
    if forward:
        return brick + stride if at + 1 < extent else -1
    return brick - stride if at > 0 else -1


@njit(cache=True, nogil=True)
def _fill(front, brick, slot):
    """Copy one brick of the mask into a slot and return how many voxels of the phase it holds."""
    along_row, along_column, shift = front.geometry[1], front.geometry[2], front.geometry[3]
    column = (brick % along_column) << 3
    row = ((brick // along_column) % along_row) << 3
    plane = (brick // (along_column * along_row)) << 3
    mask, values = front.mask, front.values
    planes, rows, columns = mask.shape[0] << shift, mask.shape[1] << shift, mask.shape[2] << shift
    address, count = slot << 9, 0
    for z in range(plane, plane + 8):
        for y in range(row, row + 8):
            for x in range(column, column + 8):
                inside = z < planes and y < rows and x < columns
                inside = inside and mask[z >> shift, y >> shift, x >> shift]
                values[address] = -WALL if inside else WALL
                count += inside
                address += 1
    return count


@njit(cache=True, nogil=True)
def retire(front, slot):
    """Take a brick's times into the statistics (and the output) and give its slot back."""
    brick = np.int64(front.brick[slot])
    rows, columns, axis, side = front.geometry[1], front.geometry[2], front.geometry[4], front.geometry[5]
    column = (brick % columns) << 3
    row = ((brick // columns) % rows) << 3
    plane = (brick // (columns * rows)) << 3
    layers, histogram, times = front.layers, front.histogram, front.times
    last, write = layers.shape[0], times.shape[0] > 0
    for local in range(512):
        time = front.values[(slot << 9) + local]
        if time < 0 or time >= WALL:
            continue
        z, y, x = plane + (local >> 6), row + ((local >> 3) & 7), column + (local & 7)
        layer = z if axis == 0 else (y if axis == 1 else x)
        layer = last - 1 - layer if side else layer
        depth = layer + 0.5
        quotient = time / depth
        layers[layer, 0] += 1
        layers[layer, 1] += quotient
        layers[layer, 2] += quotient * quotient
        if depth > 0.75 * last:
            histogram[min(np.int64(depth / time * histogram.size), histogram.size - 1)] += 1
        if write:
            times[z, y, x] = time
    front.slot_of[brick] = RETIRED
    front.free_slots[front.counters[SLOTS_FREE]] = slot
    front.counters[SLOTS_FREE] += 1


@njit(cache=True, nogil=True)
def one_less(front, slot):
    """Note that one of a brick and its neighbours is complete; retire the brick after the last one."""
    front.waiting[slot] -= 1
    if front.waiting[slot] == 0:
        retire(front, slot)


@njit(cache=True, nogil=True)
def place(front, brick):
    """Give a brick a slot, fill it and link it with its neighbours; an empty one becomes wall."""
    counters = front.counters
    slot = np.int64(front.free_slots[counters[SLOTS_FREE] - 1])
    count = _fill(front, brick, slot)
    if count == 0:
        front.slot_of[brick] = SOLID_WALL
    else:
        counters[SLOTS_FREE] -= 1
        counters[SLOTS_PEAK] = max(counters[SLOTS_PEAK], slot + 1)
        front.slot_of[brick] = slot
        front.brick[slot] = brick
        front.todo[slot] = count
        front.waiting[slot] = 1
        front.active[slot] = 0
    for side in range(6):
        beside = neighbour_brick(front.geometry, brick, side)
        other = SOLID_WALL if beside < 0 else np.int64(front.slot_of[beside])
        if count > 0:
            front.neighbours[slot, side] = other
            front.waiting[slot] += other == UNSEEN or (other > 0 and front.todo[other] > 0)
        if other > 0:
            front.neighbours[other, side ^ 1] = slot if count > 0 else SOLID_WALL
            if count == 0:
                one_less(front, other)


@njit(cache=True, nogil=True)
def activate(front, slot):
    """Have all six neighbours of a brick present before the front enters it."""
    front.active[slot] = 1
    for side in range(6):
        if front.neighbours[slot, side] == UNSEEN:
            place(front, neighbour_brick(front.geometry, np.int64(front.brick[slot]), side))
