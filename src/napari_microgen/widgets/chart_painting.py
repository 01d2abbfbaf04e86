"""Draws a plot with Qt: frame, ticks, labels with units, legend, bars, lines and heat maps."""

from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from ..quantify.plots import Axis, Heat, Line, Plot, Points
from .chart_axes import Scale, texts, ticks, wide

COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#8d7fd6")
"""Okabe and Ito's palette in an order that is seen on dark and on white, its dark blue made lighter."""
BAR = "#56b4e9"

VIRIDIS = ("#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151",
           "#bddf26", "#fde725")  # fmt: skip
"""Stops of a map that grows in brightness all the way, readable without colour too."""
_LINE, _GAP, _TICK = 1.7, 4.0, 4.0
_TAIL = 0.004


@dataclass(frozen=True)
class Drawn:
    """Where things came to lie."""

    frame: QRectF
    x: Scale
    y: Scale


def label_of(axis: Axis) -> str:
    """Return an axis' name with its unit.

    Examples
    --------
    >>> label_of(Axis(name="Gaussian curvature G", unit="1/um^2"))
    'Gaussian curvature G (1/µm²)'
    """
    return axis.name if axis.unit == "1" else f"{axis.name} ({pretty_unit(axis.unit)})"


def pretty_unit(unit: str) -> str:
    """Return a unit as it is printed.

    Examples
    --------
    >>> pretty_unit("1/um^2")
    '1/µm²'
    """
    return unit.replace("um", "µm").replace("^2", "²").replace("^3", "³")


def limits(plot: Plot) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges of both axes that show all of a plot."""
    if plot.heat is not None:
        return (_ends(plot.heat.x), _ends(plot.heat.y))
    xs = [_shown(line) for line in plot.lines if not line.dashed] + ([plot.bars.edges] if plot.bars else [])
    ys = [line.y for line in plot.lines] + ([plot.bars.heights] if plot.bars else [])
    xs += [dots.x for dots in plot.points]
    ys += [dots.y for dots in plot.points]
    x, y = np.concatenate(xs or [np.zeros(1)]), np.concatenate(ys or [np.zeros(1)])
    x, y = x[np.isfinite(x)], y[np.isfinite(y)]
    room = 0.03 if plot.points and plot.bars is None else 0.0  # no dot is cut by the frame
    across = wide(float(x.min()), float(x.max()), margin=room) if x.size else (0.0, 1.0)
    near_zero = y.size > 0 and float(y.min()) < 0.5 * float(y.max())
    along = wide(float(y.min()), float(y.max()), from_zero=near_zero, margin=0.05) if y.size else (0.0, 1.0)
    return across, along


def _shown(line: Line) -> np.ndarray:
    """Return the places of a line, without a long tail that would be drawn as zero."""
    high = np.flatnonzero(np.nan_to_num(line.y) > _TAIL * np.nanmax(line.y, initial=0.0))
    return line.x[: high[-1] + 2] if high.size else line.x


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Return the outer edges of the cells whose middles are given."""
    half = 0.5 * float(values[1] - values[0]) if len(values) > 1 else 0.5
    return float(values[0]) - half, float(values[-1]) + half


