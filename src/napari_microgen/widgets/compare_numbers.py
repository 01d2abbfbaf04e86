"""Numbers page of the Compare dock: the whole comparison, its table, and plots that show their images."""

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog, QLineEdit, QPushButton

from ..compare.image_list import IMAGE_LIST, read_image_list
from ..progress import Steps
from .chart import Chart
from .child import BRIEF, run_child
from .choices import labelled, row_of
from .compare_images import ROWS, ImagesPage, Request
from .compare_pairs import ALL, PairsPage
from .compare_plots import KINDS, ImagePlot, Listed, image_plot, place_words, typical
from .compare_table import DescriptorTable
from .compare_view import Wanted
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of
from .measure_plots import narrow_box, wrapping
from .settings import cache_folder, job_environment

SIDES = ("real", "synthetic", "conditions", "synthetic_conditions", "out")
BORDERS = {"yes": "#009e73", "partly": "#e69f00", "undecided": "#e69f00", "no": "#d55e00"}


class NumbersPage(Page):
    """Run the comparison and read it."""

    title = "Numbers"
    run_label = "Compare"

    def __init__(self, dock: Dock, images: ImagesPage, pairs: PairsPage) -> None:
        super().__init__(dock)
        self.images, self.pairs = images, pairs
        self.content: Mapping[str, Any] | None = None
        self.listed: Listed | None = None
        self.report: Path | None = None
        self.shown: ImagePlot | None = None
        self.parameters = options_of(described("compare"), leave_out=(*SIDES, *ROWS))
        self.form = Form(self.parameters)
        self.out = QLineEdit(str(cache_folder() / "comparisons" / "comparison"))
        self.out_button, self.open = QPushButton("…"), QPushButton("Open the report")
        self.out_button.setMaximumWidth(32)
        self.open.setToolTip("One page with all tables and pictures, in the browser")
        self.verdict = wrapping("")
        self.verdict.setTextFormat(Qt.TextFormat.RichText)
        self.condition, self.kind = narrow_box(), narrow_box()
        self.kind.addItems(list(KINDS))
        self.table, self.chart = DescriptorTable(), Chart()
        self.notes, self.reading = wrapping(""), wrapping("")
        self.reading.setMinimumHeight(3 * self.fontMetrics().height())
        self.reading.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._compose()
        self._connect()
        self._results(on=False)

    def _compose(self) -> None:
        tip = "Folder of the report; a folder that is there already gets a number"
        self.column.addWidget(labelled("Report", row_of(self.out, self.out_button), tip))
        self.column.addWidget(self.form)
        self.column.addWidget(self.verdict)
        self.column.addWidget(self.open)
        self.rows = (
            labelled("Condition", self.condition, "Numbers and plots of this condition"),
            self.table,
            labelled("Plot", self.kind, "Every dot is an image: click it to see it"),
            self.chart,
        )
        for part in (*self.rows, self.notes, self.reading):
            self.column.addWidget(part)

    def _connect(self) -> None:
        self.form.changed.connect(self.changed)
        self.out.textChanged.connect(self.changed)
        self.images.changed.connect(self.changed)
        self.out_button.clicked.connect(self._pick_out)
        self.open.clicked.connect(self.open_report)
        self.condition.currentIndexChanged.connect(lambda _: self._fill())
        self.kind.currentIndexChanged.connect(lambda _: self._draw())
        self.table.chosen.connect(lambda _: self._draw())
        self.chart.pointed.connect(self._read)
        self.chart.picked.connect(self._picked)

    def problem(self) -> str | None:
        """Return what is missing."""
        if not self.out.text().strip():
            return "Say which folder the report is written to."
        return self.images.problem() or self.form.problem()

    def start(self) -> None:
        """Compare in a child process."""
        request, folder = self.images.request(), self.images.folder()
        out = self._free_folder()
        self.out.setText(str(out))
        words = as_words(self.parameters, self.form.values())
        self.dock.launch("Comparing", _compared(request, folder, out, words), self._take)

    def _free_folder(self) -> Path:
        chosen = Path(self.out.text().strip()).expanduser()
        chosen.parent.mkdir(parents=True, exist_ok=True)
        stem, number = re.sub(r"-\d+$", "", chosen.name), 2
        while chosen.exists() and (not chosen.is_dir() or any(chosen.iterdir())):
            chosen = chosen.with_name(f"{stem}-{number}")
            number += 1
        return chosen

    def cancelled(self) -> str:
        """Say what is left."""
        return "Cancelled; no report was written."

    def _take(self, result: tuple[Mapping[str, Any], Listed, Path]) -> None:
        self.content, self.listed, self.report = result
        content = self.content
        first, *rest = content["verdict"]
        lines = "".join(f"<li>{escape(line)}</li>" for line in rest)
        colour = BORDERS.get(content["trust"], "#888888")
        self.verdict.setText(f"<b style='color:{colour}'>{escape(first)}</b><ul>{lines}</ul>")
        self.condition.blockSignals(True)
        self.condition.clear()
        self.condition.addItem(ALL, None)
        for row in content["conditions"]:
            self.condition.addItem(f"{row['condition']} ({row['support']})", row["condition"])
        self.condition.blockSignals(False)
        self._results(on=True)
        self._fill()
        for note in (*content["notes"], *content.get("warnings", ())):
            self.dock.notice.add_note(note)

    def _results(self, *, on: bool) -> None:
        for part in (*self.rows, self.verdict, self.open, self.notes, self.reading):
            part.setVisible(on)

    def _fill(self) -> None:
        if self.content is not None:
            self.table.show_content(self.content, self.condition.currentData())
            self._draw()

    def _draw(self) -> None:
        if self.content is None or self.listed is None:
            return
        name = self.table.descriptor() or "relative_density"
        unit = self.content["units"][name]
        self.shown = image_plot(
            self.kind.currentText(), self.listed, name, unit, self.condition.currentData()
        )
        self.chart.setToolTip("" if self.shown else "This descriptor has no value in any of the images.")
        self.chart.show_plot(None if self.shown is None else self.shown.plot)
        self.notes.setText("" if self.shown is None else "\n".join(self.shown.plot.notes))

    def _read(self, words: str) -> None:
        if words or self.chart.marked is None:
            self.reading.setText(words)

    def _picked(self, series: int, index: int) -> None:
        """Show the image of a dot, beside a typical one of the other side."""
        if self.shown is None or self.listed is None or self.content is None:
            return
        listed, content = self.listed, self.content
        side, row = self.shown.image(series, index)
        name = self.table.descriptor() or "relative_density"
        condition = listed[side].conditions[row]
        rows = {side: row}
        for other in listed:
            if other != side and (near := typical(listed[other], name, condition)) is not None:
                rows[other] = near
        order = [s for s in ("real", "synthetic") if s in rows]
        origins = tuple(listed[s].origins[rows[s]] for s in order)
        limits, pixel = tuple(content["images"]["grey_limits"]), content["pixel_size_um"]
        names = [s if s == side else f"{s} (typical)" for s in order]

        def show(pictures: list[np.ndarray]) -> None:
            self.pairs.blind.stop()
            self.pairs.view.show(pictures, names, limits, pixel)
            self.pairs.settle()
            value = listed[side].values[name][row]
            self.reading.setText(
                f"{side}, {condition}, {place_words(listed[side], row)}: {name.replace('_', ' ')} {value:.4g}"
            )

        self.pairs.reader.read(Wanted(origins, listed[side].shape), show)

    def open_report(self) -> None:
        """Open the page in the browser."""
        if self.report is not None:
            page = self.report / "report.html"
            if not page.is_file():
                self.dock.notice.show_note(f"{page} is not there any more; compare again.")
            elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(page))):
                self.dock.notice.show_note(f"No browser was found; the report is {page}")

    def _pick_out(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the report", self.out.text())
        if chosen:
            self.out.setText(chosen)


def _compared(
    request: Request, folder: Path, out: Path, words: list[str]
) -> Steps[tuple[Mapping[str, Any], Listed, Path]]:
    sources = yield from request.sources(folder)
    arguments = ["compare", str(sources["real"].path), str(sources["synthetic"].path), "--out", str(out)]
    sides = (("--conditions", sources["real"]), ("--synthetic-conditions", sources["synthetic"]))
    for option, side in sides:
        arguments += [] if side.conditions is None else [option, str(side.conditions)]
    content = yield from run_child(
        [*arguments, *request.words, *words], environment=job_environment(), niceness=BRIEF
    )
    return content, read_image_list(out / IMAGE_LIST), out
