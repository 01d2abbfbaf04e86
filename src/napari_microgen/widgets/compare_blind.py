"""Which one is real? A blind test in the window, with its score and what it is worth."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFileDialog, QGroupBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from ..compare.blind_test import Pair, blind_pairs, score_interval
from ..compare.gallery import Gallery, GallerySide
from ..io.table_csv import write_table

LEFT_KEY, RIGHT_KEY = "A", "D"
MOST = 200
"""Pairs of one test."""


@dataclass(frozen=True)
class Answer:
    """One pair that was judged."""

    pair: Pair
    said_left: bool

    @property
    def right(self) -> bool:
        """Whether the real image was named."""
        return self.said_left == self.pair.real_is_left


class BlindTest(QGroupBox):
    """Asks for the real image of pairs and keeps the score."""

    wanted = Signal(object)
    """The next `Pair` is to be shown."""
    ended = Signal()
    """All pairs are judged, or the test was stopped."""

    def __init__(self) -> None:
        super().__init__("Blind test: which one is real?")
        self.answers: list[Answer] = []
        self._pairs: Sequence[Pair] = ()
        self._gallery: Gallery | None = None
        self._waiting = False
        self.start = QPushButton("Start")
        self.start.setCheckable(True)
        self.start.setToolTip("Pairs of one condition each, left and right by chance, names hidden")
        self.left, self.right = QPushButton(f"Left ({LEFT_KEY})"), QPushButton(f"Right ({RIGHT_KEY})")
        self.left.setToolTip(f"The left image is the real one (key {LEFT_KEY})")
        self.right.setToolTip(f"The right image is the real one (key {RIGHT_KEY})")
        self.live = QCheckBox("Show the score as it grows")
        self.live.setToolTip("Otherwise it is shown at the end: who sees it learns from pair to pair")
        self.live.setChecked(True)
        self.score = QLabel()
        self.score.setWordWrap(True)
        self.forget, self.save = QPushButton("Forget answers"), QPushButton("Save answers…")
        self.forget.setToolTip("Begin the score anew")
        self.save.setToolTip("Write every pair, the answer and the truth as a table")
        self._compose()
        self.start.toggled.connect(self._toggled)
        self.left.clicked.connect(lambda: self.answer(True))
        self.right.clicked.connect(lambda: self.answer(False))
        self.live.toggled.connect(lambda _: self._show())
        self.forget.clicked.connect(self.clear)
        self.save.clicked.connect(self._save)
        self._code: int | None = None
        self._show()

    def _compose(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        for parts in ((self.start, self.left, self.right), (self.forget, self.save)):
            row = QHBoxLayout()
            for part in parts:
                row.addWidget(part, 1)
            column.addLayout(row)
            if parts[0] is self.start:
                column.addWidget(self.score)
                column.addWidget(self.live)

    @property
    def on(self) -> bool:
        """Whether a test is running."""
        return self.start.isChecked()

    def use(self, gallery: Gallery | None, code: int | None) -> None:
        """Take pairs from a gallery, of one condition or of all (None)."""
        if gallery is not self._gallery:
            self.stop()
            self.answers = []
        elif code != self._code:
            self.stop()
        self._gallery, self._code = gallery, code
        self._show()

    def stop(self) -> None:
        """End the test; its answers are kept."""
        self.start.setChecked(False)

    def shown(self) -> None:
        """Take note that the pair is on the screen; only now an answer counts."""
        self._waiting = self.on
        self._show()

    def answer(self, said_left: bool) -> None:
        """Take an answer to the pair on the screen."""
        if not self.on or not self._waiting:
            return
        self._waiting = False
        self.answers.append(Answer(self._pairs[0], said_left))
        self._pairs = self._pairs[1:]
        self._next()

    def clear(self) -> None:
        """Forget all answers."""
        self.answers = []
        self._show()

    def write(self, path: Path) -> None:
        """Write the answers as CSV."""
        gallery = self._gallery
        if gallery is None:
            return
        sides, rows = gallery.sides, [a.pair for a in self.answers]
        columns = {
            "condition": [gallery.conditions[sides["real"].condition[p.real]] for p in rows],
            "real": [_place(sides["real"], p.real) for p in rows],
            "synthetic": [_place(sides["synthetic"], p.synthetic) for p in rows],
            "real side": ["left" if p.real_is_left else "right" for p in rows],
            "answer": ["left" if a.said_left else "right" for a in self.answers],
            "right": ["yes" if a.right else "no" for a in self.answers],
        }
        write_table(path, columns)

    def _toggled(self, on: bool) -> None:
        self._waiting = False
        if on and self._gallery is not None:
            self._pairs = self._drawn(self._gallery)
            self._next()
        elif not on:
            self.ended.emit()
        self._show()

    def _drawn(self, gallery: Gallery) -> Sequence[Pair]:
        """Draw pairs that were not judged yet."""
        real, synthetic = gallery.sides["real"], gallery.sides["synthetic"]
        seen = {a.pair.real for a in self.answers}
        codes = real.condition.copy()
        codes[list(seen)] = -1
        if self._code is not None:
            codes[codes != self._code] = -1
        seed = secrets.randbits(32)
        return blind_pairs(GallerySide(real.origins, codes), synthetic, MOST, seed=seed)

    def _next(self) -> None:
        if self._pairs:
            self.wanted.emit(self._pairs[0])
        else:
            self.start.setChecked(False)
        self._show()

    def _show(self) -> None:
        on = self.on
        self.start.setText("Stop" if on else "Start" if not self.answers else "Go on")
        self.start.setEnabled(self._gallery is not None)
        for button in (self.left, self.right):
            button.setEnabled(on and self._waiting)
        for button in (self.forget, self.save):
            button.setEnabled(bool(self.answers) and not on)
        self.score.setText(self._words())

    def _words(self) -> str:
        total = len(self.answers)
        if not total:
            return "Judge pairs by eye; the score tells whether you can."
        if self.on and not self.live.isChecked():
            return f"{total} pairs judged."
        return score_words(sum(a.right for a in self.answers), total)

    def _save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save answers", "blind_test.csv", "Table (*.csv)")
        if chosen:
            self.write(Path(chosen))


def score_words(right: int, total: int) -> str:
    """Return a score with its interval and what it means.

    Examples
    --------
    >>> score_words(7, 10)
    '7 of 10 right: 70 % (95 % interval 35 to 93 %). This may be guessing.'
    """
    low, high = score_interval(right, total)
    said = (
        "You tell real from synthetic."
        if low > 0.5
        else "You take synthetic images for real ones."
        if high < 0.5
        else "This may be guessing."
    )
    share = f"{100 * right / total:.0f} % (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"
    return f"{right} of {total} right: {share}. {said}"


def _place(side: GallerySide, row: int) -> str:
    origin = side.origins[row]
    return f"{origin.file}, plane {origin.plane + 1}, row {origin.row}, column {origin.column}"
