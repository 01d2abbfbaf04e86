"""Cut a volume of interest (VOI), by index or by length. Nothing is ever padded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ..errors import ParameterError, UnknownVoxelSizeError
from ..units import convert_length
from ..volume import Volume

AXIS_WORDS = ("plane", "row", "column")


@dataclass(frozen=True, slots=True)
class Box:
    """A box of voxels: first and last-plus-one index along plane, row and column."""

    start: tuple[int, int, int]
    """First voxel."""
    stop: tuple[int, int, int]
    """One past the last voxel."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along plane, row and column."""
        return tuple(b - a for a, b in zip(self.start, self.stop, strict=True))  # type: ignore[return-value]

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    def common(self, other: "Box") -> int:
        """Return the number of voxels shared with another box."""
        lengths = (
            min(b, d) - max(a, c)
            for a, b, c, d in zip(self.start, self.stop, other.start, other.stop, strict=True)
        )
        return math.prod(max(0, n) for n in lengths)


def box_by_index(numbers: Sequence[int], shape: tuple[int, int, int], frame: Box | None = None) -> Box:
    """Return a box from six numbers, or four for a single plane.

    Parameters
    ----------
    numbers : sequence of int
        First and last-plus-one plane, row and column, counted from 0; for a single plane rows
        and columns may be given alone.
    shape : (int, int, int)
        Planes, rows and columns of the image.
    frame : Box, optional
        The part of the image that can be used; all of it by default.

    Raises
    ------
    ParameterError
        If there are not six (or four) numbers, the box is empty, or it reaches outside.

    Examples
    --------
    >>> box_by_index([0, 4, 10, 20, 0, 30], (5, 40, 30)).shape
    (4, 10, 30)
    """
    given = [int(n) for n in numbers]
    if len(given) == 4 and shape[0] == 1:
        given = [0, 1, *given]
    if len(given) != 6:
        raise ParameterError(
            f"A VOI of {len(given)} numbers was given; give six: first and last-plus-one plane, row and "
            f"column (four for a single image: rows and columns)."
        )
    box = Box((given[0], given[2], given[4]), (given[1], given[3], given[5]))
    require_inside(box, frame or Box((0, 0, 0), shape))
    return box


def require_inside(box: Box, frame: Box) -> None:
    """Refuse a box that is empty or reaches outside the frame.

    Raises
    ------
    ParameterError
        Naming the axis, what was asked for and what there is.
    """
    for word, first, last, low, high in zip(
        AXIS_WORDS, box.start, box.stop, frame.start, frame.stop, strict=True
    ):
        if not low <= first < last <= high:
            raise ParameterError(
                f"The VOI takes {word}s {first} to {last}, but {low} to {high} can be chosen from and at "
                f"least one is needed. Nothing is padded: give a box inside."
            )


def box_by_length(
    size: Sequence[float],
    unit: str,
    volume: Volume,
    position: Sequence[float] | None = None,
    frame: Box | None = None,
) -> Box:
    """Return a box of given edge lengths.

    Parameters
    ----------
    size : sequence of float
        Edge lengths along plane, row and column; a single image ignores the first.
    unit : str
        Unit of ``size`` and ``position``.
    volume : Volume
        The image, with its voxel size.
    position : sequence of float, optional
        Corner of the box from the corner of the image; by default the box is centred.
    frame : Box, optional
        The part of the image that can be used.

    Returns
    -------
    Box
        Edges rounded to whole voxels: a 10 um cube of 25 x 18.6 x 18.6 nm voxels has
        400 x 538 x 538.

    Raises
    ------
    UnknownVoxelSizeError
        If an edge of the voxel is not known.
    ParameterError
        If a length is not above 0, or the box reaches outside.
    """
    if any(not (math.isfinite(length) and length > 0) for length in size):
        raise ParameterError(f"A VOI of {tuple(size)} {unit} was given; every length must be above 0.")
    if position is not None and not all(math.isfinite(place) for place in position):
        raise ParameterError(f"A VOI at {tuple(position)} {unit} was given; every length must be finite.")
    shape = image_shape(volume)
    frame = frame or Box((0, 0, 0), shape)
    start, stop = [0, 0, 0], [1, 1, 1]
    for axis in range(0 if volume.is_stack else 1, 3):
        edge = _edge(volume, axis, unit)
        count = max(1, round(size[axis] / edge))
        low, high = frame.start[axis], frame.stop[axis]
        start[axis] = low + (high - low - count) // 2 if position is None else round(position[axis] / edge)
        stop[axis] = start[axis] + count
    box = Box(tuple(start), tuple(stop))  # type: ignore[arg-type]
    require_inside(box, frame)
    return box


def image_shape(volume: Volume) -> tuple[int, int, int]:
    """Return planes, rows and columns; one plane for a single image."""
    rows, columns = volume.shape[-2:]
    return volume.n_planes, rows, columns


def _edge(volume: Volume, axis: int, unit: str) -> float:
    edge = volume.voxel_size_zyx[axis]
    if edge is None or volume.unit is None:
        raise UnknownVoxelSizeError(
            f"A VOI by length needs the {AXIS_WORDS[axis]} edge of a voxel, and it is not known. Give it: "
            f"--voxel-size 25,18.6,18.6 --unit nm, or give the VOI by index."
        )
    return convert_length(edge, volume.unit, unit)


def overlaps(boxes: Sequence[Box]) -> list[dict[str, Any]]:
    """Report which boxes share voxels, and how much.

    Averages over boxes that overlap are not independent: their spread understates the error.

    Returns
    -------
    list of dict
        One entry per pair that overlaps: ``first``, ``second`` (index of the box),
        ``voxels``, and ``share`` of the smaller box.

    Examples
    --------
    >>> one, two = Box((0, 0, 0), (4, 4, 4)), Box((2, 0, 0), (6, 4, 4))
    >>> overlaps([one, two])
    [{'first': 0, 'second': 1, 'voxels': 32, 'share': 0.5}]
    """
    found = []
    for (i, first), (j, second) in combinations(enumerate(boxes), 2):
        common = first.common(second)
        if common:
            share = common / min(first.voxels, second.voxels)
            found.append({"first": i, "second": j, "voxels": common, "share": share})
    return found
