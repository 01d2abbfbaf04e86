"""Predict page: the property of a volume from what is measured of it."""

import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFormLayout, QFrame, QLabel, QLineEdit, QVBoxLayout, QWidget

from ..errors import MicrogenError
from ..features import Feature, FeatureTable
from ..io.tables import write_table
from ..operations import run
from ..progress import Steps
from ..regress.model_files import SavedRegression, load_regression
from ..regress.summary import predicted
from .choices import LayerChoice, VoxelSizeRow, labelled
from .described import described
from .dock import Dock, Page
from .fields import PathField
from .forms import LABEL_WIDTH, Form, options_of
from .property_relate import RelatePage
from .property_samples import Measured, add_features, lacking, measured_features, needed_columns
from .settings import cache_folder
from .snapshot import Snapshot


class PredictPage(Page):
    """Predict the property of the selected labels layer."""

    title = "Predict"
    run_label = "Predict this volume"

    def __init__(self, dock: Dock, relate: RelatePage) -> None:
        super().__init__(dock)
        self._relate = relate
        self._saved: SavedRegression | None = None
        self._trouble: str | None = None
        self.labels = LayerChoice(self.viewer, ("Labels",))
        self.voxel_size = VoxelSizeRow()
        self.form = Form(options_of(described("quantify"), only=("phase",)))
        (model,) = (p for p in described("predict").parameters if p.name == "model")
        self.file = PathField(model)
        self.file.edit.setPlaceholderText("the model selected in Relate")
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.asked: dict[str, QLineEdit] = {}
        self._asking = QWidget()
        self._answers = QFormLayout(self._asking)
        self._answers.setContentsMargins(0, 0, 0, 0)
        self.result = ResultFrame()
        for part in (
            labelled("Labels", self.labels, "The phase map to predict the property of"),
            self.voxel_size,
            self.form,
            labelled("Model", self.file, model.help),
            self.about,
            self._asking,
            self.result,
        ):
            self.column.addWidget(part)
        for signal in (self.labels.changed, self.form.changed, self.file.changed, self.voxel_size.given):
            signal.connect(self._inputs_changed)
        relate.modelled.connect(self._inputs_changed)
        self._inputs_changed()

    def opened(self) -> None:
        """Look again: a layer may have been measured meanwhile."""
        self._inputs_changed()

    def _model(self) -> Path | None:
        text = self.file.edit.text().strip()
        if not text:
            return self._relate.model
        path = Path(text)
        return path / "model.json" if path.is_dir() else path

    def _inputs_changed(self) -> None:
        self.voxel_size.ask(self.labels.layer())
        path = self._model()
        self._saved, self._trouble = None, "Fit models in Relate first, or choose a model file."
        if path is not None:
            try:
                self._saved, self._trouble = load_regression(path), None
            except MicrogenError as error:
                self._trouble = str(error)
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        saved, layer = self._saved, self.labels.layer()
        measure, ask = ([], []) if saved is None else lacking(saved, self._known(layer))
        self._ask(ask)
        words = []
        if saved is not None:
            words.append(f"{saved.target} from {', '.join(saved.model.features)} ({saved.rows} samples)")
        if measure and layer is not None:
            words.append(f"Will be measured first: {', '.join(n.replace('_', ' ') for n in measure)}.")
        self.about.setText("\n".join(words))

    def _known(self, layer: Any) -> Measured:
        phase = self.form.values()["phase"] if self.form.problem() is None else None
        return {} if layer is None else measured_features(layer, phase)

    def _ask(self, names: Sequence[str]) -> None:
        """Ask for what is not measured from labels, such as a temperature."""
        if list(self.asked) == list(names):
            return
        while self._answers.rowCount():
            self._answers.removeRow(0)
        self.asked = {}
        units = {} if self._saved is None else needed_columns(self._saved)
        for name in names:
            unit, edit = units.get(name), QLineEdit()
            label = QLabel(name if unit in (None, "1") else f"{name} [{unit}]")
            label.setMinimumWidth(LABEL_WIDTH)
            for part in (label, edit):
                part.setToolTip(f"{name} of this volume; it is not measured from labels")
            edit.textChanged.connect(lambda _: self.changed.emit())
            self._answers.addRow(label, edit)
            self.asked[name] = edit
        self._asking.setVisible(bool(names))

    def _given(self) -> list[Feature]:
        """Return what was typed as features.

        Raises
        ------
        ValueError
            If something is no number.
        """
        assert self._saved is not None
        units = needed_columns(self._saved)
        return [
            Feature(name=name, value=float(edit.text().replace(",", ".")), unit=units[name] or "1")
            for name, edit in self.asked.items()
        ]

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.labels.layer() is None:
            return "There is no labels layer. Segment an image first, or open a label image."
        if self._trouble is not None:
            return self._trouble
        try:
            self._given()
        except ValueError:
            return f"Give a number for {', '.join(self.asked)}."
        return self.form.problem()

    def start(self) -> None:
        """Measure what is lacking, and predict."""
        snapshot, model = Snapshot.of(self.labels.layer()), self._model()
        phase = int(self.form.values()["phase"])
        assert self._saved is not None
        assert model is not None
        known = self._known(self.labels.layer())
        measure, _ = lacking(self._saved, known)
        steps = predict_volume(snapshot, phase, [*known.values(), *self._given()], measure, model)
        self.dock.launch("Predicting", steps, lambda found: self._take(snapshot, phase, *found))

    def _take(self, snapshot: Snapshot, phase: int, content: Mapping[str, Any], new: FeatureTable) -> None:
        self.result.show_prediction(content)
        remark = snapshot.remark(self.viewer)
        if remark:
            self.dock.notice.show_note(remark)
        elif len(new):
            add_features(snapshot.layer, phase, new)
        self._say()


