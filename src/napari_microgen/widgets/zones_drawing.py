"""What lies on a live map, as pictures: axes, classes, probability, contours, hatching, process window."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..zones.axes import Axis
from ..zones.contours import coloured, contour_lines
from ..zones.hatching import HATCHES, strokes
from ..zones.panels import OUTLINE, Frame

LEFT, TOP, RIGHT, BOTTOM = 66, 14, 24, 54
"""Margins around the map for ticks and names, in world units."""
FINE = 2
"""Pixels of the axes per world unit."""
PAPER, INK = (255, 255, 255, 255), (40, 40, 40, 255)
MARKED = 512
"""Side of hatching and contours, in px."""


def axes_picture(x: Axis, y: Axis, side: int) -> np.ndarray:
    """Return ticks, names and units around an empty map of ``side`` world units, uint8 (R, C, 4)."""
    from PIL import Image, ImageDraw, ImageFont

    inner = side * FINE
    left, top = LEFT * FINE, TOP * FINE
    wide, high = left + inner + RIGHT * FINE, top + inner + BOTTOM * FINE
    canvas = Image.new("RGBA", (wide, high), PAPER)
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(13 * FINE)
    frame = Frame(x, y, cells=False)
    for value in x.ticks():
        at = left + float(frame.across(value)) * inner
        draw.line((at, top + inner, at, top + inner + 5 * FINE), fill=INK, width=FINE)
        draw.text((at, top + inner + 8 * FINE), f"{value:.6g}", fill=INK, font=font, anchor="mt")
    for value in y.ticks():
        at = top + (1 - float(frame.up(value))) * inner
        draw.line((left - 6 * FINE, at, left, at), fill=INK, width=FINE)
        draw.text((left - 9 * FINE, at), f"{value:.6g}", fill=INK, font=font, anchor="rm")
    draw.text((left + inner / 2, high - 15 * FINE), x.label, fill=INK, font=font, anchor="mm")
    label = Image.new("RGBA", (inner, 20 * FINE), PAPER)
    ImageDraw.Draw(label).text((inner / 2, 10 * FINE), y.label, fill=INK, font=font, anchor="mm")
    canvas.paste(label.rotate(90, expand=True), (2 * FINE, top))
    picture = np.array(canvas)
    picture[top : top + inner, left : left + inner] = 0
    edge = FINE
    for rows, columns in (
        (slice(top - edge, top), slice(left - edge, left + inner + edge)),
        (slice(top + inner, top + inner + edge), slice(left - edge, left + inner + edge)),
        (slice(top, top + inner), slice(left - edge, left)),
        (slice(top, top + inner), slice(left + inner, left + inner + edge)),
    ):
        picture[rows, columns] = INK
    return picture


def hatching(flags: np.ndarray) -> np.ndarray:
    """Return the marks of each cell, uint8 (R, C, 4).

    Parameters
    ----------
    flags : ndarray of str, shape (rows, columns)
        Flag of each cell, row 0 at the low end of the ordinate; ``""`` where it is not known yet.
    """
    rows, columns = flags.shape
    pixels = max(2, MARKED // max(rows, columns))
    picture = np.zeros((rows * pixels, columns * pixels, 4), np.uint8)
    for flag in np.unique(flags):
        if flag in HATCHES and HATCHES[flag].strokes:
            cells = (flags[::-1] == flag).repeat(pixels, axis=0).repeat(pixels, axis=1)
            picture[_marks(str(flag), *cells.shape) & cells] = (*HATCHES[flag].colour, 255)
    return picture


@lru_cache(maxsize=16)
def _marks(flag: str, rows: int, columns: int) -> np.ndarray:
    """Return the strokes of a flag on a whole picture, two pixels wide, to be seen on any image."""
    marks = strokes(flag, (rows, columns))
    marks |= np.roll(marks, 1, axis=1)
    marks.flags.writeable = False
    return marks


def class_picture(best: np.ndarray, colours: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Return the most probable class of each cell as colours, uint8 (rows, columns, 4).

    Parameters
    ----------
    best : ndarray of int, shape (rows, columns)
        Class of each cell, row 0 at the low end of the ordinate; -1 where it is not known yet.
    colours : sequence of (red, green, blue)
        Of each class.
    """
    table = np.array([*((*colour, 255) for colour in colours), (0, 0, 0, 0)], np.uint8)
    found: np.ndarray = table[best[::-1]]
    return found


def value_picture(values: np.ndarray, low: float, high: float, *, lines: bool) -> np.ndarray:
    """Return values of cells as colours, with lines of equal value, uint8 (R, C, 4); nothing where NaN."""
    known = np.isfinite(values)[::-1]
    colours = coloured(values[::-1], low, high)
    picture = np.concatenate([colours, 255 * known[..., None].astype(np.uint8)], axis=-1)
    if not lines:
        return picture
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = values.shape
    pixels = max(2, MARKED // max(rows, columns))
    canvas = Image.fromarray(picture.repeat(pixels, axis=0).repeat(pixels, axis=1))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(14)
    for level, line in contour_lines(values):
        points = [((a + 0.5) * pixels, (rows - b - 0.5) * pixels) for a, b in line]
        draw.line(points, fill=(255, 255, 255, 255), width=2)
        draw.text(
            points[len(points) // 2],
            f"{level:g}",
            fill=(255, 255, 255, 255),
            font=font,
            stroke_width=2,
            stroke_fill=INK,
        )
    return np.asarray(canvas)


def ring_picture() -> np.ndarray:
    """Return a square frame, black and white so that it is seen on anything, uint8 (R, C, 4)."""
    picture = np.zeros((48, 48, 4), np.uint8)
    for inset, colour in ((0, (0, 0, 0, 255)), (1, PAPER), (3, (0, 0, 0, 255))):
        picture[inset : 48 - inset, inset : 48 - inset] = colour
    picture[4:44, 4:44] = 0
    return picture


def window_picture(corners: Sequence[np.ndarray], best: Mapping[str, Any] | None, cells: int) -> np.ndarray:
    """Return the border of a process window and its best point, uint8 (R, C, 4).

    Parameters
    ----------
    corners : sequence of ndarray, shape (corners, 2)
        Rings as (row, column) of cell corners, row 0 at the low end of the ordinate.
    best : mapping, optional
        ``row`` and ``column`` of the best cell.
    cells : int
        Cells along each side.
    """
    from PIL import Image, ImageDraw

    side = 2 * MARKED
    canvas = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw, edge = ImageDraw.Draw(canvas), side / cells
    for ring in corners:
        closed = np.vstack([ring, ring[:1]]).astype(float)
        points = [(float(c) * edge, side - float(r) * edge) for r, c in closed]
        for colour, width in (((255, 255, 255, 255), 12), ((*OUTLINE, 255), 7)):
            draw.line(points, fill=colour, width=width, joint="curve")
    if best is not None:
        x, y = (best["column"] + 0.5) * edge, side - (best["row"] + 0.5) * edge
        draw.ellipse((x - 14, y - 14, x + 14, y + 14), fill=(*OUTLINE, 255), outline="white", width=4)
    return np.asarray(canvas)
