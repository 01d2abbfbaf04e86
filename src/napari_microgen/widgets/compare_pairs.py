"""Side by side page of the Compare dock: pairs of one condition, and the blind test."""

from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton
from qtpy.QtWidgets import QShortcut as Shortcut

from ..compare.blind_test import Pair, blind_pairs
from ..compare.gallery import Gallery, gallery
from ..compare.image_list import SideName
from ..compare.preparation import Source
from ..progress import Steps, scaled
from .choices import labelled
from .compare_blind import LEFT_KEY, RIGHT_KEY, BlindTest
from .compare_images import ImagesPage, Request
from .compare_view import PairView, PictureReader, Wanted
from .dock import Dock, Page
from .measure_plots import narrow_box, wrapping

NEXT_KEY, BACK_KEY = "N", "B"
ALL = "all conditions"
MOST = 1000


class PairsPage(Page):
    """Real on the left, synthetic on the right, until somebody is asked."""

    title = "Side by side"
    run_label = f"Next pair ({NEXT_KEY})"

    def __init__(self, dock: Dock, images: ImagesPage) -> None:
        super().__init__(dock)
        self.images = images
        self.gallery: Gallery | None = None
        self.pair: Pair | None = None
        self._pairs: list[Pair] = []
        self._place = -1
        self.view = PairView(self.viewer)
        self.reader = PictureReader(self)
        self.reader.failed.connect(dock.notice.show_error)
        self.condition = narrow_box()
        self.caption = wrapping("Choose images first.")
        self.caption.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.back = QPushButton(f"Previous pair ({BACK_KEY})")
        self.back.setToolTip("Show the pair before this one")
        self.restore = QPushButton("Back to my layers")
        self.restore.setToolTip("Take the pair away and show the layers, the grid and the camera as before")
        self.blind = BlindTest()
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.back, 1)
        buttons.addWidget(self.restore, 1)
        tip = "Pairs have one condition each; equal contrast and equal scale on both sides"
        self.column.addWidget(labelled("Condition", self.condition, tip))
        self.column.addWidget(self.caption)
        self.column.addLayout(buttons)
        self.column.addWidget(self.blind)
        self.column.addWidget(self.facts)
        self._connect()
        self._keys()
        self.settle()

    def _connect(self) -> None:
        self.images.altered.connect(self.forget)
        self.condition.currentIndexChanged.connect(lambda _: self._deal())
        self.back.clicked.connect(lambda: self.go(-1))
        self.restore.clicked.connect(self.leave_view)
        self.blind.wanted.connect(self._ask)
        self.blind.ended.connect(self._asked)

    def _keys(self) -> None:
        actions = (
            (LEFT_KEY, lambda: self.blind.answer(True)),
            (RIGHT_KEY, lambda: self.blind.answer(False)),
            (NEXT_KEY, lambda: self.go(1)),
            (BACK_KEY, lambda: self.go(-1)),
        )
        self.shortcuts = []
        for key, action in actions:
            shortcut = Shortcut(QKeySequence(key), self.dock)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(action)
            self.shortcuts.append(shortcut)

    def problem(self) -> str | None:
        """Return why there is no next pair."""
        if self.gallery is None:
            return self.images.problem()
        if self.blind.on:
            return "A blind test is running: say which image is real, or stop it."
        return None

    def start(self) -> None:
        """Show the next pair; look through the images first if that was not done."""
        if self.gallery is not None:
            self.go(1)
            return
        request = self.images.request()
        self.dock.launch("Looking at the images", _gallery(request, self.images.folder()), self._take)

    def _take(self, found: Gallery) -> None:
        self.gallery = found
        self.condition.blockSignals(True)
        self.condition.clear()
        if len(found.shared) > 1:
            self.condition.addItem(ALL, None)
        for code in found.shared:
            self.condition.addItem(found.conditions[code], code)
        self.condition.blockSignals(False)
        counts = [len(found.sides[name]) for name in ("real", "synthetic")]
        size = "unknown" if found.pixel_size is None else f"{1000 * found.pixel_size:.4g} nm"
        self.facts.setText(
            f"{counts[0]} real and {counts[1]} synthetic images of {found.shape[0]} × {found.shape[1]} px, "
            f"pixel size {size}, {len(found.shared)} conditions in common"
        )
        for note in found.notes:
            self.dock.notice.add_note(note)
        self._deal()

    def forget(self) -> None:
        """Other images were chosen: what was looked at counts no more."""
        self.gallery, self.pair, self._pairs = None, None, []
        self.blind.use(None, None)
        self.leave_view()
        self.condition.blockSignals(True)
        self.condition.clear()
        self.condition.blockSignals(False)
        self.facts.setText("")
        self.settle()

    def choose(self, condition: str | None) -> None:
        """Choose a condition by its words; None is all of them."""
        self.condition.setCurrentText(ALL if condition is None else condition)

    def _deal(self) -> None:
        if self.gallery is None:
            return
        sides, code = self.gallery.sides, self.condition.currentData()
        self.blind.use(self.gallery, code)
        pairs = blind_pairs(sides["real"], sides["synthetic"], MOST)
        conditions = sides["real"].condition
        self._pairs = [p for p in pairs if code is None or conditions[p.real] == code]
        self._place = -1
        self.go(1)

    def go(self, step: int) -> None:
        """Show the next or the previous pair."""
        if self._pairs and not self.blind.on:
            self._place = (self._place + step) % len(self._pairs)
            self._show(self._pairs[self._place], named=True)

    def _show(self, pair: Pair, *, named: bool) -> None:
        found = self.gallery
        if found is None:
            return
        left_is_real = named or pair.real_is_left
        real, synthetic = (
            found.sides["real"].origins[pair.real],
            found.sides["synthetic"].origins[pair.synthetic],
        )
        origins = (real, synthetic) if left_is_real else (synthetic, real)

        def show(pictures: list[np.ndarray]) -> None:
            if self.gallery is not found or self.blind.on == named:
                return
            names = ("real", "synthetic") if named else ("left", "right")
            self.view.show(pictures, names, found.limits, found.pixel_size)
            self.pair = pair
            self.caption.setText(self._words(pair) if named else "Which one is real?")
            if not named:
                self.blind.shown()
            self.settle()

        self.reader.read(Wanted(origins, found.shape), show)

    def _words(self, pair: Pair) -> str:
        found = self.gallery
        assert found is not None
        sides = found.sides
        places = [
            _named(side.origins[row])
            for side, row in ((sides["real"], pair.real), (sides["synthetic"], pair.synthetic))
        ]
        code = int(sides["real"].condition[pair.real])
        number = f"Pair {self._place + 1} of {len(self._pairs)}"
        return f"{number}, {found.conditions[code]}\nleft, real: {places[0]}\nright, synthetic: {places[1]}"

    def _ask(self, pair: Pair) -> None:
        self._show(pair, named=False)
        self.settle()

    def _asked(self) -> None:
        if self._pairs and self.gallery is not None:
            self._place = max(self._place, 0)
            self._show(self._pairs[self._place], named=True)
        self.settle()

    def leave_view(self) -> None:
        """Show the user's own layers again."""
        self.blind.stop()
        self.reader.forget()
        self.view.restore()
        self.settle()

    def settle(self) -> None:
        """Bring buttons and keys in line with what is shown."""
        on = self.gallery is not None
        self.back.setEnabled(on and bool(self._pairs) and not self.blind.on)
        self.restore.setEnabled(self.view.on)
        self.condition.setEnabled(on)
        if not on:
            self.caption.setText("Choose images on the page Images; then press the button below.")
        for shortcut in self.shortcuts:
            shortcut.setEnabled(self.view.on)
        self.changed.emit()

    def closing(self) -> None:
        """Stop reading."""
        self.reader.stop()


def _gallery(request: Request, folder: Path) -> Steps[Gallery]:
    sources: dict[SideName, Source] = yield from scaled(request.sources(folder), 0, 20, 100)
    found: Gallery = yield from scaled(gallery(sources, request.choices), 20, 80, 100)
    return found


def _named(origin: Any) -> str:
    name = Path(origin.file).name
    plane = f", plane {origin.plane + 1}" if origin.plane or name.startswith(("real.", "synthetic.")) else ""
    place = f", from row {origin.row}, column {origin.column}" if origin.row or origin.column else ""
    return f"{name}{plane}{place}"
