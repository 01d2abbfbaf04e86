"""A folder of micrographs and a table of their conditions: how it is read, and all that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..errors import ConditionsError, MicrogenError
from ..io.condition_images import read_condition_images
from ..io.conditions import Reading, found_roles
from ..io.number_style import is_missing
from ..io.table_csv import CsvTable, read_table
from .choices import labelled
from .latest import Latest
from .property_source import described_table

PAUSE = 300
"""Milliseconds without a change before table and folder are looked at."""
SHOWN = 12
"""Problems shown before the rest is counted."""
ROLES = {
    "image": "image",
    "library": "sample",
    "micrograph": "micrograph",
    "pixel_size": "pixel size",
}
NUMBER, LOG, LOG1P, LABEL = "number", "log", "log(1+x)", "label"
PROMPT = "Choose the folder of the micrographs and the table of their conditions."


@dataclass(frozen=True)
class Column:
    """One column of the table as it is shown."""

    name: str
    head: str
    values: str
    role: str
    numeric: bool
    condition: bool


@dataclass(frozen=True)
class Look:
    """What was found in table and folder."""

    columns: tuple[Column, ...] = ()
    words: str = ""
    problems: tuple[str, ...] = ()
    images: int = 0


def look_at(images: str, table: str, reading: Reading, extra: str) -> Look:
    """Read table and folder as training would, and return all that is wrong with them."""
    try:
        csv = read_table(table, delimiter=reading.delimiter, decimal=reading.decimal)
        columns = columns_of(csv, reading)
    except (MicrogenError, OSError) as error:
        return Look(problems=(str(error),))
    words = described_table(csv)
    if not images:
        return Look(columns, words, ("Choose the folder of the micrographs.",))
    try:
        found = read_condition_images(images, table, reading, extra=extra)  # type: ignore[arg-type]
    except ConditionsError as error:
        return Look(columns, words, error.problems or (str(error),))
    except (MicrogenError, OSError) as error:
        return Look(columns, words, (str(error),))
    kept, facts = len(found), found.facts
    extra_files = facts["image_files_not_used"]
    rest = f"; {extra_files} images are not used" if extra_files else ""
    return Look(columns, f"{words}\n{kept} images with conditions{rest}", (), kept)


def columns_of(csv: CsvTable, reading: Reading) -> tuple[Column, ...]:
    """Return how each column is read when nothing is said of it."""
    roles = found_roles(csv, replace(reading, columns=None, categorical=(), log=(), log1p=()))
    special = {roles[key]: words for key, words in ROLES.items() if roles[key]}
    columns = []
    for column in csv.columns:
        known = [cell for cell in column.cells if not is_missing(cell)]
        numbers = [n for n in map(csv.style.parse, known) if n is not None]
        numeric = 2 * len(numbers) > len(known)
        head = f"{column.name} [{column.unit}]" if column.unit else column.name
        columns.append(
            Column(
                column.name,
                head,
                _values(known, numbers, numeric),
                special.get(column.name, ""),
                numeric,
                column.name in roles["conditions"],
            )
        )
    return tuple(columns)


def _values(known: list[str], numbers: list[float], numeric: bool) -> str:
    if numeric:
        low, high = min(numbers), max(numbers)
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"
    labels = sorted(set(known))
    return ", ".join(labels[:4]) + (f" … ({len(labels)})" if len(labels) > 4 else "")


class ColumnTable(QTableWidget):
    """A row per column of the table: whether it is a condition, what it holds, and on which scale."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setHorizontalHeaderLabels(("condition", "values", "as"))
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for section, width in ((1, 78), (2, 106)):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(section, width)
        self.setToolTip("Tick what the images depend on; a logarithmic scale suits times and concentrations")
        self.columns: tuple[Column, ...] = ()
        self.itemChanged.connect(lambda _: self.edited.emit())
        self.hide()

    def show_columns(self, columns: tuple[Column, ...]) -> None:
        """Show columns; of the same ones, ticks and scales stay."""
        if columns == self.columns:
            return
        self.columns = columns
        self.blockSignals(True)
        self.setRowCount(len(columns))
        for row, column in enumerate(columns):
            name = QTableWidgetItem(column.head)
            name.setToolTip(column.head)
            if not column.role:
                name.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
                name.setCheckState(Qt.CheckState.Checked if column.condition else Qt.CheckState.Unchecked)
            else:
                name.setFlags(Qt.ItemFlag.ItemIsEnabled)
            values = QTableWidgetItem(column.values)
            values.setFlags(Qt.ItemFlag.ItemIsEnabled)
            values.setToolTip(column.values)
            self.setItem(row, 0, name)
            self.setItem(row, 1, values)
            self._show_scale(row, column)
            self.setRowHeight(row, 24)
        self.blockSignals(False)
        self.setVisible(bool(columns))
        self.setFixedHeight(min(30 + 24 * len(columns), 230))

    def _show_scale(self, row: int, column: Column) -> None:
        if column.role:
            self.removeCellWidget(row, 2)
            self.setItem(row, 2, QTableWidgetItem(column.role))
            self.item(row, 2).setFlags(Qt.ItemFlag.ItemIsEnabled)
            return
        box = QComboBox()
        box.addItems([NUMBER, LOG, LOG1P, LABEL] if column.numeric else [LABEL])
        box.setToolTip("How the network takes it: a number, its logarithm, or a label")
        box.currentIndexChanged.connect(lambda _: self.edited.emit())
        self.setCellWidget(row, 2, box)

    def tick(self, name: str, on: bool) -> None:
        """Tick or untick a column."""
        row = [column.name for column in self.columns].index(name)
        self.item(row, 0).setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def choose_scale(self, name: str, scale: str) -> None:
        """Choose how a column is taken: `NUMBER`, `LOG`, `LOG1P` or `LABEL`."""
        self.cellWidget([column.name for column in self.columns].index(name), 2).setCurrentText(scale)

    def settings(self) -> dict[str, Any]:
        """Return ``columns``, ``categorical``, ``log`` and ``log1p`` as training takes them."""
        ticked, scales = [], {}
        for row, column in enumerate(self.columns):
            if not column.role and self.item(row, 0).checkState() == Qt.CheckState.Checked:
                ticked.append(column.name)
                if column.numeric:
                    scales[column.name] = self.cellWidget(row, 2).currentText()
        usual = [column.name for column in self.columns if column.condition and not column.role]
        return {
            "columns": None if ticked == usual else tuple(ticked),
            **{
                key: tuple(name for name, chosen in scales.items() if chosen == scale)
                for key, scale in (("categorical", LABEL), ("log", LOG), ("log1p", LOG1P))
            },
        }


