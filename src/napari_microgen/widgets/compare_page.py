"""Compare page: a segmentation against the truth, class by class."""

from typing import Any

from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QTableWidget, QTableWidgetItem

from ..operations import run
from .choices import LayerChoice, labelled
from .classes import class_name
from .described import described
from .dock import Dock, Page
from .forms import Form, options_of, tooltip
from .layers import level_zero
from .snapshot import Snapshot

COLUMNS = ("jaccard", "precision", "recall")


class ScoreTable(QTableWidget):
    """Jaccard, precision and recall of each class."""

    def __init__(self) -> None:
        super().__init__(0, 1 + len(COLUMNS))
        self.setHorizontalHeaderLabels(("class", *COLUMNS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(150)

    def show_scores(self, classes: dict[str, dict[str, Any]]) -> None:
        """Fill the rows; what is undefined says why in its tooltip."""
        self.setRowCount(len(classes))
        for row, (value, entry) in enumerate(classes.items()):
            name = class_name(int(value), {int(v) for v in classes})
            self.setItem(row, 0, QTableWidgetItem(name))
            for column, name in enumerate(COLUMNS, start=1):
                number = entry.get(name)
                item = QTableWidgetItem("undefined" if number is None else f"{number:.4f}")
                item.setToolTip(tooltip(entry.get("reason") or name))
                self.setItem(row, column, item)


class ComparePage(Page):
    """Score a segmentation against a layer that is right."""

    title = "Compare"
    run_label = "Compare"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.prediction = LayerChoice(self.viewer, ("Labels",))
        self.truth = LayerChoice(self.viewer, ("Labels",))
        self.form = Form(options_of(described("score")))
        self.accuracy = QLabel("Choose a result and the truth.")
        self.accuracy.setWordWrap(True)
        self.table = ScoreTable()
        self.scores: dict[str, Any] | None = None
        self.column.addWidget(labelled("Result", self.prediction, "The labels to judge"))
        self.column.addWidget(labelled("Truth", self.truth, "The labels that are right"))
        for part in (self.form, self.accuracy, self.table):
            self.column.addWidget(part)
        self.prediction.changed.connect(self.changed)
        self.truth.changed.connect(self.changed)
        self.form.changed.connect(self.changed)

    def problem(self) -> str | None:
        """Return what is missing."""
        result, truth = self.prediction.layer(), self.truth.layer()
        if result is None or truth is None:
            return "Two labels layers are needed: a result and the truth."
        if result == truth:
            return "The result and the truth are the same layer; choose two."
        shapes = level_zero(result).shape, level_zero(truth).shape
        if shapes[0] != shapes[1]:
            return (
                f"“{result.name}” has shape {shapes[0]} and “{truth.name}” has {shapes[1]}; crop both alike."
            )
        return self.form.problem()

    def start(self) -> None:
        """Score snapshots of both layers."""
        prediction, truth = Snapshot.of(self.prediction.layer()), Snapshot.of(self.truth.layer())
        steps = run("score", prediction=prediction.volume, truth=truth.volume, **self.form.values())
        names = f"“{prediction.place.name}” against “{truth.place.name}”"
        self.dock.launch("Comparing", steps, lambda scores: self._take(names, scores))

    def _take(self, names: str, scores: dict[str, Any]) -> None:
        self.scores = scores
        mean = scores.get("mean_jaccard")
        second = "" if mean is None else f", mean Jaccard {mean:.4f}"
        self.accuracy.setText(f"{names}: accuracy {scores['accuracy']:.4f}{second}")
        self.table.show_scores(scores["classes"])
        for note in scores.get("notes") or ():
            self.dock.notice.add_note(note)
