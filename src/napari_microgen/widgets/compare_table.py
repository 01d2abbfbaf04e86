"""The descriptors of a comparison: value, floor, baseline and verdict, of all or of one condition."""

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from ..compare.descriptors import NAMES
from ..units import after_number
from .forms import tooltip

HEADERS = ("descriptor", "value", "floor", "baseline", "verdict")
TIPS = (
    "What is measured in each image",
    "Difference of synthetic and real images, in standard deviations of real images: of the distributions "
    "(Wasserstein distance), or of the means of one condition",
    "The same number for real against real images: less cannot be asked for",
    "The same number for the best of the baselines: copies of the nearest condition, linear interpolation, "
    "and another model if one was given",
    "Whether synthetic images agree with real ones, differ, or too few are there to say",
)
COLOURS = {"agrees": "#009e73", "differs": "#d55e00", "undecided": "#e69f00"}


class DescriptorTable(QTableWidget):
    """One row per descriptor."""

    chosen = Signal(str)
    """A descriptor was selected."""

    def __init__(self) -> None:
        super().__init__(0, len(HEADERS))
        self._names: list[str] = []
        self.setHorizontalHeaderLabels(HEADERS)
        for column, tip in enumerate(TIPS):
            self.horizontalHeaderItem(column).setToolTip(tooltip(tip))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(210)
        self.itemSelectionChanged.connect(self._picked)

    def show_content(self, content: Mapping[str, Any], condition: str | None) -> None:
        """Show the numbers of one condition, or of all together (None)."""
        selected = self.descriptor()
        units = content["units"]
        self._names = [n for n in NAMES if n in units] + sorted(set(units) - set(NAMES))
        rows = (_of_all if condition is None else _of_condition)(content, condition, self._names)
        self.blockSignals(True)
        self.setRowCount(len(rows))
        for place, (name, cells, tip) in enumerate(rows):
            for column, text in enumerate((name.replace("_", " "), *cells)):
                item = QTableWidgetItem(text)
                item.setToolTip(tooltip(tip))
                if column == len(HEADERS) - 1:
                    item.setForeground(QColor(COLOURS.get(text, "#888888")))
                elif column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(place, column, item)
        self.selectRow(self._names.index(selected) if selected in self._names else 0)
        self.blockSignals(False)

    def descriptor(self) -> str | None:
        """Return the selected descriptor."""
        row = self.currentRow()
        return self._names[row] if 0 <= row < self.rowCount() else None

    def choose(self, name: str) -> None:
        """Select a descriptor."""
        self.selectRow(self._names.index(name))

    def _picked(self) -> None:
        name = self.descriptor()
        if name is not None:
            self.chosen.emit(name)


Row = tuple[str, tuple[str, str, str, str], str]


def _of_all(content: Mapping[str, Any], _: str | None, names: Sequence[str]) -> list[Row]:
    words = {
        **dict.fromkeys(content["trusted"], "agrees"),
        **dict.fromkeys(content["not_trusted"], "differs"),
        **dict.fromkeys(content["undecided"], "undecided"),
    }
    rows = []
    for name in names:
        metric = content["metrics"][f"{name}.wasserstein"]
        p = content["p_adjusted"].get(name)
        losing = [base.replace("_", " ") for base in metric["loses_to"]]
        tip = metric["meaning"] + ("" if p is None else f"; adjusted p {p:.3g}")
        tip += f"; loses to {', '.join(losing)}" if losing else ""
        cells = (_number(metric["value"]), _number(metric["floor"]), _number(metric["baseline"]))
        rows.append((name, (*cells, words.get(name, "undecided")), tip))
    return rows


def _of_condition(content: Mapping[str, Any], condition: str | None, names: Sequence[str]) -> list[Row]:
    (found,) = (row for row in content["conditions"] if row["condition"] == condition)
    rows = []
    for name in names:
        entry, unit = found["descriptors"][name], content["units"][name]
        gap = entry["difference_in_sd"]
        cells = (
            _number(None if gap is None else abs(gap)),
            _number(entry["floor_in_sd"]),
            _number(entry["baseline_in_sd"]),
        )
        unit = after_number(unit)
        means = "; ".join(f"{side} {_with_interval(entry, side)}{unit}" for side in ("real", "synthetic"))
        rows.append((name, (*cells, entry["verdict"]), f"means: {means}"))
    return rows


def _with_interval(entry: Mapping[str, Any], side: str) -> str:
    if entry[side] is None:
        return "undefined"
    pair = entry[f"{side}_95"]
    return f"{entry[side]:.4g}" + (f" ({pair[0]:.4g} to {pair[1]:.4g})" if pair else "")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"
