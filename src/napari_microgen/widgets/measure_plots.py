"""The Plots page of the Measure dock: distributions and curves of the measured layer that is chosen."""

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QSizePolicy

from ..features import FeatureTable
from ..quantify.plots import Plot, plots_of
from .chart import Chart
from .chart_painting import pretty_unit
from .choices import labelled
from .dock import Dock, Page

NOTHING = "Measure something first: strut diameter, local thickness, chord length, curvature, tortuosity ..."
WITHOUT = "What was measured here has no distribution to show. Measure all quantities."


class PlotsPage(Page):
    """Choose a plot; it follows the layer that is chosen and the phase."""

    title = "Plots"
    run_label = "Save plot…"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.plots: dict[str, Plot] = {}
        self._table: FeatureTable | None = None
        self._fresh = True
        self._wanted = ""
        self.caption = wrapping("")
        self.choice = narrow_box()
        self.chart = Chart()
        self.notes = wrapping("")
        self.reading = wrapping("")
        self.reading.setMinimumHeight(3 * self.fontMetrics().height())
        self.reading.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column.addWidget(self.caption)
        self.column.addWidget(labelled("Plot", self.choice, "Which distribution or curve to show"))
        self.column.addWidget(self.chart, 4)
        self.column.addWidget(self.notes)
        self.column.addWidget(self.reading)
        self.choice.activated.connect(self._pick)
        self.chart.pointed.connect(self.reading.setText)
        self.follow(None, NOTHING)

    def follow(self, table: FeatureTable | None, caption: str) -> None:
        """Show the plots of another table; they are made when the page is seen."""
        self._table, self._fresh = table, False
        self.caption.setText(caption)
        if self.isVisible():
            self.opened()

    def opened(self) -> None:
        """Make the plots of the table, and show the one that was shown before."""
        if self._fresh:
            return
        self._fresh = True
        self.plots = {} if self._table is None else {plot.title: plot for plot in plots_of(self._table)}
        self.choice.clear()
        self.choice.addItems(list(self.plots))
        self.choice.setEnabled(bool(self.plots))
        self.choice.setToolTip("" if self.plots else NOTHING)
        self.chart.setToolTip("" if self.plots else NOTHING if self._table is None else WITHOUT)
        if self._wanted in self.plots:
            self.choice.setCurrentText(self._wanted)
        self._show()

    def show_plot(self, title: str) -> None:
        """Choose a plot by its title."""
        self.choice.setCurrentText(title)
        self._pick()

    def _pick(self, _index: int = 0) -> None:
        self._wanted = self.choice.currentText()
        self._show()

    def _show(self) -> None:
        plot = self.plots.get(self.choice.currentText())
        self.chart.show_plot(plot)
        self.notes.setText("" if plot is None else pretty_unit("; ".join(plot.notes)))
        self.changed.emit()

    def problem(self) -> str | None:
        """Return what is missing."""
        return None if self.chart.plot is not None else self.chart.toolTip()

    def start(self) -> None:
        """Ask where to, and write the plot."""
        kinds = "Picture (*.svg *.png);;Numbers (*.csv)"
        name = self.choice.currentText().lower().replace(" ", "_")
        chosen, kind = QFileDialog.getSaveFileName(self, "Save plot", f"{name}.svg", kinds)
        if chosen:
            self.save_plot(Path(chosen), ".csv" if "csv" in kind else ".svg")

    def save_plot(self, path: Path, suffix: str = ".svg") -> None:
        """Write the plot shown, as picture or as numbers."""
        path = path if path.suffix else path.with_suffix(suffix)
        self.chart.save(path)
        self.dock.notice.show_note(f"Saved {path}")


def narrow_box() -> QComboBox:
    """Return a box of choices that takes no more width than there is."""
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
    return box


def wrapping(text: str) -> QLabel:
    """Return a text that wraps and takes no more width than there is."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label
