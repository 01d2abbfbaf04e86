"""Annotate page: labels to start from, then paint on them or click superpixels."""

from typing import Any

import numpy as np
from qtpy.QtWidgets import QButtonGroup, QFileDialog, QGroupBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from ..operations import run
from ..volume import Volume
from .autosave import Autosave, autosave_folder
from .choices import LayerChoice, labelled
from .classes import ClassButtons, annotation_colours
from .described import described
from .dock import Dock, Page
from .forms import Form, options_of
from .layers import KEY, level_zero, like
from .readers import load
from .results import Results
from .snapshot import Snapshot, add_layer
from .superpixel_tool import SuperpixelTool

MOVE, BRUSH, SUPERPIXEL = "Move", "Brush", "Superpixel"
OPACITY = 0.5
TOOL_TIPS = {
    MOVE: "Drag and zoom the picture",
    BRUSH: "Paint with napari's brush; its size is in the layer controls",
    SUPERPIXEL: "Click a patch of like grey to give it the class; Ctrl+Z takes it back",
}


class PaintTools(QGroupBox):
    """Classes and tools for painting an annotation."""

    def __init__(self) -> None:
        super().__init__("Paint")
        self.classes = ClassButtons()
        self.tools = {name: QPushButton(name) for name in (MOVE, BRUSH, SUPERPIXEL)}
        self.group = QButtonGroup(self)
        row = QHBoxLayout()
        for name, button in self.tools.items():
            button.setCheckable(True)
            button.setToolTip(TOOL_TIPS[name])
            self.group.addButton(button)
            row.addWidget(button)
        self.tools[MOVE].setChecked(True)
        self.status = QLabel()
        self.status.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(self.classes)
        column.addLayout(row)
        column.addWidget(self.status)


