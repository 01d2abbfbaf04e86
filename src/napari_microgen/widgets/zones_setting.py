"""What a live map shows, and which part of it is looked at."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..generate.card import GeneratorCard
from ..zones.axes import Axis
from ..zones.base_condition import BaseCondition
from ..zones.collage import shrunk
from ..zones.placement import FIRST, LiveMap, coarse_to_fine, stand_ins

Tile = tuple[int, int, int]
"""Level, column and row of a cell; row 0 is at the low end of the ordinate."""
SIDE = 512.0
"""Side of the map in the picture, in world units."""
MOST_PIXELS = 1024
"""Longest side of what is painted; larger images are made smaller by means over blocks."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What was chosen in the dock."""

    card: GeneratorCard
    model: str
    """As the command takes it: a folder, or ``builtin:NAME``."""
    x: Axis
    y: Axis
    base: BaseCondition
    """Conditions that are the same everywhere."""
    seed: int
    same_noise: bool
    classifier: str | None
    classes: tuple[str, ...]
    """What the classifier tells apart; empty without one."""
    descriptor: str | None
    count: int
    """Images that are judged in each cell."""
    shown: str = "value"
    """What colours the contour map: the value, or one of its uncertainties."""
    residuals: str | None = None
    """File of residuals, for conformal half-widths."""
    threshold: float | None = None
    """Share of white above which a pixel is bright; found from the coarse cells if None."""

    @property
    def live(self) -> LiveMap:
        """Names of the cells at all levels."""
        return LiveMap(self.x, self.y, self.x.count)

    @property
    def level(self) -> int:
        """Level of the whole map."""
        return self.live.level_for(1.0)

    @property
    def judges(self) -> bool:
        """Whether cells are told by a classifier or measured."""
        return self.classifier is not None or self.descriptor is not None

    def same_images(self, other: "Setting | None") -> bool:
        """Return whether another setting gives the same images."""
        return other is not None and self._images() == other._images()

    def same_words(self, other: "Setting | None") -> bool:
        """Return whether another setting says the same of each cell."""
        return self.same_images(other) and other is not None and self._asked() == other._asked()

    def _asked(self) -> tuple[Any, ...]:
        return (self.classifier, self.descriptor, self.count, self.residuals, self.threshold)

    def _images(self) -> tuple[Any, ...]:
        return (self.card, self.x, self.y, self.base.values, self.seed, self.same_noise)

    def row(self, varied: Mapping[str, float]) -> dict[str, float | str | None]:
        """Return all conditions of a cell, in the order of the model."""
        values = {**self.base.values, **varied}
        return {str(entry["name"]): values[str(entry["name"])] for entry in self.card.conditions}

    def row_of(self, tile: Tile) -> dict[str, float | str | None]:
        """Return all conditions of a tile."""
        return self.row(self.live.conditions([tile])[0])

    def grid(self) -> tuple[Axis, Axis]:
        """Return the axes whose cells are those of the whole map, as the command draws them."""
        edge = 0.5 / (FIRST * 2**self.level)
        count = FIRST * 2**self.level
        return tuple(  # type: ignore[return-value]
            replace(axis, low=float(axis.at(edge)), high=float(axis.at(1 - edge)), count=count)
            for axis in (self.x, self.y)
        )


@dataclass(frozen=True)
class Box:
    """A block of tiles of one level."""

    level: int
    column: int
    row: int
    columns: int
    rows: int

    @classmethod
    def whole(cls, level: int) -> "Box":
        """Return all tiles of a level."""
        return cls(level, 0, 0, FIRST * 2**level, FIRST * 2**level)

    @classmethod
    def seen(cls, view: tuple[float, float, float, float], level: int) -> "Box | None":
        """Return the tiles of a level in a view (left, right, low, high; 0 to 1); None if there are none.

        Examples
        --------
        >>> Box.seen((0.5, 0.75, 0.0, 0.25), 1)
        Box(level=1, column=4, row=0, columns=2, rows=2)
        """
        count = FIRST * 2**level
        left, right, low, high = (min(max(v, 0.0), 1.0) * count for v in view)
        if right - left <= 0 or high - low <= 0:
            return None
        first, base = math.floor(left), math.floor(low)
        return cls(level, first, base, math.ceil(right) - first, math.ceil(high) - base)

    def tiles(self) -> list[Tile]:
        """Return its tiles in the order to make them: coarse ones first, inner ones first."""
        middle = ((self.columns - 1) / 2, (self.rows - 1) / 2)
        found = []
        for level in coarse_to_fine(self.columns, self.rows):
            level.sort(key=lambda at: ((at[0] - middle[0]) ** 2 + (at[1] - middle[1]) ** 2, at))
            found += [(self.level, self.column + i, self.row + j) for i, j in level]
        return found

    def place(self) -> tuple[float, float, float]:
        """Return its upper left corner (row, column) in the world, and the edge of a tile."""
        edge = SIDE / (FIRST * 2**self.level)
        return SIDE - (self.row + self.rows) * edge, self.column * edge, edge


def painted(box: Box, made: Mapping[Tile, np.ndarray], dtype: Any, block: int = 1) -> np.ndarray:
    """Return the picture of a block of tiles; what is lacking is stood in for by what is near or coarser.

    Parameters
    ----------
    box : Box
        What to paint.
    made : mapping of tile to ndarray, shape (r, r)
        Images made so far.
    dtype : dtype
        Of the grey values.
    block : int
        Pixels of an image per painted pixel.
    """
    own = {
        (i, j): tile
        for j in range(box.rows)
        for i in range(box.columns)
        if (tile := (box.level, box.column + i, box.row + j)) in made
    }
    near = stand_ins(own, box.columns, box.rows) if own else {}
    pixels = next((len(image) // block for image in made.values()), 1)
    picture = np.zeros((box.rows * pixels, box.columns * pixels), dtype)
    for j in range(box.rows):
        for i in range(box.columns):
            shown = own[near[i, j]] if (i, j) in near else _coarser(box, i, j, made)
            if shown is not None:
                top, left = (box.rows - 1 - j) * pixels, i * pixels
                picture[top : top + pixels, left : left + pixels] = shrunk(made[shown], 1 / block)
    return picture


def _coarser(box: Box, i: int, j: int, made: Mapping[Tile, np.ndarray]) -> Tile | None:
    column, row = box.column + i, box.row + j
    for up in range(1, box.level + 1):
        tile = (box.level - up, column >> up, row >> up)
        if tile in made:
            return tile
    return None


def block_of(size: int, cells: int) -> int:
    """Return how many pixels of an image become one, so that a map is not too large to paint."""
    return min(size, max(1, math.ceil(size * cells / MOST_PIXELS)))
