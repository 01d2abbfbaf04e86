"""Map page: choose model, classifier and axes, and look at a diagram that is made as you look."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QComboBox

from ..errors import MicrogenError
from ..generate.card import GeneratorCard
from ..io.reading import read
from ..zones.axes import Axis
from ..zones.base_condition import BaseCondition, base_condition
from ..zones.diagram import Diagram
from .child import BRIEF, run_child
from .choices import labelled
from .described import described
from .dock import Dock, Page
from .fields import no_wheel
from .first_layer import FirstLayer
from .forms import Form, as_words, options_of
from .generate_conditions import ConditionRows, as_settings
from .generate_model import ModelChoice
from .latest import Latest
from .settings import device, job_environment
from .zones_choice import AxisRow, ClassifierChoice, axis_words, chosen_axes, first_axes
from .zones_layers import ZoneLayers
from .zones_legend import legend_of
from .zones_live import LiveZones
from .zones_measure import MeasureChoice
from .zones_server import usual_folder
from .zones_setting import Setting
from .zones_words import words_label

WAIT = 120
"""Milliseconds without a change before the map follows."""
LOOK_EVERY = 80
"""Milliseconds between two looks at where the camera is."""
CELLS = (4, 8, 16)
LIVE_COUNT = 16
"""Images judged in each cell of the live map, if nothing else is said."""


class MapPage(Page):
    """The live map."""

    title = "Map"
    run_label = "Save diagram"

    shown = Signal()
    """Something else is shown, or more is known of it."""
    clicked = Signal(float, float)
    """A place was clicked (across, up; each from 0 to 1)."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.live = LiveZones(self)
        self.layers = ZoneLayers(self.viewer, self.live, self.clicked.emit, self._over)
        self.model, self.classifier = ModelChoice(), ClassifierChoice()
        self.x, self.y = AxisRow("X axis"), AxisRow("Y axis")
        self.cells, self.measure = QComboBox(), MeasureChoice()
        self.fixed = ConditionRows()
        self.status, self.place, self.legend = (words_label() for _ in range(3))
        self.place.setToolTip("The conditions under the mouse")
        self.form = Form(options_of(described("zones"), only=("count", "seed", "same_noise")))
        self.form.set_values({"count": LIVE_COUNT})
        self.saving = Form(options_of(described("zones"), only=("style", "patches", "zoom", "out")))
        self.image_words: dict[str, Any] = {}
        """Folder and table of real images, for what is saved."""
        self.window_words: dict[str, Any] = {}
        """Options of the process window, for what is saved."""
        self._touched: set[str] = set()
        self._problem: str | None = None
        self._quiet = False
        self._base: BaseCondition | None = None
        self._fixing, self._first = Latest(self), FirstLayer(self)
        self._pace, self._camera = QTimer(self), QTimer(self)
        self._pace.setSingleShot(True)
        self._pace.setInterval(WAIT)
        self._camera.setSingleShot(True)
        self._camera.setInterval(LOOK_EVERY)
        self._compose()
        self._connect()
        self._show_model(None)

    def _compose(self) -> None:
        for count in CELLS:
            self.cells.addItem(f"{count} x {count}", count)
        self.cells.setCurrentIndex(1)
        self.cells.installEventFilter(no_wheel(self))
        self.cells.setMinimumContentsLength(8)
        rows = (
            labelled("X axis", self.x, "The condition across"),
            labelled("Y axis", self.y, "The condition upwards"),
            labelled("Cells", self.cells, "Cells along each side of what is in view; zoom in for finer ones"),
            self.measure,
        )
        for part in (self.model, self.classifier, *rows, self.fixed, self.status, self.place, self.legend):
            self.column.addWidget(part)
        for part in (self.form, self.saving):
            self.column.addWidget(part)
        self.parts_of_model = (self.classifier, *rows, self.fixed, self.form, self.saving, self.place)

    def _connect(self) -> None:
        self.model.opened.connect(self._show_model)
        for row in (self.x, self.y):
            row.turned.connect(self._turned)
            row.changed.connect(self._moved)
        self.classifier.chosen.connect(self._moved)
        self.cells.currentIndexChanged.connect(lambda _: self._moved())
        self.measure.changed.connect(self._moved)
        self.form.changed.connect(self._moved)
        self.saving.changed.connect(self.changed)
        self.fixed.changed.connect(self._slid)
        self._pace.timeout.connect(self.apply)
        self._camera.timeout.connect(self._look)
        self._fixing.done.connect(self._take_base)
        self._fixing.failed.connect(self._refuse_base)
        self.live.painted.connect(lambda: self.dock.attempt(self.layers.paint))
        self.layers.again.timeout.connect(lambda: self.dock.attempt(self.layers.go_on))
        self.live.judged.connect(self._judged)
        self.live.picked.connect(self._mark)
        self.live.status.connect(self._tell)
        self.live.refused.connect(lambda why: self.dock.notice.show_note(axis_words(why)))
        self.live.failed.connect(self._failed)
        camera = self.viewer.scene.camera.events
        for event in (camera.zoom, camera.center):
            event.connect(self._camera_moved)

    # -- what is chosen ------------------------------------------------------------

    def _show_model(self, card: GeneratorCard | None) -> None:
        self._quiet = True
        self._touched.clear()
        self._base = None
        self.fixed.show_model(card)
        for part in self.parts_of_model:
            part.setVisible(card is not None)
        if card is None:
            self.live.show(None)
            self.status.setText("")
            self.legend.setText("")
        else:
            for row, place in zip((self.x, self.y), first_axes(card), strict=True):
                row.show_conditions(card.conditions, place)
        self._quiet = False
        if card is not None:
            self._turned()
        self.changed.emit()

    def _turned(self) -> None:
        """Take values for what is fixed now from the training, off the window's thread."""
        card = self.model.card
        if card is None or self._quiet:
            return
        names = (self.x.name(), self.y.name())
        layout = self.fixed.layout()
        for name, row in self.fixed.rows.items():
            row.setVisible(name not in names)
            layout.labelForField(row).setVisible(name not in names)
        try:
            axes = chosen_axes(self.x, self.y, self._count(), card)
        except ValueError:
            self._moved()
            return
        words = as_settings({n: v for n, v in self._fixed_values().items() if n in self._touched})
        self._base = None
        self.status.setText("Looking for conditions of the training that fit.")
        self._fixing.run(lambda: (names, base_condition(card, words, axes)))

    def _take_base(self, found: tuple[tuple[str, str], BaseCondition]) -> None:
        names, base = found
        if names != (self.x.name(), self.y.name()):
            return
        self._quiet = True
        self.fixed.set_values(base.values)
        self._quiet = False
        self._base = replace(base, values={**base.values, **self._fixed_values()})
        self.apply()

    def _refuse_base(self, error: Exception) -> None:
        if not isinstance(error, MicrogenError):
            raise error
        self._refuse(axis_words(str(error)))

    def _fixed_values(self) -> dict[str, float | str | None]:
        varied = (self.x.name(), self.y.name())
        return {name: row.value() for name, row in self.fixed.rows.items() if name not in varied}

    def _slid(self) -> None:
        if self._quiet or self.model.card is None:
            return
        try:
            values = self._fixed_values()
        except ValueError as error:
            self._refuse(str(error))
            return
        base = BaseCondition.empty(self.model.card) if self._base is None else self._base
        before = base.values
        self._touched |= {name for name, value in values.items() if before.get(name) != value}
        origin = {name: "given" if name in self._touched else "training" for name in values}
        self._base = replace(base, values=values, origin=origin)
        self._moved()

    def _moved(self) -> None:
        if not self._quiet and self.model.card is not None:
            self._pace.start()
        self.changed.emit()

    def _count(self) -> int:
        return int(self.cells.currentData())

    def setting(self) -> Setting:
        """Return what is chosen.

        Raises
        ------
        ValueError
            If it makes no diagram.
        """
        card, base = self.model.card, self._base
        if card is None:
            raise ValueError(self.model.problem() or "There is no model.")
        x, y = chosen_axes(self.x, self.y, self._count(), card)
        values = self._fixed_values()
        if base is None or set(base.values) != set(values):
            raise ValueError("Conditions of the training that fit are being looked for.")
        if (wrong := self.classifier.problem() or self.form.problem()) is not None:
            raise ValueError(wrong)
        chosen, measured = self.form.values(), self.measure.chosen()
        if chosen["seed"] < 0:
            raise ValueError("Seed must not be negative.")
        count = LIVE_COUNT if chosen["count"] is None else int(chosen["count"])
        if not 1 <= count <= 10_000:
            raise ValueError("Count must lie between 1 and 10000.")
        return Setting(
            card, self.model.text(), x, y, replace(base, values=values),
            int(chosen["seed"]), bool(chosen["same_noise"]), self.classifier.text(), self.classifier.classes,
            measured.descriptor, count, measured.shown, measured.residuals, measured.threshold,
        )  # fmt: skip

    def apply(self) -> None:
        """Show what is chosen; what was being made for something else is cancelled."""
        self._pace.stop()
        try:
            setting = self.setting()
        except ValueError as error:
            self._refuse(str(error))
            return
        self._problem = None
        if self.dock.pages and self.dock.isVisible():
            self.live.show(setting, device())
            self._look()
        notes = [note for note in (setting.x.beyond, setting.y.beyond) if note]
        if notes:
            self.dock.notice.show_note(". ".join(notes) + ".")
        elif not self.dock.notice.is_error:
            self.dock.notice.hide()
        self.changed.emit()

    def _refuse(self, why: str) -> None:
        self._problem = why
        self.status.setText(why)
        self.changed.emit()

    def go_to(self, row: dict[str, Any]) -> None:
        """Bring fixed conditions to those of a row, widen the axes to reach it, and look at it closely."""
        for axis in (self.x, self.y):
            value = row[axis.name()]
            low, high = float(axis.low.text()), float(axis.high.text())
            if not low <= value <= high:
                axis.choose(axis.name(), min(low, value), max(high, value))
        self.fixed.set_values({n: v for n, v in row.items() if n not in (self.x.name(), self.y.name())})
        self._slid()
        self.apply()
        self.live.pick(dict(row))

    # -- what is shown -------------------------------------------------------------

    def opened(self) -> None:
        """Load the model when the page comes to the front."""
        if self.model.card is not None and self.live.server is None:
            self._pace.start()

    def diagram(self) -> Diagram | None:
        """Return the whole map, once every cell is there."""
        return self.live.diagram()

    def _camera_moved(self, _event: Any = None) -> None:
        if self.live.setting is not None and not self._camera.isActive():
            self._camera.start()

    def _look(self) -> None:
        self.live.look(self.layers.view())

    def _over(self, place: tuple[float, float] | None) -> None:
        self.place.setText("" if place is None else self.layers.words(*place))

    def _judged(self) -> None:
        self.dock.attempt(self.layers.judge)
        self.legend.setText(legend_of(self.live))
        self.shown.emit()
        self.changed.emit()

    def _mark(self, content: dict[str, Any], _images: Any) -> None:
        """Draw a frame around the cell that is looked at closely."""
        setting = self.live.setting
        if setting is not None:
            values = content["conditions"]
            places = [float(axis.place(values[axis.name]["value"])) for axis in (setting.x, setting.y)]
            self.dock.attempt(lambda: self.layers.mark(*places))

    def _tell(self, words: str) -> None:
        setting = self.live.setting
        if words or setting is None:
            self.status.setText(words)
            return
        cells = setting.x.count
        told = f"; {setting.count} images of each are judged" if setting.judges else ""
        self.status.setText(
            f"{cells} x {cells} cells{told}. Zoom in for finer ones; click one to look closer."
        )

    def _failed(self, line: str, report: str) -> None:
        self.status.setText("")
        self.dock.notice.show_error(line, report)
        self.changed.emit()

    # -- what the button does ------------------------------------------------------

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.model.problem() is not None:
            return self.model.problem()
        if self._problem is not None:
            return self._problem
        if self._base is None:
            return "Conditions of the training that fit are being looked for."
        return self.saving.problem()

    def words(self) -> list[str]:
        """Return the map as options of ``microgen zones``, without the folder."""
        setting, fields = self.setting(), self.saving.fields
        form = {n: f.value() for n, f in fields.items() if n != "out" and self.saving.applies(n)}
        axes: tuple[Axis, Axis] = setting.grid()
        if form["style"] == "random":
            axes = (setting.x, setting.y)
        values: dict[str, Any] = {
            axis: f"{a.name}:{a.low!r}:{a.high!r}:{a.count}" for axis, a in zip("xy", axes, strict=True)
        }
        values |= form
        values |= {"seed": setting.seed, "same_noise": setting.same_noise, "classifier": setting.classifier}
        values |= {"count": setting.count if setting.judges else None, "device": device()}
        values |= self.image_words | (self.window_words if setting.judges or self.window_words else {})
        if setting.descriptor is not None:
            values |= {"descriptor": (setting.descriptor,), "residuals": setting.residuals}
        parameters = [p for p in described("zones").parameters if p.name in values]
        settings = [f"--set={word}" for word in as_settings(setting.base.values)]
        return [*settings, *as_words(parameters, values)]

    def start(self) -> None:
        """Draw and write the diagram by the command; cells made before come from the cache."""
        setting, out = self.setting(), Path(self.saving.values()["out"]).expanduser()
        arguments = ["zones", setting.model, "--out", str(out), f"--cache={usual_folder()}", *self.words()]
        steps = run_child(arguments, environment=job_environment(), niceness=BRIEF)
        self.dock.launch("Drawing", steps, lambda content: self._take(setting, out, content))

    def _take(self, setting: Setting, out: Path, content: dict[str, Any]) -> None:
        files = ", ".join(content["files"])
        self.dock.notice.show_note(f"Wrote {files} and recipe.json to {out}.")
        for note in content.get("notes") or ():
            self.dock.notice.add_note(f"Note: {note}.")
        if content["collage"]["style"] == "random" and self.live.setting is not None:
            self.layers.collage(np.asarray(read(out / "collage.tif").data))

    def closing(self) -> None:
        """End the process; the window is closing."""
        for timer in (self._pace, self._camera):
            timer.stop()
        self.live.stop(wait=True)
        self.layers.close()
        self.model.forget()
        self.classifier.forget()
        for latest in (self._fixing, self._first):
            latest.forget()
