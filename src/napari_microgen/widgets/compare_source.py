"""One side of a comparison: a folder, a stack or a layer, and what is known of its conditions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QLineEdit, QPushButton, QWidget
from qtpy.QtWidgets import QVBoxLayout as Column

from ..compare.preparation import Source
from ..io.atomic import write_text
from ..io.table_csv import format_table
from ..io.writing import write
from ..progress import Progress, Steps
from ..volume import Volume
from .choices import LayerChoice, labelled, row_of
from .layers import KEY, level_zero
from .snapshot import Snapshot

FILES, LAYER = "files", "layer"
_PLAIN = (str, int, float, bool, type(None))
IMAGES = "Images (*.tif *.tiff *.png *.jpg *.jpeg *.bmp *.npy);;All files (*)"
TABLES = "Tables (*.csv *.txt *.tsv *.xlsx);;All files (*)"


class SideInput(QWidget):
    """Choose the images of one side and their table.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    title : str
        ``Real`` or ``Synthetic``.
    """

    changed = Signal()

    def __init__(self, viewer: Any, title: str) -> None:
        super().__init__()
        self.title = title
        self.kind = QComboBox()
        self.kind.addItem("folder or stack", FILES)
        self.kind.addItem("layer", LAYER)
        self.path, self.table = QLineEdit(), QLineEdit()
        self.path.setPlaceholderText("folder of images, or a stack")
        self.layer = LayerChoice(viewer, ("Image", "Labels"))
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.folder_button, self.file_button, self.table_button = (
            QPushButton(text) for text in ("Folder…", "Stack…", "…")
        )
        self.table_button.setMaximumWidth(32)
        self._compose()
        self.kind.currentIndexChanged.connect(lambda _: self._changed())
        self.path.textChanged.connect(lambda _: self._changed())
        self.table.textChanged.connect(lambda _: self._changed())
        self.layer.changed.connect(self._changed)
        self.folder_button.clicked.connect(self._pick_folder)
        self.file_button.clicked.connect(self._pick_file)
        self.table_button.clicked.connect(self._pick_table)
        self._changed()

    def _compose(self) -> None:
        buttons = row_of(self.folder_button, self.file_button)
        self.of_files = QWidget()
        column = Column(self.of_files)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(labelled("Images", self.path, "A folder (each file an image), or a stack of images"))
        column.addWidget(labelled("", buttons))
        self.of_layer = labelled("Layer", self.layer, "Each plane of the layer is an image")
        whole = Column(self)
        whole.setContentsMargins(0, 0, 0, 4)
        whole.addWidget(labelled(self.title, self.kind, f"Where the {self.title.lower()} images are"))
        for part in (self.of_files, self.of_layer):
            whole.addWidget(part)
        tip = (
            "CSV with one row per image: file name, conditions with units, and where known micrograph, "
            "library and pixel size. For a stack or a layer the rows stand in order"
        )
        whole.addWidget(labelled("Conditions", row_of(self.table, self.table_button), tip))
        whole.addWidget(self.said)

    def _changed(self) -> None:
        by_layer = self.kind.currentData() == LAYER
        self.of_files.setVisible(not by_layer)
        self.of_layer.setVisible(by_layer)
        own = conditions_of(self.layer.layer()) if by_layer else {}
        self.table.setPlaceholderText("those of the layer" if own else "CSV; none: all are of one condition")
        names = ", ".join(own)
        self.said.setText(f"The layer states: {names}" if own and not self.table.text().strip() else "")
        self.said.setVisible(bool(self.said.text()))
        self.changed.emit()

    def problem(self) -> str | None:
        """Return what is missing."""
        kind = self.title.lower()
        if self.kind.currentData() == LAYER:
            if self.layer.layer() is None:
                return f"There is no layer with {kind} images; open one, or choose a folder."
        elif not self.path.text().strip():
            return f"Choose the {kind} images."
        elif not Path(self.path.text().strip()).expanduser().exists():
            return f"{self.path.text().strip()} does not exist."
        table = self.table.text().strip()
        if table and not Path(table).expanduser().is_file():
            return f"There is no table {table}."
        return None

    def state(self) -> tuple[Any, ...]:
        """Return what is chosen, to notice a change."""
        layer = self.layer.layer()
        chosen = self.path.text().strip() if self.kind.currentData() == FILES else layer and layer.unique_id
        return self.kind.currentData(), chosen, self.table.text().strip()

    def frozen(self, units: Mapping[str, str]) -> "Frozen":
        """Return the side as it is at the click; ``units`` are those of conditions stated without one."""
        table = self.table.text().strip()
        given = Path(table).expanduser() if table else None
        if self.kind.currentData() == FILES:
            return Frozen(Path(self.path.text().strip()).expanduser(), None, given, {}, {})
        layer = self.layer.layer()
        return Frozen(None, Snapshot.of(layer).volume, given, conditions_of(layer), units)

    def _pick_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, f"Folder of {self.title.lower()} images")
        if chosen:
            self.path.setText(chosen)

    def _pick_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, f"Stack of {self.title.lower()} images", "", IMAGES)
        if chosen:
            self.path.setText(chosen)

    def _pick_table(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Table of conditions", "", TABLES)
        if chosen:
            self.table.setText(chosen)


class Frozen:
    """A side at the click: files, or a layer that is still to be written."""

    def __init__(
        self,
        path: Path | None,
        volume: Volume | None,
        table: Path | None,
        columns: Mapping[str, Sequence[Any]],
        units: Mapping[str, str],
    ) -> None:
        self.path, self.volume, self.table = path, volume, table
        self.columns, self.units = dict(columns), dict(units)

    def source(self, folder: Path, name: str) -> Steps[Source]:
        """Write the layer and its conditions into a folder, if it is one; return where the images are."""
        if self.path is not None:
            return Source(path=self.path, conditions=self.table)
        volume = self.volume
        assert volume is not None  # one of the two is given
        yield Progress(0, None, f"handing over {volume.name}")
        path = write(volume, folder / f"{name}.tif", recipe=False)
        table = self.table
        if table is None and self.columns:
            table = folder / f"{name}.csv"
            images = [f"plane {k + 1}" for k in range(volume.n_planes)]
            units = {k: self.units[k] for k in self.columns if k in self.units}
            write_text(table, format_table({"image": images} | self.columns, units))
        return Source(path=path, conditions=table)


def conditions_of(layer: Any | None) -> dict[str, list[Any]]:
    """Return the conditions of each plane of a layer.

    They are read from the layer's features, or those in its metadata (``features``: columns with a value
    per plane), or from what the generator said of the images.
    Columns that have no value for each plane do not count.
    """
    if layer is None:
        return {}
    shape = level_zero(layer).shape
    planes = 1 if len(shape) == 2 or getattr(layer, "rgb", False) else int(shape[0])
    columns = _columns(layer.metadata.get("features")) or _columns(getattr(layer, "features", None))
    columns.pop("index", None)
    if columns:
        lengths = {len(values) for values in columns.values()}
        return columns if lengths == {planes} else {}
    stated = (layer.metadata.get(KEY) or {}).get("facts") or {}
    row = stated.get("conditions")
    if isinstance(row, Mapping):
        return {str(name): [value] * planes for name, value in row.items() if value is not None}
    if isinstance(row, list) and len(row) == planes and all(isinstance(r, Mapping) for r in row):
        return {str(name): [r.get(name) for r in row] for name in row[0]}
    return {}


def _columns(table: Any) -> dict[str, list[Any]]:
    """Return a table (data frame or mapping of columns) as lists of plain values."""
    if table is None:
        return {}
    columns = {str(name): list(table[name]) for name in table}
    plain = {name: [v.item() if hasattr(v, "item") else v for v in vs] for name, vs in columns.items()}
    return {name: vs for name, vs in plain.items() if all(isinstance(v, _PLAIN) for v in vs)}
