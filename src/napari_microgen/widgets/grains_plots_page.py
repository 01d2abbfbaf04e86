"""Plots page of the Grains dock: a dot is a grain; choosing one chooses the other."""

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from .chart import Chart
from .choices import labelled
from .dock import Dock, Page
from .grains_page import GrainsPage
from .grains_plots import BUILDERS, GrainPlot, grain_plot
from .measure_plots import narrow_box, wrapping

NOTHING = "Find and measure grains first."
FEW = "Too few grains are whole."


class GrainPlotsPage(Page):
    """Choose a plot of the grains that are shown."""

    title = "Plots"
    run_label = "Save plot…"

    def __init__(self, dock: Dock, grains: GrainsPage) -> None:
        super().__init__(dock)
        self.grains = grains
        self.shown: GrainPlot | None = None
        self._stale = True
        self._grain = 0
        self.choice = narrow_box()
        self.choice.addItems(list(BUILDERS))
        self.chart = Chart()
        self.notes, self.reading = wrapping(""), wrapping("")
        self.reading.setMinimumHeight(3 * self.fontMetrics().height())
        self.reading.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.column.addWidget(labelled("Plot", self.choice, "Which sizes or law to show; a dot is a grain"))
        self.column.addWidget(self.chart, 4)
        self.column.addWidget(self.notes)
        self.column.addWidget(self.reading)
        self.choice.currentIndexChanged.connect(lambda _: self._draw())
        self.chart.pointed.connect(self._read)
        self.chart.picked.connect(self._picked)
        grains.shown.connect(self._follow)
        grains.chosen.connect(self.mark)
        self._follow()

    def _follow(self) -> None:
        self._stale, self._grain = True, 0
        if self.isVisible() or self.grains.found is None:
            self.opened()

    def opened(self) -> None:
        """Draw the plot of the grains that are shown now."""
        if self._stale:
            self._stale = False
            self._draw()

    def _draw(self) -> None:
        found = self.grains.found
        self.shown = None if found is None else grain_plot(self.choice.currentText(), found)
        self.chart.setToolTip(NOTHING if found is None else "" if self.shown else FEW)
        self.chart.show_plot(None if self.shown is None else self.shown.plot)
        self.notes.setText("" if self.shown is None else "\n".join(self.shown.plot.notes))
        self.reading.setText("")
        if self._grain:
            self.mark(self._grain)
        self.changed.emit()

    def mark(self, grain: int) -> None:
        """Mark the dot of a grain and say what is known of it."""
        self._grain = grain
        if self._stale or self.shown is None or self.grains.found is None:
            return
        self.chart.mark(0, self.shown.dot(grain))
        self.reading.setText(self.grains.found.words(grain))

    def _picked(self, _series: int, index: int) -> None:
        if self.shown is not None:
            self.grains.choose(int(self.shown.grains[index]))

    def _read(self, words: str) -> None:
        if words or self.chart.marked is None:
            self.reading.setText(words)

    def problem(self) -> str | None:
        """Return what is missing."""
        return None if self.chart.plot is not None else self.chart.toolTip()

    def start(self) -> None:
        """Ask where to, and write the plot."""
        kinds = "Picture (*.svg *.png);;Numbers (*.csv)"
        name = self.choice.currentText().lower().replace(" ", "_").replace("'", "")
        chosen, kind = QFileDialog.getSaveFileName(self, "Save plot", f"{name}.svg", kinds)
        if chosen:
            self.save_plot(Path(chosen), ".csv" if "csv" in kind else ".svg")

    def save_plot(self, path: Path, suffix: str = ".svg") -> None:
        """Write the plot shown, as picture or as numbers."""
        path = path if path.suffix else path.with_suffix(suffix)
        self.chart.save(path)
        self.dock.notice.show_note(f"Saved {path}")
