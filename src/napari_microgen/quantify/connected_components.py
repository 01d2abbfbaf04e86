"""Connected parts of a phase, numbered in raster order.

Rows are broken into runs and touching runs are joined by union-find, in slabs of planes
side by side; the borders between slabs are joined afterwards, so the result does not
depend on the slabs. Beside the labels it takes about one byte per voxel for the runs.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import AxesError, ParameterError
from .threads import available_threads, run_in_parts

Neighbours = Literal["faces", "corners"]
"""``"faces"``: 4 in 2D, 6 in 3D. ``"corners"``: 8 in 2D, 26 in 3D."""


def connected_components(
    phase: np.ndarray, *, neighbours: Neighbours = "faces", threads: int | None = None
) -> tuple[np.ndarray, int]:
    """Label the connected parts of a phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    neighbours : {"faces", "corners"}
        Which voxels are connected: those that share a face, or also an edge or a corner.
    threads : int, optional
        Threads to use; all available ones by default.

    Returns
    -------
    labels : ndarray of int32, shape of ``phase``
        0 outside the phase, 1 to ``count`` inside, in the order in which the parts are met.
    count : int
        Number of parts.

    Examples
    --------
    >>> labels, count = connected_components(np.array([[1, 0, 0], [0, 1, 1]], bool))
    >>> labels, count
    (array([[1, 0, 0],
           [0, 2, 2]], dtype=int32), 2)
    """
    from . import component_kernels as kernels

    labels = np.empty(phase.shape, np.int32)
    if phase.size == 0:
        return labels, 0
    found = find_components(phase, neighbours=neighbours, threads=threads)
    rows = labels.reshape(-1, phase.shape[-1])
    run_in_parts(
        kernels.paint_runs, rows.shape[0], found.first_run, found.starts, found.stops, found.numbers, rows,
        threads=threads,
    )  # fmt: skip
    return labels, found.count


@dataclass(frozen=True, slots=True)
class Components:
    """Connected parts of a phase as runs along the last axis."""

    count: int
    """How many parts there are."""
    first_run: np.ndarray
    """First run of each row, in raster order, and the number of runs at the end."""
    starts: np.ndarray
    """Where each run starts."""
    stops: np.ndarray
    """Where each run stops (exclusive)."""
    numbers: np.ndarray
    """Part of each run, from 1 on."""
    shape: tuple[int, int, int]
    """Planes, rows, columns."""

    def sizes_and_faces(self) -> tuple[np.ndarray, np.ndarray]:
        """Return for each part its voxels and the faces it touches, from part 1 on.

        Bits 0 to 5 of the faces are plane low, plane high, row low, row high, column low,
        column high.
        """
        from . import component_kernels as kernels

        sizes, faces = np.zeros(self.count + 1, np.int64), np.zeros(self.count + 1, np.uint8)
        runs = self.first_run, self.starts, self.stops, self.numbers
        kernels.touch_faces(*runs, self.shape[1], self.shape[2], sizes, faces)
        return sizes[1:], faces[1:]


def find_components(
    phase: np.ndarray, *, neighbours: Neighbours = "faces", threads: int | None = None
) -> Components:
    """Find the connected parts of a phase without writing a label image.

    Parameters
    ----------
    phase, neighbours, threads
        As in `connected_components`; at least one voxel.

    Returns
    -------
    Components
        The parts as runs.
    """
    from . import component_kernels as kernels

    if phase.ndim not in (2, 3) or phase.size == 0:
        raise AxesError(
            f"A phase of shape {phase.shape} was given; expected an image or a volume with voxels."
        )
    if neighbours not in ("faces", "corners"):
        raise ParameterError(f"neighbours={neighbours!r} is unknown; there are 'faces' and 'corners'.")
    threads = threads or available_threads()
    reach = int(neighbours == "corners")
    shape = (1, *phase.shape) if phase.ndim == 2 else phase.shape
    planes, rows, length = shape
    lines = np.ascontiguousarray(phase, bool).view(np.uint8).reshape(-1, length)
    first_run = np.zeros(lines.shape[0] + 1, np.int64)
    run_in_parts(kernels.count_runs, lines.shape[0], lines, first_run, threads=threads)
    np.cumsum(first_run, out=first_run)
    starts, stops, parents = (np.empty(first_run[-1], np.int32) for _ in range(3))
    run_in_parts(kernels.find_runs, lines.shape[0], lines, first_run, starts, stops, threads=threads)
    runs = first_run, starts, stops, parents
    bounds = run_in_parts(kernels.join_planes, planes, *runs, rows, reach, threads=threads)
    kernels.join_slabs(*runs, rows, reach, np.array(bounds[1:-1], np.int64))
    numbers = np.empty(parents.size, np.int32)
    count = int(kernels.number_components(parents, numbers))
    return Components(count, first_run, starts, stops, numbers, shape)
