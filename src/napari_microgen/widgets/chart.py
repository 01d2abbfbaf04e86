"""A chart of one plot: drawn with Qt alone, values read off under the mouse, saved as SVG, PNG or CSV."""

from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ..errors import FileFormatError
from ..io.atomic import write_bytes, write_text
from ..quantify.plots import Plot, to_csv
from .chart_painting import Drawn, label_of, paint, pretty_unit, ring

HEIGHT = 300
_FILE_SIZE = QSize(720, 480)
_REACH = 9.0
"""A dot is meant by a click no farther from it than this, in px."""


class Chart(QWidget):
    """Shows one `Plot`."""

    pointed = Signal(str)
    """What lies under the mouse, in words; empty when it has left."""
    picked = Signal(int, int)
    """A dot was clicked: which of the series of points, and which of its points."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot: Plot | None = None
        self._drawn: Drawn | None = None
        self._mouse: QPointF | None = None
        self._marked: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_plot(self, plot: Plot | None) -> None:
        """Show another plot, or nothing."""
        self.plot, self._mouse, self._marked = plot, None, None
        self.setAccessibleName("" if plot is None else plot.title)
        self.pointed.emit("")
        self.update()

    def mark(self, series: int, index: int) -> None:
        """Draw a ring around a dot; around none if ``index`` is below 0."""
        self._marked = (series, index) if index >= 0 else None
        self.update()

    @property
    def marked(self) -> tuple[int, int] | None:
        """The dot with the ring."""
        return self._marked

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size that shows a plot well."""
        return QSize(320, HEIGHT)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw the plot and the reading line."""
        painter = QPainter(self)
        painter.setFont(_font(self.font()))
        ink = self.palette().windowText().color()
        if self.plot is None:
            painter.setPen(ink)
            wrapped = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(12, 12, -12, -12), int(wrapped), self.toolTip())
            return
        self._drawn = paint(painter, QRectF(self.rect()), self.plot, ink)
        frame = self._drawn.frame
        if self._marked is not None:
            ring(painter, self.spot_of(*self._marked), ink)
        if self._mouse is not None and frame.contains(self._mouse):
            painter.setPen(QPen(QColor(ink.red(), ink.green(), ink.blue(), 120), 1.0))
            painter.drawLine(QPointF(self._mouse.x(), frame.top()), QPointF(self._mouse.x(), frame.bottom()))
            if self.plot.heat is not None:
                painter.drawLine(
                    QPointF(frame.left(), self._mouse.y()), QPointF(frame.right(), self._mouse.y())
                )

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802
        """Read off what lies under the mouse."""
        self._mouse = QPointF(event.position())
        self.pointed.emit(self.reading(self._mouse))
        self.update()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802
        """Choose the dot that was clicked."""
        found = self.nearest(QPointF(event.position()))
        if found is not None:
            self.mark(*found)
            self.picked.emit(*found)

    def spot_of(self, series: int, index: int) -> QPointF:
        """Return where a dot lies in the widget, once the plot has been drawn."""
        if self.plot is None or self._drawn is None:
            return QPointF()
        dots = self.plot.points[series]
        return QPointF(float(self._drawn.x.pixel(dots.x[index])), float(self._drawn.y.pixel(dots.y[index])))

    def nearest(self, spot: QPointF) -> tuple[int, int] | None:
        """Return series and number of the dot at a place of the widget, or None."""
        best, found = _REACH, None
        if self.plot is None or self._drawn is None:
            return None
        for series, dots in enumerate(self.plot.points):
            x, y = self._drawn.x.pixel(dots.x) - spot.x(), self._drawn.y.pixel(dots.y) - spot.y()
            far = np.nan_to_num(np.hypot(x, y), nan=np.inf)
            if far.size and float(far.min()) < best:
                best, found = float(far.min()), (series, int(far.argmin()))
        return found

    def leaveEvent(self, event: Any) -> None:  # noqa: N802
        """Forget the mouse."""
        super().leaveEvent(event)
        self._mouse = None
        self.pointed.emit("")
        self.update()

    def reading(self, spot: QPointF) -> str:
        """Return what the plot shows at a place of the widget, in words."""
        if self.plot is None or self._drawn is None or not self._drawn.frame.contains(spot):
            return ""
        found = self.nearest(spot)
        if found is not None:
            return words_of(self.plot, *found)
        return read_off(self.plot, self._drawn.x.value(spot.x()), self._drawn.y.value(spot.y()))

    def save(self, path: Path) -> None:
        """Write the plot: its numbers as ``.csv``, its picture as ``.svg`` or ``.png``.

        Raises
        ------
        FileFormatError
            If the ending is none of these.
        SaveError
            If it cannot be written.
        """
        if self.plot is None:
            return
        kind = path.suffix.lower()
        if kind == ".csv":
            write_text(path, to_csv(self.plot))
        elif kind == ".svg":
            write_bytes(path, _svg(self.plot))
        elif kind == ".png":
            write_bytes(path, _png(self.plot))
        else:
            raise FileFormatError(
                f"{path.name} cannot hold a plot; name a file that ends in .svg, .png or .csv."
            )


def read_off(plot: Plot, x: float, y: float) -> str:
    """Return the values of a plot at a place.

    Examples
    --------
    >>> from napari_microgen.quantify.plots import Axis, Line
    >>> line = Line(name="S2(r)", x=np.array([0.0, 1.0]), y=np.array([0.5, 0.3]))
    >>> read_off(Plot(title="", x=Axis(name="r", unit="um"), y=Axis(name="S2"), lines=(line,)), 0.9, 0.0)
    'r (µm) 1: S2(r) 0.3'
    """
    if plot.heat is not None:
        heat = plot.heat
        i, j = int(np.abs(heat.x - x).argmin()), int(np.abs(heat.y - y).argmin())
        place = ", ".join(
            f"{axis.name} {value:.3g}{'' if axis.unit == '1' else ' ' + pretty_unit(axis.unit)}"
            for axis, value in ((plot.x, heat.x[i]), (plot.y, heat.y[j]))
        )
        return f"{place}: {heat.name} {heat.values[i, j]:.3g}"
    found: list[str] = []
    shown = x
    if plot.bars is not None:
        k = int(np.clip(np.searchsorted(plot.bars.edges, x) - 1, 0, len(plot.bars.heights) - 1))
        found.append(f"{plot.bars.name} {plot.bars.heights[k]:.3g}")
    for line in plot.lines:
        k = int(np.abs(line.x - x).argmin())
        if not line.dashed and plot.bars is None and len(plot.lines) < 3:
            shown = float(line.x[k])
        inside = line.x[0] <= shown <= line.x[-1] and np.isfinite(line.y[k])
        if inside:
            at = float(np.interp(shown, line.x, line.y)) if np.isfinite(line.y).all() else float(line.y[k])
            found.append(f"{line.name} {at:.4g}")
    return f"{label_of(plot.x)} {shown:.4g}: {', '.join(found)}" if found else ""


def words_of(plot: Plot, series: int, index: int) -> str:
    """Return what is said of a dot.

    Examples
    --------
    >>> from napari_microgen.quantify.plots import Axis, Points
    >>> dots = Points(name="grains", x=np.array([6.0]), y=np.array([2.5]), words=("grain 7",))
    >>> words_of(Plot(title="", x=Axis(name="n"), y=Axis(name="R", unit="um"), points=(dots,)), 0, 0)
    'grain 7: n 6, R 2.5 µm'
    """
    dots = plot.points[series]
    values = ", ".join(
        f"{axis.name} {value:.4g}{'' if axis.unit == '1' else ' ' + pretty_unit(axis.unit)}"
        for axis, value in ((plot.x, float(dots.x[index])), (plot.y, float(dots.y[index])))
    )
    return f"{dots.words[index] if dots.words else dots.name}: {values}"


def _font(base: QFont) -> QFont:
    font = QFont(base)
    if font.pointSizeF() > 0:
        font.setPointSizeF(max(7.5, font.pointSizeF() * 0.85))
    return font


def _draw_for_file(device: Any, plot: Plot, paper: bool) -> None:
    painter = QPainter(device)
    try:
        area = QRectF(0, 0, _FILE_SIZE.width(), _FILE_SIZE.height())
        if paper:
            painter.fillRect(area, QColor("white"))
        font = QFont("sans-serif")
        font.setPixelSize(14)
        painter.setFont(font)
        paint(painter, area.adjusted(8, 6, -8, -6), plot, QColor("black"), title=True)
    finally:
        painter.end()


def _svg(plot: Plot) -> bytes:
    from qtpy.QtSvg import QSvgGenerator

    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(_FILE_SIZE)
    generator.setViewBox(QRectF(0, 0, _FILE_SIZE.width(), _FILE_SIZE.height()))
    generator.setTitle(plot.title)
    _draw_for_file(generator, plot, paper=True)
    buffer.close()
    return bytes(content.data())


def _png(plot: Plot) -> bytes:
    picture = QImage(2 * _FILE_SIZE, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(2.0)
    _draw_for_file(picture, plot, paper=True)
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    return bytes(content.data())
