"""Measure dock: quantities of one phase of a label map, with unit and reason."""

import json
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
)

from ..features import Feature, FeatureTable
from ..io.atomic import write_text
from ..io.recipes import write_recipe
from ..io.tables import write_table
from ..operations import plain
from .chart_painting import pretty_unit
from .choices import LayerChoice, VoxelSizeRow, labelled
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of, tooltip
from .heavy import table_on_layers
from .layers import like
from .measure_fields import FieldsPage
from .measure_plots import PlotsPage, wrapping
from .measured import measured, remember
from .results import EditWatch
from .snapshot import Snapshot, add_layer

HELP = """**Measure** takes a labels layer and measures one phase of it.

1. Choose the labels and the phase (1 is the solid of a phase map).
2. Give the voxel size if it is asked for. Fractions do not need it; lengths and areas do.
3. Tick the quantities and press the button.

Every value has its unit. A quantity without a value says why: that is a result, not a failure.
The numbers also go into the features of the labels layer. Select another measured layer, or
another phase, and its numbers are shown.

**Plots** shows what lies behind the numbers: distributions with a fit, curves, the density of
both curvatures. They belong to the layer and phase of the table. Values are read off under the
mouse; a plot is saved as a picture or as numbers.

**Fields** adds a layer: the local thickness, the way through the phase from one face, the strut
diameter on the skeleton, or the surface coloured by its curvature. Hold the mouse over a layer
to read its value."""


_MOST_ROWS = 9
_VOI = "voi_"
NAME, DIMENSIONS = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class QuantityList(QListWidget):
    """The quantities there are, to tick."""

    def __init__(self) -> None:
        super().__init__()
        from ..quantify.catalogue import quantities

        for quantity in quantities():
            for name in quantity.names:
                if name.partition(".")[0] in quantity.names and "." in name:
                    continue  # measured with the quantity it belongs to
                item = QListWidgetItem(name.replace("_", " "))
                item.setData(NAME, name)
                item.setData(DIMENSIONS, quantity.dimensions)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked)
                need = "needs the voxel size" if quantity.needs_length else "needs no voxel size"
                item.setToolTip(tooltip(f"{name}: {need}. Undefined when: {quantity.undefined_when}."))
                self.addItem(item)
        rows = min(_MOST_ROWS, max(2, self.count()))
        self.setFixedHeight(rows * max(self.sizeHintForRow(0), 12) + 8)

    def fit(self, dimensions: int) -> None:
        """Offer only what is defined for 2D images, or for 3D volumes."""
        for item in self._items():
            fits = dimensions in item.data(DIMENSIONS)
            item.setHidden(not fits)

    def ticked(self) -> tuple[str, ...]:
        """Return the names that are ticked; ``all`` if every one offered is."""
        offered = [item for item in self._items() if not item.isHidden()]
        chosen = [item for item in offered if item.checkState() == Qt.CheckState.Checked]
        return ("all",) if chosen and len(chosen) == len(offered) else tuple(i.data(NAME) for i in chosen)

    def tick_only(self, *names: str) -> None:
        """Tick these and no others."""
        for item in self._items():
            on = item.data(NAME) in names
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(index) for index in range(self.count())]


