# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `struts`: the skeleton as a graph.

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
