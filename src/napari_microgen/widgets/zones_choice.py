"""Choosing what a map shows: the classifier, two axes, and the conditions that are fixed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from ..errors import MicrogenError, ModelFileError
from ..generate.card import BUILTIN, GeneratorCard
from ..io.weights import read_card
from ..zones import axes as zone_axes
from ..zones.axes import Axis, parse_axes
from .card_choice import CardChoice
from .fields import no_wheel

SHIPPED = Path(zone_axes.__file__).parent / "models"
"""Classifiers that come with the package."""
KIND = "structure-classifier"


def classes_of(text: str) -> tuple[str, ...]:
    """Return what a classifier tells apart, from its card.

    Raises
    ------
    ModelFileError
        If the folder holds no classifier.
    """
    short = text.removeprefix(BUILTIN)
    folder = Path(text).expanduser() if short == text else SHIPPED / short
    card = read_card(folder)
    classes = card["details"].get("classes") if isinstance(card["details"], dict) else None
    if card["method"] != KIND or not isinstance(classes, list):
        raise ModelFileError(
            f"{folder} is a model of kind {card['method']}, and no classifier. Train one with microgen train "
            f"classifier on folders or tables of labelled micrographs."
        )
    return tuple(map(str, classes))


class ClassifierChoice(CardChoice):
    """The folder of a classifier, or none."""

    chosen = Signal()

    def __init__(self) -> None:
        tip = (
            "Folder written by “train classifier”, to tell structures apart; without one there are no classes"
        )
        shipped = [folder.name for folder in sorted(SHIPPED.glob("*")) if (folder / "card.json").is_file()]
        super().__init__("Classifier", tip, shipped, "none", classes_of)
        self.classes: tuple[str, ...] = ()
        self.about.hide()

    def text(self) -> str | None:
        """Return the classifier as the command takes it; None if there is none, or none yet."""
        return self.wanted() if self.classes else None

    def look(self) -> None:
        """Read the card of what is chosen now."""
        super().look()
        if not self.wanted():
            self.show_card(None, None)

    def edited(self, _text: str = "") -> None:
        """Look at what is typed when no more keys come; what was read before does not count."""
        self._reading.forget()
        super().edited()

    def show_card(self, card: tuple[str, ...] | None, problem: str | None) -> None:
        """Take the classes, or None and what is wrong, if anything is."""
        super().show_card(card, problem)
        self.classes = card or ()
        self.about.setText(problem or ", ".join(self.classes))
        self.about.setVisible(bool(self.about.text()))
        self.chosen.emit()


class AxisRow(QWidget):
    """One axis: which condition, from where to where."""

    changed = Signal()
    turned = Signal()
    """Another condition was chosen."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.box = QComboBox()
        self.box.installEventFilter(no_wheel(self))
        self.box.setToolTip("A condition that changed in the training")
        self.low, self.high = QLineEdit(), QLineEdit()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 1)
        for edit, tip in ((self.low, "Lowest value"), (self.high, "Highest value")):
            edit.setMaximumWidth(64)
            edit.setToolTip(tip)
            row.addWidget(edit)
            edit.textEdited.connect(lambda _: self.changed.emit())
        self.box.currentIndexChanged.connect(lambda _: self._turn())
        self._conditions: dict[str, Mapping[str, Any]] = {}

    def show_conditions(self, conditions: Sequence[Mapping[str, Any]], place: int) -> None:
        """Offer the conditions of a model and choose one."""
        self._conditions = {str(entry["name"]): entry for entry in conditions}
        self.box.blockSignals(True)
        self.box.clear()
        for name, entry in self._conditions.items():
            self.box.addItem(f"{name} [{entry['unit']}]" if entry.get("unit") else name, name)
        self.box.setCurrentIndex(place if place < self.box.count() else -1)
        self.box.blockSignals(False)
        self._fill()

    def name(self) -> str:
        """Return the chosen condition."""
        return str(self.box.currentData() or "")

    def choose(self, name: str, low: float | None = None, high: float | None = None) -> None:
        """Choose a condition and its range."""
        if self.name() != name:
            self.box.setCurrentIndex(self.box.findData(name))
        if low is not None and high is not None:
            self.low.setText(f"{low:.10g}")
            self.high.setText(f"{high:.10g}")
            self.changed.emit()

    def words(self, count: int) -> str:
        """Return the axis as the command takes it.

        Raises
        ------
        ValueError
            If an end is no number.
        """
        ends = []
        for edit, end in ((self.low, "begins"), (self.high, "ends")):
            text = edit.text().strip().replace(",", ".")
            try:
                ends.append(repr(float(text)))
            except ValueError:
                raise ValueError(f"{self.title} {end} at {edit.text()!r}; give a number.") from None
        return ":".join((self.name(), *ends, str(count)))

    def _turn(self) -> None:
        self._fill()
        self.turned.emit()
        self.changed.emit()

    def _fill(self) -> None:
        entry = self._conditions.get(self.name())
        number = entry is not None and entry["kind"] == "continuous"
        for edit, end in ((self.low, "low"), (self.high, "high")):
            edit.setEnabled(number)
            edit.setText(f"{float(entry[end]):.10g}" if entry is not None and number else "")
        if entry is not None and number:
            unit = f" {entry['unit']}" if entry.get("unit") else ""
            self.box.setToolTip(f"{entry['low']:g} to {entry['high']:g}{unit} in the training")


def chosen_axes(x: AxisRow, y: AxisRow, cells: int, card: GeneratorCard) -> tuple[Axis, Axis]:
    """Return the two axes that are chosen.

    Raises
    ------
    ValueError
        If they make no diagram, in words of the dock.
    """
    kinds = {str(entry["name"]): entry["kind"] for entry in card.conditions}
    texts = []
    for row in (x, y):
        if kinds.get(row.name()) == "continuous":
            texts.append(row.words(cells))
        else:
            texts.append(f"{row.name()}:0:1:{cells}")  # refused below, with the reason
    try:
        return parse_axes(texts[0], texts[1], card.conditions)
    except MicrogenError as error:
        raise ValueError(axis_words(str(error))) from None


def axis_words(text: str) -> str:
    """Return a message on the options of an axis as the dock calls them.

    Examples
    --------
    >>> axis_words("--x and --y are both T; a diagram needs two conditions.")
    'X axis and Y axis are both T; a diagram needs two conditions.'
    """
    for option, word in (
        ("--x", "X axis"),
        ("--y", "Y axis"),
        ("Fix it with --set", "Fix it below, such as"),
    ):
        text = text.replace(option, word)
    return text


def first_axes(card: GeneratorCard) -> tuple[int, int]:
    """Return the places of the first two conditions that can be axes."""
    places = [
        place
        for place, entry in enumerate(card.conditions)
        if entry["kind"] == "continuous" and entry["high"] > entry["low"]
    ]
    return (*places, len(card.conditions), len(card.conditions))[:2]  # type: ignore[return-value]
