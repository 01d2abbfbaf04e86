"""Train page: a U-Net learns from an image and its annotation, in a child process."""

import re
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from ..progress import Progress
from .choices import LayerChoice, labelled
from .curve import Curve, Preview
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of
from .heavy import train_on_layers
from .layers import level_zero
from .segment_page import SECOND_TIP
from .settings import cache_folder, device
from .snapshot import Snapshot

HAND_TIP = (
    "A second labels layer of the same image with a few slices painted by hand; it is drawn from as often as "
    "the first"
)


class TrainPage(Page):
    """Train a segmenter on painted labels; watch its loss and its predictions."""

    title = "Train"
    run_label = "Train"

    trained = Signal(object)
    """The folder of the finished model."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.image = LayerChoice(self.viewer, ("Image",))
        self.second = LayerChoice(self.viewer, ("Image",), optional=True)
        self.labels = LayerChoice(self.viewer, ("Labels",))
        self.hand = LayerChoice(self.viewer, ("Labels",), optional=True)
        self.out = QLineEdit(str(cache_folder() / "models" / "unet"))
        self.out.setToolTip("The folder the model is written to")
        self.out_button = QPushButton("…")
        self.out_button.setMaximumWidth(32)
        description = described("train unet")
        self.parameters = options_of(description, leave_out=("images", "labels", "out"))
        self.form = Form(self.parameters)
        if "device" in self.form.fields and device() != "auto":
            self.form.set_values({"device": device()})
        self.curve = Curve()
        self.preview = Preview()
        self._compose()
        for choice in (self.image, self.second, self.labels, self.hand):
            choice.changed.connect(self.changed)
        self.form.changed.connect(self.changed)
        self.out.textChanged.connect(self.changed)
        self.out_button.clicked.connect(self._pick_out)

    def _compose(self) -> None:
        model = QWidget()
        row = QHBoxLayout(model)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.out, 1)
        row.addWidget(self.out_button)
        self.column.addWidget(labelled("Image", self.image, "The grey image or stack to learn from"))
        self.column.addWidget(labelled("Detector 2", self.second, SECOND_TIP))
        self.column.addWidget(
            labelled("Labels", self.labels, "Its annotation; unlabelled pixels are left out")
        )
        self.column.addWidget(labelled("By hand", self.hand, HAND_TIP))
        self.column.addWidget(labelled("Model", model, "The folder the model is written to"))
        self.column.addWidget(self.curve)
        self.column.addWidget(self.preview)
        self.column.addWidget(self.form)

    def problem(self) -> str | None:
        """Return what is missing."""
        image, labels = self.image.layer(), self.labels.layer()
        if image is None:
            return "There is no image to learn from. Open one in the Load dock."
        if labels is None:
            return "There are no labels to learn from. Make an annotation on the Annotate page."
        for other in (labels, self.hand.layer(), self.second.layer()):
            if other is not None and level_zero(other).shape != level_zero(image).shape:
                shapes = level_zero(image).shape, level_zero(other).shape
                return (
                    f"“{image.name}” has shape {shapes[0]} and “{other.name}” has {shapes[1]}; choose a pair."
                )
        if not self.out.text().strip():
            return "Say which folder the model is written to."
        return self.form.problem()

    def start(self) -> None:
        """Train in a child process on snapshots of the layers."""
        images = [Snapshot.of(x.layer()).volume for x in (self.image, self.second) if x.layer() is not None]
        labels = [Snapshot.of(x.layer()).volume for x in (self.labels, self.hand) if x.layer() is not None]
        out = self._model_folder()
        self.out.setText(str(out))
        words = as_words(self.parameters, self.form.values())
        self.curve.clear()
        self.preview.hide()
        steps = train_on_layers(images, labels, out, words)
        self.dock.launch("Training", steps, lambda result: self._take(out, result))

    def _model_folder(self) -> Path:
        """Return the folder for the model; unless training goes on, one that holds no other."""
        chosen = Path(self.out.text().strip()).expanduser()
        chosen.parent.mkdir(parents=True, exist_ok=True)
        return chosen if self.form.values().get("resume") else free_folder(chosen)

    def cancelled(self) -> str:
        """Say how to go on."""
        self.form.more.setChecked(True)
        return "Training was stopped. To go on from its last checkpoint, tick Resume and press Train again."

    def tick(self, tick: Progress) -> None:
        """Draw the loss and the picture the child sends."""
        if tick.values:
            self.curve.add(tick.step, tick.values)
        if tick.preview is not None:
            self.preview.show_picture(tick.preview)

    def _take(self, out: Path, result: dict[str, Any]) -> None:
        seconds, where = float(result.get("seconds") or 0), result.get("device") or "?"
        self.dock.notice.show_note(
            f"Trained {result.get('steps', '')} steps in {seconds:.0f} s on {where}. The model is in {out}; "
            "it is chosen on the Phase map page."
        )
        for note in result.get("notes") or ():
            self.dock.notice.add_note(note)
        for note in result.get("warnings") or ():
            self.dock.notice.add_note(note)
        self.trained.emit(out)

    def _pick_out(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the model", self.out.text())
        if chosen:
            self.out.setText(chosen)


def free_folder(chosen: Path) -> Path:
    """Return this folder for a model, or the next one by number that holds no other and no checkpoints."""
    stem, number = re.sub(r"-\d+$", "", chosen.name), 2
    while chosen.exists() or chosen.with_name(f"{chosen.name}.training").exists():
        chosen = chosen.with_name(f"{stem}-{number}")
        number += 1
    return chosen
