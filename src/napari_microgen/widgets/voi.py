"""A box on the image and the numbers it stands for, kept in step."""

from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QSpinBox, QWidget

from .choices import AXIS_NAMES
from .layers import level_zero, like, voxel_size_of

BOX_STYLE = {"edge_color": "#e69f00", "face_color": "transparent", "edge_width": 2}


class Range(QWidget):
    """First and last-plus-one voxel along each axis of a layer, with the length where it is known."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.starts = {axis: QSpinBox() for axis in "ZYX"}
        self.stops = {axis: QSpinBox() for axis in "ZYX"}
        self.lengths = {axis: QLabel() for axis in "ZYX"}
        self._names = {axis: QLabel(AXIS_NAMES[axis]) for axis in "ZYX"}
        self._sizes: dict[str, float | None] = {}
        self._unit: str | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for column, text in enumerate(("", "from", "to", "size")):
            grid.addWidget(QLabel(text), 0, column)
        for row, axis in enumerate("ZYX", start=1):
            parts = (self._names[axis], self.starts[axis], self.stops[axis], self.lengths[axis])
            for column, part in enumerate(parts):
                grid.addWidget(part, row, column)
            for box, what in ((self.starts[axis], "First"), (self.stops[axis], "One past the last")):
                box.setToolTip(f"{what} {AXIS_NAMES[axis]} of the box, counted from 0")
                box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                box.valueChanged.connect(self._edited)
                box.setMaximumWidth(86)
            self.lengths[axis].setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        grid.setColumnStretch(3, 1)

    def fit(self, layer: Any | None) -> None:
        """Take the limits from a layer and select all of it."""
        shape = (
            {} if layer is None else dict(zip("ZYX"[-layer.ndim :], level_zero(layer).shape, strict=False))
        )
        sizes, self._unit = (None, None) if layer is None or layer.ndim > 3 else voxel_size_of(layer)
        self._sizes = dict(zip(shape, sizes or (), strict=False))
        for axis in "ZYX":
            visible = axis in shape
            for part in (self._names[axis], self.starts[axis], self.stops[axis], self.lengths[axis]):
                part.setVisible(visible)
            for box, value in ((self.starts[axis], 0), (self.stops[axis], shape.get(axis, 1))):
                box.blockSignals(True)
                box.setRange(0, shape.get(axis, 1))
                box.setValue(value)
                box.blockSignals(False)
        self._edited()

    def value(self) -> dict[str, tuple[int, int]]:
        """Return first and last-plus-one voxel by axis."""
        shown = [axis for axis in "ZYX" if not self.starts[axis].isHidden()]
        return {axis: (self.starts[axis].value(), self.stops[axis].value()) for axis in shown}

    def set_value(self, ranges: dict[str, tuple[int, int]]) -> None:
        """Show ranges, cut to the layer."""
        for axis, (start, stop) in ranges.items():
            for box, number in ((self.starts[axis], start), (self.stops[axis], stop)):
                box.blockSignals(True)
                box.setValue(int(number))
                box.blockSignals(False)
        self._edited()

    def problem(self) -> str | None:
        """Return the axis along which nothing is left, or None."""
        empty = [AXIS_NAMES[axis] for axis, (start, stop) in self.value().items() if stop <= start]
        return f"The box is empty along: {', '.join(empty)}." if empty else None

    def _edited(self, _value: int = 0) -> None:
        for axis, (start, stop) in self.value().items():
            edge = self._sizes.get(axis)
            length = "" if edge is None else f"{(stop - start) * edge:.4g} {self._unit}"
            self.lengths[axis].setText(length or f"{stop - start} px")
            self.lengths[axis].setToolTip(f"{stop - start} px {length}")
        self.changed.emit()


class Box(QObject):
    """A rectangle in a Shapes layer that follows a `Range`, and is followed by it."""

    def __init__(self, viewer: Any, ranges: Range) -> None:
        super().__init__(ranges)
        self._viewer, self._ranges = viewer, ranges
        self.layer: Any = None
        self._busy = False
        ranges.changed.connect(self._draw)

    def show(self, source: Any, name: str) -> None:
        """Draw the box over ``source``, in a Shapes layer of its own, ready to be dragged."""
        self.remove()
        placed = like(source, drop=tuple(range(source.ndim - 2)), name=name)
        placed.pop("metadata")
        self.layer = self._viewer.add_shapes([self._corners()], shape_type="rectangle", **BOX_STYLE, **placed)
        self.layer.mode = "select"
        self.layer.events.data.connect(self._dragged)

    def remove(self) -> None:
        """Take the box away."""
        layer, self.layer = self.layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    @property
    def shown(self) -> bool:
        """Whether the box is in the viewer."""
        return self.layer is not None and self.layer in self._viewer.layers

    def _corners(self) -> np.ndarray:
        (top, bottom), (left, right) = self._ranges.value()["Y"], self._ranges.value()["X"]
        edges = np.array([[top, left], [top, right], [bottom, right], [bottom, left]], float)
        return edges - 0.5  # a voxel's centre is its index

    def _draw(self) -> None:
        if self._busy or not self.shown or self._ranges.problem():
            return
        self._busy = True
        try:
            self.layer.data = [self._corners()]
        finally:
            self._busy = False

    def _dragged(self, _event: Any = None) -> None:
        if self._busy or not self.shown or not len(self.layer.data):
            return
        corners = np.asarray(self.layer.data[-1])[:, -2:]
        low, high = np.rint(corners.min(axis=0) + 0.5), np.rint(corners.max(axis=0) + 0.5)
        self._busy = True
        try:
            self._ranges.set_value(
                {axis: (max(0, int(a)), int(b)) for axis, a, b in zip("YX", low, high, strict=True)}
            )
        finally:
            self._busy = False
