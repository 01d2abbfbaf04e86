"""Euler number: objects minus tunnels plus cavities, from 2 x 2 x 2 voxel configurations.

Two voxels of the phase may be taken as connected where they share a face (6 neighbours;
4 in an image) or where they touch at all (26; 8). Both numbers are given; a large
difference shows structure at the size of a voxel. Beyond the faces of the volume
nothing is taken to exist, so a strut that is cut there ends in a flat cap. Counts are
exactly additive over chunks.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from ..errors import ParameterError
from ..features import Feature
from ..progress import Steps, finish
from .chunk import Chunk
from .voxel_configurations import Configuration, Counts, counting_steps

NAMES = ("euler_number", "euler_number.faces_only")
NEEDS_LENGTH = False
DIMENSIONS = (2, 3)
BYTES_PER_VOXEL = 0.02
UNDEFINED_WHEN = "never: an absent phase has Euler number 0"

CELLS: dict[int, tuple[Configuration, ...]] = {
    2: (
        ((0, 0, 0),),
        ((0, 0, 0), (0, 0, 1)),
        ((0, 0, 0), (0, 1, 0)),
        ((0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)),
    ),
    3: (
        ((0, 0, 0),),
        *(((0, 0, 0), step) for step in ((0, 0, 1), (0, 1, 0), (1, 0, 0))),
        ((0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)),
        ((0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 0, 1)),
        ((0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0)),
        tuple((z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1)),
    ),
}
"""Voxel, pairs, squares (and cube): the cells of a lattice by number of dimensions."""

CELL_SIGNS = {
    dimensions: np.array([(-1) ** round(np.log2(len(c))) for c in cells])
    for dimensions, cells in CELLS.items()
}
"""+1 for cells of even dimension, -1 for odd."""


def euler_number(phase: np.ndarray, *, connectivity: int | None = None) -> int:
    """Count objects minus tunnels plus cavities.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is. Nothing exists beyond its faces.
    connectivity : int or None
        Neighbours that connect: 26 or 6 in a volume, 8 or 4 in an image. The other phase
        then has 6 or 26 (4 or 8). None takes the larger one.

    Returns
    -------
    int
        The Euler number; in an image, objects minus holes.

    Raises
    ------
    ParameterError
        If the connectivity does not fit the number of dimensions.

    Examples
    --------
    >>> ring = np.ones((1, 3, 3), bool)
    >>> ring[0, 1, 1] = False
    >>> euler_number(ring), euler_number(ring, connectivity=6)
    (0, 0)
    """
    numbers = euler_numbers(phase)
    largest = max(numbers)
    if connectivity is not None and connectivity not in numbers:
        raise ParameterError(f"connectivity is {connectivity}; it must be one of {sorted(numbers)}.")
    return numbers[connectivity or largest]


def euler_numbers(phase: np.ndarray) -> dict[int, int]:
    """Return the Euler number for both connectivities, by number of neighbours.

    Examples
    --------
    Two pixels that touch at a corner are one object, or two.

    >>> euler_numbers(np.eye(2, dtype=bool))
    {4: 2, 8: 1}
    """
    return finish(_steps(phase))


def _steps(phase: np.ndarray) -> Steps[dict[int, int]]:
    if phase.ndim == 3:
        return euler_numbers_from_counts((yield from count(Chunk.whole(phase))), 3)
    shape = tuple(n + 2 for n in phase.shape)
    counts = yield from counting_steps(_padded(phase[None], shape, False, False), shape, CELLS[2], total=1)
    return euler_numbers_from_counts(counts, 2)


def halo(shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> tuple[int, int]:
    """Return how many planes a chunk needs above and below its own."""
    return 1, 0


def count(chunk: Chunk, spacing: tuple[float, ...] | None = None) -> Steps[Counts]:
    """Count the cells of a chunk of planes, or of the whole volume, with an empty rim round the volume."""
    before = 0 if chunk.is_first else 1
    planes = chunk.phase[chunk.start - chunk.low - before : chunk.stop - chunk.low]
    shape = tuple(n + 2 for n in planes.shape[1:])
    rimmed = _padded(planes, shape, chunk.is_first, chunk.is_last)
    total = len(planes) + chunk.is_first + chunk.is_last
    return counting_steps(rimmed, shape, CELLS[3], lead=before, total=total)


def euler_numbers_from_counts(counts: Counts, dimensions: int) -> dict[int, int]:
    """Return both Euler numbers from the counts of `CELLS` in a volume with an empty rim.

    With face neighbours, voxels are the vertices of a cell complex and a cell exists
    where all its voxels do. With all neighbours, voxels are solid cubes, and a vertex,
    edge or face exists where any voxel around it does.
    """
    faces, touching = (6, 26) if dimensions == 3 else (4, 8)
    signs = CELL_SIGNS[dimensions]
    some = counts.places - counts.outside
    return {faces: int(signs @ counts.inside), touching: int((-1) ** dimensions * (signs @ some))}


def _padded(
    planes: Iterable[np.ndarray], shape: tuple[int, ...], above: bool, below: bool
) -> Iterator[np.ndarray]:
    """Yield the planes with an empty rim of one voxel; the buffer is used again for each."""
    buffer = np.zeros(shape, bool)
    if above:
        yield buffer
    for plane in planes:
        buffer[1:-1, 1:-1] = plane
        yield buffer
    if below:
        buffer[...] = False
        yield buffer


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None = None) -> Steps[list[Feature]]:
    """Measure the Euler number for both connectivities.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Not needed: the number is dimensionless.

    Yields
    ------
    Progress
        One tick per plane.

    Returns
    -------
    list of Feature
        ``euler_number`` (touching voxels are connected) and ``euler_number.faces_only``
        (only voxels that share a face are).
    """
    numbers = yield from _steps(phase)
    return _features(numbers)


def features(
    found: Counts, shape: tuple[int, ...], spacing: tuple[float, ...] | None = None
) -> list[Feature]:
    """Return the features that follow from the counts of the whole volume."""
    return _features(euler_numbers_from_counts(found, 3))


def _features(numbers: dict[int, int]) -> list[Feature]:
    few, many = sorted(numbers)
    edge = "nothing beyond the faces of the image"
    details = {"edge": edge, "connectivity": {str(k): v for k, v in numbers.items()}}
    return [
        Feature(
            name=NAMES[0],
            value=numbers[many],
            method=f"{many}-connected phase, {few}-connected rest",
            details=details,
        ),
        Feature(
            name=NAMES[1],
            value=numbers[few],
            method=f"{few}-connected phase, {many}-connected rest",
            details=details,
        ),
    ]