class ResultFrame(QFrame):
    """The predicted value with its interval, a warning where it extrapolates, and what it is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.value, self.warning, self.parts = QLabel(), QLabel(), QLabel()
        column = QVBoxLayout(self)
        for label in (self.value, self.warning):
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.value, self.warning, self.parts):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        self.hide()

    def show_prediction(self, content: Mapping[str, Any]) -> None:
        """Show what `predict` returned for one sample."""
        target, (entry,) = content["target"], content["predictions"]
        self.value.setText(f"{entry['sample']}: {target['name']} {predicted(entry, target['unit'])}")
        font = self.value.font()
        font.setBold(True)
        self.value.setFont(font)
        warnings = entry.get("warnings") or ()
        self.warning.setVisible(bool(warnings))
        self.warning.setText("\n".join(["Outside what the model was fitted to:", *warnings]))
        self.warning.setStyleSheet("QLabel { border-left: 4px solid #d55e00; padding-left: 6px; }")
        self.parts.setText(contribution_text(entry.get("contributions") or {}))
        self.show()


def contribution_text(contributions: Mapping[str, float]) -> str:
    """Return the contributions of the features, largest first, as rich text."""
    if not contributions:
        return ""
    ordered = sorted(contributions.items(), key=lambda item: -abs(item[1]))
    rows = "".join(
        f"<tr><td>{escape(name)}&nbsp;&nbsp;</td><td>{value:+.4g}</td></tr>" for name, value in ordered
    )
    return f"Against the mean of the fitted samples:<table>{rows}</table>"


def predict_volume(
    snapshot: Snapshot, phase: int, known: Sequence[Feature], measure: Sequence[str], model: Path
) -> Steps[tuple[dict[str, Any], FeatureTable]]:
    """Measure what is lacking of a labels layer and predict its property.

    Returns
    -------
    content : dict
        What `predict` gave.
    new : FeatureTable
        What was measured for it.
    """
    new = FeatureTable()
    if measure:
        new = yield from run("quantify", labels=snapshot.volume, phase=phase, features=tuple(measure))
    named = [_of_sample(feature, snapshot.place.name) for feature in (*known, *new)]
    with tempfile.TemporaryDirectory(prefix="predict-", dir=cache_folder()) as folder:
        table = write_table(FeatureTable(tuple(named)), Path(folder) / "features.csv")
        content = yield from run("predict", table=table, model=model)
    return content, new


def _of_sample(feature: Feature, sample: str) -> Feature:
    return Feature(
        name=feature.name, value=feature.value, unit=feature.unit, reason=feature.reason, sample=sample
    )
