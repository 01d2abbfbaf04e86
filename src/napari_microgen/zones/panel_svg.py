"""A panel as SVG: the picture inside, and axes, hatching, window, lines and legend as vectors."""

import base64
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from ..io.atomic import write_text
from .contours import coloured
from .hatching import HATCHES, INKS, Hatch, ink_on
from .panel_png import BOTTOM, LEFT, LEGEND, RIGHT, SIZE, TOP, enlarged
from .panels import OUTLINE, Colour, Frame, Panel, label_place

_TEXT = "#282828"
_PATHS = {
    "/": "M-2,2 l4,-4 M0,{p} l{p},-{p} M{q},{r} l4,-4",
    "\\": "M-2,{q} l4,4 M0,0 l{p},{p} M{q},-2 l4,4",
    "-": "M0,{h} l{p},0",
}


def write_svg(path: Path, panel: Panel, frame: Frame) -> None:
    """Write a panel as SVG.

    Raises
    ------
    SaveError
        If it cannot be written.
    """
    write_text(path, svg(panel, frame))


def svg(panel: Panel, frame: Frame) -> str:
    """Return a panel as a complete SVG document that needs no other file."""
    high, wide = (n * panel.enlargement for n in panel.picture.shape[:2])
    extra = LEGEND if panel.keys or panel.marks or panel.bar else RIGHT
    width, height = LEFT + wide + extra, TOP + high + BOTTOM
    inside = panel.picture if panel.spots else enlarged(panel)
    body = [
        *_patterns(),
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<image x="{LEFT}" y="{TOP}" width="{wide}" height="{high}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="{_data(inside)}"/>',
        *_spots(panel, frame, wide, high),
        *_lines(panel, wide, high),
        f'<rect x="{LEFT}" y="{TOP}" width="{wide}" height="{high}" fill="none" stroke="{_TEXT}"/>',
        _words(LEFT + wide / 2, TOP / 2 + 5, panel.title, "middle", 'font-weight="bold"'),
        *_axes(frame, wide, high),
        *_legend(panel, LEFT + wide + 20),
    ]
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    style = f'font-family="sans-serif" font-size="{SIZE}"'
    text = "\n".join(body)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{text}\n</svg>\n'


def _patterns() -> list[str]:
    """Return the definitions of all hatches: in their own colour, and in black and white."""
    parts = ["<defs>"]
    for flag, hatch in HATCHES.items():
        for ink, colour in {"": hatch.colour, **{f"-{name}": rgb for name, rgb in INKS.items()}}.items():
            parts += _pattern(f"{flag}{ink}", hatch, _hex(colour))
    return [*parts, "</defs>"]


def _pattern(name: str, hatch: Hatch, colour: str) -> list[str]:
    p = hatch.period
    drawn = [
        f'<path d="{_PATHS[s].format(p=p, q=p - 2, r=p + 2, h=p / 2)}" stroke="{colour}"/>'
        for s in hatch.strokes
        if s in _PATHS
    ]
    if "." in hatch.strokes:
        drawn.append(f'<circle cx="{p / 2}" cy="{p / 2}" r="1.4" fill="{colour}"/>')
    size = f'width="{p}" height="{p}" patternUnits="userSpaceOnUse"'
    return [f'<pattern id="{name}" {size}>{"".join(drawn)}</pattern>'] if drawn else []


def _spots(panel: Panel, frame: Frame, wide: int, high: int) -> list[str]:
    across, up = wide / frame.x.count, high / frame.y.count
    parts = []
    for spot in panel.spots:
        hatch = HATCHES.get(spot.flag)
        ink = ""
        if panel.coloured:
            row = (frame.y.count - 1 - spot.row) * panel.picture.shape[0] // frame.y.count
            column = spot.column * panel.picture.shape[1] // frame.x.count
            ink = f"-{ink_on(panel.picture[row, column])}"
        fill = f"url(#{spot.flag}{ink})" if hatch is not None and hatch.strokes else "white"
        clear = "" if fill != "white" else ' fill-opacity="0"'
        place = f'x="{LEFT + spot.column * across:.2f}" y="{TOP + high - (spot.row + 1) * up:.2f}"'
        parts.append(
            f'<rect {place} width="{across:.2f}" height="{up:.2f}" fill="{fill}"{clear}>'
            f"<title>{escape(spot.words)}</title></rect>"
        )
    return parts