def paint(painter: QPainter, area: QRectF, plot: Plot, ink: QColor, *, title: bool = False) -> Drawn:
    """Draw a plot into an area and return where its frame lies.

    Parameters
    ----------
    painter : QPainter
        On a widget, a picture or a file.
    area : QRectF
        Room for everything, labels included.
    plot : Plot
        What to draw.
    ink : QColor
        Of texts and frame.
    title : bool
        Write the title above.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    metrics = QFontMetricsF(painter.font())
    across, along = limits(plot)
    top = area.top() + 2.0
    if title:
        _title(painter, QRectF(area.left(), top, area.width(), 1.5 * metrics.height()), plot.title, ink)
        top += 1.6 * metrics.height()
    y_ticks = ticks(*along, max(2, int(area.height() / (3.2 * metrics.height()))))
    y_texts = texts(y_ticks)
    widest = max((metrics.horizontalAdvance(text) for text in y_texts), default=0.0)
    left = area.left() + metrics.height() + _GAP + widest + _TICK + _GAP
    right = area.right() - 0.8 * metrics.height()
    top += _legend(painter, plot, left, right, top, ink)
    bottom = area.bottom() - 2 * metrics.height() - _TICK - 2 * _GAP
    frame = QRectF(QPointF(left, top), QPointF(right, max(bottom, top + 20)))
    drawn = Drawn(
        frame, Scale(*across, frame.left(), frame.right()), Scale(*along, frame.bottom(), frame.top())
    )
    painter.save()
    painter.setClipRect(frame)
    _content(painter, plot, drawn)
    painter.restore()
    _frame(painter, plot, drawn, y_ticks, y_texts, area, ink)
    return drawn


def _title(painter: QPainter, area: QRectF, text: str, ink: QColor) -> None:
    plain = painter.font()
    bold = QFont(plain)
    bold.setBold(True)
    painter.setFont(bold)
    painter.setPen(ink)
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
    painter.setFont(plain)


def legend_of(plot: Plot) -> list[tuple[str, QColor, bool]]:
    """Return the names of what is drawn with their colours, and whether they are dashed."""
    names: list[tuple[str, QColor, bool]] = []
    if plot.bars is not None:
        names.append((plot.bars.name, QColor(BAR), False))
    dotted = {dots.name for dots in plot.points}
    names += [(dots.name, QColor(point_colour(k)), False) for k, dots in enumerate(plot.points)]
    colours = line_colours(plot)
    names += [
        (line.name, colour, line.dashed)
        for line, colour in zip(plot.lines, colours, strict=True)
        if line.name not in dotted
    ]
    return names


def point_colour(series: int) -> str:
    """Return the colour of a series of dots."""
    return COLOURS[series % len(COLOURS)]


def line_colours(plot: Plot) -> list[QColor]:
    """Return the colour of each line; a fit has the colour of what it fits."""
    colours: list[QColor] = []
    number = (-1 if plot.bars is None else 3) + len(plot.points)
    dotted = {dots.name: k for k, dots in enumerate(plot.points)}
    for line in plot.lines:
        if line.name in dotted:  # the same things, joined
            colours.append(QColor(point_colour(dotted[line.name])))
            continue
        follows = line.dashed and plot.bars is None and not plot.points and colours
        number += 0 if follows else 1
        colours.append(QColor(COLOURS[number % len(COLOURS)]))
    return colours


def _legend(painter: QPainter, plot: Plot, left: float, right: float, top: float, ink: QColor) -> float:
    """Write the legend in rows above the frame; return its height."""
    metrics = QFontMetricsF(painter.font())
    names = [
        entry
        for entry in legend_of(plot)
        if not entry[2] or plot.bars is not None or plot.points or len(plot.lines) < 4
    ]
    if not names:
        return 0.5 * metrics.height()
    x, y, sample = left, top + 0.5 * metrics.height(), 1.4 * metrics.height()
    for name, colour, dashed in names:
        width = sample + _GAP + metrics.horizontalAdvance(name)
        if x > left and x + width > right:
            x, y = left, y + metrics.height()
        painter.setPen(_pen(colour, dashed, 2.4))
        painter.drawLine(QPointF(x, y), QPointF(x + sample, y))
        painter.setPen(ink)
        painter.drawText(QPointF(x + sample + _GAP, y + 0.35 * metrics.ascent()), name)
        x += width + 3 * _GAP
    return y - top + 0.9 * metrics.height()


def _pen(colour: QColor, dashed: bool, width: float = _LINE) -> QPen:
    pen = QPen(colour, width)
    if dashed:
        pen.setDashPattern([3.0, 2.0])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def _content(painter: QPainter, plot: Plot, drawn: Drawn) -> None:
    if plot.heat is not None:
        painter.drawImage(drawn.frame, heat_image(plot.heat))
        if plot.heat.corners is not None:
            _quadrants(painter, plot.heat.corners, drawn)
    if plot.bars is not None:
        fill = QColor(BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        edges, floor = drawn.x.pixel(plot.bars.edges), drawn.y.pixel(0.0)
        for one, two, height in zip(edges[:-1], edges[1:], drawn.y.pixel(plot.bars.heights), strict=True):
            painter.drawRect(QRectF(QPointF(one + 0.4, height), QPointF(two - 0.4, floor)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    for series, dots in enumerate(plot.points):
        _dots(painter, dots, QColor(point_colour(series)), drawn)
    for line, colour in zip(plot.lines, line_colours(plot), strict=True):
        painter.setPen(_pen(colour, line.dashed))
        for piece in _pieces(line):
            x, y = drawn.x.pixel(line.x[piece]), drawn.y.pixel(line.y[piece])
            painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x, y, strict=True)]))


def _dots(painter: QPainter, dots: Points, colour: QColor, drawn: Drawn) -> None:
    colour.setAlpha(200 if len(dots.x) < 300 else 120)
    painter.setPen(_round(colour, 5.0 if len(dots.x) < 300 else 3.5))
    x, y = drawn.x.pixel(dots.x), drawn.y.pixel(dots.y)
    known = np.isfinite(x) & np.isfinite(y)
    painter.drawPoints(
        QPolygonF([QPointF(a, b) for a, b in zip(x[known].tolist(), y[known].tolist(), strict=True)])
    )


def _round(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def ring(painter: QPainter, spot: QPointF, ink: QColor) -> None:
    """Draw a ring around a dot that is chosen."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((QColor("#d55e00"), 3.0), (ink, 1.0)):
        painter.setPen(QPen(colour, width))
        painter.drawEllipse(spot, 6.0, 6.0)


