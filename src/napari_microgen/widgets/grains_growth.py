"""Growth page: grains grow in a child process and are watched as layers."""

import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QLineEdit, QPushButton

from ..io.reading import read
from ..progress import Progress, Steps
from ..volume import Volume
from .child import BRIEF, PAUSED, run_child
from .choices import labelled, row_of
from .curve import Curve
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of
from .layers import KEY, layer_of
from .settings import cache_folder, job_environment
from .snapshot import add_layer

RUNNING = "grains (growing)"
RESUME = "continued"
FIRST = ("method", "shape", "grains", "stages", "pixel_size", "seed", RESUME)
"""Options that stand first in the form."""


class GrowthPage(Page):
    """Simulate grain growth and watch it."""

    title = "Growth"
    run_label = "Let grains grow"

    reached = Signal(int, object)
    """A stage was written: its number and its labels as a `Volume`."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.out = QLineEdit(str(cache_folder() / "growth" / "growth"))
        self.out_button = QPushButton("…")
        self.out_button.setMaximumWidth(32)
        by_name = {p.name: p for p in options_of(described("simulate grains"), leave_out=("out",))}
        self.parameters = tuple(by_name[n] for n in dict.fromkeys((*FIRST, *by_name)))
        self.form = Form(self.parameters)
        self.curve = Curve()
        self.pause_button = QPushButton("Pause")
        self.pause_button.setToolTip("Stop and keep the whole state, to go on later from there")
        self._pause = threading.Event()
        self.running: Any = None
        self.stages: list[Any] = []
        self._extent: tuple[float, float] = (1.0, 1.0)
        self._unit, self._edge = "pixel", 1.0
        tip = "Folder for the maps; a run that was stopped goes on in its folder"
        self.column.addWidget(labelled("Folder", row_of(self.out, self.out_button), tip))
        self.column.addWidget(self.form)
        self.column.addWidget(self.pause_button)
        self.column.addWidget(self.curve)
        self.out.textChanged.connect(self.changed)
        self.form.changed.connect(self.changed)
        self.out_button.clicked.connect(self._pick_out)
        self.pause_button.clicked.connect(self._pause.set)
        self.reached.connect(self._stage)
        self._settle()

    def problem(self) -> str | None:
        """Return what is missing."""
        if not self.out.text().strip():
            return "Say which folder the maps are written to."
        problem = self.form.problem()
        if problem is None and self.form.values()[RESUME] and not self._folder().is_dir():
            return f"There is no run to go on with in {self._folder()}; untick “Continued”."
        return problem

    def _folder(self) -> Path:
        return Path(self.out.text().strip()).expanduser()

    def start(self) -> None:
        """Let grains grow in a child process."""
        values = self.form.values()
        out = self._folder()
        if not values[RESUME]:
            stem, number = re.sub(r"-\d+$", "", out.name), 2
            while out.exists() and any(out.iterdir()):
                out = out.with_name(f"{stem}-{number}")
                number += 1
            out.mkdir(parents=True, exist_ok=True)
            self.out.setText(str(out))
            self.curve.clear()
        rows, columns = values["shape"]
        edge = values["pixel_size"]
        self._unit = "pixel" if edge is None else "nm"
        self._edge = edge or 1.0
        self._extent = (rows * self._edge, columns * self._edge)
        self.stages = []
        self._pause.clear()
        words = as_words(self.parameters, values)
        steps = self._watched(out, words, fresh_from=_written(out))
        self.dock.launch("Growing grains", steps, self._take)
        if self.dock.job is not None:
            self.dock.job.ended.connect(self._settle)
        self._settle()

    def _settle(self) -> None:
        self.pause_button.setEnabled(self.dock.job is not None)

    def _watched(self, out: Path, words: list[str], fresh_from: set[str]) -> Steps[dict[str, Any]]:
        """Run the simulation and tell of every stage as soon as its map is there; in the job's thread."""
        arguments = ["simulate", "grains", "--out", str(out), *words]
        steps = run_child(arguments, environment=job_environment(), niceness=BRIEF, pause=self._pause)
        seen = set(fresh_from)

        def tell() -> None:
            for name in sorted(_written(out) - seen):
                seen.add(name)
                self.reached.emit(_number(name), _labels(out / name))

        try:
            while True:
                try:
                    tick = next(steps)
                except StopIteration as end:
                    tell()
                    return dict(end.value)
                tell()
                yield tick
        finally:
            steps.close()

    def tick(self, tick: Progress) -> None:
        """Draw the mean radius, and show how the grains lie now."""
        if "mean_radius" in tick.values:
            self.curve.add(tick.step, {"mean radius": tick.values["mean_radius"]})
        if tick.preview is not None:
            self._show_running(tick.preview)

    def _show_running(self, picture: np.ndarray) -> None:
        """Show a small map of the grains; a grain keeps its number while it lives."""
        labels = np.maximum(picture, 1)
        if self.running is not None and self.running in self.viewer.layers:
            if self.running.data.shape == labels.shape:
                self.running.data = labels
                return
            self.viewer.layers.remove(self.running)
        scale = [length / count for length, count in zip(self._extent, labels.shape, strict=True)]
        self.running = self.viewer.add_labels(
            labels,
            name=RUNNING,
            scale=scale,
            translate=[0.5 * (s - self._edge) for s in scale],
            units=(self._unit,) * 2,
            metadata={KEY: {"preview": True}},
        )
        self.viewer.reset_view()

    def _stage(self, number: int, volume: Volume) -> None:
        if self.dock.job is None:
            return
        layer = add_layer(self.viewer, layer_of(volume))
        layer.name = f"grains, stage {number}"
        self.stages.append(layer)
        if self.running is not None and self.running in self.viewer.layers:
            layer.visible = False
            self.viewer.layers.move(len(self.viewer.layers) - 1, 0)

    def _end_running(self) -> None:
        if self.running is not None and self.running in self.viewer.layers:
            self.viewer.layers.remove(self.running)
        self.running = None
        if self.stages and self.stages[-1] in self.viewer.layers:
            self.stages[-1].visible = True

    def _take(self, result: dict[str, Any]) -> None:
        if result == PAUSED:
            self.form.set_values({RESUME: True})
            self.dock.notice.show_note("Paused. To go on, press the button again: “Continued” is ticked.")
            return
        self._end_running()
        self.form.set_values({RESUME: False})
        sizes = ", ".join(f"{stage['mean_radius']:.1f}" for stage in result["stages"])
        self.dock.notice.show_note(
            f"The grains have grown to mean radii of {sizes} cells. Maps, distances and truth are in "
            f"{result['out']}."
        )

    def cancelled(self) -> str:
        """Say how to go on; how the grains lay last stays to be seen."""
        self.form.set_values({RESUME: True})
        return (
            "Growth was stopped. To go on from the last state that was written, press the button again: "
            "“Continued” is ticked."
        )

    def _pick_out(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the maps", self.out.text())
        if chosen:
            self.out.setText(chosen)


def _written(out: Path) -> set[str]:
    return {path.name for path in out.glob("grains_*.tif")} if out.is_dir() else set()


def _number(name: str) -> int:
    return int(name.removeprefix("grains_").removesuffix(".tif"))


def _labels(path: Path) -> Volume:
    volume = read(path, kind="labels")
    return volume.with_data(np.array(volume.data), name=path.stem, source=str(path))
