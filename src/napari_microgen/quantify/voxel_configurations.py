"""Count small voxel configurations in one pass over bit-packed planes.

A configuration is a handful of voxels in a fixed arrangement: a pair, a square, a cube.
How often all its voxels are in the phase, and how often none is, is all that surface
area, mean curvature and Euler number need. Sixty-four voxels share a machine word, so
a volume is read once and its planes stay in the cache.

Counts are exactly additive: chunks along the first axis give the counts of the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from ..progress import Progress, Steps, finish

Configuration = tuple[tuple[int, int, int], ...]
"""Offsets (plane, row, column) of the voxels."""


@dataclass(frozen=True)
class Counts:
    """How often each of several configurations was found."""

    inside: np.ndarray
    """Places where all its voxels are in the phase, int64, shape (n,)."""
    outside: np.ndarray
    """Places where none is."""
    places: np.ndarray
    """Places where it fits into the window."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.inside + other.inside, self.outside + other.outside, self.places + other.places)

    @property
    def mixed(self) -> np.ndarray:
        """Places where some voxels are in the phase and some are not."""
        return self.places - self.inside - self.outside


def count_configurations(
    phase: np.ndarray, configurations: tuple[Configuration, ...], lead: int = 0
) -> Counts:
    """Count configurations in a volume, or in a chunk of one.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is.
    configurations : tuple of Configuration
        What to look for; only places wholly inside the window count.
    lead : int
        Planes at the head that a chunk shares with the one before it: what ends in
        them has been counted there. A configuration over n planes needs ``lead=n - 1``.

    Returns
    -------
    Counts
        Add those of all chunks for the whole volume.

    Examples
    --------
    Two voxels of the phase, side by side along the column axis:

    >>> phase = np.zeros((1, 2, 3), bool)
    >>> phase[0, 0, :2] = True
    >>> pair = ((0, 0, 0), (0, 0, 1))
    >>> count_configurations(phase, (pair,))
    Counts(inside=array([1]), outside=array([2]), places=array([4]))
    """
    return finish(counting_steps(phase, phase.shape[1:], configurations, lead=lead))


def counting_steps(
    planes: Iterable[np.ndarray],
    plane_shape: tuple[int, ...],
    configurations: tuple[Configuration, ...],
    *,
    lead: int = 0,
    total: int | None = None,
) -> Steps[Counts]:
    """Count configurations plane by plane, as `count_configurations` does.

    Parameters
    ----------
    planes : iterable of ndarray of bool, shape (R, C)
        The planes in order; only a few are held at a time.
    plane_shape : (int, int)
        Their shape.
    configurations : tuple of Configuration
        What to look for.
    lead : int
        Planes at the head that were counted with the chunk before.
    total : int or None
        Number of planes, for the progress bar.
    """
    rows, columns = plane_shape
    table, sizes, extents = _table(configurations)
    depth, reach = int(extents[:, 0].max()) + 1, int(extents[:, 2].max()) + 1
    words = -(-columns // 64)
    ring = np.zeros((depth, 2, reach, rows * words), np.uint64)
    valid = np.packbits(np.arange(words * 64) < columns, bitorder="little").view(np.uint64)
    packed = np.zeros((rows, words * 8), np.uint8)
    found = np.zeros((2, len(table)), np.int64)
    seen = 0
    for plane in planes:
        packed[:, : -(-columns // 8)] = np.packbits(np.asarray(plane, bool), axis=-1, bitorder="little")
        _store(packed.view(np.uint64), valid, ring[seen % depth])
        if seen >= lead:
            _count(ring, table, sizes, extents, seen, rows, words, found)
        seen += 1
        yield Progress(seen, total, "counting voxel configurations")
    last_planes = np.maximum(seen - np.maximum(extents[:, 0], lead), 0)
    in_plane = np.maximum(rows - extents[:, 1], 0) * np.maximum(columns - extents[:, 2], 0)
    return Counts(found[0], found[1], last_planes * in_plane)


def _table(configurations: tuple[Configuration, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets from the lowest corner (padded), number of voxels, and extent of each configuration."""
    sizes = np.array([len(c) for c in configurations])
    table = np.zeros((len(configurations), int(sizes.max()), 3), np.int64)
    extents = np.zeros((len(configurations), 3), np.int64)
    for index, configuration in enumerate(configurations):
        offsets = np.array(configuration, np.int64)
        offsets -= offsets.min(axis=0)
        table[index, : len(offsets)] = offsets
        extents[index] = offsets.max(axis=0)
    return table, sizes, extents


@intrinsic
def _ones(typing_context, word):  # type: ignore[no-untyped-def]
    """Return the number of set bits of a word (one machine instruction)."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), code


@njit(cache=True, nogil=True)
def _store(packed, valid, slot):  # type: ignore[no-untyped-def]
    """Put a packed plane and its complement into a slot of the ring, each shifted by 0, 1, ... columns."""
    rows, words = packed.shape
    for y in range(rows):
        for w in range(words):
            slot[0, 0, y * words + w] = packed[y, w]
            slot[1, 0, y * words + w] = ~packed[y, w] & valid[w]
    for kind in range(2):
        for shift in range(1, slot.shape[1]):
            down, up = np.uint64(shift), np.uint64(64 - shift)
            for y in range(rows):
                end = (y + 1) * words - 1
                for w in range(y * words, end):
                    slot[kind, shift, w] = (slot[kind, 0, w] >> down) | (slot[kind, 0, w + 1] << up)
                slot[kind, shift, end] = slot[kind, 0, end] >> down


@njit(cache=True, nogil=True)
def _count(ring, table, sizes, extents, plane, rows, words, found):  # type: ignore[no-untyped-def]
    """Add the configurations that end in this plane."""
    depth = ring.shape[0]
    both = np.empty(rows * words, np.uint64)
    for kind in range(2):
        for p in range(len(sizes)):
            length = (rows - extents[p, 1]) * words
            if plane < extents[p, 0] or length <= 0:
                continue
            for o in range(sizes[p]):
                slot = (plane - extents[p, 0] + table[p, o, 0]) % depth
                start = table[p, o, 1] * words
                voxels = ring[slot, kind, table[p, o, 2], start : start + length]
                if o == 0:
                    both[:length] = voxels
                elif o < sizes[p] - 1:
                    for i in range(length):
                        both[i] &= voxels[i]
            total = 0
            for i in range(length):
                total += _ones(both[i] & voxels[i])
            found[kind, p] += total
