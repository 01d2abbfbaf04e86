"""Choosing a model: one that is shipped, or a folder; its card is read off the window's thread."""

from pathlib import Path

import numpy as np
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..conditions.support import distance_to_hull
from ..errors import MicrogenError
from ..generate.card import BUILTIN, GeneratorCard, builtin_models, read_generator_card
from .choices import labelled
from .latest import Latest

PAUSE = 400
"""Milliseconds without a key before a typed path is looked at."""
PROMPT = "Choose a model: a folder that was written by training."


class ModelChoice(QWidget):
    """A box with the models that are shipped and those that were opened, and what the card says."""

    opened = Signal(object)
    """A `GeneratorCard`, or None while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.card: GeneratorCard | None = None
        self._problem: str | None = PROMPT
        self.box = QComboBox()
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(12)
        self.box.addItems([BUILTIN + name for name in builtin_models()])
        self.box.setCurrentIndex(-1)
        self.box.lineEdit().setPlaceholderText("a model folder")
        self.button = QToolButton()
        self.button.setText("…")
        self.button.setToolTip("Choose a model folder")
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self._compose()
        self._reading = Latest(self)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(PAUSE)
        self._reading.done.connect(self._take)
        self._reading.failed.connect(self._refuse)
        self._typing.timeout.connect(self.look)
        self.box.editTextChanged.connect(self._edited)
        self.box.activated.connect(lambda _: self.look())
        self.button.clicked.connect(self._pick)

    def _compose(self) -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(
            labelled("Model", holder, "A folder written by training, or a model that is shipped")
        )
        column.addWidget(self.about)

    def text(self) -> str:
        """Return the model as the command takes it."""
        text = self.box.currentText().strip()
        return text if text.startswith(BUILTIN) else str(Path(text).expanduser()) if text else ""

    def open_model(self, model: Path | str) -> None:
        """Choose a model, and read it again if it is chosen already."""
        self.box.setEditText(str(model))
        if self.box.findText(str(model)) < 0:
            self.box.addItem(str(model))
        self.look()

    def problem(self) -> str | None:
        """Return why there is no model, or None."""
        return self._problem

    @property
    def reading(self) -> bool:
        """Whether a card is being read, or about to be."""
        return self._reading.busy or self._typing.isActive()

    def refuse(self, reason: str) -> None:
        """Take note that the model cannot be used after all."""
        self._show(None, reason)

    def forget(self) -> None:
        """Read nothing any more (the window is closing)."""
        self._reading.forget()
        self._reading.join(1.0)

    def look(self) -> None:
        """Read the card of what is chosen now."""
        self._typing.stop()
        text = self.text()
        if not text:
            self._show(None, PROMPT)
            return
        self._show(None, f"{text} is being read.")
        self._reading.run(lambda: read_card_for_window(text))

    def _edited(self, _text: str) -> None:
        self._show(None, "The model has not been read yet.")
        self._typing.start()

    def _take(self, card: GeneratorCard) -> None:
        self._show(card, None)

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, MicrogenError | OSError):
            raise error
        self._show(None, str(error))

    def _show(self, card: GeneratorCard | None, problem: str | None) -> None:
        before, self.card, self._problem = self.card, card, problem
        self.box.setToolTip(self.text())
        self.about.setText(described_card(card) if card else problem or "")
        if card is not None or before is not None or problem is not None:
            self.opened.emit(card)

    def _pick(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Model", self.text())
        if chosen:
            self.open_model(chosen)


def read_card_for_window(model: str) -> GeneratorCard:
    """Read a card, and load in this thread what the support needs, so that no slider waits for it."""
    card = read_generator_card(model)
    distance_to_hull(np.array([0.5]), np.array([[0.0], [1.0]]))
    return card


def described_card(card: GeneratorCard) -> str:
    """Return what a user wants to know of a model, in a few words."""
    training = card.details["training"] if isinstance(card.details["training"], dict) else {}
    size = f"{card.size} × {card.size} px"
    edge = "pixel size unknown" if card.pixel_size is None else f"{card.pixel_size:g} {card.unit} per px"
    parts = [f"{card.method}, {size}, {edge}"]
    if training.get("images"):
        parts.append(f"trained on {training['images']} images")
    licence = str(card.details.get("licence") or "").strip()
    return "; ".join(parts) + (f"; licence: {licence[:120]}" if licence else "")
