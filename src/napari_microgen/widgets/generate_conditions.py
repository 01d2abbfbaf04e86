"""A row per condition of a model, slider or choice, and a flag that says where the chosen ones lie."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ..conditions import Condition
from ..conditions.support import PointSupport
from ..generate.card import GeneratorCard
from .fields import no_wheel
from .forms import LABEL_WIDTH

POSITIONS = 1000
"""Places of a slider."""
UNKNOWN = "unknown"

FLAGS = {
    "seen": ("#009e73", "these conditions were in the training"),
    "interpolated": ("#56b4e9", "between conditions of the training, and near some of them"),
    "gap": ("#e69f00", "between conditions of the training, but far from all of them"),
    "extrapolated": ("#d55e00", "outside the conditions of the training: the images are a guess"),
}
"""Colour and meaning of each flag; the colours can be told apart by colour-blind readers."""
NO_FLAG = ("#999999", "it cannot be told how far these conditions are from those of the training")


class NumberRow(QWidget):
    """A slider over the range of the training, and a text for any other number.

    Parameters
    ----------
    entry : mapping
        The condition as the card has it: ``name``, ``unit``, ``low``, ``high``, ``transform``.
    may_lack : bool
        Offer "unknown".
    """

    changed = Signal()

    def __init__(self, entry: Mapping[str, Any], may_lack: bool) -> None:
        super().__init__()
        self.name, self.low, self.high = str(entry["name"]), float(entry["low"]), float(entry["high"])
        self._scale = Condition(self.name, entry["unit"], "continuous", entry["transform"])
        ends = self._scale.forward(np.array([self.low, self.high]))
        self._from, self._to = float(ends[0]), float(ends[1])
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, POSITIONS)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.installEventFilter(no_wheel(self))
        self.slider.setEnabled(self._to > self._from)
        self.edit = QLineEdit()
        self.edit.setMaximumWidth(72)
        self.unknown = QCheckBox(UNKNOWN)
        self.unknown.setVisible(may_lack)
        self._may_lack = may_lack
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part, stretch in ((self.slider, 1), (self.edit, 0), (self.unknown, 0)):
            row.addWidget(part, stretch)
        self._explain(entry)
        self.set_value(self._at(POSITIONS // 2))
        self.slider.valueChanged.connect(self._slid)
        self.edit.textEdited.connect(lambda _: self._typed())
        self.unknown.toggled.connect(self._toggled)

    def _explain(self, entry: Mapping[str, Any]) -> None:
        unit = f" {entry['unit']}" if entry.get("unit") else ""
        scale = {"log": ", logarithmic", "log1p": ", logarithmic from 0"}.get(entry["transform"], "")
        if self.slider.isEnabled():
            tip = f"{self.low:g} to {self.high:g}{unit} in the training{scale}"
        else:
            tip = f"Always {self.low:g}{unit} in the training, so there is nothing to slide over"
        for part in (self, self.slider):
            part.setToolTip(tip)
        self.edit.setToolTip(f"{tip}. Type any number; beyond the range the images are a guess")
        self.unknown.setToolTip("Some images of the training lacked this condition; generate as for those")

    def value(self) -> float | None:
        """Return the number, or None for unknown.

        Raises
        ------
        ValueError
            If the text is no number that this condition can have.
        """
        if self._may_lack and self.unknown.isChecked():
            return None
        text = self.edit.text().strip().replace(",", ".")
        lowest = {"log": 0.0, "log1p": -1.0}.get(self._scale.transform, -math.inf)
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or number <= lowest:
            need = "a number" if lowest == -math.inf else f"a number above {lowest:g}"
            raise ValueError(f"{self.name} is {text!r}; give {need}.")
        return number

    def set_value(self, value: float | None) -> None:
        """Show a number, or unknown."""
        self.unknown.setChecked(value is None and self._may_lack)
        if value is not None:
            self.edit.setText(f"{value:.10g}")
            self._follow()

    def _at(self, position: int) -> float:
        """Return the number at a place of the slider: short, and exact at both ends."""
        if position in (0, POSITIONS):
            return self.low if position == 0 else self.high
        at = self._from + position / POSITIONS * (self._to - self._from)
        value = float(f"{float(self._scale.inverse(np.array([at]))[0]):.4g}")
        return min(max(value, self.low), self.high)

    def _slid(self, position: int) -> None:
        self.unknown.setChecked(False)
        self.edit.setText(f"{self._at(position):.10g}")
        self.changed.emit()

    def _typed(self) -> None:
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        """Bring the slider to the number in the text, without a signal."""
        try:
            value = self.value()
        except ValueError:
            return
        if value is not None and self._to > self._from:
            at = float(self._scale.forward(np.array([value]))[0])
            share = (at - self._from) / (self._to - self._from)
            self.slider.blockSignals(True)
            self.slider.setValue(round(POSITIONS * min(max(share, 0.0), 1.0)))
            self.slider.blockSignals(False)

    def _toggled(self, on: bool) -> None:
        self.edit.setEnabled(not on)
        self.changed.emit()


class LabelRow(QComboBox):
    """The labels of a condition.

    Parameters
    ----------
    entry : mapping
        The condition as the card has it: ``name``, ``values``.
    may_lack : bool
        Offer "unknown".
    """

    changed = Signal()

    def __init__(self, entry: Mapping[str, Any], may_lack: bool) -> None:
        super().__init__()
        self.name = str(entry["name"])
        for label in entry["values"]:
            self.addItem(label, label)
        if may_lack:
            self.addItem(f"({UNKNOWN})", None)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.installEventFilter(no_wheel(self))
        self.setToolTip(f"{len(entry['values'])} labels in the training")
        self.currentIndexChanged.connect(lambda _: self.changed.emit())

    def value(self) -> str | None:
        """Return the chosen label, or None for unknown."""
        chosen = self.currentData()
        return None if chosen is None else str(chosen)

    def set_value(self, value: str | None) -> None:
        """Choose a label."""
        self.setCurrentIndex(max(0, self.findData(value)))


class ConditionRows(QWidget):
    """All conditions of a model."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, NumberRow | LabelRow] = {}
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setVerticalSpacing(4)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)

    def show_model(self, card: GeneratorCard | None) -> None:
        """Show the conditions of a model."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self.rows = {}
        lacking = card.may_lack() if card else frozenset()
        for entry in card.conditions if card else ():
            kind = LabelRow if entry["kind"] == "categorical" else NumberRow
            row = kind(entry, entry["name"] in lacking)
            label = QLabel(
                f"{entry['name']} [{entry['unit']}]"
                if entry.get("unit") not in (None, "", "1")
                else str(entry["name"])
            )
            label.setMinimumWidth(LABEL_WIDTH)
            label.setToolTip(row.toolTip())
            row.changed.connect(self.changed)
            self._layout.addRow(label, row)
            self.rows[row.name] = row

    def values(self) -> dict[str, float | str | None]:
        """Return the chosen conditions.

        Raises
        ------
        ValueError
            If a text is no number.
        """
        return {name: row.value() for name, row in self.rows.items()}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show conditions; unknown names are left out."""
        for name, value in values.items():
            if name in self.rows:
                self.rows[name].set_value(value)
        self.changed.emit()

    def problem(self) -> str | None:
        """Return why there are no conditions, or None."""
        try:
            self.values()
        except ValueError as error:
            return str(error)
        return None


