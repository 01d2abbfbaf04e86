"""The classes of an annotation, and of a phase map, with the colours they are drawn in."""

from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QSizePolicy, QWidget


@dataclass(frozen=True)
class LabelClass:
    """One class of an annotation."""

    value: int
    name: str
    colour: str
    tip: str


CLASSES = (
    LabelClass(0, "unlabelled", "transparent", "Not used for training"),
    LabelClass(1, "solid", "#e69f00", "Material in the plane of the cut"),
    LabelClass(2, "pore", "#0072b2", "Empty in the plane of the cut, and dark"),
    LabelClass(3, "shine-through", "#cc79a7", "Empty in the plane of the cut, with material seen behind it"),
)
"""Annotation values; 0 is left out of training. From Okabe and Ito's palette."""


def annotation_colours() -> Any:
    """Return the napari colour map of an annotation."""
    from napari.utils.colormaps import DirectLabelColormap

    colours = {c.value: c.colour for c in CLASSES} | {None: "#d55e00"}
    return DirectLabelColormap(color_dict=colours, name="annotation")


def phase_colours() -> Any:
    """Return the napari colour map of a phase map: pore clear, solid coloured."""
    from napari.utils.colormaps import DirectLabelColormap

    colours = {0: "transparent", 1: CLASSES[1].colour, None: "#009e73"}
    return DirectLabelColormap(color_dict=colours, name="phase map")


class ClassButtons(QWidget):
    """A button per class; the one pressed is what is painted."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.group = QButtonGroup(self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        self.buttons: dict[int, QPushButton] = {}
        for index, entry in enumerate(CLASSES):
            button = QPushButton()
            button.setText(f"{entry.value}  {entry.name}")
            button.setCheckable(True)
            button.setIcon(_swatch(entry.colour))
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setToolTip(entry.tip)
            self.group.addButton(button, entry.value)
            self.buttons[entry.value] = button
            grid.addWidget(button, index // 2, index % 2)
        self.group.idClicked.connect(self.chosen)
        self.buttons[1].setChecked(True)

    def value(self) -> int:
        """Return the class that is painted."""
        return self.group.checkedId()

    def show_value(self, value: int) -> None:
        """Press the button of a class without telling anybody."""
        if value in self.buttons:
            self.buttons[value].setChecked(True)


def _swatch(colour: str) -> QIcon:
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor("#808080") if colour == "transparent" else QColor(colour))
    return QIcon(pixmap)


def class_name(value: int, all_values: set[int]) -> str:
    """Return a class with its meaning, where the values are those of a phase map or of an annotation.

    Examples
    --------
    >>> class_name(0, {0, 1}), class_name(2, {1, 2, 3}), class_name(7, {0, 7})
    ('0 pore', '2 pore', '7')
    """
    if all_values <= {0, 1}:
        return f"{value} {('pore', 'solid')[value]}"
    if all_values <= {c.value for c in CLASSES} and 2 in all_values:
        return f"{value} {CLASSES[value].name}"
    return str(value)
