"""Load page: choose a file or folder, see what is in it, open it, say its voxel size once."""

from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from ..io.reading import read
from ..operations import run
from ..parameters import describe
from ..progress import Progress, Steps
from .choices import VoxelSizeRow
from .described import described
from .dock import Dock, Page
from .forms import Form, options_of
from .layers import LayerTuple
from .readers import load
from .snapshot import add_layer

IMAGES = "Images (*.tif *.tiff *.btf *.tf8 *.png *.jpg *.jpeg *.bmp *.npy);;All files (*)"


class LoadPage(Page):
    """Look into a file before opening it."""

    title = "Load"
    run_label = "Open"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.path = QLineEdit()
        self.path.setPlaceholderText("file, folder of slices, or .zarr")
        self.path.setToolTip("A TIFF, PNG, JPEG, BMP or NPY file, a folder of slices, or an OME-Zarr folder")
        self.file_button = QPushButton("File…")
        self.folder_button = QPushButton("Folder…")
        channel = options_of(describe(read), only=("channel",))
        self.form = Form((*options_of(described("info"), leave_out=("path",)), *channel))
        self.found = QLabel("Choose a file or folder; what is in it is shown here before it is opened.")
        self.found.setWordWrap(True)
        self.found.setMinimumHeight(120)
        self.voxel_size = VoxelSizeRow()
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.file_button)
        row.addWidget(self.folder_button)
        for part in (self.path, buttons, self.form, self.found, self.voxel_size):
            self.column.addWidget(part)
        self.path.textChanged.connect(self.changed)
        self.path.editingFinished.connect(self.look)
        self.form.changed.connect(self._asked_otherwise)
        self.file_button.clicked.connect(self._pick_file)
        self.folder_button.clicked.connect(self._pick_folder)
        self._seen: tuple[Any, ...] = ()

    def problem(self) -> str | None:
        """Return what is missing."""
        if not self.path.text().strip():
            return "Choose a file or folder first."
        return self.form.problem()

    def look(self) -> None:
        """Show what is in the chosen path, once per path and reading."""
        if self.problem() or self.dock.job is not None:
            return
        key = (self.path.text().strip(), str(self.form.values()))
        if key == self._seen:
            return
        self._seen = key
        asked = {name: value for name, value in self.form.values().items() if name != "channel"}
        steps = run("info", path=Path(key[0]).expanduser(), **asked)
        self.dock.launch("Looking into the file", steps, self._show)

    def start(self) -> None:
        """Open the path as layers."""
        steps = _loading(Path(self.path.text().strip()).expanduser(), self.form.values())
        self.dock.launch("Opening", steps, self._add)

    def _asked_otherwise(self) -> None:
        self.changed.emit()
        self.look()

    def _pick_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open an image or stack", self.path.text(), IMAGES)
        self._take(chosen)

    def _pick_folder(self) -> None:
        self._take(
            QFileDialog.getExistingDirectory(self, "Open a folder of slices or .zarr", self.path.text())
        )

    def _take(self, chosen: str) -> None:
        if chosen:
            self.path.setText(chosen)
            self.look()

    def _show(self, found: dict[str, Any]) -> None:
        self.found.setText(summary(found))
        if found["metadata"].get("stored_kind") == "labels":
            self.form.set_values({"kind": "labels"})
            self._seen = (self.path.text().strip(), str(self.form.values()))

    def _add(self, loaded: tuple[list[LayerTuple], list[str]]) -> None:
        layers, notes = loaded
        added = [add_layer(self.viewer, layer) for layer in layers]
        for note in notes:
            self.dock.notice.add_note(note)
        self.voxel_size.ask(added[0])


def _loading(path: Path, reading: dict[str, Any]) -> Steps[tuple[list[LayerTuple], list[str]]]:
    yield Progress(0, None, f"opening {path.name}")
    return load(path, **{name: value for name, value in reading.items() if value not in (None, False)})


def summary(found: dict[str, Any]) -> str:
    """Return what ``info`` says as a few lines for people."""
    sizes, unit = found["voxel_size"], found["unit"]
    if sizes:
        known = " x ".join("?" if edge is None else f"{edge:.6g}" for edge in sizes)
        size = f"{known} {unit} (plane, row, column)"
    else:
        size = "unknown; you are asked for it after opening"
    bar = found.get("data_bar_rows") or 0
    rows = [
        ("shape", " x ".join(map(str, found["shape"])) + f"  ({found['axes']})"),
        ("values", found["dtype"]),
        ("voxel size", size),
        ("data bar", f"{bar} rows; crop them on the Crop page" if bar else "none found"),
    ]
    lines = "".join(f"<tr><td>{name}&nbsp;&nbsp;</td><td>{text}</td></tr>" for name, text in rows)
    notes = "".join(f"<p>{note}</p>" for note in found.get("notes") or ())
    return f"<table>{lines}</table>{notes}"