class AnnotatePage(Page):
    """Label solid, pore and shine-through, by method and by hand."""

    title = "Annotate"
    run_label = "Annotate"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.image = LayerChoice(self.viewer, ("Image",))
        self.labels = LayerChoice(self.viewer, ("Labels",))
        self.form = Form(options_of(described("annotate")))
        self.results = Results(self.viewer)
        self.paint = PaintTools()
        self.empty = QPushButton("New empty annotation")
        self.empty.setToolTip("Add a labels layer of zeros over the image, to paint from nothing")
        self.recover = QPushButton("Open autosaved…")
        self.recover.setToolTip("Open an annotation that was saved by itself while it was painted")
        self.superpixels = SuperpixelTool(self.viewer, self)
        self.autosave = Autosave(self)
        self._followed: Any = None
        self._compose()
        self.image.changed.connect(self._layers_changed)
        self.labels.changed.connect(self._layers_changed)
        self.form.changed.connect(self.changed)
        self.empty.clicked.connect(lambda: dock.attempt(self._add_empty))
        self.recover.clicked.connect(self._pick_autosaved)
        self.paint.classes.chosen.connect(self._class_chosen)
        self.paint.group.buttonClicked.connect(lambda _: dock.attempt(self._tool_chosen))
        self.superpixels.status.connect(self.paint.status.setText)
        self.superpixels.failed.connect(dock.notice.show_error)
        self.autosave.saved.connect(lambda path: self.paint.status.setText(f"Saved to {path}"))
        self.autosave.failed.connect(dock.notice.show_error)
        self._layers_changed()

    def _compose(self) -> None:
        self.column.addWidget(labelled("Image", self.image, "The grey image or stack to label"))
        self.column.addWidget(self.form)
        self.column.addWidget(self.results.replace)
        self.column.addWidget(QLabel("Paint on, or correct, an annotation:"))
        self.column.addWidget(labelled("Labels", self.labels, "The annotation that is painted on"))
        row = QHBoxLayout()
        row.addWidget(self.empty)
        row.addWidget(self.recover)
        self.column.addLayout(row)
        self.column.addWidget(self.paint)

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.image.layer() is None:
            return "There is no image. Open one in the Load dock, or by File > Open Sample."
        return self.form.problem()

    def start(self) -> None:
        """Annotate a snapshot of the image."""
        snapshot = Snapshot.of(self.image.layer())
        steps = run("annotate", image=snapshot.volume, **self.form.values())
        self.dock.launch("Annotating", steps, lambda result: self._take(snapshot, result))

    def _take(self, snapshot: Snapshot, result: Volume) -> None:
        name = f"{snapshot.place.name} [annotation]"
        layer, notes = self.results.add(
            snapshot, result, name, colormap=annotation_colours(), opacity=OPACITY
        )
        self.labels.choose(layer)
        for note in notes:
            self.dock.notice.add_note(note)

    def _add_empty(self) -> None:
        image = self.image.layer()
        if image is None:
            self.dock.notice.show_note(self.problem() or "")
            return
        data = np.zeros(level_zero(image).shape[: image.ndim], np.uint8)
        metadata = dict(image.metadata) | {KEY: {"source": None, "notes": ["painted by hand"]}}
        placed = like(image, data, name=f"{image.name} [annotation]", metadata=metadata)
        self.labels.choose(
            add_layer(
                self.viewer, (data, placed | {"colormap": annotation_colours(), "opacity": OPACITY}, "labels")
            )
        )

    def _pick_autosaved(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open", str(autosave_folder()), "Annotations (*.tif)")
        if chosen:
            self.dock.attempt(lambda: self.open_autosaved(chosen))

    def open_autosaved(self, path: str) -> None:
        """Open an autosaved annotation as a new layer."""
        ((data, keywords, kind),), _ = load(path, kind="labels")
        data = np.array(data)  # to be painted on
        colours = {"colormap": annotation_colours(), "opacity": OPACITY}
        self.labels.choose(add_layer(self.viewer, (data, keywords | colours, kind)))

    def _layers_changed(self) -> None:
        labels, image = self.labels.layer(), self.image.layer()
        self.autosave.watch(labels)
        self._follow_class(labels)
        if self.superpixels.active and (labels, image) != (self.superpixels.labels, self.superpixels.image):
            self._use_tool(MOVE)
        ready = labels is not None
        for name, button in self.paint.tools.items():
            usable = ready and (name != SUPERPIXEL or image is not None)
            button.setEnabled(usable)
            button.setToolTip(TOOL_TIPS[name] if usable else "Choose a labels layer first")
        self.empty.setEnabled(image is not None)
        self.changed.emit()

    def _follow_class(self, labels: Any | None) -> None:
        """Press the button of the label that is chosen in napari's own controls."""
        if self._followed is not None:
            self._followed.events.selected_label.disconnect(self._label_selected)
        self._followed = labels
        if labels is not None:
            labels.events.selected_label.connect(self._label_selected)

    def _label_selected(self, _event: Any = None) -> None:
        self.superpixels.value = int(self._followed.selected_label)
        self.paint.classes.show_value(self.superpixels.value)

    def _class_chosen(self, value: int) -> None:
        self.superpixels.value = value
        if (layer := self.labels.layer()) is not None:
            layer.selected_label = value

    def _use_tool(self, name: str) -> None:
        self.paint.tools[name].setChecked(True)
        self._tool_chosen()

    def _tool_chosen(self) -> None:
        labels, image = self.labels.layer(), self.image.layer()
        self.superpixels.disable()
        self.paint.status.clear()
        if labels is None:
            return
        labels.selected_label = self.superpixels.value = self.paint.classes.value()
        self.viewer.layers.selection.active = labels
        if self.paint.tools[SUPERPIXEL].isChecked():
            area = self.form.fields.get("superpixel_area")
            self.superpixels.enable(labels, image, area.value() if area and not area.problem() else None)
        else:
            labels.mode = "paint" if self.paint.tools[BRUSH].isChecked() else "pan_zoom"
            if labels.mode == "paint":
                self.paint.status.setText(f"Edits are saved to {autosave_folder()}")

    def left(self) -> None:
        """Take no more clicks when another page is in front."""
        if self.superpixels.active:
            self._use_tool(MOVE)

    def closing(self) -> None:
        """Save what is painted and not yet saved."""
        self.superpixels.disable()
        self.autosave.flush()
