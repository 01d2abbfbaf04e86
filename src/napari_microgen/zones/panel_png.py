"""A panel as a picture of pixels: PNG with axes, hatching, window, lines and legend."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..io.atomic import atomic_path
from .contours import coloured
from .hatching import HATCHES, INKS, hatched, strokes
from .panels import OUTLINE, Colour, Frame, Panel, label_place

LEFT, TOP, BOTTOM, RIGHT = 84, 40, 62, 24
"""Margins, in px."""
LEGEND = 340
"""Width of the legend, in px."""
TEXT: Colour = (40, 40, 40)
LINE: Colour = (255, 255, 255)
SIZE = 13
"""Height of letters, in px."""


def write_png(path: Path, panel: Panel, frame: Frame) -> None:
    """Write a panel as PNG.

    Raises
    ------
    SaveError
        If it cannot be written.
    """
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(drawn(panel, frame)).save(temporary, format="PNG", optimize=True)


def drawn(panel: Panel, frame: Frame) -> np.ndarray:
    """Return a panel as red, green and blue, uint8 (R, C, 3)."""
    from PIL import Image, ImageDraw, ImageFont

    body = enlarged(panel)
    high, wide = body.shape[:2]
    extra = LEGEND if panel.keys or panel.marks or panel.bar else RIGHT
    canvas = Image.new("RGB", (LEFT + wide + extra, TOP + high + BOTTOM), "white")
    canvas.paste(Image.fromarray(body), (LEFT, TOP))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(SIZE)
    _lines(draw, font, panel, wide, high)
    draw.rectangle((LEFT - 1, TOP - 1, LEFT + wide, TOP + high), outline=TEXT)
    draw.text((LEFT + wide / 2, TOP / 2), panel.title, fill=TEXT, font=font, anchor="mm")
    _axes(canvas, draw, font, frame, (wide, high))
    _legend(canvas, draw, font, panel, LEFT + wide + 20)
    return np.asarray(canvas)


def enlarged(panel: Panel) -> np.ndarray:
    """Return the picture of a panel at its drawn size, hatching included."""
    n = panel.enlargement
    large = panel.picture.repeat(n, axis=0).repeat(n, axis=1)
    if panel.flags is None:
        return large
    flags = panel.flags.repeat(n, axis=0).repeat(n, axis=1)
    return hatched(large, flags, coloured=panel.coloured)


def _lines(draw: Any, font: Any, panel: Panel, wide: int, high: int) -> None:
    def pixels(places: np.ndarray) -> list[tuple[float, float]]:
        return [(LEFT + float(a) * wide, TOP + (1 - float(b)) * high) for a, b in places]

    for number, (words, line) in enumerate(panel.lines):
        draw.line(pixels(line), fill=LINE, width=2)
        (place,) = pixels(label_place(line, number)[None])
        draw.text(place, words, fill=LINE, font=font, stroke_width=2, stroke_fill=TEXT)
    for ring in panel.rings:
        points = pixels(np.vstack([ring, ring[:1]]))
        draw.line(points, fill=(255, 255, 255), width=5)
        draw.line(points, fill=OUTLINE, width=3)
    if panel.star is not None:
        ((x, y),) = pixels(np.array([panel.star]))
        draw.ellipse((x - 7, y - 7, x + 7, y + 7), fill=OUTLINE, outline="white", width=2)


def _axes(canvas: Any, draw: Any, font: Any, frame: Frame, size: tuple[int, int]) -> None:
    from PIL import Image, ImageDraw

    wide, high = size
    for value in frame.x.ticks():
        x = LEFT + float(frame.across(value)) * wide
        draw.line((x, TOP + high, x, TOP + high + 5), fill=TEXT)
        draw.text((x, TOP + high + 8), f"{value:.6g}", fill=TEXT, font=font, anchor="mt")
    for value in frame.y.ticks():
        y = TOP + (1 - float(frame.up(value))) * high
        draw.line((LEFT - 6, y, LEFT - 1, y), fill=TEXT)
        draw.text((LEFT - 9, y), f"{value:.6g}", fill=TEXT, font=font, anchor="rm")
    draw.text((LEFT + wide / 2, TOP + high + BOTTOM - 18), frame.x.label, fill=TEXT, font=font, anchor="mm")
    label = Image.new("RGB", (high, 20), "white")
    ImageDraw.Draw(label).text((high / 2, 10), frame.y.label, fill=TEXT, font=font, anchor="mm")
    canvas.paste(label.rotate(90, expand=True), (6, TOP))


def _legend(canvas: Any, draw: Any, font: Any, panel: Panel, left: int) -> None:
    from PIL import Image

    top = TOP
    for words, colour in panel.keys:
        draw.rectangle((left, top, left + 22, top + 14), fill=colour, outline=TEXT)
        draw.text((left + 30, top + 7), words, fill=TEXT, font=font, anchor="lm")
        top += 22
    for flag in panel.marks:
        sample = np.full((14, 22, 3), 230 if panel.coloured else 120, np.uint8)
        sample[strokes(flag, (14, 22), 9)] = INKS["dark"] if panel.coloured else HATCHES[flag].colour
        canvas.paste(Image.fromarray(sample), (left, top))
        for line in _wrapped(HATCHES[flag].meaning, 40):
            draw.text((left + 30, top + 7), line, fill=TEXT, font=font, anchor="lm")
            top += 17
        top += 5
    if panel.bar is not None:
        low, high, words = panel.bar
        ramp = coloured(np.linspace(high, low, 160)[:, None].repeat(18, axis=1), low, high)
        canvas.paste(Image.fromarray(ramp), (left, top + 22))
        draw.text((left, top + 8), words, fill=TEXT, font=font, anchor="lm")
        for share, value in ((0, high), (0.5, (low + high) / 2), (1, low)):
            draw.text((left + 26, top + 22 + share * 160), f"{value:.4g}", fill=TEXT, font=font, anchor="lm")


def _wrapped(words: str, most: int) -> Sequence[str]:
    from textwrap import wrap

    return wrap(words, most) or [words]