def as_settings(row: Mapping[str, float | str | None]) -> list[str]:
    """Return conditions as the command takes them, NAME=VALUE.

    Examples
    --------
    >>> as_settings({"temperature": 850.0, "cooling": "air", "time": None})
    ['temperature=850', 'cooling=air', 'time=unknown']
    """
    return [f"{name}={_written(value)}" for name, value in row.items()]


def _written(value: float | str | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.10g}" if isinstance(value, float) else value


class SupportFlag(QLabel):
    """Says in colour and words where conditions lie among those of the training."""

    def __init__(self) -> None:
        super().__init__()
        self.flag = ""
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.setToolTip("\n".join(f"{flag}: {meaning}" for flag, (_, meaning) in FLAGS.items()))

    def show_support(self, found: PointSupport | None) -> None:
        """Show where conditions lie; None if that cannot be told."""
        self.flag = found.flag if found else ""
        colour, meaning = FLAGS[found.flag] if found else NO_FLAG
        details = _details(found) if found else ""
        self.setText(
            f"<span style='color:{colour}'>⬤</span> <b>{self.flag or 'no support'}</b>: {meaning}{details}"
        )


def _details(found: PointSupport) -> str:
    if found.out_of_range:
        return f" ({', '.join(found.out_of_range)} out of range)"
    if found.flag == "seen":
        return f" ({found.nearest})"
    if not found.nearest:
        return ""
    return f" (nearest: {found.nearest}, {found.ratio:.2g} × the usual distance)"


def support_of(card: GeneratorCard, row: Mapping[str, Any]) -> PointSupport | None:
    """Return where conditions lie among those of the training; None where that cannot be told."""
    if card.support is None or any(value is None for value in row.values()):
        return None
    return card.support.of([row])[0]


class ConditionPanel(QWidget):
    """The conditions with the flag below them."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.card: GeneratorCard | None = None
        self.conditions = ConditionRows()
        self.flag = SupportFlag()
        self.nearest = QPushButton("Nearest known")
        self.nearest.setToolTip("Move the sliders to the conditions of the training nearest to these")
        self.nearest.clicked.connect(self.go_to_nearest)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.conditions)
        column.addWidget(self.flag)
        self.conditions.changed.connect(self.changed)

    def show_model(self, card: GeneratorCard | None) -> None:
        """Show the conditions of a model, or none."""
        self.card = card
        self.conditions.show_model(card)
        self.flag.setVisible(card is not None)
        if card is not None:
            self.conditions.set_values(card.known_row())
        self.refresh_flag()

    def go_to_nearest(self) -> None:
        """Move to the known conditions that are nearest to those chosen."""
        if self.card is not None and self.conditions.problem() is None:
            found = support_of(self.card, self.conditions.values())
            self.conditions.set_values(self.card.known_row(found.nearest if found else ""))

    def refresh_flag(self) -> None:
        """Bring the flag in line with the conditions."""
        if self.card is not None and self.conditions.problem() is None:
            self.flag.show_support(support_of(self.card, self.conditions.values()))
