"""Relate page: fit models of a property to a table, rank them, and look at each."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QPushButton

from ..operations import run
from ..regress.presets import symbol_of
from ..regress.sample_table import SampleTable
from .choices import labelled
from .described import described
from .dock import Dock, Page
from .forms import Form, options_of
from .property_features import FeatureList
from .property_ranking import Closer, ModelTable, verdict
from .property_source import Source
from .settings import cache_folder

FORM = (
    "models",
    "max_features",
    "resamples",
    "coverage",
    "measured",
    "test",
    "sample",
    "seed",
    "delimiter",
    "decimal",
)
"""Options in the order of the form; the others have their own inputs."""
READING = ("sample", "delimiter", "decimal")


class RelatePage(Page):
    """Choose samples, property and features; see which models hold."""

    title = "Relate"
    run_label = "Fit models"

    modelled = Signal()
    """Another model can be used for predictions."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        parameters = {p.name: p for p in options_of(described("regress"))}
        self._folder: Path | None = None
        self._request: dict[str, Any] = {}
        self._looked: dict[tuple[str, ...], Mapping[str, Any]] = {}
        self.content: Mapping[str, Any] | None = None
        self.model: Path | None = None
        self.source = Source(self.viewer)
        self.target, self.group = QComboBox(), QComboBox()
        self.target.setEditable(True)
        for box in (self.target, self.group):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)
        self.features = FeatureList()
        self.form = Form([parameters[name] for name in FORM])
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.models = ModelTable()
        self.closer = Closer()
        self.save = QPushButton("Save model, tables and plots…")
        self._compose(parameters["target"].help, parameters["group"].help)
        self._connect()
        self._offer_columns()

    def _compose(self, target_help: str, group_help: str) -> None:
        for part in (
            self.source,
            labelled("Property", self.target, target_help),
            labelled("Group", self.group, group_help),
            QLabel("Features to try"),
            self.features,
            self.form,
            self.models,
            self.verdict,
            self.closer,
            self.save,
        ):
            self.column.addWidget(part)
        self.models.hide()
        self.verdict.hide()
        self.save.hide()
        self.save.setToolTip(
            "Write model.json, the ranking, the predictions and the plots of the selected model into a folder"
        )

    def _connect(self) -> None:
        self.source.changed.connect(self._offer_columns)
        self.target.currentTextChanged.connect(lambda _: self._offer_features())
        self.group.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.features.changed.connect(self.changed)
        self.form.changed.connect(self._form_changed)
        self.models.picked.connect(self._look)
        self.save.clicked.connect(self._save)

    def _form_changed(self) -> None:
        if self.form.problem() is None:
            values = self.form.values()
            self.source.use({name: values[name] for name in READING})
        self.changed.emit()

    def _offer_columns(self) -> None:
        table, old = self.source.table, self.target.currentText()
        group = self.group.currentData()
        for box in (self.target, self.group):
            box.blockSignals(True)
            box.clear()
        self.group.addItem("automatic", None)
        if table is not None:
            self.target.addItems(list(table.numbers))
            for name in (*table.labels, *table.numbers):
                self.group.addItem(name, name)
            likely = self.source.property_name() or (old if old in table.numbers else likely_property(table))
            self.target.setCurrentText(likely)
            self.group.setCurrentIndex(max(0, self.group.findData(group)))
        else:
            self.target.setCurrentText(old)
        for box in (self.target, self.group):
            box.blockSignals(False)
        self._offer_features()

    def _offer_features(self) -> None:
        self.features.offer(self.source.table, self.target.currentText().strip())
        self.changed.emit()

    def opened(self) -> None:
        """Look for layers that were measured meanwhile."""
        if self.source.kind.currentData() != "file":
            self.source.refresh()

    def problem(self) -> str | None:
        """Return what is missing."""
        if (problem := self.source.problem()) is not None:
            return problem
        if not self.target.currentText().strip():
            return "Choose the property to predict, or type a formula of columns."
        return self.features.problem(self.source.table) or self.form.problem()

    def start(self) -> None:
        """Fit and rank the models."""
        folder = self._own_folder()
        request = self.form.values() | {
            "table": self.source.write(folder),
            "target": self.target.currentText().strip(),
            "group": self.group.currentData(),
            "features": self.features.chosen(),
        }
        steps = run("regress", **request, out=folder / "best")
        self.dock.launch("Fitting", steps, lambda content: self._take(request, content))

    def _take(self, request: dict[str, Any], content: Mapping[str, Any]) -> None:
        self._request, self.content = request, content
        self._looked = {tuple(content["best"]["features"]): content}
        self.models.show_models(content)
        self.verdict.setText(verdict(content))
        for part in (self.models, self.verdict, self.save):
            part.show()
        self._show(content)
        QTimer.singleShot(0, self._scroll_to_models)

    def _scroll_to_models(self) -> None:
        area = self.dock.tabs.currentWidget()
        if self.dock.page is self:
            area.verticalScrollBar().setValue(self.models.y() - 6)

    def _show(self, content: Mapping[str, Any]) -> None:
        self.model = next(Path(file) for file in content["files"] if file.endswith("model.json"))
        self.closer.show_model(content)
        self.modelled.emit()
        self.changed.emit()

    def _look(self, row: int) -> None:
        """Examine the model of a row as the best one was."""
        if self.content is None:
            return
        names = tuple(self.content["models"][row]["features"])
        if names in self._looked:
            self._show(self._looked[names])
            return
        if self.dock.job is not None:
            self._select_shown()
            return
        out = self._own_folder() / f"model{len(self._looked)}"
        steps = run("regress", **self._alone(names), out=out)
        self.dock.launch("Examining", steps, lambda content: self._examined(names, content))
        if self.dock.job is not None:
            self.dock.job.ended.connect(self._select_shown)

    def _alone(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return the request for one model by itself."""
        assert self.content is not None
        formulas = {entry["name"]: entry["formula"] for entry in self.content["candidates"]}
        texts = tuple(name if formulas[name] is None else f"{name}={formulas[name]}" for name in names)
        return self._request | {"features": texts, "models": "full", "max_features": None}

    def _examined(self, names: tuple[str, ...], content: Mapping[str, Any]) -> None:
        self._looked[names] = content
        self._show(content)

    def _select_shown(self) -> None:
        """Select the model whose plots are shown."""
        if self.content is None or self.closer.content is None:
            return
        shown = self.closer.content["best"]["features"]
        rows = (row for row, model in enumerate(self.content["models"]) if model["features"] == shown)
        self.models.select(next(rows, 0))

    def _save(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for model, tables and plots")
        if chosen:
            self.dock.attempt(lambda: self.save_to(Path(chosen)))

    def save_to(self, folder: Path) -> None:
        """Write the selected model; the folder also gets the recipe of the fit."""
        content = self.closer.content
        if content is None or self.content is None:
            return
        names = tuple(content["best"]["features"])
        request = self._request if content is self.content else self._alone(names)
        steps = run("regress", **request, out=folder)
        self.dock.launch("Saving", steps, lambda _: self.dock.notice.show_note(f"Saved to {folder}"))

    def _own_folder(self) -> Path:
        if self._folder is None or not self._folder.is_dir():
            self._folder = Path(tempfile.mkdtemp(prefix="property-", dir=cache_folder()))
        return self._folder

    def closing(self) -> None:
        """Remove what was written for this window only, once nothing writes there any more."""
        if self.dock.job is not None:
            self.dock.job.abandon()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def likely_property(table: SampleTable) -> str:
    """Return the last column of numbers that is no microstructure feature, to begin with."""
    plain = [name for name in table.numbers if symbol_of(name) is None]
    return (plain or list(table.numbers) or [""])[-1]
