"""The plots of a regression in the dock: the same SVG that is saved, in the window's colours."""

import html
import re
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QByteArray, QEvent, QPointF, QRectF, QSize
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtSvg import QSvgRenderer
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from ..regress.svg import GRID, TEXT

NARROWEST = 260
_CIRCLE = re.compile(r'<circle cx="([\d.-]+)" cy="([\d.-]+)" r="([\d.]+)"[^>]*><title>(.*?)</title>')
_BAR = re.compile(
    r'<rect x="([\d.-]+)" width="([\d.]+)" y="([\d.-]+)" height="([\d.]+)"[^>]*><title>(.*?)</title>'
)


class Plot(QWidget):
    """A plot as wide as the dock; the mouse over a point names it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.svg = ""
        self.spots: list[tuple[QRectF, str]] = []
        self._make: Callable[[int], str] | None = None
        self._drawn: tuple[int, int] | None = None
        self._renderer = QSvgRenderer(self)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_plot(self, make: Callable[[int], str]) -> None:
        """Show what ``make`` returns for a width in px: an SVG document."""
        self._make, self._drawn = make, None
        self.show()
        self._draw()

    def _draw(self) -> None:
        ink = self.palette().windowText().color()
        wanted = (max(NARROWEST, self.width()), ink.rgb())
        if self._make is None or self._drawn == wanted:
            return
        self._drawn = wanted
        self.svg = self._make(wanted[0])
        self.spots = spots_of(self.svg)
        self._renderer.load(QByteArray(in_colours(self.svg, ink, self.palette().window().color()).encode()))
        self.setFixedHeight(self._renderer.defaultSize().height())
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size of the plot."""
        return QSize(NARROWEST, self._renderer.defaultSize().height())

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Draw again as wide as there is room."""
        super().resizeEvent(event)
        self._draw()

    def changeEvent(self, event: Any) -> None:  # noqa: N802
        """Follow the colours of the window."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw the plot."""
        painter = QPainter(self)
        size = self._renderer.defaultSize()
        self._renderer.render(painter, QRectF(0, 0, size.width(), size.height()))

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802
        """Name the point under the mouse."""
        name = self.name_at(event.position())
        if name:
            QToolTip.showText(event.globalPosition().toPoint(), name, self)
        else:
            QToolTip.hideText()

    def name_at(self, place: QPointF) -> str:
        """Return what is said of the last drawn mark at a place, or an empty text."""
        return next((name for area, name in reversed(self.spots) if area.contains(place)), "")


def spots_of(svg: str) -> list[tuple[QRectF, str]]:
    """Return the places of points and bars with their names, in the order they are drawn."""
    found: list[tuple[QRectF, str]] = []
    for x, width, y, height, name in _BAR.findall(svg):
        found.append((QRectF(float(x), float(y), float(width), float(height)), html.unescape(name)))
    for x, y, radius, name in _CIRCLE.findall(svg):
        r = float(radius) + 1.5
        found.append((QRectF(float(x) - r, float(y) - r, 2 * r, 2 * r), html.unescape(name)))
    return found


def in_colours(svg: str, ink: QColor, ground: QColor) -> str:
    """Return a plot with the window's colours for ground, lines and words."""
    grid = QColor(*((3 * g + i) // 4 for g, i in zip(ground.getRgb()[:3], ink.getRgb()[:3], strict=True)))
    for old, new in (('fill="white"', f'fill="{ground.name()}"'), (TEXT, ink.name()), (GRID, grid.name())):
        svg = svg.replace(old, new)
    return svg
