"""Models side by side, and a closer look at the one that is selected."""

from collections.abc import Mapping
from html import escape
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..regress.plots import KINDS, plots_of
from ..regress.summary import number, score, verdict_lines
from .fields import readable
from .forms import tooltip
from .property_plots import Plot

SHOWN = 500
"""Models that are listed; the file ``models.csv`` holds all."""
HEADERS = ("features", "RMSE", "R²", "R² fit")
TIPS = (
    "Features of the model; in brackets its letter in the paper. Grey: many features for so few samples",
    "Root mean square error on samples left out one at a time, in the unit of the property",
    "R² of the predictions of samples left out",
    "R² of the fit itself: it never falls when a feature is added",
)


class ModelTable(QTableWidget):
    """The ranking, best first; one row is selected."""

    picked = Signal(int)
    """A row was selected by hand."""

    def __init__(self) -> None:
        super().__init__(0, len(HEADERS))
        self.setHorizontalHeaderLabels(HEADERS)
        for column, tip in enumerate(TIPS):
            self.horizontalHeaderItem(column).setToolTip(tip)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(150)
        self.itemSelectionChanged.connect(self._picked)

    def show_models(self, content: Mapping[str, Any]) -> None:
        """List the models and select the best."""
        models = content["models"][:SHOWN]
        self.blockSignals(True)
        self.setRowCount(len(models))
        for row, model in enumerate(models):
            for column, text in enumerate(cells(model)):
                item = QTableWidgetItem(text)
                item.setToolTip(tooltip(escape(model.get("warning") or text)))
                if "warning" in model:
                    item.setForeground(self.palette().placeholderText())
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        self.selectRow(0)
        self.blockSignals(False)

    def row(self) -> int:
        """Return the selected row, or -1."""
        rows = {index.row() for index in self.selectedIndexes()}
        return rows.pop() if rows else -1

    def select(self, row: int) -> None:
        """Select a row without telling anybody."""
        self.blockSignals(True)
        self.selectRow(row)
        self.blockSignals(False)

    def _picked(self) -> None:
        if self.row() >= 0:
            self.picked.emit(self.row())


def cells(model: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a model as the texts of a row."""
    letter = f" ({model['paper_model']})" if "paper_model" in model else ""
    errors = (number(model["loocv_rmse"]), score(model["r2"]), score(model["r2_fit"]))
    return (", ".join(model["features"]) + letter, *errors)


class Closer(QWidget):
    """Plots and coefficients of one model."""

    def __init__(self) -> None:
        super().__init__()
        self.content: Mapping[str, Any] | None = None
        self.kind = QComboBox()
        for kind in KINDS:
            self.kind.addItem(readable(kind), kind)
        self.kind.setToolTip("Which plot to show")
        self.plot = Plot()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.kind, self.plot, self.words):
            column.addWidget(part)
        self.kind.currentIndexChanged.connect(lambda _: self._draw())
        self.hide()

    def show_model(self, content: Mapping[str, Any]) -> None:
        """Show the best model of a regression's result."""
        self.content = content
        self.words.setText(coefficient_text(content))
        self.show()
        self._draw()

    def _draw(self) -> None:
        content, kind = self.content, self.kind.currentData()
        if content is not None:
            self.plot.show_plot(lambda width: plots_of(content, width=width)[kind])


def coefficient_text(content: Mapping[str, Any]) -> str:
    """Return the formula of a model, and how firm its coefficients are, as rich text."""
    best, target = content["best"], content["target"]
    inflation = content["collinearity"]["vif"]
    rows = []
    for name, entry in best["coefficients"].items():
        pair = entry["interval_95"]
        interval = f"{pair[0]:.3g} to {pair[1]:.3g}" if pair else ""
        rows.append(
            f"<tr><td>{escape(name)}&nbsp;&nbsp;</td><td align=right>{entry['slope']:.4g}&nbsp;&nbsp;</td>"
            f"<td align=right>{entry['standardised']:.3g}&nbsp;&nbsp;</td><td>{interval}&nbsp;&nbsp;</td>"
            f"<td align=right>{inflation[name]:.3g}</td></tr>"
        )
    warning = f"<p>{escape(best['warning'])}</p>" if "warning" in best else ""
    head = "<tr><th></th><th>slope</th><th>per sd</th><th>95 %</th><th>VIF</th></tr>"
    return (
        f"<b>{escape(target['name'])}</b> = {best['constant']:.4g} + slope × feature"
        f"<table>{head}{''.join(rows)}</table>{warning}"
    )


def verdict(content: Mapping[str, Any]) -> str:
    """Return what a reader should know of the ranking before quoting it."""
    rows = content["rows"]
    lines = [f"{rows['used']} samples, {len(content['models'])} models"]
    lines += [f"left out: {entry['sample']} ({entry['reason']})" for entry in rows["dropped"]]
    return "\n".join([*lines, *verdict_lines(content), *content["notes"]])