class ResultTable(QTableWidget):
    """Quantity, value, unit and remark of a feature table."""

    HEADERS = ("quantity", "value", "unit", "remark")

    def __init__(self) -> None:
        super().__init__(0, len(self.HEADERS))
        self.setHorizontalHeaderLabels(self.HEADERS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.setColumnWidth(0, 138)
        self.horizontalHeader().setStretchLastSection(True)
        self.setMinimumHeight(160)
        self.setWordWrap(True)

    def show_table(self, table: FeatureTable) -> None:
        """Fill the rows."""
        self.setRowCount(len(table))
        for row, feature in enumerate(table):
            for column, text in enumerate(cells(feature)):
                item = QTableWidgetItem(text)
                item.setToolTip(tooltip("; ".join(filter(None, (feature.reason, *about(feature))))))
                self.setItem(row, column, item)
        self.resizeRowsToContents()


def cells(feature: Feature) -> tuple[str, str, str, str]:
    """Return a feature as the texts of a row."""
    value = "undefined" if feature.value is None else f"{feature.value:.6g}"
    remarks = [feature.reason] if feature.reason else []
    if feature.value is not None and feature.low is not None and feature.high is not None:
        remarks.append(f"95 % interval {feature.low:.4g} to {feature.high:.4g}")
    unit = "" if feature.value is None or feature.unit == "1" else pretty_unit(feature.unit)
    name = feature.name.replace("_", " ").replace(".", ", ")
    return f"{name}, {feature.sample}" if feature.sample else name, value, unit, "; ".join(remarks)


def about(feature: Feature) -> tuple[str, ...]:
    """Return how a feature was measured and what is known of its bias."""
    return (f"Method: {feature.method}" * bool(feature.method), f"Bias: {feature.bias}" * bool(feature.bias))


class MeasurePage(Page):
    """Choose labels, phase and quantities; see the table."""

    title = "Measure"
    run_label = "Measure"
    shown = Signal()
    """Another table is shown, or none."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        description = described("quantify")
        self.labels = LayerChoice(self.viewer, ("Labels",))
        self.voxel_size = VoxelSizeRow()
        self.parameters = options_of(description)
        parts = [p.name for p in self.parameters if p.name.startswith(_VOI)]
        self.form = Form(options_of(description, leave_out=("features", *parts)))
        self.in_parts = QCheckBox("Sub-volumes, for 95 % intervals")
        self.in_parts.setToolTip(
            tooltip(
                "Measure several sub-volumes (VOIs): mean with 95 % interval, or the spread over their size"
            )
        )
        self.parts_form = Form(options_of(description, only=parts))
        self.parts_form.hide()
        self.quantities = QuantityList()
        self.caption = wrapping("")
        self.result = ResultTable()
        self.save = QPushButton("Save table…")
        self.table: FeatureTable | None = None
        self._watched: dict[tuple[str, int], EditWatch] = {}
        self.column.addWidget(labelled("Labels", self.labels, "The phase map or label image to measure"))
        self.column.addWidget(self.voxel_size)
        self.column.addWidget(self.form)
        self.column.addWidget(self.in_parts)
        self.column.addWidget(self.parts_form)
        self.column.addWidget(QLabel("Quantities"))
        self.column.addWidget(self.quantities)
        self.column.addWidget(self.caption)
        self.column.addWidget(self.result, 4)
        self.column.addWidget(self.save)
        self.labels.changed.connect(self._labels_changed)
        self.form.changed.connect(self._form_changed)
        self.in_parts.toggled.connect(self.parts_form.setVisible)
        self.in_parts.toggled.connect(lambda _: self.changed.emit())
        self.parts_form.changed.connect(self.changed)
        self.quantities.itemChanged.connect(lambda _: self.changed.emit())
        self.save.clicked.connect(self._save)
        self.viewer.layers.selection.events.active.connect(self._follow_selection)
        self._labels_changed()

    def _follow_selection(self, _event: Any = None) -> None:
        """Choose the labels layer that is selected in the layer list."""
        self.labels.choose(self.viewer.layers.selection.active)

    def _labels_changed(self) -> None:
        layer = self.labels.layer()
        self.voxel_size.ask(layer)
        if layer is not None:
            self.quantities.fit(layer.ndim)
        self._show()
        self.changed.emit()

    def _form_changed(self) -> None:
        self._show()
        self.changed.emit()

    def opened(self) -> None:
        """Ask again for what is not known; it may have been given elsewhere."""
        self.voxel_size.ask(self.labels.layer())
        self._show()

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.labels.layer() is None:
            return "There is no labels layer. Segment an image first, or open a label image."
        if not self.quantities.ticked():
            return "Tick at least one quantity."
        return self.form.problem() or self._problem_of_parts()

    def _problem_of_parts(self) -> str | None:
        if not self.in_parts.isChecked():
            return None
        problem = self.parts_form.problem()
        if problem is None and not any(
            self.parts_form.values()[f"{_VOI}{n}"] for n in ("count", "size", "curve")
        ):
            return "Give a VOI count or a VOI size, or tick VOI curve."
        return problem

    def start(self) -> None:
        """Measure a snapshot of the labels in a child process."""
        snapshot = Snapshot.of(self.labels.layer())
        arguments = self.form.values() | {"features": self.quantities.ticked()}
        if self.in_parts.isChecked():
            arguments |= self.parts_form.values()
        words = as_words(self.parameters, arguments)
        steps = table_on_layers("quantify", {"labels": snapshot.volume}, words)
        phase = int(arguments["phase"])
        self.dock.launch("Measuring", steps, lambda table: self._take(snapshot, phase, table))

    def _take(self, snapshot: Snapshot, phase: int, table: FeatureTable) -> None:
        remark = snapshot.remark(self.viewer)
        target = snapshot.layer
        if remark:
            source = snapshot.source(self.viewer)
            placed = like(source, snapshot.volume.data, name=f"{snapshot.place.name} (measured)")
            target = add_layer(self.viewer, (snapshot.volume.data, placed, "labels"))
            self.labels.choose(target)
            self.dock.notice.show_note(remark)
        remember(target, table, phase)
        self._watched[target.unique_id, phase] = EditWatch(target)
        self._show()

    def _phase(self) -> int | None:
        return None if self.form.problem() else int(self.form.values()["phase"])

    def _show(self) -> None:
        """Show what was measured of the chosen phase of the chosen layer."""
        layer, phase = self.labels.layer(), self._phase()
        old = self.table
        self.table = None if layer is None or phase is None else measured(layer, phase)
        self.caption.setText(self._caption(layer, phase))
        self.save.setEnabled(self.table is not None)
        self.save.setToolTip("Measure something first" if self.table is None else "As .csv, .xlsx or .json")
        if self.table != old or self.table is None:
            self.result.show_table(self.table or FeatureTable())
        self.shown.emit()

    def _caption(self, layer: Any, phase: int | None) -> str:
        if layer is None or phase is None:
            return ""
        if self.table is None:
            return f"Phase {phase} of “{layer.name}” is not measured yet."
        watch = self._watched.get((layer.unique_id, phase))
        changed = " The labels were changed since: measure again." if watch and watch.edited else ""
        return f"Phase {phase} of “{layer.name}”.{changed}"

    def _save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save table", "", "Tables (*.csv *.xlsx *.json)")
        if chosen:
            self.dock.attempt(lambda: self.save_table(Path(chosen)))

    def save_table(self, path: Path) -> None:
        """Write the table shown, with its recipe beside it."""
        if self.table is None:
            return
        path = path if path.suffix else path.with_suffix(".csv")
        if path.suffix.lower() == ".json":
            content = plain({"features": self.table.as_dict(), **self.table.facts})
            write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
        else:
            write_table(self.table, path)
        if self.table.recipe is not None:
            write_recipe(self.table.recipe, path)
        self.dock.notice.show_note(f"Saved {path}")


class MeasureDock(Dock):
    """Measure a phase: numbers in a table, distributions as plots, fields as layers."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.measure = MeasurePage(self)
        self.plots = PlotsPage(self)
        self.fields = FieldsPage(self)
        for page in (self.measure, self.plots, self.fields):
            self.add_page(page)
        self.measure.shown.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.plots.follow(self.measure.table, self.measure.caption.text())
