"""Measure dock: quantities of one phase of a label map, with unit and reason."""

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
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
from ..operations import run
from .choices import LayerChoice, VoxelSizeRow, labelled
from .described import described
from .dock import Dock, Page
from .forms import Form, options_of, tooltip
from .layers import like
from .snapshot import Snapshot, add_layer

HELP = """**Measure** takes a labels layer and measures one phase of it.

1. Choose the labels and the phase (1 is the solid of a phase map).
2. Give the voxel size if it is asked for. Fractions do not need it; lengths and areas do.
3. Tick the quantities and press **Measure**.

Every value has its unit. A quantity without a value says why: that is a result, not a failure.
The numbers also go into the features of the labels layer."""


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
        rows = min(8, max(2, self.count()))
        self.setMaximumHeight(rows * 24 + 8)

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
        self.setColumnWidth(0, 150)
        self.horizontalHeader().setStretchLastSection(True)
        self.setMinimumHeight(160)
        self.setWordWrap(True)

    def show_table(self, table: FeatureTable) -> None:
        """Fill the rows."""
        self.setRowCount(len(table))
        for row, feature in enumerate(table):
            for column, text in enumerate(cells(feature)):
                item = QTableWidgetItem(text)
                item.setToolTip(tooltip(feature.reason or feature.method))
                self.setItem(row, column, item)
        self.resizeRowsToContents()


def cells(feature: Feature) -> tuple[str, str, str, str]:
    """Return a feature as the texts of a row."""
    value = "undefined" if feature.value is None else f"{feature.value:.6g}"
    remarks = [feature.reason] if feature.reason else []
    if feature.value is not None and feature.low is not None and feature.high is not None:
        remarks.append(f"95 % interval {feature.low:.4g} to {feature.high:.4g}")
    unit = "" if feature.value is None or feature.unit == "1" else pretty_unit(feature.unit)
    return feature.name.replace("_", " ").replace(".", ", "), value, unit, "; ".join(remarks)


def pretty_unit(unit: str) -> str:
    """Return a unit as it is printed.

    Examples
    --------
    >>> pretty_unit("1/um^2")
    '1/µm²'
    """
    return unit.replace("um", "µm").replace("^2", "²").replace("^3", "³")


class MeasurePage(Page):
    """Choose labels, phase and quantities; see the table."""

    title = "Measure"
    run_label = "Measure"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        description = described("quantify")
        self.labels = LayerChoice(self.viewer, ("Labels",))
        self.voxel_size = VoxelSizeRow()
        self.form = Form(options_of(description, leave_out=("features",)))
        self.quantities = QuantityList()
        self.result = ResultTable()
        self.save = QPushButton("Save table…")
        self.save.setEnabled(False)
        self.save.setToolTip("Measure something first")
        self.table: FeatureTable | None = None
        self.column.addWidget(labelled("Labels", self.labels, "The phase map or label image to measure"))
        self.column.addWidget(self.voxel_size)
        self.column.addWidget(self.form)
        self.column.addWidget(QLabel("Quantities"))
        self.column.addWidget(self.quantities)
        self.column.addWidget(self.result)
        self.column.addWidget(self.save)
        self.labels.changed.connect(self._labels_changed)
        self.form.changed.connect(self.changed)
        self.quantities.itemChanged.connect(lambda _: self.changed.emit())
        self.save.clicked.connect(self._save)
        self._labels_changed()

    def _labels_changed(self) -> None:
        layer = self.labels.layer()
        self.voxel_size.ask(layer)
        if layer is not None:
            self.quantities.fit(layer.ndim)
        self.changed.emit()

    def opened(self) -> None:
        """Ask again for what is not known; it may have been given elsewhere."""
        self.voxel_size.ask(self.labels.layer())

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.labels.layer() is None:
            return "There is no labels layer. Segment an image first, or open a label image."
        if not self.quantities.ticked():
            return "Tick at least one quantity."
        return self.form.problem()

    def start(self) -> None:
        """Measure a snapshot of the labels."""
        snapshot = Snapshot.of(self.labels.layer())
        arguments = self.form.values() | {"features": self.quantities.ticked()}
        steps = run("quantify", labels=snapshot.volume, **arguments)
        phase = int(arguments.get("phase", 1))
        self.dock.launch("Measuring", steps, lambda table: self._take(snapshot, phase, table))

    def _take(self, snapshot: Snapshot, phase: int, table: FeatureTable) -> None:
        self.table = table
        self.result.show_table(table)
        self.save.setEnabled(True)
        self.save.setToolTip("Save as .csv, .xlsx or .json")
        remark = snapshot.remark(self.viewer)
        target = snapshot.layer
        if remark:
            source = snapshot.source(self.viewer)
            placed = like(source, snapshot.volume.data, name=f"{snapshot.place.name} (measured)")
            target = add_layer(self.viewer, (snapshot.volume.data, placed, "labels"))
            self.dock.notice.show_note(remark)
        target.features = layer_features(table, phase)

    def _save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save table", "", "Tables (*.csv *.xlsx *.json)")
        if chosen:
            self.dock.attempt(lambda: self.save_table(Path(chosen)))

    def save_table(self, path: Path) -> None:
        """Write the table shown."""
        from ..io.writing import write_table

        path = path if path.suffix else path.with_suffix(".csv")
        write_table(self.table, path)
        self.dock.notice.show_note(f"Saved {path}")


def layer_features(table: FeatureTable, phase: int) -> dict[str, list[Any]]:
    """Return a table as the features of a labels layer: one row, for the measured phase."""
    columns: dict[str, list[Any]] = {"index": [phase]}
    for feature in table:
        header = feature.name if feature.unit == "1" else f"{feature.name} [{feature.unit}]"
        columns[header] = [float("nan") if feature.value is None else feature.value]
    return columns


class MeasureDock(Dock):
    """Measure a phase: relative density, porosity and whatever else the catalogue holds."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.measure = MeasurePage(self)
        self.add_page(self.measure)
