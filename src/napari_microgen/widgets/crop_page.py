"""Crop page: the data bar found and shown as a box, a volume of interest by box and by numbers."""

from typing import Any

from qtpy.QtWidgets import QCheckBox, QGroupBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from ..io.data_bar import DataBar, find_data_bar
from ..operations import run
from ..volume import Volume
from .choices import LayerChoice, labelled
from .dock import Dock, Page
from .layers import level_zero, like
from .prepare_page import plane_of, said
from .results import Results
from .snapshot import Snapshot
from .voi import Box, Range

BAR_STYLE = {"edge_color": "#d55e00", "face_color": [0.84, 0.37, 0.0, 0.2], "edge_width": 2}


class CropPage(Page):
    """Cut an image or labels to what matters; the numbers and the box are shown before."""

    title = "Crop"
    run_label = "Crop"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.image = LayerChoice(self.viewer, ("Image", "Labels"))
        self.find_bar = QPushButton("Find data bar")
        self.crop_bar = QPushButton("Crop it away")
        self.bar_text = QLabel("A bar with scale and text below the picture, as microscopes write it.")
        self.bar_text.setWordWrap(True)
        self.ranges = Range()
        self.box = Box(self.viewer, self.ranges)
        self.draw = QCheckBox("Show the box in the picture")
        self.draw.setToolTip("Draw the box; drag its edges, or change the numbers: they follow each other")
        self.results = Results(self.viewer)
        self.bar: DataBar | None = None
        self.bar_layer: Any = None
        self._compose()
        self.image.changed.connect(self._image_changed)
        self.ranges.changed.connect(self.changed)
        self.draw.toggled.connect(lambda on: dock.attempt(lambda: self._draw(on)))
        self.find_bar.clicked.connect(lambda: dock.attempt(self.look_for_bar))
        self.crop_bar.clicked.connect(lambda: dock.attempt(self.start_bar))
        self._image_changed()

    def _compose(self) -> None:
        bar, voi = QGroupBox("Data bar"), QGroupBox("Volume of interest")
        row = QHBoxLayout()
        row.addWidget(self.find_bar)
        row.addWidget(self.crop_bar)
        column = QVBoxLayout(bar)
        column.addWidget(self.bar_text)
        column.addLayout(row)
        column = QVBoxLayout(voi)
        column.addWidget(self.ranges)
        column.addWidget(self.draw)
        self.column.addWidget(labelled("Layer", self.image, "The image or labels to crop"))
        self.column.addWidget(bar)
        self.column.addWidget(voi)
        self.column.addWidget(self.results.replace)

    def _image_changed(self) -> None:
        layer = self.image.layer()
        if layer is not self._fitted or layer is None:
            self._fitted = layer
            self.ranges.fit(layer)
            self._forget_bar()
            self._draw(self.draw.isChecked())
        self.changed.emit()

    _fitted: Any = None

    def problem(self) -> str | None:
        """Return what is missing; the buttons of the data bar need a layer too."""
        layer = self.image.layer()
        why = None if layer is not None else "There is no image. Open one on the Load page."
        busy = self.dock.job is not None
        for button, ready in ((self.find_bar, why is None), (self.crop_bar, self.bar is not None)):
            button.setEnabled(ready and not busy)
        self.find_bar.setToolTip(why or "Look for a data bar on the plane that is looked at")
        self.crop_bar.setToolTip("Cut the bar off every plane" if self.bar else "Find the data bar first")
        if why or layer is None:
            return why
        whole = dict(zip("ZYX"[-layer.ndim :], level_zero(layer).shape, strict=False))
        if self.ranges.value() == {axis: (0, whole[axis]) for axis in self.ranges.value()}:
            return "The box is the whole image; make it smaller by the numbers or by the box."
        return self.ranges.problem()

    def start(self) -> None:
        """Crop a snapshot to the box."""
        numbers = tuple(number for pair in self.ranges.value().values() for number in pair)
        self._crop("Cropping", {"voi": numbers}, "cropped")

    def look_for_bar(self) -> None:
        """Propose a data bar: what the file states, else what is seen on this plane."""
        layer = self.image.layer()
        self._forget_bar()
        volume, _ = plane_of(self.viewer, layer)
        stated = int(volume.metadata.get("data_bar_rows") or 0)
        self.bar = DataBar(stated, "bottom") if stated > 0 else find_data_bar(volume.plane(0))
        if self.bar is None:
            self.bar_text.setText("No data bar was found on this plane.")
        else:
            self.bar_text.setText(
                f"A data bar of {self.bar.rows} rows at the {self.bar.edge}. Nothing is cut yet."
            )
            self._show_bar(layer, self.bar)
        self.changed.emit()

    def start_bar(self) -> None:
        """Crop the data bar away."""
        if self.bar is None:
            return
        rows = self.bar.rows if self.bar.edge == "bottom" else -self.bar.rows
        self._crop("Cropping the data bar", {"crop_data_bar": rows}, "no data bar")

    def _crop(self, title: str, options: dict[str, Any], suffix: str) -> None:
        snapshot = Snapshot.of(self.image.layer())
        steps = run("prepare", image=snapshot.volume, **options)
        name = f"{snapshot.place.name} [{suffix}]"
        self.dock.launch(title, steps, lambda result: self._take(snapshot, result, name))

    def _take(self, snapshot: Snapshot, result: Volume, name: str) -> None:
        self.draw.setChecked(False)
        self._forget_bar()
        more = {}
        if snapshot.volume.kind == "labels" and snapshot.layer in self.viewer.layers:
            more = {"colormap": snapshot.layer.colormap}
        _, notes = self.results.add(snapshot, result, name, **more)
        for note in (*said(result), *notes):
            self.dock.notice.add_note(note)

    def _show_bar(self, layer: Any, bar: DataBar) -> None:
        rows, columns = level_zero(layer).shape[-2:]
        top, bottom = (rows - bar.rows, rows) if bar.edge == "bottom" else (0, bar.rows)
        corners = [[top, 0], [top, columns], [bottom, columns], [bottom, 0]]
        placed = like(layer, drop=tuple(range(layer.ndim - 2)), name=f"data bar of {layer.name}")
        placed.pop("metadata")
        data = [[(row - 0.5, column - 0.5) for row, column in corners]]
        self.bar_layer = self.viewer.add_shapes(data, shape_type="rectangle", **BAR_STYLE, **placed)

    def _forget_bar(self) -> None:
        layer, self.bar_layer, self.bar = self.bar_layer, None, None
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    def _draw(self, on: bool) -> None:
        self.box.remove()
        layer = self.image.layer()
        if on and layer is not None:
            self.box.show(layer, f"box on {layer.name}")

    def left(self) -> None:
        """Take box and bar away."""
        self.draw.setChecked(False)
        self._forget_bar()