def _lines(panel: Panel, wide: int, high: int) -> list[str]:
    def points(places: np.ndarray) -> str:
        return " ".join(f"{LEFT + a * wide:.1f},{TOP + (1 - b) * high:.1f}" for a, b in places)

    parts = []
    for number, (words, line) in enumerate(panel.lines):
        parts.append(f'<polyline points="{points(line)}" fill="none" stroke="white" stroke-width="2"/>')
        if not words:
            continue
        a, b = label_place(line, number)
        around = f'paint-order="stroke" stroke="{_TEXT}" stroke-width="3"'
        parts.append(
            _words(LEFT + a * wide, TOP + (1 - b) * high, words, "middle", around).replace(
                _TEXT, "#ffffff", 1
            )
        )
    for ring in panel.rings:
        for colour, width in (("white", 5), (_hex(OUTLINE), 3)):
            parts.append(
                f'<polygon points="{points(ring)}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
            )
    if panel.star is not None:
        x, y = LEFT + panel.star[0] * wide, TOP + (1 - panel.star[1]) * high
        place = f'cx="{x:.1f}" cy="{y:.1f}" r="7"'
        parts.append(f'<circle {place} fill="{_hex(OUTLINE)}" stroke="white" stroke-width="2"/>')
    return parts


def _axes(frame: Frame, wide: int, high: int) -> list[str]:
    parts = []
    for value in frame.x.ticks():
        x = LEFT + float(frame.across(value)) * wide
        parts.append(f'<path d="M{x:.1f},{TOP + high} v5" stroke="{_TEXT}"/>')
        parts.append(_words(x, TOP + high + 19, f"{value:.6g}"))
    for value in frame.y.ticks():
        y = TOP + (1 - float(frame.up(value))) * high
        parts.append(f'<path d="M{LEFT},{y:.1f} h-5" stroke="{_TEXT}"/>')
        parts.append(_words(LEFT - 9, y + 4, f"{value:.6g}", "end"))
    middle = TOP + high / 2
    parts.append(_words(LEFT + wide / 2, TOP + high + BOTTOM - 14, frame.x.label))
    parts.append(_words(18, middle, frame.y.label, "middle", f'transform="rotate(-90 18 {middle:.1f})"'))
    return parts


def _legend(panel: Panel, left: int) -> list[str]:
    parts, top = [], TOP
    for words, colour in panel.keys:
        parts.append(_box(left, top, _hex(colour)))
        parts.append(_words(left + 30, top + 12, words, "start"))
        top += 22
    for flag in panel.marks:
        ink = "-dark" if panel.coloured else ""
        parts.append(_box(left, top, "#e6e6e6" if panel.coloured else "#787878"))
        if HATCHES[flag].strokes:
            parts.append(_box(left, top, f"url(#{flag}{ink})"))
        parts.append(_words(left + 30, top + 12, HATCHES[flag].meaning, "start"))
        top += 22
    if panel.bar is not None:
        low, high, words = panel.bar
        ramp = coloured(np.linspace(high, low, 160)[:, None], low, high)
        parts.append(_words(left, top + 12, words, "start"))
        parts.append(
            f'<image x="{left}" y="{top + 22}" width="18" height="160" preserveAspectRatio="none" '
            f'href="{_data(ramp)}"/>'
        )
        for share, value in ((0, high), (0.5, (low + high) / 2), (1, low)):
            parts.append(_words(left + 26, top + 26 + share * 160, f"{value:.4g}", "start"))
    return parts


def _box(left: float, top: float, fill: str) -> str:
    return f'<rect x="{left}" y="{top}" width="22" height="14" fill="{fill}" stroke="{_TEXT}"/>'


def _words(x: float, y: float, words: str, anchor: str = "middle", extra: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="{_TEXT}" {extra}>{escape(words)}</text>'


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def _data(picture: np.ndarray) -> str:
    from PIL import Image

    stream = BytesIO()
    Image.fromarray(picture).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
