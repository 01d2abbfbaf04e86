"""What a drawn diagram consists of, before it becomes a PNG or an SVG: frame, picture, marks, legend."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .axes import Axis

Colour = tuple[int, int, int]
CLASS_COLOURS: tuple[Colour, ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (213, 94, 0),
    (86, 180, 233),
    (240, 228, 66),
    (77, 77, 77),
)
"""Okabe and Ito's colours, told apart by colour-blind eyes too."""
OUTLINE: Colour = (220, 20, 60)
"""Colour of the border of a process window."""
LEAST_SIDE = 480
"""Shortest side of the drawn picture, in px."""


@dataclass(frozen=True)
class Frame:
    """The two axes of a picture and how values lie between its borders."""

    x: Axis
    y: Axis
    cells: bool
    """True for a grid: the first and last value are in the middle of the first and last cell."""

    def across(self, values: float | np.ndarray) -> np.ndarray:
        """Return where values of the abscissa lie, 0 at the left and 1 at the right border."""
        return self._share(self.x, values)

    def up(self, values: float | np.ndarray) -> np.ndarray:
        """Return where values of the ordinate lie, 0 at the lower and 1 at the upper border."""
        return self._share(self.y, values)

    def _share(self, axis: Axis, values: float | np.ndarray) -> np.ndarray:
        place = axis.place(values)
        return (place * (axis.count - 1) + 0.5) / axis.count if self.cells else place


@dataclass(frozen=True)
class Spot:
    """One cell of a grid, for its hatch and its words."""

    column: int
    row: int
    """Counted from the low end of the ordinate."""
    flag: str
    words: str
    """Shown when the mouse rests on it."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture of a diagram. Places are shares of the picture, (across, up) from the lower left corner."""

    name: str
    """Name of its files."""
    title: str
    picture: np.ndarray
    """uint8, shape (R, C, 3); the first row is at the high end of the ordinate."""
    flags: np.ndarray | None = None
    """Support flag of each pixel, shape (R, C); drawn as hatching where given."""
    spots: Sequence[Spot] = ()
    """Cells of a grid; an SVG hatches these instead of pixels."""
    rings: Sequence[np.ndarray] = ()
    """Closed borders, each of shape (corners, 2)."""
    lines: Sequence[tuple[str, np.ndarray]] = ()
    """Open lines with their labels, each of shape (points, 2)."""
    star: tuple[float, float] | None = None
    """A point to mark, such as the best one of a window."""
    keys: Sequence[tuple[str, Colour]] = ()
    """Legend: words and colour."""
    marks: Sequence[str] = field(default=())
    """Support flags to explain in the legend."""
    coloured: bool = False
    """True if the picture has colours of its own, so that marks on it are black or white."""
    bar: tuple[float, float, str] | None = None
    """Colour bar: lowest and highest value, and what it is."""

    @property
    def enlargement(self) -> int:
        """Whole number by which the picture is enlarged when it is drawn."""
        return max(1, -(-LEAST_SIDE // max(1, min(self.picture.shape[:2]))))


def label_place(line: np.ndarray, number: int) -> np.ndarray:
    """Return where the label of the n-th line is written: not all in the middle, where lines are close."""
    place: np.ndarray = line[int(len(line) * (0.5, 0.2, 0.8)[number % 3])]
    return place


def grey_picture(image: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return grey values as uint8 (R, C, 3), black at ``low`` and white at ``high``."""
    share = np.clip((image.astype(np.float64) - low) / ((high - low) or 1.0), 0, 1)
    grey = np.rint(share * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def of_corners(rings: Sequence[np.ndarray], columns: int, rows: int) -> list[np.ndarray]:
    """Return rings of cell corners (row, column) as places (across, up) from 0 to 1."""
    return [np.asarray(ring, float)[:, ::-1] / [columns, rows] for ring in rings]


def of_cells(line: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """Return a line on (column, row) of cell middles as places (across, up) from 0 to 1."""
    return (np.asarray(line, float) + 0.5) / [columns, rows]
