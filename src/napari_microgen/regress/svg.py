"""A small canvas for plots as self-contained SVG text: axes, ticks, points, bars."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import numpy as np

COLOURS = ("#0072b2", "#e69f00", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442", "#4d4d4d")
"""Okabe and Ito's colours, told apart by colour-blind eyes too."""
TEXT, GRID = "#333333", "#dddddd"
_STYLE = 'font-family="sans-serif" font-size="12"'
_LETTER = 7.5
"""Room for a letter, in px; a little more than it takes."""


def nice_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round numbers that span a range.

    Examples
    --------
    >>> nice_ticks(0.0, 9.3)
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    if not high > low:
        return [low]
    raw = (high - low) / wanted
    size = 10.0 ** math.floor(math.log10(raw))
    step = size * min((1, 2, 5, 10), key=lambda m: abs(m * size - raw))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{i * step:.10g}") for i in range(first, last + 1)]


@dataclass
class Canvas:
    """A plot area with linear axes."""

    x_range: tuple[float, float]
    """Data at the left and right edge."""
    y_range: tuple[float, float]
    """Data at the lower and upper edge."""
    title: str = ""
    """Line above the plot."""
    width: int = 480
    """Of the picture, in px."""
    height: int = 400
    """Of the picture, in px."""
    left: int = 78
    """Margin for the labels of the ordinate, in px."""
    right: int = 20
    """Margin at the right, in px."""
    legend: Sequence[str] = ()
    """Names of groups, written above the plot, each with its colour."""
    parts: list[str] = field(default_factory=list)
    """Elements drawn so far."""

    bottom = 56

    @property
    def top(self) -> int:
        """Margin above the plot, in px: room for the title and the legend."""
        rows = 1 + max((row for _, row in self._places()), default=-1)
        return (38 if self.title else 14) + 17 * rows

    def _places(self) -> list[tuple[float, int]]:
        """Return left end and row of each name of the legend."""
        places: list[tuple[float, int]] = []
        x, row = float(self.left), 0
        for name in self.legend:
            wide = 22 + _LETTER * len(name)
            if x > self.left and x + wide > self.width - self.right:
                x, row = float(self.left), row + 1
            places.append((x, row))
            x += wide
        return places

    def x(self, value: float) -> float:
        """Return the abscissa of a data value in px."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Return the ordinate of a data value in px."""
        low, high = self.y_range
        return (
            self.height - self.bottom - (value - low) / (high - low) * (self.height - self.top - self.bottom)
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str = TEXT, extra: str = "") -> None:
        """Draw a line between two points in data units."""
        ends = f'x1="{self.x(x1):.1f}" y1="{self.y(y1):.1f}" x2="{self.x(x2):.1f}" y2="{self.y(y2):.1f}"'
        self.parts.append(f'<line {ends} stroke="{colour}" {extra}/>')

    def point(self, x: float, y: float, colour: str, label: str, radius: float = 4.0) -> None:
        """Draw a point with a tooltip."""
        place = f'cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius:g}"'
        self.parts.append(
            f'<circle {place} fill="{colour}" fill-opacity="0.85"><title>{escape(label)}</title></circle>'
        )

    def bar(self, x: float, y: float, half_height: float, colour: str, label: str) -> None:
        """Draw a horizontal bar from 0 to ``x`` with a tooltip."""
        left, right = sorted((self.x(0), self.x(x)))
        top, bottom = self.y(y + half_height), self.y(y - half_height)
        size = f'y="{top:.1f}" height="{bottom - top:.1f}"'
        self.parts.append(
            f'<rect x="{left:.1f}" width="{right - left:.1f}" {size} fill="{colour}">'
            f"<title>{escape(label)}</title></rect>"
        )

    def text(self, x: float, y: float, words: str, anchor: str = "middle", extra: str = "") -> None:
        """Write words at a place in px."""
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        self.parts.append(f'<text {place} fill="{TEXT}" {extra}>{escape(words)}</text>')

    def abscissa(self, name: str, ticks: Sequence[float] | None = None) -> None:
        """Draw the axis below."""
        base = self.height - self.bottom
        for value in nice_ticks(*self.x_range) if ticks is None else ticks:
            self.line(value, self.y_range[0], value, self.y_range[1], GRID)
            self.text(self.x(value), base + 18, f"{value:.6g}")
        self.text((self.left + self.width - self.right) / 2, self.height - 12, name)

    def ordinate(self, name: str) -> None:
        """Draw the axis at the left."""
        for value in nice_ticks(*self.y_range):
            self.line(self.x_range[0], value, self.x_range[1], value, GRID)
            self.text(self.left - 8, self.y(value) + 4, f"{value:.6g}", "end")
        middle = (self.top + self.height - self.bottom) / 2
        self.text(16, middle, name, extra=f'transform="rotate(-90 16 {middle:.1f})"')

    def svg(self) -> str:
        """Return the picture as a complete SVG document."""
        for index, (x, row) in enumerate(self._places()):
            y, colour = (42 if self.title else 18) + 17 * row, COLOURS[index % len(COLOURS)]
            self.parts.append(f'<circle cx="{x + 5:.1f}" cy="{y - 4}" r="5" fill="{colour}"/>')
            self.text(x + 14, y, self.legend[index], "start")
        if self.title:
            self.text(self.width / 2, 22, self.title, extra='font-weight="bold"')
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        background = f'<rect width="{self.width}" height="{self.height}" fill="white"/>'
        body = "\n".join([background, *self.parts])
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {_STYLE}>\n{body}\n</svg>\n'


def padded(values: np.ndarray, share: float = 0.06) -> tuple[float, float]:
    """Return the range of values with some room at both ends."""
    low, high = float(np.min(values)), float(np.max(values))
    room = share * (high - low) or abs(high) * share or 1.0
    return low - room, high + room
