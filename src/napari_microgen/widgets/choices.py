"""Choosing a layer: a box that follows the layer list, and a row that asks for a voxel size."""

from collections.abc import Collection
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from ..errors import MicrogenError
from ..units import checked_voxel_size
from .forms import LABEL_WIDTH
from .layers import KEY, LENGTH_UNITS, axes_of, set_voxel_size, voxel_size_of

AXIS_NAMES = {"Z": "plane", "Y": "row", "X": "column"}


class LayerChoice(QComboBox):
    """The layers of some kinds, newest first; keeps its choice while layers come and go.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    kinds : collection of str
        Class names, such as ``Image`` and ``Labels``.
    optional : bool
        Offer "(none)".
    """

    changed = Signal()

    def __init__(self, viewer: Any, kinds: Collection[str], *, optional: bool = False) -> None:
        super().__init__()
        self._viewer, self._kinds, self._optional = viewer, frozenset(kinds), optional
        self._named: list[Any] = []
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        events = viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self._refresh)
        self._picked = False
        self.activated.connect(self._pick)
        self.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._refresh()

    def layer(self) -> Any | None:
        """Return the chosen layer, or None."""
        return self.currentData()

    def choose(self, layer: Any) -> None:
        """Choose a layer if it is offered."""
        for index in range(self.count()):
            if self.itemData(index) is not None and self.itemData(index) == layer:
                self.setCurrentIndex(index)

    def paintEvent(self, _event: Any) -> None:  # noqa: N802
        """Draw a long name with its middle left out: what was done stands at its end."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        option.currentText = self.fontMetrics().elidedText(
            option.currentText, Qt.TextElideMode.ElideMiddle, room.width() - 12
        )
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _pick(self, _index: int) -> None:
        self._picked = True  # from now on a new layer does not take over

    def _refresh(self, event: Any = None) -> None:
        old = self.currentData()
        layers = [layer for layer in reversed(list(self._viewer.layers)) if self._suits(layer)]
        kept = old is not None and any(layer == old for layer in layers)
        new = getattr(event, "value", None) if getattr(event, "type", "") == "inserted" else None
        self.blockSignals(True)
        self.clear()
        if self._optional:
            self.addItem("(none)", None)
        for layer in layers:
            self.addItem(layer.name, layer)
        if new is not None and not self._optional and not (kept and self._picked):
            self.choose(old if kept and not self._suits(new) else new)
        elif kept:
            self.choose(old)
        else:
            self._picked = False
        self.blockSignals(False)
        self._follow_names(layers)
        self.changed.emit()

    def _follow_names(self, layers: list[Any]) -> None:
        for layer in self._named:
            layer.events.name.disconnect(self._rename)
        for layer in layers:
            layer.events.name.connect(self._rename)
        self._named = layers

    def _rename(self, _event: Any = None) -> None:
        for index in range(self.count()):
            if self.itemData(index) is not None:
                self.setItemText(index, self.itemData(index).name)

    def _suits(self, layer: Any) -> bool:
        known = layer.metadata.get(KEY) or {}
        return layer.__class__.__name__ in self._kinds and not known.get("preview")


class VoxelSizeRow(QFrame):
    """Asks for the voxel size of a layer where it is not known; hidden where it is."""

    given = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._layer: Any = None
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.edits = {axis: QLineEdit() for axis in "ZYX"}
        self.unit = QComboBox()
        self.unit.addItems(LENGTH_UNITS)
        self.unit.setCurrentText("nm")
        self.button = QPushButton("Apply")
        self.button.setToolTip("Give the layer this voxel size and unit")
        self.button.clicked.connect(self._apply)
        row = QHBoxLayout()
        for axis, edit in self.edits.items():
            edit.setPlaceholderText(AXIS_NAMES[axis])
            edit.setToolTip(f"Voxel edge along the {AXIS_NAMES[axis]} axis")
            edit.returnPressed.connect(self._apply)
            row.addWidget(edit, 1)
        row.addWidget(self.unit)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addWidget(self.text)
        column.addLayout(row)
        self.hide()

    def ask(self, layer: Any | None) -> None:
        """Show the row if the layer's voxel size is not fully known."""
        self._layer = layer
        sizes, axes = None, ""
        if layer is not None:
            try:
                axes = axes_of(layer)
                sizes, unit = voxel_size_of(layer)
            except MicrogenError:
                layer = None
        if layer is None or (sizes is not None and None not in sizes):
            self.hide()
            return
        spatial = [a for a in axes if a in "ZYX"]
        known = dict(zip(spatial, sizes or [None] * len(spatial), strict=True))
        missing = ", ".join(AXIS_NAMES[a] for a in spatial if known[a] is None)
        self.text.setText(
            f"The voxel size of “{layer.name}” is not known along: {missing}. Lengths need it; "
            "fractions do not."
        )
        for axis, edit in self.edits.items():
            edit.setVisible(axis in spatial)
            edit.setText("" if known.get(axis) is None else f"{known[axis]:.10g}")
        if sizes is not None and unit:
            self.unit.setCurrentText(unit)
        self.show()

    def _apply(self) -> None:
        axes = axes_of(self._layer)
        spatial = [a for a in axes if a in "ZYX"]
        texts = [self.edits[a].text().replace(",", ".").strip() for a in spatial]
        if not all(texts):
            self.text.setText(f"Give the voxel edge along the {AXIS_NAMES[spatial[texts.index('')]]} axis.")
            return
        try:
            edges = [float(text) for text in texts]
            checked_voxel_size(edges, self.unit.currentText())
        except (ValueError, UserWarning) as error:
            self.text.setText(str(error))
            return
        set_voxel_size(self._layer, edges, self.unit.currentText())
        self.hide()
        self.given.emit()


def row_of(*parts: QWidget) -> QWidget:
    """Return widgets in one line."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        row.addWidget(part, 1)
    return holder


def labelled(title: str, widget: QWidget, tip: str = "") -> QWidget:
    """Return a widget with its name in front."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    label = QLabel(title)
    label.setMinimumWidth(LABEL_WIDTH)
    for part in (label, widget):
        part.setToolTip(tip)
    row.addWidget(label)
    row.addWidget(widget, 1)
    return holder
