"""Local thickness of a volume chunk by chunk, with the same result as of the whole, voxel by voxel.

A voxel's thickness depends on the balls that cover it, and a ball on the border around it. So
each chunk is worked with planes above and below, and these are enough once every ball that
could reach the chunk is shorter than the way from its centre to the nearest plane left out; if
one is not, the chunk is repeated with twice as many planes around it.
"""

import numpy as np

from ..errors import ParameterError
from ..io.limits import allocate, memory_budget, require_memory
from ..progress import Progress, Steps, scaled
from .chunk import Chunk, bounds
from .distance_transform import distance_transform
from .local_thickness import WHOLE_BYTES_PER_VOXEL, local_thickness

FIRST_HALO = 24
"""Planes above and below a chunk in the first attempt."""

_SLACK = 2.0


def local_thickness_in_chunks(
    phase: np.ndarray, spacing: tuple[float, float, float], *, planes: int, threads: int | None = None
) -> Steps[np.ndarray]:
    """Diameter of the largest ball inside a phase that covers each voxel, in chunks.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is; not everywhere.
    spacing : (float, float, float)
        Voxel edges, in any unit.
    planes : int
        Planes of a chunk, without those around it.
    threads : int, optional
        Threads to use; all available ones by default.

    Yields
    ------
    Progress
        While it works.

    Returns
    -------
    ndarray of float32, shape (P, R, C)
        As `local_thickness` gives it; on disk if it does not fit into memory.

    Raises
    ------
    ParameterError
        If a chunk has no plane.
    MemoryLimitError
        If balls are so large that a chunk and what it needs around it do not fit into memory.
    """
    if planes < 1:
        raise ParameterError(f"Chunks of {planes} planes were asked for; give at least 1.")
    field = allocate(phase.shape, np.float32)
    pieces = bounds(len(phase), -(-len(phase) // planes))
    halo = FIRST_HALO
    for index, (start, stop) in enumerate(pieces):
        share = (1000 * index // len(pieces), 1000 // len(pieces), 1000)
        while True:
            chunk = Chunk.cut(phase, start, stop, (halo, halo))
            require_memory(
                int(WHOLE_BYTES_PER_VOXEL * chunk.phase.size),
                f"Local thickness of {stop - start} planes with {halo} around them",
                "Crop or downsample the volume, or raise MICROGEN_MEMORY.",
            )
            whole = len(chunk.phase) == len(phase)
            if whole or _enough(chunk, spacing, threads):
                break
            halo *= 2
            yield Progress(share[0], 1000, "local thickness: larger surroundings")
        steps = local_thickness.steps(np.ascontiguousarray(chunk.phase), spacing, threads=threads)
        part: np.ndarray = yield from scaled(steps, *share)
        field[start:stop] = part[start - chunk.low : stop - chunk.low]
    return field


def planes_that_fit(shape: tuple[int, ...]) -> int:
    """Return how many planes a chunk may have within the memory budget, at least 1."""
    of_plane = WHOLE_BYTES_PER_VOXEL * float(np.prod(shape[1:]))
    return max(1, int(memory_budget() / of_plane) - 2 * FIRST_HALO)


def fits(shape: tuple[int, ...]) -> bool:
    """Return whether a volume can be worked as a whole."""
    return WHOLE_BYTES_PER_VOXEL * float(np.prod(shape)) <= memory_budget()


def _enough(chunk: Chunk, spacing: tuple[float, float, float], threads: int | None) -> bool:
    """Return whether no ball that could reach the chunk is longer than what is known around its centre."""
    distance = distance_transform(chunk.phase, spacing, threads=threads)
    largest = distance.reshape(len(distance), -1).max(axis=1)
    plane = np.arange(len(distance))
    first, last = chunk.start - chunk.low, chunk.stop - chunk.low - 1
    to_chunk = np.maximum(np.maximum(first - plane, plane - last), 0) * spacing[0]
    known = np.full(len(distance), np.inf)
    if chunk.low > 0:
        known = np.minimum(known, (plane + 1) * spacing[0])
    if chunk.low + len(distance) < chunk.shape[0]:
        known = np.minimum(known, (len(distance) - plane) * spacing[0])
    slack = _SLACK * max(spacing)
    return bool(np.all((largest + slack < to_chunk) | (largest + slack <= known)))
