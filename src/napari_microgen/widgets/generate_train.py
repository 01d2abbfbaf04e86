"""Train page: a generator learns from micrographs and their conditions, in a child process."""

import threading
import time
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from ..generate import catalogue
from ..progress import Progress
from .child import PAUSED, run_child
from .choices import labelled
from .curve import Curve, Preview
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of
from .generate_table import FolderAndTable
from .settings import cache_folder, device, job_environment
from .train_page import free_folder

DEFAULT = "edm"
ELSEWHERE = ("images", "conditions", "out", "columns", "categorical", "log", "log1p", "resume")
"""Parameters that the page asks for outside the form."""
FIRST = ("preset", "where", "minutes", "steps", "pixel_size", "patch_size", "crop_size", "augment", "profile")
"""What is asked for first, where a method has it."""
READING = ("where", "extra_images", "magnification", "pixel_at_1x")
"""Parameters that change how the table is read."""
NO_CURVE = ("images_per_second", "gpu_memory_gib")
PREVIEW_TIP = "Generated patches above real ones of the same conditions"


class GenerateTrainPage(Page):
    """Choose micrographs and conditions, train, watch, pause, go on."""

    title = "Train"
    run_label = "Train"

    trained = Signal(object)
    """The folder of the finished model."""
    kept = Signal(object, object, object)
    """The folder of snapshots, that of the images and the table, after a training that kept some."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.source = FolderAndTable()
        self.method = QComboBox()
        for name, title in sorted(catalogue.titles().items(), key=lambda item: item[0] != DEFAULT):
            self.method.addItem(f"{name}: {title}", name)
        self.method.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.method.setMinimumContentsLength(12)
        self.out = QLineEdit(str(cache_folder() / "models" / "generator"))
        self.out_button = QPushButton("…")
        self.out_button.setMaximumWidth(32)
        self.out_button.setToolTip("Choose the folder of the model")
        self.resume = QCheckBox("Go on with the training in this folder")
        self.resume.setToolTip("Checkpoints of a training lie beside this folder; go on from the newest")
        self.pause = QPushButton("Pause")
        self.pause.setEnabled(False)
        self.pause.setToolTip("Nothing is being trained")
        self.speed = QLabel()
        self.curve, self.preview = Curve(), Preview()
        self._pausing = threading.Event()
        self._clock: tuple[int, float] | None = None
        self._limit: float | None = None
        self.form: Form | None = None
        self._compose()
        self._choose_method()
        self.source.changed.connect(self.changed)
        self.method.currentIndexChanged.connect(self._choose_method)
        self.out.textChanged.connect(self._choose_out)
        self.out_button.clicked.connect(self._pick_out)
        self.resume.toggled.connect(self._relabel)
        self.pause.clicked.connect(self._pause)
        self._choose_out()

    def _compose(self) -> None:
        folder, watch = QWidget(), QWidget()
        row = QHBoxLayout(folder)
        row.addWidget(self.out, 1)
        row.addWidget(self.out_button)
        below = QHBoxLayout(watch)
        below.addWidget(self.speed, 1)
        below.addWidget(self.pause)
        for line in (row, below):
            line.setContentsMargins(0, 0, 0, 0)
        self.column.addWidget(self.source)
        self.column.addWidget(labelled("Method", self.method, "edm is the default; the others are published"))
        self.column.addWidget(labelled("Model", folder, "The folder the model is written to"))
        for part in (self.resume, self.curve, watch, self.preview):
            self.column.addWidget(part)
        self._place = self.column.count()
        for part in (self.curve, self.speed, self.pause):
            part.hide()

    def _choose_method(self) -> None:
        """Show the parameters of the chosen method; what both have keeps its value."""
        known = {p.name: p for p in options_of(described(self.operation), leave_out=ELSEWHERE)}
        first = [known.pop(name) for name in FIRST if name in known]
        self.parameters = (*first, *known.values())
        form = Form(self.parameters)
        if "device" in form.fields and device() != "auto":
            form.set_values({"device": device()})
        if self.form is not None:
            form.set_values({name: value for name, value in self._chosen().items() if self._fits(name, form)})
            form.more.setChecked(self.form.more.isChecked())
            self.column.removeWidget(self.form)
            self.form.deleteLater()
        self.form = form
        self.column.insertWidget(self._place, form)
        form.changed.connect(self._form_changed)
        self._form_changed()

    def _chosen(self) -> dict[str, Any]:
        """Return what was changed in the form."""
        assert self.form is not None
        values = {name: field.value() for name, field in self.form.fields.items() if not field.problem()}
        return {name: v for name, v in values.items() if v != self.form.parameters[name].default}

    def _fits(self, name: str, form: Form) -> bool:
        """Return whether a parameter of the form that is shown means the same in another one."""
        mine, other = self.form.parameters[name] if self.form else None, form.parameters.get(name)
        return mine is not None and other is not None and mine.type == other.type and name != "preset"

    @property
    def operation(self) -> str:
        """The operation that trains the chosen method."""
        return f"train {self.method.currentData()}"

    def _form_changed(self) -> None:
        if self.form is not None and self.form.problem() is None:
            values = self.form.values()
            self.source.use({name: values[name] for name in READING if name in values})
        self.changed.emit()

    # -- what the button does ------------------------------------------------------

    def problem(self) -> str | None:
        """Return what is missing."""
        problem = self.source.problem() or (self.form.problem() if self.form else None)
        if problem is None and not self.out.text().strip():
            return "Say which folder the model is written to."
        return problem

    def start(self) -> None:
        """Train in a child process."""
        assert self.form is not None
        out, going_on = Path(self.out.text().strip()).expanduser(), self.goes_on()
        out.parent.mkdir(parents=True, exist_ok=True)
        if not going_on:
            out = free_folder(out)
            self.curve.clear()
            self.preview.hide()
        self.out.setText(str(out))
        self._pausing = threading.Event()
        self._clock = None
        minutes = self.form.values().get("minutes")
        self._limit = time.monotonic() + 60 * minutes if minutes and not going_on else None
        for part in (self.curve, self.speed, self.pause):
            part.show()
        images, table = self.source.paths()
        arguments = [*self.operation.split(), "--images", str(images), "--conditions", str(table)]
        steps = run_child(
            [*arguments, "--out", str(out), *self._words(going_on)],
            environment=job_environment(),
            pause=self._pausing,
        )
        self.dock.launch("Training", steps, lambda result: self._take(out, result))
        if self.dock.job is not None:
            self.dock.job.ended.connect(self._ended)
            self.pause.setEnabled(True)
            self.pause.setToolTip("Stop after the current step and keep a checkpoint, to go on later")

    def _words(self, going_on: bool) -> list[str]:
        assert self.form is not None
        chosen = self.form.values() | self.source.settings() | {"resume": going_on}
        return as_words(described(self.operation).parameters, chosen)

    def tick(self, tick: Progress) -> None:
        """Draw the losses and the picture the child sends, and say how long it will take."""
        losses = {name: value for name, value in tick.values.items() if name not in NO_CURVE}
        if losses:
            self.curve.add(tick.step, losses)
            self.dock.progress.setFormat("training  %p%" if tick.total else "training")
            self._tell_speed(tick)
        if tick.preview is not None:
            self.preview.show_picture(tick.preview)
            self.preview.setToolTip(PREVIEW_TIP)

    def _tell_speed(self, tick: Progress) -> None:
        now = time.monotonic()
        if self._clock is None or self._clock[0] > tick.step:
            self._clock = (tick.step, now)
        parts = [f"step {tick.step}" + (f" of {tick.total}" if tick.total else "")]
        if "images_per_second" in tick.values:
            parts.append(f"{tick.values['images_per_second']:.3g} images/s")
        done, seconds = tick.step - self._clock[0], now - self._clock[1]
        if tick.total and done > 0 and seconds > 2:
            parts.append(f"{duration(seconds / done * (tick.total - tick.step))} left")
        elif self._limit is not None:
            parts.append(f"{duration(max(0.0, self._limit - now))} left")
        self.speed.setText(", ".join(parts))

    def cancelled(self) -> str:
        """Say how to go on."""
        return self._stopped("Training was cancelled.")

    def _stopped(self, what: str) -> str:
        self._choose_out()
        if not self.resume.isVisibleTo(self):
            return f"{what} There is no checkpoint yet."
        self.resume.setChecked(True)
        return f"{what} To go on from its last checkpoint, press Resume."

    def _take(self, out: Path, result: dict[str, Any]) -> None:
        notice = self.dock.notice
        if result == PAUSED:
            notice.show_note(self._stopped("Training is paused."))
            return
        self.resume.setChecked(False)
        seconds, where = float(result.get("seconds") or 0), result.get("device") or "?"
        self.trained.emit(out)
        notice.show_note(
            f"Trained {result.get('steps', '')} steps in {duration(seconds)} on {where}. The model is in "
            f"{out}; it is open on the Make page."
        )
        if result.get("snapshots"):
            self.kept.emit(Path(result["snapshots"]["folder"]), *self.source.paths())
            notice.add_note("Its snapshots are ready on the Choose page.")
        for note in (*(result.get("notes") or ()), *(result.get("warnings") or ())):
            notice.add_note(f"Note: {note}.")

    def _ended(self) -> None:
        self.pause.setEnabled(False)
        self.pause.setToolTip("Nothing is being trained")
        self._choose_out()

    def _pause(self) -> None:
        self._pausing.set()
        self.pause.setEnabled(False)
        self.pause.setToolTip("A checkpoint is being kept")
        self.speed.setText("Pausing: a checkpoint is being kept.")

    # -- the folder of the model ---------------------------------------------------

    def goes_on(self) -> bool:
        """Return whether the button goes on with a training that was begun."""
        return self.resume.isVisibleTo(self) and self.resume.isChecked()

    def _choose_out(self) -> None:
        out = Path(self.out.text().strip() or ".").expanduser()
        unfinished = out.with_name(f"{out.name}.training").is_dir() if out.name else False
        self.resume.setVisible(unfinished)
        self._relabel()

    def _relabel(self) -> None:
        self.run_label = "Resume" if self.goes_on() else "Train"
        self.changed.emit()

    def _pick_out(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the model", self.out.text())
        if chosen:
            self.out.setText(chosen)

    def closing(self) -> None:
        """Read nothing any more."""
        self.source.forget()


def duration(seconds: float) -> str:
    """Return a time for people.

    Examples
    --------
    >>> duration(42), duration(400), duration(9000)
    ('42 s', '7 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
