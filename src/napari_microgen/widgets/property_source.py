"""Where the samples of a regression come from: a file, or labels layers that were measured."""

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..errors import MicrogenError
from ..io.header_units import split_header
from ..io.table_csv import CsvTable, parse_table
from ..regress.operation import DECIMALS, DELIMITERS
from ..regress.sample_table import SampleTable, from_csv, load_samples
from .choices import labelled
from .described import described
from .fields import PathField
from .property_samples import measured_features, measured_layers, table_text

FILE, LAYERS = "file", "layers"
LARGE = 8 * 1024**2
"""Larger tables are not looked into before the fit."""
GROUP = "group"
FEWEST = 4


class LayerTable(QTableWidget):
    """The measured layers: a tick, a group and the property of each, to be filled in."""

    def __init__(self, viewer: Any) -> None:
        super().__init__(0, 3)
        self._viewer = viewer
        self.setHorizontalHeaderLabels(("layer", GROUP, "property"))
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(130)
        self.setToolTip(
            "Type the property of each layer; the group may stay empty. Untick what to leave out."
        )
        self.layers: list[Any] = []
        self.refresh()

    def refresh(self) -> None:
        """List the layers that have been measured; what was typed stays."""
        layers = measured_layers(self._viewer)
        typed = {layer: self.entry(row) for row, layer in enumerate(self.layers)}
        self.blockSignals(True)
        self.setRowCount(len(layers))
        for row, layer in enumerate(layers):
            on, group, value = typed.get(layer, (True, "", ""))
            name = QTableWidgetItem(layer.name)
            name.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            name.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            for column, item in enumerate((name, QTableWidgetItem(group), QTableWidgetItem(value))):
                self.setItem(row, column, item)
        self.layers = layers
        self.blockSignals(False)

    def entry(self, row: int) -> tuple[bool, str, str]:
        """Return tick, group and property of a row as they stand."""
        name, group, value = (self.item(row, column) for column in range(3))
        return name.checkState() == Qt.CheckState.Checked, group.text().strip(), value.text().strip()

    def text(self, header: str) -> str:
        """Return the ticked layers as a CSV table whose property is called ``header``."""
        rows = [(layer, *self.entry(row)[1:]) for row, layer in enumerate(self.layers) if self.entry(row)[0]]
        groups = [group for _, group, _ in rows]
        labels = {GROUP: groups} if any(groups) else {}
        values = [value.replace(",", ".") for _, _, value in rows]
        return table_text(
            [(layer.name, measured_features(layer)) for layer, _, _ in rows], labels | {header: values}
        )


class Source(QWidget):
    """Choose a file or the measured layers, and see what was found in it."""

    changed = Signal()
    """Other columns, or other rows."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.table: SampleTable | None = None
        self.settings: dict[str, Any] = {}
        self._problem: str | None = "Choose a table."
        (path,) = (p for p in described("regress").parameters if p.name == "table")
        self.kind = QComboBox()
        self.kind.addItem("Table file (CSV, Excel)", FILE)
        self.kind.addItem("Measured layers", LAYERS)
        self.path = PathField(path)
        self.path.edit.setPlaceholderText("one row per sample, units in the head")
        self.layers = LayerTable(viewer)
        self.property = QLineEdit("property")
        self.found = QLabel()
        self.found.setWordWrap(True)
        self.found.setTextFormat(Qt.TextFormat.PlainText)
        self.found.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.rows = {
            FILE: labelled("Table", self.path, path.help),
            LAYERS: labelled("Property", self.property, "Name and unit, such as conductivity [MS/m]"),
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(labelled("Samples", self.kind, "Where features and property come from"))
        for part in (*self.rows.values(), self.layers, self.found):
            column.addWidget(part)
        self.kind.currentIndexChanged.connect(lambda _: self.refresh())
        self.path.changed.connect(self.refresh)
        self.property.textChanged.connect(lambda _: self.refresh())
        self.layers.itemChanged.connect(lambda _: self.refresh())
        self.refresh()

    def use(self, settings: dict[str, Any]) -> None:
        """Read files with these settings: ``sample``, ``delimiter``, ``decimal``."""
        if settings != self.settings:
            self.settings = settings
            self.refresh()

    def refresh(self) -> None:
        """Look at the samples again."""
        kind = self.kind.currentData()
        for name, row in self.rows.items():
            row.setVisible(name == kind)
        self.layers.setVisible(kind == LAYERS)
        if kind == LAYERS:
            self.layers.refresh()
        self.table, self._problem, words = None, None, ""
        try:
            words = self._look_at_file() if kind == FILE else self._look_at_layers()
        except (MicrogenError, ValueError) as error:
            self._problem = str(error)
        self.found.setText(words or self._problem or "")
        self.changed.emit()

    def problem(self) -> str | None:
        """Return why there are no samples, or None."""
        return self._problem

    def property_name(self) -> str | None:
        """Return what the property of the measured layers is called; None for a file."""
        if self.kind.currentData() == FILE:
            return None
        return split_header(self.property.text())[0]

    def write(self, folder: Path) -> Path:
        """Return the table as a file: the chosen one, or one of the layers written into ``folder``."""
        if self.kind.currentData() == FILE:
            return Path(self.path.value())
        path = folder / "layers.csv"
        path.write_text(self.layers.text(self.property.text().strip()), encoding="utf-8")
        return path

    def _look_at_file(self) -> str:
        text = self.path.edit.text().strip()
        if not text:
            self._problem = "Choose a table with one row per sample, or measure layers and choose them."
            return ""
        path = Path(text)
        if path.is_file() and path.stat().st_size > LARGE:
            return "The table is large; type the names of its columns."
        settings = {
            "sample": self.settings.get("sample"),
            "delimiter": DELIMITERS[self.settings.get("delimiter", "auto")],
            "decimal": DECIMALS[self.settings.get("decimal", "auto")],
        }
        self.table, csv = load_samples(path, **settings)
        return described_table(csv)

    def _look_at_layers(self) -> str:
        count = sum(self.layers.entry(row)[0] for row in range(len(self.layers.layers)))
        if count < FEWEST:
            self._problem = (
                f"{count} measured layers are ticked; at least {FEWEST} samples are needed. Measure more "
                f"labels layers in the Measure dock."
            )
            return ""
        name = self.property.text().strip()
        if not name:
            self._problem = "Give the property a name."
            return ""
        values = [e[2] for e in map(self.layers.entry, range(len(self.layers.layers))) if e[0]]
        if not all(values):
            self._problem = f"Type the {name} of every ticked layer."
        csv = parse_table(self.layers.text(name), source="the measured layers", delimiter=",", decimal=".")
        self.table = from_csv(csv)
        return "" if self._problem else f"{count} layers, {len(csv.columns)} columns"


def described_table(csv: CsvTable) -> str:
    """Return how a table was read, in words."""
    about = csv.described()
    parts = [f"{about['rows']} rows, {len(about['columns'])} columns"]
    if about["delimiter"] != "none":
        parts.append(f"{about['delimiter']} between columns")
    parts.append("decimal comma" if about["decimal"] == "," else "decimal point")
    return "\n".join([", ".join(parts), *about["notes"]])
