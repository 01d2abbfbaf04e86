"""Lengths of the runs of a phase along the axes, in one pass over the planes.

A run that touches a face of the image is cut: its true length is unknown. Planes come
one at a time, so a volume need not fit into memory; chunks of planes add up to the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numba import njit

from ..progress import Progress, Steps, finish
from .chunk import Chunk

AXES = ("plane", "row", "column")


@dataclass(frozen=True)
class RunLengths:
    """How many runs there are of each length along one axis."""

    whole: np.ndarray
    """Runs with both ends inside, by length in voxels, int64, shape (n + 1,)."""
    cut: np.ndarray
    """Runs that touch a face."""
    lines: int
    """Lines of voxels along this axis."""

    @property
    def length(self) -> int:
        """Voxels of a line."""
        return len(self.whole) - 1


def run_lengths(phase: np.ndarray) -> tuple[RunLengths, ...]:
    """Count runs along each axis of an image or a volume.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.

    Returns
    -------
    tuple of RunLengths
        One per axis, in order.

    Examples
    --------
    >>> (row, column) = run_lengths(np.array([[False, True, True, False, True]]))
    >>> column.whole.tolist(), column.cut.tolist()
    ([0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0])
    """
    return finish(counting_runs(phase))


def counting_runs(phase: np.ndarray) -> Steps[tuple[RunLengths, ...]]:
    """Run `run_lengths` with progress."""
    planes = phase if phase.ndim == 3 else phase[None]
    return (yield from counting_runs_of_planes(planes, planes.shape))[3 - phase.ndim :]


def counting_runs_of_planes(
    planes: Iterable[np.ndarray], shape: tuple[int, ...]
) -> Steps[tuple[RunLengths, ...]]:
    """Count runs along plane, row and column of a volume given plane by plane."""
    return (yield from counting_runs_of_chunk(planes, shape)).closed()


@dataclass(frozen=True)
class ChunkRuns:
    """Runs in a chunk of planes; those that reach its first or last plane may go on in the next chunk."""

    planes: int
    """Planes of the chunk."""
    along: np.ndarray
    """Runs along the planes with both ends inside, by length, int64."""
    within: tuple[np.ndarray, np.ndarray]
    """Runs along rows and columns: whole and cut ones by length, int64, shape (2, n + 1)."""
    head: np.ndarray
    """Length of the run that begins with the first plane, int32, shape (R, C); 0 if none does."""
    tail: np.ndarray
    """Length of the run that ends with the last plane."""

    def __add__(self, other: "ChunkRuns") -> "ChunkRuns":
        planes = self.planes + other.planes
        through, on = self.tail == self.planes, other.head == other.planes
        joined = self.tail + other.head
        along = np.zeros(planes + 1, np.int64)
        along[: len(self.along)] += self.along
        along[: len(other.along)] += other.along
        along += np.bincount(joined[~through & ~on], minlength=planes + 1)
        along[0] = 0
        return ChunkRuns(
            planes,
            along,
            (self.within[0] + other.within[0], self.within[1] + other.within[1]),
            np.where(through, joined, self.head),
            np.where(on, joined, other.tail),
        )

    def closed(self) -> tuple[RunLengths, ...]:
        """Return the runs of the whole volume: those that are still open touch its faces."""
        through = self.tail == self.planes
        cut = np.bincount(self.head.ravel(), minlength=self.planes + 1)
        cut = cut + np.bincount(self.tail[~through], minlength=self.planes + 1)
        counts = [np.stack([self.along, cut]), *self.within]
        for count in counts:
            count[:, 0] = 0
        lengths = [c.shape[1] - 1 for c in counts]
        lines = [int(np.prod(lengths)) // max(n, 1) for n in lengths]
        return tuple(RunLengths(c[0], c[1], n) for c, n in zip(counts, lines, strict=True))


def counting_runs_of_chunk(planes: Iterable[np.ndarray], shape: tuple[int, ...]) -> Steps[ChunkRuns]:
    """Count the runs of a chunk of planes; ``shape`` is that of the chunk."""
    counts = [np.zeros((2, n + 1), np.int64) for n in shape]
    open_runs, head = np.zeros(shape[1:], np.int32), np.zeros(shape[1:], np.int32)
    for index, values in enumerate(planes):
        plane = np.asarray(values, bool)
        _across(plane, index, open_runs, head, counts[0])
        _within(plane, counts[1], counts[2])
        yield Progress(index + 1, shape[0], "measuring runs")
    head[open_runs == shape[0]] = shape[0]
    return ChunkRuns(shape[0], counts[0][0], (counts[1], counts[2]), head, open_runs)


def runs_of(chunk: Chunk) -> Steps[ChunkRuns]:
    """Count the runs of a chunk of planes, or of an image as one plane."""
    planes = chunk.core if chunk.core.ndim == 3 else chunk.core[None]
    return counting_runs_of_chunk(planes, planes.shape)


@njit(cache=True, nogil=True)
def _across(plane, index, open_runs, head, counts):  # type: ignore[no-untyped-def]
    """Go on with or end the runs from plane to plane."""
    rows, columns = plane.shape
    for y in range(rows):
        for x in range(columns):
            if plane[y, x]:
                open_runs[y, x] += 1
            elif open_runs[y, x]:
                run = open_runs[y, x]
                if run == index:
                    head[y, x] = run
                else:
                    counts[0, run] += 1
                open_runs[y, x] = 0


@njit(cache=True, nogil=True)
def _within(plane, row_counts, column_counts):  # type: ignore[no-untyped-def]
    """Count the runs inside one plane along both axes."""
    rows, columns = plane.shape
    down = np.zeros(columns, np.int32)
    for y in range(rows):
        right = 0
        for x in range(columns):
            if plane[y, x]:
                right += 1
                down[x] += 1
                continue
            if right:
                column_counts[1 if right == x else 0, right] += 1
                right = 0
            if down[x]:
                row_counts[1 if down[x] == y else 0, down[x]] += 1
                down[x] = 0
        if right:
            column_counts[1, right] += 1
    for x in range(columns):
        if down[x]:
            row_counts[1, down[x]] += 1
