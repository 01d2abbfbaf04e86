"""Choosing what is measured on the cells of a map, and what is shown of it."""

from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from ..errors import MicrogenError
from ..quantify.image_numbers import IMAGE_NUMBERS
from ..zones.residuals import Residuals
from .choices import labelled
from .described import described
from .fields import no_wheel
from .forms import Form, options_of
from .zones_judged import SHOWN


@dataclass(frozen=True)
class Chosen:
    """What is measured, and what is shown of it."""

    descriptor: str | None = None
    shown: str = "value"
    """A key of `SHOWN`."""
    residuals: str | None = None
    """File of ``validate``."""
    threshold: float | None = None
    """Threshold with which those were measured."""


class MeasureChoice(QWidget):
    """What is measured, which of its numbers colours the map, and the file that intervals come from."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.descriptor, self.shown = QComboBox(), QComboBox()
        self.form = Form(options_of(described("zones"), only=("residuals",)))
        self._read: tuple[tuple[str, int], Residuals] | None = None
        self.descriptor.addItem("nothing", None)
        for name in IMAGE_NUMBERS:
            self.descriptor.addItem(name.replace("_", " "), name)
        for entry, words in SHOWN.items():
            self.shown.addItem(words, entry)
        for box in (self.descriptor, self.shown):
            box.installEventFilter(no_wheel(self))
            box.setMinimumContentsLength(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        tip = "What is measured on the images of each cell, as a contour map"
        column.addWidget(labelled("Measure", self.descriptor, tip))
        tip = (
            "What the colours of the contour map say: the mean, or one of its uncertainties. The half-width "
            "of the interval needs the residuals of “validate”"
        )
        self.row = labelled("Colour by", self.shown, tip)
        for part in (self.row, self.form):
            column.addWidget(part)
        self.descriptor.currentIndexChanged.connect(lambda _: self._turned())
        self.shown.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.form.changed.connect(self.changed)
        self._turned()

    def chosen(self) -> Chosen:
        """Return what is chosen.

        Raises
        ------
        ValueError
            If the file of residuals cannot be used, in words.
        """
        descriptor = self.descriptor.currentData()
        if descriptor is None:
            return Chosen()
        if (wrong := self.form.problem()) is not None:
            raise ValueError(wrong)
        shown, file = str(self.shown.currentData()), self.form.values()["residuals"]
        if not file:
            return Chosen(descriptor, shown)
        residuals = self._residuals(Path(file).expanduser())
        if descriptor not in residuals.names:
            known = ", ".join(name.replace("_", " ") for name in residuals.names)
            raise ValueError(
                f"{file} holds no residuals of {descriptor.replace('_', ' ')}, only of {known}. Measure one "
                f"of these, or run “microgen validate” with --descriptor {descriptor}."
            )
        threshold = residuals.how.get("threshold")
        file = str(Path(file).expanduser())
        return Chosen(descriptor, shown, file, None if threshold is None else float(threshold))

    def _residuals(self, path: Path) -> Residuals:
        """Return the residuals of a file; it is read once as long as it is the same."""
        try:
            key = (str(path), path.stat().st_mtime_ns)
            if self._read is None or self._read[0] != key:
                self._read = (key, Residuals.read(path))
        except (MicrogenError, OSError) as error:
            raise ValueError(str(error)) from None
        return self._read[1]

    def _turned(self) -> None:
        """Offer what is to be shown only where something is measured."""
        for part in (self.row, self.form):
            part.setVisible(self.descriptor.currentData() is not None)
        self.changed.emit()
