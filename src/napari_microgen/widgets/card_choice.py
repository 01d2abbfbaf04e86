"""A box to choose a model from, shipped or in a folder; its card is read off the window's thread."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
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

from ..errors import MicrogenError
from ..generate.card import BUILTIN
from .choices import labelled
from .latest import Latest

PAUSE = 400
"""Milliseconds without a key before a typed path is looked at."""


class CardChoice(QWidget):
    """A box that can be typed into, a button for a folder, and a line on what was chosen.

    Parameters
    ----------
    title : str
        What is chosen.
    tip : str
        What that is, for somebody who points at it.
    shipped : iterable of str
        Names of those that come with the package.
    empty : str
        What an empty box says.
    read : callable
        Returns what the card of a model says; called in a thread.
    """

    def __init__(
        self, title: str, tip: str, shipped: Iterable[str], empty: str, read: Callable[[str], Any]
    ) -> None:
        super().__init__()
        self._title, self._read = title, read
        self._problem: str | None = None
        self.box = QComboBox()
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(12)
        self.box.addItems([BUILTIN + name for name in shipped])
        self.box.setCurrentIndex(-1)
        self.box.lineEdit().setPlaceholderText(empty)
        self.button = QToolButton()
        self.button.setText("…")
        self.button.setToolTip(f"Choose the folder of a {title.lower()}")
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self._compose(tip)
        self._reading = Latest(self)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(PAUSE)
        self._reading.done.connect(self._take)
        self._reading.failed.connect(self._refuse)
        self._typing.timeout.connect(self.look)
        self.box.editTextChanged.connect(self.edited)
        self.box.activated.connect(lambda _: self.look())
        self.button.clicked.connect(self._pick)

    def _compose(self, tip: str) -> None:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(labelled(self._title, holder, tip))
        column.addWidget(self.about)

    def wanted(self) -> str:
        """Return what is written, as the command takes it."""
        text = self.box.currentText().strip()
        return text if text.startswith(BUILTIN) or not text else str(Path(text).expanduser())

    def problem(self) -> str | None:
        """Return what is wrong with it, or None."""
        return self._problem

    @property
    def reading(self) -> bool:
        """Whether a card is being read, or about to be."""
        return self._reading.busy or self._typing.isActive()

    def forget(self) -> None:
        """Read nothing any more (the window is closing)."""
        self._reading.forget()
        self._reading.join(1.0)

    def look(self) -> None:
        """Read the card of what is chosen now."""
        self._typing.stop()
        if text := self.wanted():
            self._reading.run(lambda: self._read(text))

    def edited(self, _text: str = "") -> None:
        """Look at what is typed when no more keys come."""
        self._typing.start()

    def show_card(self, card: Any, problem: str | None) -> None:
        """Take what was read, or None and what is wrong, if anything is."""
        self._problem = problem

    def _take(self, card: Any) -> None:
        self.show_card(card, None)

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, MicrogenError | OSError):
            raise error
        self.show_card(None, str(error))

    def _pick(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self._title, self.wanted())
        if chosen:
            self.open_model(chosen)

    def open_model(self, model: Path | str) -> None:
        """Choose a model, and read it again if it is chosen already."""
        self.box.setEditText(str(model))
        if self.box.findText(str(model)) < 0:
            self.box.addItem(str(model))
        self.look()
