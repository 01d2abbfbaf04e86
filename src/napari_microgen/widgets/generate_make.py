"""Make page: a slider per condition, an image that follows them, and samples that stay."""

from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from ..generate.card import GeneratorCard
from ..volume import Volume
from . import collector
from .described import described
from .dock import Dock, Page
from .first_layer import FirstLayer
from .forms import Form, options_of
from .generate_conditions import ConditionPanel
from .generate_layers import LiveLayer, Wanted, add_samples, generated, short_name
from .generate_model import ModelChoice
from .sampler import Answer, Sampler
from .settings import device

ASKED_EVERY = 100
"""Milliseconds between two requests while a slider moves."""
FEW = 4
"""Evaluations of a preview."""
FIRST, LIVE = "first", "live"
"""Keys of the quick preview and of the image that replaces it."""
MOST_SEED = 2**31 - 1


class MakePage(Page):
    """Open a model, move sliders, see the image change, add samples."""

    title = "Make"
    run_label = "Add samples"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.sampler: Sampler | None = None
        self.model = ModelChoice()
        self.panel = ConditionPanel()
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.same_noise = QCheckBox("Same noise while sliding")
        self.same_noise.setChecked(True)
        self.same_noise.setToolTip(
            "All images start from the same random numbers, so that only the conditions differ. Without it "
            "each move shows another specimen."
        )
        self.other = QPushButton("Another specimen")
        self.other.setToolTip("Take the next seed: another specimen of the same conditions")
        description = described("generate")
        self.form = Form(options_of(description, only=("count", "seed")))
        self.details = Form(options_of(description, leave_out=("model", "set", "count", "seed")))
        if "device" in self.details.fields and device() != "auto":
            self.details.set_values({"device": device()})
        self.live, self._first = LiveLayer(self.viewer), FirstLayer(self)
        self._asked: dict[int, Wanted] = {}
        self._shown = 0
        self._fresh_noise = False
        self._due = False
        self._pace = QTimer(self)
        self._pace.setSingleShot(True)
        self._pace.setInterval(ASKED_EVERY)
        self._compose()
        self._connect()
        self._show_model(None)

    def _compose(self) -> None:
        noise = QWidget()
        row = QHBoxLayout(noise)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.same_noise, 1)
        row.addWidget(self.other)
        self.more = QToolButton()
        self.more.setCheckable(True)
        self.more.setText("More settings")
        self.more.setToolTip("How images are made; rarely needs a change")
        self.more.toggled.connect(self.details.setVisible)
        self.details.hide()
        told = QWidget()
        line = QHBoxLayout(told)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.status, 1)
        line.addWidget(self.panel.nearest)
        for part in (self.model, self.panel, told, noise, self.form, self.more, self.details):
            self.column.addWidget(part)

    def _connect(self) -> None:
        self.model.opened.connect(self._show_model)
        self.panel.changed.connect(self._slid)
        self.other.clicked.connect(self._take_next_seed)
        self.form.changed.connect(self._moved)
        self.details.changed.connect(self._moved)
        self._pace.timeout.connect(self._pass)

    # -- what the button does ------------------------------------------------------

    def problem(self) -> str | None:
        """Return what is missing."""
        for part in (self.model, self.panel.conditions, self.form, self.details):
            problem = part.problem()
            if problem is not None:
                return problem
        values = self.form.values()
        if values["count"] < 1 or values["seed"] < 0:
            return "Count must be at least 1, and seed must not be negative."
        return None

    def start(self) -> None:
        """Generate samples by the command and add them as a layer."""
        wanted, count = self._wanted(), int(self.form.values()["count"])
        name = f"{short_name(wanted.model)} {self._next_number(wanted)}"
        self.dock.launch(
            "Generating", generated(wanted, count), lambda volume: self._add(wanted, volume, name)
        )

    def _next_number(self, wanted: Wanted) -> int:
        names = {layer.name for layer in self.viewer.layers}
        return next(n for n in range(1, len(names) + 2) if f"{short_name(wanted.model)} {n}" not in names)

    def _add(self, wanted: Wanted, volume: Volume, name: str) -> None:
        self.live.above.append(add_samples(self.viewer, wanted, volume, name))
        count = volume.shape[0] if volume.is_stack else 1
        images = "1 image" if count == 1 else f"{count} images"
        self.dock.notice.show_note(f"Added {images} as “{name}”; the conditions stand in its features.")
        for note in volume.notes:
            self.dock.notice.add_note(f"Note: {note}.")

    # -- the model -----------------------------------------------------------------

    def open_model(self, folder: Any) -> None:
        """Open a model, such as one that has just been trained."""
        self._stop_sampler()
        self.model.open_model(folder)

    def _show_model(self, card: GeneratorCard | None) -> None:
        self.panel.show_model(card)
        for part in (self.panel, self.panel.nearest, self.same_noise, self.other, self.form, self.more):
            part.setVisible(card is not None)
        self.details.setVisible(card is not None and self.more.isChecked())
        if card is None:
            self._stop_sampler()
            self.status.setText("")
        elif self.dock.pages and self.dock.page is self:
            self._start_sampler()
        self.changed.emit()

    def _start_sampler(self) -> None:
        """Load the model in a process of its own, unless it is there."""
        if self.model.card is None:
            return
        where = self.details.values().get("device") if self.details.problem() is None else None
        if self.sampler is not None and (self.sampler.model, self.sampler.device) == (
            self.model.text(),
            where,
        ):
            return
        self._stop_sampler()
        self.sampler = Sampler(self.model.text(), where, self)
        self.sampler.ready.connect(self._loaded)
        self.sampler.answered.connect(self._answered)
        self.sampler.progressed.connect(self._progressed)
        self.sampler.refused.connect(self._refused)
        self.sampler.failed.connect(self._failed)
        self.sampler.start()
        collector.rest(self)
        self.status.setText("The model is being loaded.")

    def _stop_sampler(self) -> None:
        sampler, self.sampler = self.sampler, None
        self._asked.clear()
        self._pace.stop()
        collector.wake(self)
        if sampler is not None:
            sampler.stop()
            sampler.deleteLater()

    def opened(self) -> None:
        """Load the model when the page comes to the front."""
        self._start_sampler()

    def closing(self) -> None:
        """End the process; the window is closing."""
        sampler, self.sampler = self.sampler, None
        collector.wake(self)
        if sampler is not None:
            sampler.stop(wait=True)
        self.model.forget()
        self._first.forget()

    # -- the image that follows ----------------------------------------------------

    def _wanted(self) -> Wanted:
        assert self.model.card is not None
        seed = int(self.form.values()["seed"])
        row = {
            name: float(f"{value:.10g}") if isinstance(value, float) else value
            for name, value in self.panel.conditions.values().items()
        }
        return Wanted(self.model.card, self.model.text(), row, seed, self.details.values())

    def _take_next_seed(self) -> None:
        seed = int(self.form.values()["seed"])
        self.form.set_values({"seed": 0 if seed >= MOST_SEED else seed + 1})

    def _slid(self) -> None:
        self._fresh_noise = not self.same_noise.isChecked()
        self._moved()

    def _moved(self) -> None:
        """Ask for an image, but not more often than ten times a second."""
        self.changed.emit()
        self._due = self.model.card is not None
        if not self._pace.isActive():
            self._pass()

    def _pass(self) -> None:
        if not self._due:
            return
        self._due = False
        self._pace.start()
        if self._fresh_noise:
            self._fresh_noise = False
            self.form.blockSignals(True)
            self._take_next_seed()
            self.form.blockSignals(False)
        self.panel.refresh_flag()
        self._start_sampler()
        self._ask()

    def _ask(self) -> None:
        """Ask for a quick preview, if the method knows one, and for the complete image after it."""
        if self.sampler is None or not self.sampler.loaded or self.problem() is not None:
            return
        wanted, ask = self._wanted(), self.sampler.ask
        choice = bool(self.sampler.about["evaluations"])
        if choice:
            first = ask(FIRST, [wanted.row], seed=wanted.seed, evaluations=FEW, urgent=True)
            self._asked[first] = wanted
        full = ask(
            LIVE,
            [wanted.row],
            seed=wanted.seed,
            evaluations=wanted.options.get("evaluations"),
            sampler=wanted.options.get("sampler"),
            urgent=not choice,
        )
        self._asked[full] = wanted

    def _loaded(self, _about: dict[str, Any]) -> None:
        self.status.setText("")
        self._ask()

    def _answered(self, answers: list[Answer]) -> None:
        """Show the newest image; a later one for the same sliders replaces a preview."""
        newest = max((a for a in answers if a.number in self._asked), key=lambda a: a.number, default=None)
        if newest is None or newest.number <= self._shown or self.sampler is None:
            return
        self._shown, wanted = newest.number, self._asked[newest.number]
        self._asked = {number: kept for number, kept in self._asked.items() if number > newest.number}
        preview = newest.key == FIRST
        self.live.show(wanted, newest.images[0], preview=preview, sha256=self.sampler.about["model_sha256"])
        if preview:
            self.status.setText(f"Preview of {FEW} evaluations; the complete image follows.")
        else:
            self.status.setText(f"Complete image, made in {newest.seconds:.2g} s.")

    def _progressed(self, key: str, step: int, total: int) -> None:
        if key == LIVE and self._asked:
            self.status.setText("The complete image is being made.")

    def _refused(self, _key: str, _number: int, reason: str) -> None:
        self.status.setText(reason)

    def _failed(self, line: str, report: str) -> None:
        self._stop_sampler()
        self.status.setText("")
        self.model.refuse(line)
        self.dock.notice.show_error(line, report)
