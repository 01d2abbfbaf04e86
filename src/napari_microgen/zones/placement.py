"""Where the cells of a diagram stand and in which order they are made: coarse first, then finer."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .axes import Axis

FIRST = 4
"""Cells along each side of the first, coarse picture."""
Index = tuple[int, int]
"""Column and row of a cell; row 0 is at the low end of the ordinate."""
T = TypeVar("T")


def coarse_to_fine(columns: int, rows: int) -> list[list[Index]]:
    """Return the cells of a grid in the order to make them, one list per level.

    The first level has about 4 x 4 of them, spread evenly; each further one halves the distance. Every
    cell stands in one level only, so that nothing is made twice.

    Examples
    --------
    >>> [len(level) for level in coarse_to_fine(16, 16)]
    [16, 48, 192]
    >>> coarse_to_fine(2, 2)
    [[(0, 0), (1, 0), (0, 1), (1, 1)]]
    """
    levels, made = [], set[Index]()
    for across, up in strides(columns, rows):
        level = []
        for top in range(0, rows, up):
            for left in range(0, columns, across):
                block = [
                    (i, j)
                    for j in range(top, min(top + up, rows))
                    for i in range(left, min(left + across, columns))
                ]
                if not made.intersection(block):
                    level.append((min(left + across // 2, columns - 1), min(top + up // 2, rows - 1)))
        made.update(level)
        levels.append(level)
    return levels


def strides(columns: int, rows: int) -> list[Index]:
    """Return the edges of the blocks at each level of `coarse_to_fine`, in cells."""
    depth = [max(0, math.ceil(math.log2(n / FIRST))) for n in (columns, rows)]
    across, up = ([2 ** min(own, max(depth) - level) for level in range(max(depth) + 1)] for own in depth)
    return list(zip(across, up, strict=True))


def stand_ins(made: Mapping[Index, T], columns: int, rows: int) -> dict[Index, Index]:
    """Return for each cell of a grid which made one stands in for it while it is lacking.

    Cells before the first of their block is made have none and are left out.

    Examples
    --------
    >>> stand_ins({(1, 1): "image"}, 8, 8)[(0, 1)]
    (1, 1)
    """
    found = {index: index for index in made}
    for across, up in reversed(strides(columns, rows)):
        of_block = {(i // across, j // up): (i, j) for i, j in sorted(made)}
        for j in range(rows):
            for i in range(columns):
                if (i, j) not in found and (i // across, j // up) in of_block:
                    found[i, j] = of_block[i // across, j // up]
    return found


def scatter(patches: int, seed: int) -> np.ndarray:
    """Return random places in painting order, shape (patches, 2): across and up, each from 0 to 1."""
    return np.random.default_rng((seed, 0x5CA7)).random((patches, 2))


def grid_rows(x: Axis, y: Axis, indices: Sequence[Index]) -> list[dict[str, float]]:
    """Return the two conditions of each cell of a grid."""
    across, up = x.values(), y.values()
    return [{x.name: float(across[i]), y.name: float(up[j])} for i, j in indices]


def scatter_rows(x: Axis, y: Axis, places: np.ndarray) -> list[dict[str, float]]:
    """Return the two conditions at places from 0 to 1."""
    across, up = x.at(places[:, 0]), y.at(places[:, 1])
    return [{x.name: float(a), y.name: float(b)} for a, b in zip(across, up, strict=True)]


@dataclass(frozen=True)
class LiveMap:
    """A diagram one can zoom into: level n has 4 * 2**n tiles along each axis, made for their middles.

    Tiles are named (level, column, row) and always stand for the same condition, so that what was made
    once is found again in the cache after any way of zooming and dragging.

    Examples
    --------
    >>> live = LiveMap(Axis("T", "C", 0, 800, 8), Axis("p", None, 0, 8, 8))
    >>> live.level_for(1.0), live.level_for(0.5)
    (1, 2)
    >>> live.conditions([(0, 0, 0)])
    [{'T': 100.0, 'p': 1.0}]
    """

    x: Axis
    """The abscissa over the whole map."""
    y: Axis
    """The ordinate over the whole map."""
    across: int = 8
    """Cells wanted along the visible part."""
    deepest: int = 8
    """Finest level."""

    def level_for(self, visible: float) -> int:
        """Return the level that shows about ``across`` cells where a share of the map is visible."""
        wanted = self.across / max(visible, 1e-9) / FIRST
        return min(self.deepest, max(0, math.ceil(math.log2(wanted) - 1e-9)))

    def visible(self, view: tuple[float, float, float, float], level: int) -> list[tuple[int, int, int]]:
        """Return the tiles of a level in a view (left, right, low, high, from 0 to 1), inner ones first."""
        count = FIRST * 2**level
        left, right, low, high = view
        columns = range(max(0, math.floor(left * count)), min(count, math.ceil(right * count)))
        rows = range(max(0, math.floor(low * count)), min(count, math.ceil(high * count)))
        middle = ((left + right) / 2 * count - 0.5, (low + high) / 2 * count - 0.5)
        tiles = [(level, i, j) for j in rows for i in columns]
        return sorted(tiles, key=lambda t: ((t[1] - middle[0]) ** 2 + (t[2] - middle[1]) ** 2, t))

    def wanted(self, view: tuple[float, float, float, float]) -> Iterator[tuple[int, int, int]]:
        """Give the tiles that a view needs: the coarse ones first, then those of its own level."""
        own = self.level_for(max(view[1] - view[0], view[3] - view[2]))
        for level in sorted({0, max(0, own - 1), own}):
            yield from self.visible(view, level)

    def conditions(self, tiles: Sequence[tuple[int, int, int]]) -> list[dict[str, float]]:
        """Return the two conditions of each tile."""
        places = np.array([[(k + 0.5) / (FIRST * 2**level) for k in at] for level, *at in tiles]).reshape(
            -1, 2
        )
        return scatter_rows(self.x, self.y, places)
