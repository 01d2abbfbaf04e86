"""The picture of a diagram as arrays: images painted where their conditions say, and who owns each pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ParameterError
from .placement import Index, stand_ins

COVER = 5.0
"""Times that the patches of a scatter collage cover its area, so that hardly a pixel stays empty."""


@dataclass(frozen=True, eq=False)
class Collage:
    """A painted diagram; the first row of pixels is at the high end of the ordinate."""

    image: np.ndarray
    """Grey values, shape (R, C); 0 where nothing was painted."""
    owner: np.ndarray
    """Number of the cell that each pixel belongs to, shape (R, C); -1 where nothing was painted."""
    zoom: float
    """Pixels of the collage per pixel of an image."""

    @property
    def bare(self) -> float:
        """Share of pixels on which nothing was painted."""
        return float((self.owner < 0).mean())

    def of_cells(self, values: Any, empty: Any = 0) -> np.ndarray:
        """Return a value per cell as a map of pixels, ``empty`` where nothing was painted."""
        values = np.asarray(values)
        drawn: np.ndarray = np.where(self.owner >= 0, values[np.maximum(self.owner, 0)], empty)
        return drawn


def grid_collage(images: Mapping[Index, np.ndarray], columns: int, rows: int) -> Collage:
    """Lay one image per cell out as a grid; cells not made yet show the one that stands in for them.

    Parameters
    ----------
    images : mapping of (column, row) to ndarray, shape (r, c)
        Images made so far, all of one shape; row 0 is at the low end of the ordinate.
    columns, rows : int
        Cells of the grid.

    Returns
    -------
    Collage
        Of ``rows * r`` by ``columns * c`` pixels. Cells are numbered row by row from the low end.

    Examples
    --------
    >>> grid_collage({(0, 0): np.full((1, 1), 7), (1, 1): np.full((1, 1), 9)}, 2, 2).image
    array([[0, 9],
           [7, 0]])
    """
    first = next(iter(images.values()))
    high, wide = first.shape
    image = np.zeros((rows * high, columns * wide), first.dtype)
    owner = np.full(image.shape, -1, np.int32)
    for (i, j), source in stand_ins(images, columns, rows).items():
        place = np.s_[(rows - 1 - j) * high : (rows - j) * high, i * wide : (i + 1) * wide]
        image[place] = images[source]
        owner[place] = source[1] * columns + source[0]
    return Collage(image, owner, 1.0)


def scatter_side(patches: int, size: int, zoom: float) -> int:
    """Return the side of a scatter collage, in px."""
    return max(2 * round(size * zoom), round((patches / COVER) ** 0.5 * size * zoom))


def scatter_collage(
    places: np.ndarray, images: Sequence[np.ndarray], *, side: int, zoom: float = 0.5
) -> Collage:
    """Paint images at places, later ones over earlier ones; what reaches over the edge is cut off.

    Parameters
    ----------
    places : ndarray, shape (N, 2)
        Across and up, each from 0 to 1, in painting order.
    images : sequence of ndarray, shape (r, c)
        One per place.
    side : int
        Rows and columns of the collage.
    zoom : float
        Size of a patch on the collage: 1, 1/2, 1/3 ...; smaller patches are means over blocks.
    """
    small = [shrunk(image, zoom) for image in images]
    high, wide = small[0].shape
    image = np.zeros((side, side), small[0].dtype)
    owner = np.full(image.shape, -1, np.int32)
    for number, ((across, up), patch) in enumerate(zip(places, small, strict=True)):
        top, left = round((1 - up) * (side - 1) - high / 2), round(across * (side - 1) - wide / 2)
        rows, columns = slice(max(0, top), max(0, top + high)), slice(max(0, left), max(0, left + wide))
        part = patch[max(0, -top) : max(0, side - top), max(0, -left) : max(0, side - left)]
        image[rows, columns] = part
        owner[rows, columns] = number
    return Collage(image, owner, zoom)


def shrunk(image: np.ndarray, zoom: float) -> np.ndarray:
    """Return an image at 1, 1/2, 1/3 ... of its size, as means over blocks in its own type of values.

    Raises
    ------
    ParameterError
        If the zoom is none of these, or leaves no pixel.

    Examples
    --------
    >>> shrunk(np.array([[0, 2], [4, 6]], np.uint8), 0.5)
    array([[3]], dtype=uint8)
    """
    block = round(1 / zoom) if zoom > 0 else 0
    if block < 1 or abs(1 / block - zoom) > 1e-6 * zoom or min(image.shape) < block:
        raise ParameterError(f"zoom is {zoom}; expected 1, 0.5, 0.25 or another whole part of 1.")
    if block == 1:
        return image
    rows, columns = (n // block for n in image.shape)
    blocks = image[: rows * block, : columns * block].reshape(rows, block, columns, block)
    means: np.ndarray = blocks.mean(axis=(1, 3))
    return (
        np.floor(means + 0.5).astype(image.dtype) if image.dtype.kind in "iu" else means.astype(image.dtype)
    )
