"""The strips of a sweep as one picture: generated above, nearest real below, differences in words."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ..io.atomic import atomic_path
from .axes import Axis
from .base_condition import BaseCondition
from .cells import Cell
from .hatching import HATCHES, hatched
from .panels import grey_picture

if TYPE_CHECKING:
    from ..generate.model import GeneratorModel
    from .sweep import Stop

LEAST = 128
"""Shortest side of an image as it is drawn, in px."""
GAP, LEFT, LINE = 10, 96, 15
"""Space between images, room at the left, and height of a line of text, in px."""
LETTER = 6
"""About the width of a letter, in px."""
TEXT = (40, 40, 40)
WORDS = 4
"""Lines below each real image."""


def write_strips(
    path: Path,
    model: "GeneratorModel",
    axes: Sequence[Axis],
    base: BaseCondition,
    strips: Sequence[Sequence["Stop"]],
) -> None:
    """Write the strips as PNG.

    Raises
    ------
    SaveError
        If it cannot be written.
    """
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(drawn(model, axes, base, strips)).save(temporary, format="PNG", optimize=True)


def drawn(
    model: "GeneratorModel", axes: Sequence[Axis], base: BaseCondition, strips: Sequence[Sequence["Stop"]]
) -> np.ndarray:
    """Return the strips as red, green and blue, uint8 (R, C, 3)."""
    from PIL import Image, ImageDraw, ImageFont

    side = model.size * max(1, -(-LEAST // model.size))
    columns = max(len(strip) for strip in strips)
    high = 2 * side + GAP + (2 + WORDS) * LINE + 2 * GAP
    wide = LEFT + columns * (side + GAP) + GAP
    head = wrap("base: " + _words(base), max(20, (wide - 2 * GAP) // LETTER))
    top = GAP + LINE * (len(head) + 1)
    canvas = Image.new("RGB", (wide, top + high * len(strips)), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(11)
    for number, line in enumerate(head):
        draw.text((GAP, GAP + number * LINE), line, fill=TEXT, font=font)
    for axis, strip in zip(axes, strips, strict=True):
        for number, line in enumerate(wrap(axis.label, LEFT // LETTER - 2)):
            draw.text((GAP, top + number * LINE), line, fill=TEXT, font=font)
        draw.text((GAP, top + LINE + side // 2), "generated", fill=TEXT, font=font)
        draw.text((GAP, top + LINE + side + GAP + side // 2), "nearest real", fill=TEXT, font=font)
        for place, stop in enumerate(strip):
            _column(canvas, draw, font, model, stop, (LEFT + place * (side + GAP), top), side)
        top += high
    return np.asarray(canvas)


def _column(
    canvas: Any, draw: Any, font: Any, model: "GeneratorModel", stop: "Stop", at: tuple[int, int], side: int
) -> None:
    from PIL import Image

    left, top = at
    draw.text((left + side / 2, top), f"{stop.value:.6g}", fill=TEXT, font=font, anchor="mt")
    canvas.paste(Image.fromarray(_generated(model, stop.cell, side)), (left, top + LINE))
    below = top + LINE + side + GAP
    if stop.real is not None:
        picture = _enlarged(grey_picture(stop.real, model.grey.low, model.grey.high), side)
        canvas.paste(Image.fromarray(picture), (left, below))
    else:
        draw.rectangle((left, below, left + side - 1, below + side - 1), outline=(200, 200, 200))
    words = [HATCHES[stop.cell.flag].meaning.split(":")[0].split(",")[0]]
    if stop.nearest is not None:
        words += [stop.nearest.image, stop.nearest.difference or "same conditions"]
    lines = [line for part in words for line in wrap(part, max(8, side // LETTER))]
    if len(lines) > WORDS + 1:
        lines = [*lines[:WORDS], lines[WORDS] + " ..."]
    for number, line in enumerate(lines):
        draw.text((left, below + side + 2 + number * LINE), line, fill=TEXT, font=font)


def _generated(model: "GeneratorModel", cell: Cell, side: int) -> np.ndarray:
    picture = _enlarged(grey_picture(cell.images[0], model.grey.low, model.grey.high), side)
    return hatched(picture, np.full(picture.shape[:2], cell.flag))


def _enlarged(picture: np.ndarray, side: int) -> np.ndarray:
    times = side // picture.shape[0]
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def _words(base: BaseCondition) -> str:
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in base.values.items()
    )
