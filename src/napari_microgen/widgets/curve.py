"""A live curve and a small picture, drawn with Qt alone."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, QRect, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe and Ito's palette, told apart by colour-blind readers too."""
_KEPT = 2000
TALLEST = 220


class Curve(QWidget):
    """Values against steps, one line per name; a logarithmic axis where all values are positive."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points: dict[str, list[tuple[float, float]]] = {}
        self.setMinimumHeight(164)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def clear(self) -> None:
        """Start afresh."""
        self.points.clear()
        self.update()

    def add(self, step: float, values: Mapping[str, float]) -> None:
        """Add a point per value; a long line is thinned to every other point."""
        for name, value in values.items():
            if math.isfinite(value):
                line = self.points.setdefault(name, [])
                line.append((float(step), float(value)))
                if len(line) > _KEPT:
                    del line[1:-1:2]
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size that shows a curve well."""
        return QSize(300, 184)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw axes, lines and names."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().windowText().color()
        font = QFont(self.font())
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.8))
        painter.setFont(font)
        frame = QRectF(self.rect()).adjusted(46, 32, -10, -20)
        painter.setPen(QPen(QColor(ink.red(), ink.green(), ink.blue(), 110)))
        painter.drawRect(frame)
        if not any(self.points.values()):
            painter.setPen(ink)
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, "the curve appears here while training")
            return
        self._draw(painter, frame, ink)

    def _draw(self, painter: QPainter, frame: QRectF, ink: QColor) -> None:
        everything = np.array([p for line in self.points.values() for p in line])
        low, high = everything.min(axis=0), everything.max(axis=0)
        logarithmic = low[1] > 0 and high[1] / low[1] > 20
        scaled = np.log10 if logarithmic else np.asarray
        bottom, top = float(scaled(low[1])), float(scaled(high[1]))
        width = (high[0] - low[0]) or 1.0
        height = (top - bottom) or 1.0
        painter.setPen(ink)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value, y in ((high[1], frame.top()), (low[1], frame.bottom())):
            painter.drawText(QRectF(0, y - 8, 42, 16), right, f"{value:.3g}")
        painter.drawText(
            QRectF(frame.left(), frame.bottom() + 3, frame.width(), 16), right, f"step {high[0]:g}"
        )
        for index, line in enumerate(self.points.values()):
            colour = QColor(COLOURS[index % len(COLOURS)])
            painter.setPen(QPen(colour, 1.6))
            values = np.array(line)
            x = frame.left() + (values[:, 0] - low[0]) / width * frame.width()
            y = frame.bottom() - (scaled(values[:, 1]) - bottom) / height * frame.height()
            painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x, y, strict=True)]))
        self._legend(painter, frame)

    def _legend(self, painter: QPainter, frame: QRectF) -> None:
        """Write each name with its last value above the frame, in as many rows as are needed."""
        metrics = painter.fontMetrics()
        x, y = frame.left(), 12.0
        for index, (name, line) in enumerate(self.points.items()):
            if not line:
                continue
            text = f"{name.replace('_', ' ')} {line[-1][1]:.3g}"
            width = metrics.horizontalAdvance(text)
            if x > frame.left() and x + width > frame.right():
                x, y = frame.left(), y + 13.0
            painter.setPen(QColor(COLOURS[index % len(COLOURS)]))
            painter.drawText(QPointF(x, y), text)
            x += width + 14


class Preview(QWidget):
    """A small grey picture that takes the width of the dock."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_picture(self, picture: np.ndarray) -> None:
        """Show a uint8 picture, shape (R, C)."""
        picture = np.ascontiguousarray(picture)
        rows, columns = picture.shape
        self.image = QImage(picture.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
        self.setToolTip("An image and what the network makes of it now")
        self._fit()
        self.show()
        self.update()

    def _fit(self) -> None:
        if self.image is not None:
            height = self.width() * self.image.height() // max(1, self.image.width())
            self.setFixedHeight(max(32, min(height, TALLEST)))

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Keep the height in proportion."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw the picture as large as fits."""
        if self.image is None:
            return
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect((self.width() - size.width()) // 2, 0, size.width(), size.height())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, self.image)