def _pieces(line: Line) -> list[slice]:
    """Return the parts of a line between its gaps."""
    known = np.concatenate([[False], np.isfinite(line.x) & np.isfinite(line.y), [False]])
    turns = np.flatnonzero(np.diff(known.astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(turns[::2], turns[1::2], strict=True)]


def heat_image(heat: Heat) -> QImage:
    """Return a heat map as a picture, x to the right and y up; brightness follows the root of the value."""
    share = np.sqrt(np.clip(heat.values / max(float(heat.values.max(initial=0.0)), 1e-300), 0, 1))
    stops = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in VIRIDIS], float)
    at = np.linspace(0, 1, len(stops))
    rgb = np.stack([np.interp(share, at, stops[:, k]) for k in range(3)], axis=-1)
    pixels = np.ascontiguousarray(np.flip(rgb.transpose(1, 0, 2), 0).astype(np.uint8))
    rows, columns = pixels.shape[:2]
    small = QImage(pixels.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
    factor = max(1, 512 // max(rows, columns)) if rows > 16 else 1  # smooth a density, show single cells
    smooth = Qt.TransformationMode.SmoothTransformation
    return small.scaled(columns * factor, rows * factor, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)


def _quadrants(painter: QPainter, words: tuple[str, ...], drawn: Drawn) -> None:
    """Draw the axes through zero and name the quadrants."""
    white = QColor(255, 255, 255, 170)
    painter.setPen(QPen(white, 1.0))
    x, y, frame = float(drawn.x.pixel(0.0)), float(drawn.y.pixel(0.0)), drawn.frame
    painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
    painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
    painter.setPen(QColor("white"))
    inner = frame.adjusted(6, 4, -6, -4)
    flags = Qt.AlignmentFlag
    places = (
        flags.AlignTop | flags.AlignRight,
        flags.AlignTop | flags.AlignLeft,
        flags.AlignBottom | flags.AlignLeft,
        flags.AlignBottom | flags.AlignRight,
    )
    for word, place in zip(words, places, strict=True):
        painter.drawText(inner, place, word)


def _frame(
    painter: QPainter,
    plot: Plot,
    drawn: Drawn,
    y_ticks: list[float],
    y_texts: list[str],
    area: QRectF,
    ink: QColor,
) -> None:
    metrics = QFontMetricsF(painter.font())
    frame, high = drawn.frame, metrics.height()
    faint = QColor(ink)
    faint.setAlpha(130)
    x_ticks = ticks(drawn.x.low, drawn.x.high, max(2, int(frame.width() / (4.5 * high))))
    painter.setPen(QPen(faint, 1.0))
    painter.drawRect(frame)
    for value in x_ticks:
        x = float(drawn.x.pixel(value))
        painter.drawLine(QPointF(x, frame.bottom()), QPointF(x, frame.bottom() + _TICK))
    for value in y_ticks:
        y = float(drawn.y.pixel(value))
        painter.drawLine(QPointF(frame.left() - _TICK, y), QPointF(frame.left(), y))
    painter.setPen(ink)
    centre, middle = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignVCenter
    for value, text in zip(x_ticks, texts(x_ticks), strict=True):
        width = metrics.horizontalAdvance(text) + 2
        x = min(float(drawn.x.pixel(value)) - width / 2, area.right() - width)
        painter.drawText(QRectF(x, frame.bottom() + _TICK + 1, width, high), centre, text)
    for value, text in zip(y_ticks, y_texts, strict=True):
        y = float(drawn.y.pixel(value)) - high / 2
        place = QRectF(area.left(), y, frame.left() - _TICK - _GAP - area.left(), high)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | middle, text)
    below = QRectF(frame.left(), frame.bottom() + _TICK + high + 1, frame.width(), high + 2)
    painter.drawText(
        below, centre, metrics.elidedText(label_of(plot.x), Qt.TextElideMode.ElideRight, frame.width())
    )
    painter.save()
    painter.translate(area.left(), frame.center().y())
    painter.rotate(-90)
    length = area.height()
    text = metrics.elidedText(label_of(plot.y), Qt.TextElideMode.ElideRight, length)
    painter.drawText(QRectF(-length / 2, 0, length, high), Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
