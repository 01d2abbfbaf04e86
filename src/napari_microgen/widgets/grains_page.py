"""Grains page: grains of a layer found, measured, listed and coloured by a measure."""

from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QPushButton

from ..features import FeatureTable
from ..io.table_csv import write_table
from ..progress import Progress, Steps
from ..volume import Volume
from .choices import LayerChoice, VoxelSizeRow, labelled
from .described import described
from .dock import Dock, Page
from .fields import readable
from .forms import Form, as_words, options_of
from .grains_found import MEASURES, FoundGrains, find_in_child
from .grains_layers import ColourBar, GrainLayers
from .measure_dock import ResultTable
from .measure_plots import narrow_box, wrapping
from .results import Results
from .snapshot import Snapshot

PLAIN = "grain"


class GrainsPage(Page):
    """Find grains and measure them."""

    title = "Grains"
    run_label = "Find and measure grains"

    shown = Signal()
    """Other grains are shown, or none."""
    chosen = Signal(int)
    """A grain was clicked, or chosen by a dot."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self._known: list[tuple[Any, FoundGrains]] = []
        self.image = LayerChoice(self.viewer, ("Image", "Labels"))
        self.voxel_size = VoxelSizeRow()
        self.parameters = options_of(described("grains"), leave_out=("grain_list", "grain_map"))
        self.form = Form(self.parameters)
        self.results = Results(self.viewer)
        self.layers = GrainLayers(self.viewer, self.choose)
        self.table: FeatureTable | None = None
        self.caption, self.reading = wrapping(""), wrapping("")
        self.result = ResultTable()
        self.colour = narrow_box()
        self.colour.addItem("their own colours", PLAIN)
        for name in MEASURES:
            self.colour.addItem(readable(name).lower(), name)
        self.bar = ColourBar()
        self.save = QPushButton("Save the list of grains…")
        self.save.setToolTip("One row per grain: number, area, radius, neighbours, place, weight")
        self._compose()
        self._connect()
        self._image_changed()
        self._show()

    def _compose(self) -> None:
        tip = "Grain numbers (as from EBSD), a map of distances to the boundaries, or an etched micrograph"
        self.column.addWidget(labelled("Image", self.image, tip))
        self.parts = (
            self.caption,
            labelled("Colour by", self.colour, "What the grains are coloured by"),
            self.bar,
            self.reading,
            self.result,
            self.save,
        )
        for part in (self.voxel_size, self.form, self.results.replace, *self.parts):
            self.column.addWidget(part)

    def _connect(self) -> None:
        self.image.changed.connect(self._image_changed)
        self.form.changed.connect(self.changed)
        self.colour.activated.connect(lambda _: self.paint())
        self.save.clicked.connect(self._save)
        self.viewer.layers.selection.events.active.connect(self._follow_selection)
        self.viewer.layers.events.removed.connect(self._follow_selection)

    def _image_changed(self) -> None:
        self.voxel_size.ask(self.image.layer())
        self.changed.emit()

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.image.layer() is None:
            return (
                "There is no image or label map of grains. Open one, or let grains grow on the page Growth."
            )
        return self.form.problem()

    def start(self) -> None:
        """Find the grains in a child process."""
        snapshot, values = Snapshot.of(self.image.layer()), self.form.values()
        words = as_words(self.parameters, values)
        steps = find_in_child(
            snapshot.volume, words, periodic=bool(values["periodic"]), contact=int(values["contact"])
        )
        self.dock.launch("Finding grains", steps, lambda found: self._take(snapshot, found))

    def _take(self, snapshot: Snapshot, found: FoundGrains) -> None:
        recipe = found.table.recipe
        volume = snapshot.volume.with_data(
            found.labels, kind="labels", facts=dict(found.table.facts), recipe=recipe
        )
        layer, notes = self._added(snapshot, volume)
        layer.features = found.features()
        self.image.choose(snapshot.layer)
        self._known = [(x, f) for x, f in self._known if x in self.viewer.layers]
        self._known.append((layer, found))
        self.use(layer, found)
        for note in notes:
            self.dock.notice.add_note(note)

    def _added(self, snapshot: Snapshot, volume: Volume) -> tuple[Any, list[str]]:
        layer, notes = self.results.add(snapshot, volume, f"{snapshot.place.name} [grains]")
        return layer, notes

    def use(self, layer: Any | None, found: FoundGrains | None) -> None:
        """Show the grains of a layer."""
        self.layers.follow(layer, found)
        self.table = None if found is None else found.table
        self.colour.setCurrentIndex(0)
        self.bar.hide()
        self.reading.setText("Click a grain in the picture, or a dot on the page Plots.")
        self._show()

    @property
    def found(self) -> FoundGrains | None:
        """The grains that are shown."""
        return self.layers.found

    def _follow_selection(self, _event: Any = None) -> None:
        if self.layers.labels is not None and not self.layers.there:
            self.use(None, None)
        active = self.viewer.layers.selection.active
        for layer, found in self._known:
            if layer == active and layer is not self.layers.labels:
                self.use(layer, found)

    def _show(self) -> None:
        on = self.found is not None
        for part in self.parts:
            part.setVisible(on and part is not self.bar)
        if self.found is not None:
            facts = self.found.table.facts
            self.caption.setText(
                f"{len(self.found)} grains in “{self.layers.labels.name}” "
                f"(taken as {facts.get('source')}, {facts.get('samples')} images)"
            )
            self.result.show_table(self.found.table)
        self.shown.emit()
        self.changed.emit()

    def paint(self) -> None:
        """Colour the grains by the chosen measure."""
        found, name = self.found, self.colour.currentData()
        if found is None or not self.layers.there:
            return
        if name == PLAIN:
            self.layers.plain()
            self.bar.hide()
            return
        if self.dock.job is None:
            steps = _picture(found, name)
            self.dock.launch("Colouring", steps, lambda picture: self._painted(found, name, picture))

    def _painted(self, found: FoundGrains, name: str, picture: np.ndarray) -> None:
        if self.found is not found:
            return
        values, unit = found.measure(name)
        self.layers.colour(name, picture)
        known = values[np.isfinite(values)]
        if known.size:
            self.bar.show_range(float(known.min()), float(known.max()), unit)

    def choose(self, number: int) -> None:
        """Outline a grain, say what is known of it, and tell the plots."""
        if self.found is None or not self.layers.there:
            return
        self.layers.choose(number)
        self.reading.setText(self.found.words(number))
        self.chosen.emit(number)

    def _save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Save the list of grains", "grains.csv", "Table (*.csv)"
        )
        if chosen:
            self.dock.attempt(lambda: self.save_list(Path(chosen)))

    def save_list(self, path: Path) -> None:
        """Write one row per grain."""
        if self.found is not None:
            write_table(path, self.found.features())
            self.dock.notice.show_note(f"Saved {path}")

    def closing(self) -> None:
        """Listen to clicks no more."""
        self.layers.close()


def _picture(found: FoundGrains, name: str) -> Steps[np.ndarray]:
    yield Progress(0, None, "colouring")
    return found.picture(name)