class FolderAndTable(QWidget):
    """Choose images and table, and see at once how they are read and what is wrong with them."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.found = Look()
        self._more: dict[str, Any] = {}
        self._stale = False
        self.images, self.table = QLineEdit(), QLineEdit()
        self.images.setPlaceholderText("a folder")
        self.table.setPlaceholderText("one row per image, units in the head")
        self.buttons = {"images": QToolButton(), "table": QToolButton()}
        self.columns = ColumnTable()
        self.words, self.problems = QLabel(), QLabel()
        for label in (self.words, self.problems):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.problems.setStyleSheet("border-left: 4px solid #d55e00; padding-left: 6px;")
        self.problems.hide()
        self._compose()
        self._reading = Latest(self)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(PAUSE)
        self._reading.done.connect(self._show)
        self._typing.timeout.connect(self._look)
        for part in (self.images.textChanged, self.table.textChanged, self.columns.edited):
            part.connect(self.refresh)
        self.buttons["images"].clicked.connect(self._pick_images)
        self.buttons["table"].clicked.connect(self._pick_table)

    def _compose(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        tips = {
            "images": "The folder of the micrographs, subfolders included",
            "table": "CSV or Excel with one row per image: its name and the conditions, units in the head",
        }
        for name, edit in (("images", self.images), ("table", self.table)):
            holder = QWidget()
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            self.buttons[name].setText("…")
            self.buttons[name].setToolTip(f"Choose the {name}")
            row.addWidget(edit, 1)
            row.addWidget(self.buttons[name])
            column.addWidget(labelled(name.capitalize(), holder, tips[name]))
        for part in (self.words, self.columns, self.problems):
            column.addWidget(part)

    def use(self, settings: Mapping[str, Any]) -> None:
        """Read with these settings too: ``where``, ``extra_images``, ``magnification``, ``pixel_at_1x``."""
        if dict(settings) != self._more:
            self._more = dict(settings)
            self.refresh()

    def refresh(self, *_: Any) -> None:
        """Look again soon."""
        self._stale = True
        self._typing.start()
        self.changed.emit()

    def problem(self) -> str | None:
        """Return why training cannot begin, or None."""
        if not self.table.text().strip():
            return PROMPT
        if self._stale:
            return "Images and table are being looked at."
        count = len(self.found.problems)
        if count:
            return (
                self.found.problems[0]
                if count == 1
                else f"There are {count} problems; they are listed above."
            )
        return None

    def settings(self) -> dict[str, Any]:
        """Return which columns are conditions, and on which scale."""
        return self.columns.settings()

    def paths(self) -> tuple[Path, Path]:
        """Return folder and table."""
        return tuple(Path(edit.text().strip()).expanduser() for edit in (self.images, self.table))  # type: ignore[return-value]

    def forget(self) -> None:
        """Read nothing any more (the window is closing)."""
        self._reading.forget()
        self._reading.join(1.0)

    def _look(self) -> None:
        if not self.table.text().strip():
            self._reading.forget()
            self._show(Look())
            return
        more = dict(self._more)
        extra = more.pop("extra_images", "refuse")
        reading = Reading(**more, **self.settings())
        folder, table = self.paths()
        images = str(folder) if self.images.text().strip() else ""
        self._reading.run(lambda: look_at(images, str(table), reading, extra))

    def _show(self, found: Look) -> None:
        before = self.settings()
        self.found, self._stale = found, False
        self.words.setText(found.words)
        self.columns.show_columns(found.columns)
        listed = [f"{number}. {text}" for number, text in enumerate(found.problems[:SHOWN], 1)]
        if len(found.problems) > SHOWN:
            listed.append(f"… and {len(found.problems) - SHOWN} more")
        self.problems.setText("\n".join(listed))
        self.problems.setVisible(bool(listed))
        if self.settings() != before:  # ticks of another table: read it without them
            self.refresh()
        self.changed.emit()

    def _pick_images(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of the micrographs", self.images.text())
        if chosen:
            self.images.setText(chosen)

    def _pick_table(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Table of conditions", self.table.text(), "Tables (*.csv *.tsv *.txt *.xlsx);;All files (*)"
        )
        if chosen:
            self.table.setText(chosen)
