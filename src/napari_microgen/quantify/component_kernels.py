# mypy: disable-error-code="no-untyped-def"
"""Compiled inner loops of `connected_components`: runs of a phase along rows, joined by union-find.

A run is a stretch of voxels of the phase along the last axis. Runs are numbered in
raster order; the root of a component is its lowest run.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def count_runs(phase, counts, first, last):
    """Count the runs of each row; ``phase`` has shape (rows, length), one byte per voxel."""
    length = phase.shape[1]
    for row in range(first, last):
        line = phase[row]
        runs = np.int32(line[0])
        for x in range(1, length):
            runs += line[x] & ~line[x - 1] & 1
        counts[row + 1] = runs


@njit(cache=True, nogil=True)
def find_runs(phase, first_run, starts, stops, first, last):
    """Write down where the runs of each row start and stop."""
    length = phase.shape[1]
    for row in range(first, last):
        line = phase[row]
        run, before = first_run[row], np.uint8(0)
        for x in range(length):
            here = line[x]
            if here != before:
                if here:
                    starts[run] = x
                else:
                    stops[run] = x
                    run += 1
            before = here
        if before:
            stops[run] = length


@njit(cache=True, nogil=True, inline="always")
def find_root(parents, run):
    """Follow the parents of a run to the root, halving the path on the way."""
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run


@njit(cache=True, nogil=True)
def _join_rows(first_run, starts, stops, parents, row, other, reach):
    """Join the runs of two rows that touch; ``reach`` is 1 if corners count, else 0."""
    a, b = first_run[row], first_run[other]
    end_a, end_b = first_run[row + 1], first_run[other + 1]
    while a < end_a and b < end_b:
        if stops[b] + reach <= starts[a]:
            b += 1
        elif stops[a] + reach <= starts[b]:
            a += 1
        else:
            root, other_root = find_root(parents, a), find_root(parents, b)
            if root < other_root:
                parents[other_root] = root
            elif other_root < root:
                parents[root] = other_root
            if stops[a] < stops[b]:
                a += 1
            else:
                b += 1


@njit(cache=True, nogil=True)
def join_across(first_run, starts, stops, parents, rows, reach, plane, row):
    """Join the runs of one row with those of the plane before."""
    here, below = plane * rows + row, (plane - 1) * rows + row
    for other in range(max(below - reach, (plane - 1) * rows), min(below + reach, plane * rows - 1) + 1):
        _join_rows(first_run, starts, stops, parents, here, other, reach)


@njit(cache=True, nogil=True)
def join_planes(first_run, starts, stops, parents, rows, reach, first, last):
    """Join the runs of planes ``first`` to ``last``, without their neighbours outside that slab."""
    for plane in range(first, last):
        for row in range(rows):
            here = plane * rows + row
            for run in range(first_run[here], first_run[here + 1]):
                parents[run] = run
            if row > 0:
                _join_rows(first_run, starts, stops, parents, here, here - 1, reach)
            if plane > first:
                join_across(first_run, starts, stops, parents, rows, reach, plane, row)


@njit(cache=True, nogil=True)
def join_slabs(first_run, starts, stops, parents, rows, reach, planes):
    """Join the slabs that begin at ``planes`` with those before them."""
    for plane in planes:
        for row in range(rows):
            join_across(first_run, starts, stops, parents, rows, reach, plane, row)


@njit(cache=True, nogil=True)
def number_components(parents, numbers):
    """Give the roots the numbers 1, 2, ... in raster order, and each run the number of its root."""
    count = 0
    for run in range(parents.size):
        parent = parents[run]
        if parent == run:
            count += 1
            numbers[run] = count
        else:  # a parent is always an earlier run and has its number already
            numbers[run] = numbers[parent]
    return count


@njit(cache=True, nogil=True)
def paint_runs(first_run, starts, stops, numbers, labels, first, last):
    """Write the number of each run into its voxels; ``labels`` has shape (rows, length)."""
    for row in range(first, last):
        line = labels[row]
        at = 0
        for run in range(first_run[row], first_run[row + 1]):
            line[at : starts[run]] = 0
            line[starts[run] : stops[run]] = numbers[run]
            at = stops[run]
        line[at:] = 0


@njit(cache=True, nogil=True)
def touch_faces(first_run, starts, stops, numbers, rows, length, sizes, faces):
    """Add up the voxels of each component and note which faces it touches (bits 0 to 5)."""
    planes = (first_run.size - 1) // rows
    for plane in range(planes):
        for row in range(rows):
            here = plane * rows + row
            bits = (1 if plane == 0 else 0) | (2 if plane == planes - 1 else 0)
            bits |= (4 if row == 0 else 0) | (8 if row == rows - 1 else 0)
            for run in range(first_run[here], first_run[here + 1]):
                number = numbers[run]
                sizes[number] += stops[run] - starts[run]
                ends = (16 if starts[run] == 0 else 0) | (32 if stops[run] == length else 0)
                faces[number] |= bits | ends
