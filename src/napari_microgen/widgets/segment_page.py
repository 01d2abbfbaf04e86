"""Phase map page: a threshold, the hybrid method, or a trained network."""

from pathlib import Path
from typing import Any

from ..io.reading import stack_detectors
from ..operations import run
from ..volume import Volume
from .choices import LayerChoice, labelled
from .classes import phase_colours
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of
from .heavy import run_on_layers
from .results import Results
from .snapshot import Snapshot

NETWORK = "unet"
SECOND_TIP = "Another detector's image of the same scene, for a network that was trained on both"


class SegmentPage(Page):
    """Turn an image into a phase map: 0 pore, 1 solid."""

    title = "Phase map"
    run_label = "Segment"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.image = LayerChoice(self.viewer, ("Image",))
        self.second = LayerChoice(self.viewer, ("Image",), optional=True)
        self.parameters = options_of(described("segment"))
        self.form = Form(self.parameters)
        self.results = Results(self.viewer)
        self._second_row = labelled("Detector 2", self.second, SECOND_TIP)
        self.column.addWidget(labelled("Image", self.image, "The grey image or stack to segment"))
        for part in (self._second_row, self.form, self.results.replace):
            self.column.addWidget(part)
        self.image.changed.connect(self.changed)
        self.second.changed.connect(self.changed)
        self.form.changed.connect(self._form_changed)
        self._form_changed()

    def _form_changed(self) -> None:
        self._second_row.setVisible(self.uses_network())
        self.changed.emit()

    def uses_network(self) -> bool:
        """Return whether a network does the work, in a child process."""
        return self.form.fields["method"].value() == NETWORK

    def use_model(self, folder: Path) -> None:
        """Choose a network."""
        self.form.set_values({"method": NETWORK, "model": folder})

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.image.layer() is None:
            return "There is no image. Open one in the Load dock, or by File > Open Sample."
        if (
            self.uses_network()
            and not self.form.fields["model"].problem()
            and not self.form.values().get("model")
        ):
            return "Choose a model: a folder written on the Train page."
        return self.form.problem()

    def start(self) -> None:
        """Segment a snapshot of the image."""
        snapshot, values = Snapshot.of(self.image.layer()), self.form.values()
        if self.uses_network():
            volume = with_second(snapshot.volume, self.second.layer())
            steps = run_on_layers("segment", {"image": volume}, as_words(self.parameters, values))
        else:
            steps = run("segment", image=snapshot.volume, **values)
        name = f"{snapshot.place.name} [{values['method']}]"
        self.dock.launch("Segmenting", steps, lambda result: self._take(snapshot, result, name))

    def _take(self, snapshot: Snapshot, result: Volume, name: str) -> None:
        _, notes = self.results.add(snapshot, result, name, colormap=phase_colours())
        fraction = result.facts.get("phase_fraction") or {}
        if "1" in fraction:
            self.dock.notice.add_note(f"Solid fraction {fraction['1']:.4f}.")
        for note in notes:
            self.dock.notice.add_note(note)


def with_second(first: Volume, layer: Any | None) -> Volume:
    """Return an image with a second detector's as channels, or as it is."""
    if layer is None:
        return first
    return stack_detectors([first, Snapshot.of(layer).volume], first.name)
