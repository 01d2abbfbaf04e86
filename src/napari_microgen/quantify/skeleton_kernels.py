# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `struts`: the skeleton as a graph, and balls that just fit in.

Skeleton voxels are numbered in raster order. A voxel with more than two neighbours on the
skeleton is a node, one with fewer than two an end; what lies between is a segment.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def link(line, voxels, row, plane, first, neighbours):
    """Write down the neighbours of each voxel on the skeleton.

    ``line`` is the padded flat skeleton, ``voxels`` its flat addresses in order. The neighbours of
    voxel k become ``neighbours[first[k] : first[k + 1]]``; returns how many there are in all (call
    with an empty array to learn it).
    """
    found = 0
    for k in range(voxels.size):
        first[k] = found
        for dz in range(-1, 2):
            for dy in range(-1, 2):
                here = voxels[k] + dz * plane + dy * row
                for other in range(here - 1, here + 2):
                    if line[other] and other != voxels[k]:
                        if neighbours.size:
                            neighbours[found] = np.searchsorted(voxels, other)
                        found += 1
    first[voxels.size] = found
    return found


@njit(cache=True, nogil=True)
def split(first, neighbours, places, alive, segment, ends, tip, node, length):
    """Tell the segments of the living voxels apart; return how many there are.

    For each segment: how many free ends it has and the last of them (tip), one of the nodes it
    hangs on (-1 if none) and its length between voxel centres, with the links to its nodes.
    Nodes have segment -1.
    """
    total = alive.size
    degree = np.zeros(total, np.int32)
    for k in range(total):
        segment[k] = -1
        if alive[k]:
            for other in neighbours[first[k] : first[k + 1]]:
                degree[k] += alive[other]
    stack = np.empty(total, np.int64)
    count = 0
    for seed in range(total):
        if not alive[seed] or degree[seed] > 2 or segment[seed] >= 0:
            continue
        ends[count], node[count], length[count] = 0, -1, 0.0
        segment[seed] = count
        stack[0], top = seed, 1
        while top > 0:
            top -= 1
            k = stack[top]
            if degree[k] < 2:
                ends[count] += 1
                tip[count] = k
            for other in neighbours[first[k] : first[k + 1]]:
                if not alive[other]:
                    continue
                step = np.sqrt(((places[k] - places[other]) ** 2).sum())
                if degree[other] > 2:
                    node[count] = other
                    length[count] += step
                else:
                    length[count] += step / 2  # met from both sides
                    if segment[other] < 0:
                        segment[other] = count
                        stack[top] = other
                        top += 1
        count += 1
    return count


@njit(cache=True, nogil=True)
def prune(first, neighbours, places, distance, alive, segment, ends, tip, node, length):
    """Remove spurs that end within the ball around the node they hang on, until none is left."""
    while True:
        count = split(first, neighbours, places, alive, segment, ends, tip, node, length)
        removed = False
        for k in range(alive.size):
            if alive[k] and segment[k] >= 0:
                s = segment[k]
                if ends[s] == 1 and node[s] >= 0:
                    reach = np.sqrt(((places[tip[s]] - places[node[s]]) ** 2).sum())
                    if reach < distance[node[s]]:
                        alive[k] = 0
                        removed = True
        if not removed:
            return count


@njit(cache=True, nogil=True)
def fit_balls(phase, spacing, places, distance, limit, radius, first, last):
    """Radius of the largest ball without a voxel centre of the rest, near each given place.

    The ball's centre may move up to ``limit`` from the voxel's. It is pushed away from the nearest
    voxel of the rest, in steps that grow shorter, and the best radius on the way counts.
    """
    rest = np.empty((256, 3))
    for k in range(first, last):
        reach = distance[k] + 2 * limit
        count = 0
        low, high = np.empty(3, np.int64), np.empty(3, np.int64)
        for axis in range(3):
            low[axis] = max(0, int(np.ceil((places[k, axis] - reach) / spacing[axis])))
            high[axis] = min(phase.shape[axis], int((places[k, axis] + reach) / spacing[axis]) + 1)
        for z in range(low[0], high[0]):
            dz = z * spacing[0] - places[k, 0]
            for y in range(low[1], high[1]):
                dy = y * spacing[1] - places[k, 1]
                left = reach**2 - dz**2 - dy**2
                if left < 0:
                    continue
                wide, gap = np.sqrt(left), np.sqrt(max(distance[k] ** 2 * 0.9999 - dz**2 - dy**2, 0.0))
                for half in range(2):
                    start = places[k, 2] - wide if half == 0 else places[k, 2] + gap
                    stop = places[k, 2] - gap if half == 0 else places[k, 2] + wide
                    if half == 1 and gap == 0.0:
                        start += 1e-3 * spacing[2]
                    for x in range(
                        max(0, int(np.ceil(start / spacing[2]))),
                        min(phase.shape[2], int(np.floor(stop / spacing[2])) + 1),
                    ):
                        if not phase[z, y, x]:
                            if count == rest.shape[0]:
                                rest = np.concatenate((rest, np.empty_like(rest)))
                            rest[count, 0], rest[count, 1] = dz, dy
                            rest[count, 2] = x * spacing[2] - places[k, 2]
                            count += 1
        radius[k] = _ball(rest, count, distance[k], limit)


@njit(cache=True, nogil=True, fastmath=True)
def _ball(rest, count, radius, limit):
    z = y = x = 0.0
    step = limit / 2
    for _ in range(24):
        nearest, square = -1, 1e30
        for i in range(count):
            away = (rest[i, 0] - z) ** 2 + (rest[i, 1] - y) ** 2 + (rest[i, 2] - x) ** 2
            if away < square:
                nearest, square = i, away
        if nearest < 0:
            return radius
        away = np.sqrt(square)
        radius = max(radius, away)
        z += (z - rest[nearest, 0]) / away * step
        y += (y - rest[nearest, 1]) / away * step
        x += (x - rest[nearest, 2]) / away * step
        off = np.sqrt(z * z + y * y + x * x)
        if off > limit:
            z, y, x = z * limit / off, y * limit / off, x * limit / off
        step *= 0.85
    return radius
