"""The Fields page of the Measure dock: thickness, ways, curvature and struts as layers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer

from ..errors import UnknownVoxelSizeError
from ..io.ply import read_ply
from ..recipe import Recipe
from ..volume import Volume
from .child import BRIEF
from .choices import LayerChoice, VoxelSizeRow, labelled
from .described import described
from .dock import Dock, Page
from .fields import readable
from .forms import Form, as_words, options_of
from .heavy import IMAGE, files_on_layers, run_on_layers
from .layers import KEY, like, metadata_of
from .measure_plots import narrow_box, wrapping
from .snapshot import Snapshot, add_layer, add_result
from .tubes import fewer_lines, tubes

SHOWN = {
    "field": "A value in each voxel",
    "surface": "Curvature on the surface",
    "skeleton": "Struts as a skeleton",
}
"""Operations that give something to look at, and what the page calls them."""
ABOUT = {
    "field": "An image layer in µm; empty where there is no value.",
    "surface": "A surface layer in 3D, coloured by curvature: positive where the phase is convex.",
    "skeleton": "A surface layer of thin lines in 3D, coloured by the diameter of the strut in µm.",
}
CURVATURES = {"mean_curvature": "mean curvature [1/µm]", "gaussian_curvature": "Gaussian curvature [1/µm²]"}
_TUBE = 0.9
"""Radius of a drawn line, in the smallest voxel edges."""
_MOST_LINES = 100_000

Mesh = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Look:
    """How a mesh is shown."""

    name: str
    colormap: str
    limits: tuple[float, float]


class FieldsPage(Page):
    """Compute a field of a phase and show it as a layer where the labels lie."""

    title = "Fields"
    run_label = "Show as a layer"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.labels = LayerChoice(self.viewer, ("Labels",))
        self.voxel_size = VoxelSizeRow()
        self.choice = narrow_box()
        for operation, name in SHOWN.items():
            self.choice.addItem(name, operation)
        self.about = wrapping("")
        self.colour = narrow_box()
        for key, name in CURVATURES.items():
            self.colour.addItem(name, key)
        self.forms = {
            operation: Form(options_of(described(operation), leave_out=("out",))) for operation in SHOWN
        }
        self.column.addWidget(labelled("Labels", self.labels, "The phase map or label image"))
        self.column.addWidget(self.voxel_size)
        self.column.addWidget(labelled("Show", self.choice, "What to compute and add as a layer"))
        self.column.addWidget(self.about)
        self.colour_row = labelled("Colour by", self.colour, "Which curvature the colours show")
        self.column.addWidget(self.colour_row)
        for form in self.forms.values():
            self.column.addWidget(form)
            form.changed.connect(self.changed)
        self.labels.changed.connect(self._labels_changed)
        self.voxel_size.given.connect(self.changed)
        self.choice.currentIndexChanged.connect(lambda _: self._follow_choice())
        self._follow_choice()
        self._labels_changed()

    @property
    def operation(self) -> str:
        """The operation that is chosen."""
        return str(self.choice.currentData())

    @property
    def form(self) -> Form:
        """The form of the chosen operation."""
        return self.forms[self.operation]

    def show_operation(self, operation: str) -> None:
        """Choose an operation by its identifier."""
        self.choice.setCurrentIndex(list(SHOWN).index(operation))

    def _follow_choice(self) -> None:
        for operation, form in self.forms.items():
            form.setVisible(operation == self.operation)
        self.colour_row.setVisible(self.operation == "surface")
        self.about.setText(ABOUT[self.operation])
        self.changed.emit()

    def _labels_changed(self) -> None:
        self.voxel_size.ask(self.labels.layer())
        self.changed.emit()

    def opened(self) -> None:
        """Ask again for what is not known; it may have been given elsewhere."""
        self.voxel_size.ask(self.labels.layer())

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.labels.layer() is None:
            return "There is no labels layer. Segment an image first, or open a label image."
        if not self.voxel_size.isHidden():
            return "Give the voxel size first: a field is a length."
        return self.form.problem()

    def start(self) -> None:
        """Compute what is chosen from a snapshot of the labels, in a child process."""
        snapshot = Snapshot.of(self.labels.layer())
        values, operation = self.form.values(), self.operation
        words = as_words(tuple(self.form.parameters.values()), values)
        inputs = {"labels": snapshot.volume}
        if operation == "field":
            steps = run_on_layers("field", inputs, words, kind=IMAGE, niceness=BRIEF)
            self.dock.launch(
                f"Computing {readable(str(values['field'])).lower()}",
                steps,
                lambda volume: self._take_field(snapshot, volume),
            )
            return
        key = str(self.colour.currentData())
        load = mesh_loader(operation, snapshot.volume, key)
        self.dock.launch(
            SHOWN[operation],
            files_on_layers(operation, inputs, words, load),
            lambda result: self._take_mesh(snapshot, operation, key, *result),
        )

    def _take_field(self, snapshot: Snapshot, volume: Volume) -> None:
        name = readable(volume.facts["field"]).lower()
        layer = add_result(
            self.viewer,
            snapshot,
            volume,
            f"{snapshot.place.name} [{name}, µm]",
            colormap="viridis",
            contrast_limits=apart(*volume.facts["range"]),
        )
        self._explain(layer)
        self._say(snapshot)

    def _explain(self, layer: Any) -> None:
        """Show the colours of a layer with their values, and of no other one of ours."""
        for other in self.viewer.layers:
            if KEY in other.metadata and hasattr(other, "colorbar"):
                other.colorbar.visible = False
        QTimer.singleShot(0, lambda: self._show_colours(layer))  # drawing it takes as long as the layer

    def _show_colours(self, layer: Any) -> None:
        if layer in self.viewer.layers:
            layer.colorbar.visible = True

    def _take_mesh(
        self,
        snapshot: Snapshot,
        operation: str,
        key: str,
        mesh: Mesh,
        facts: dict[str, Any],
        recipe: Recipe | None,
    ) -> None:
        look = look_of(operation, key, facts)
        source = snapshot.source(self.viewer)
        entry = metadata_of(snapshot.volume.with_data(snapshot.volume.data, recipe=recipe))
        kept = {k: v for k, v in facts.items() if k not in ("out", "files", "seconds")}
        keywords = like(
            source,
            name=f"{snapshot.place.name} [{look.name}]",
            metadata=dict(source.metadata) | {KEY: entry | {"facts": kept}},
            colormap=look.colormap,
            contrast_limits=look.limits,
            shading="smooth" if operation == "surface" else "none",
        )
        notes = self._turn_to_3d(snapshot)
        self._explain(add_layer(self.viewer, (mesh, keywords, "surface")))
        self._say(snapshot, *notes)

    def _turn_to_3d(self, snapshot: Snapshot) -> list[str]:
        """Turn the view to 3D, without labels that would cover what is inside; return what to say of it."""
        notes = []
        if snapshot.layer in self.viewer.layers and snapshot.layer.visible:
            snapshot.layer.visible = False  # first, so that they are not drawn in 3D at all
            notes.append(f"“{snapshot.layer.name}” is hidden, as it would cover the lines and surfaces.")
        if self.viewer.dims.ndisplay == 2:
            self.viewer.dims.ndisplay = 3
        return ["Shown in 3D; Ctrl+Y goes back to planes.", *notes]

    def _say(self, snapshot: Snapshot, *notes: str) -> None:
        text = "\n".join(note for note in (snapshot.remark(self.viewer), *notes) if note)
        if text:
            self.dock.notice.show_note(text)


def mesh_loader(operation: str, labels: Volume, key: str) -> Callable[[Path], Mesh]:
    """Return what reads the mesh an operation wrote, its places in voxels as layers have them."""
    if labels.voxel_size is None or None in labels.voxel_size:
        raise UnknownVoxelSizeError("The voxel size is not known. Give it above.")
    spacing = np.array(labels.spacing("um"), np.float32)

    def load(folder: Path) -> Mesh:
        ply = read_ply(folder / f"{operation}.ply")
        if operation == "surface":
            places, faces, values = ply.places, ply.faces, ply.values[key]
        else:
            finest = float(spacing.min())
            network = ply.places, ply.edges, ply.values["diameter"]
            drawn = fewer_lines(*network, most=_MOST_LINES, start=2 * finest)
            places, faces, values = tubes(*drawn, _TUBE * finest)
        return np.ascontiguousarray(places[:, ::-1] / spacing), faces, values

    return load


def look_of(operation: str, key: str, facts: dict[str, Any]) -> Look:
    """Return name, colours and colour limits of a mesh; curvature is white where it is zero."""
    if operation == "skeleton":
        return Look("strut diameter, µm", "viridis", apart(*facts["range"]["diameter"]))
    largest = max(abs(end) for end in facts["range"][key])
    return Look(CURVATURES[key].replace(" [", ", ").rstrip("]"), "PiYG", apart(-largest, largest))


def apart(low: float, high: float) -> tuple[float, float]:
    """Return colour limits that are not the same.

    Examples
    --------
    >>> apart(0.5, 0.5)
    (0.375, 0.625)
    """
    if high > low:
        return float(low), float(high)
    half = 0.25 * abs(low) or 0.5
    return float(low) - half, float(high) + half
