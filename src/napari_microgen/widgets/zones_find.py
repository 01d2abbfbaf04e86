"""Find page: which conditions give a wanted microstructure, as ranked candidates."""

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from ..units import after_number
from .child import BRIEF, run_child
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of, tooltip
from .generate_conditions import FLAGS
from .settings import device, job_environment
from .zones_map import MapPage
from .zones_words import words_label

ASKED = (
    "target", "class_", "like", "descriptor", "where", "candidates", "points", "draws", "count",
    "experiments", "extrapolate", "residuals", "threshold", "dark", "particles", "seed",
)  # fmt: skip


class CandidateTable(QTableWidget):
    """One row per candidate or proposed experiment, best first."""

    chosen = Signal(object)
    """The conditions of the row that was clicked."""

    def __init__(self) -> None:
        super().__init__(0, 0)
        self.rows: list[dict[str, Any]] = []
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setMinimumHeight(170)
        self.hide()
        self.cellClicked.connect(lambda row, _: self.chosen.emit(self.rows[row]))

    def show_result(self, content: Mapping[str, Any], units: Mapping[str, str | None]) -> None:
        """Show candidates, and experiments below them."""
        self.rows = []
        entries = [(f"{n}", e, _misfit(e)) for n, e in enumerate(content["candidates"], 1)]
        entries += [
            (f"try {n}", e, f"-{100 * e['reduction']:.0f} %") for n, e in enumerate(content["experiments"], 1)
        ]
        heads = ["rank", "off by", *(f"{n} [{u}]" if u else n for n, u in units.items()), "support"]
        self.setColumnCount(len(heads))
        self.setHorizontalHeaderLabels(heads)
        self.horizontalHeaderItem(1).setToolTip(
            tooltip(
                "Candidates: how far they are off, in tolerances. Experiments (try): how much of the "
                "uncertainty at the candidates they would take away, with those before them"
            )
        )
        self.setRowCount(len(entries))
        for place, (rank, entry, off) in enumerate(entries):
            self.rows.append(dict(entry["conditions"]))
            flag = entry["support"]["flag"]
            cells = [rank, off, *(_short(entry["conditions"][name]) for name in units), flag]
            tip = _details(entry)
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(tip)
                if 0 < column < len(cells) - 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(place, column, item)
        self.setVisible(bool(entries))


class FindPage(Page):
    """The inverse question."""

    title = "Find"
    run_label = "Find conditions"

    def __init__(self, dock: Dock, shown: MapPage) -> None:
        super().__init__(dock)
        self.map = shown
        self.form = Form(options_of(described("find"), only=ASKED))
        self.table = CandidateTable()
        self.words = words_label()
        self.result: dict[str, Any] | None = None
        for part in (self.form, self.words, self.table):
            self.column.addWidget(part)
        self.form.changed.connect(self.changed)
        self.table.chosen.connect(lambda row: self.dock.attempt(lambda: shown.go_to(row)))
        shown.model.opened.connect(lambda _: self._clear())

    def problem(self) -> str | None:
        """Return what is missing."""
        if self.map.model.problem() is not None:
            return self.map.model.problem()
        if (wrong := self.form.problem()) is not None:
            return wrong
        values = self.form.values()
        if not (values["target"] or values["class_"] or values["like"]):
            return "Say what is wanted: a target such as mean_feret=45nm, a class, or an image to be like."
        if values["class_"] and not self.map.classifier.classes:
            return (
                "A class is wanted, but there is no classifier that could tell. Choose one on the page Map."
            )
        if values["class_"] and values["class_"] not in self.map.classifier.classes:
            known = ", ".join(self.map.classifier.classes)
            return f"There is no class {values['class_']!r}; the classifier knows {known}."
        return None

    def start(self) -> None:
        """Search in a process of its own."""
        card = self.map.model.card
        assert card is not None
        values = self.form.values() | {"device": device(), "classifier": self.map.classifier.text()}
        words = as_words([p for p in described("find").parameters if p.name in values], values)
        steps = run_child(
            ["find", self.map.model.text(), *words], environment=job_environment(), niceness=BRIEF
        )
        units = {str(entry["name"]): entry.get("unit") for entry in card.conditions}
        self.dock.launch("Searching", steps, lambda content: self._take(units, content))

    def _take(self, units: Mapping[str, str | None], content: dict[str, Any]) -> None:
        self.result = content
        self.table.show_result(content, units)
        self.words.setText(
            f"{len(content['candidates'])} candidates for {', '.join(content['targets'])}, of "
            f"{content['tried']} conditions tried. Click a row to go there."
        )
        for note in content.get("notes") or ():
            self.dock.notice.add_note(f"Note: {note}.")

    def _clear(self) -> None:
        self.result = None
        self.words.setText("")
        self.table.hide()
        self.changed.emit()


def _misfit(entry: Mapping[str, Any]) -> str:
    return "undefined" if entry["misfit"] is None else f"{entry['misfit']:.2f}"


def _short(value: Any) -> str:
    return "unknown" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _details(entry: Mapping[str, Any]) -> str:
    flag = entry["support"]["flag"]
    lines = [f"{flag}: {FLAGS[flag][1]}" if flag in FLAGS else flag]
    if "class" in entry:
        best = entry["probabilities"][entry["class"]]
        lines.append(f"{entry['class']} {best['mean']:.2f} ± {best['sd']:.2f}")
    for name, found in (entry.get("descriptors") or {}).items():
        if found["value"] is not None:
            spread = found.get("latent_sd")
            more = "" if spread is None else f" ± {spread:.2g}"
            unit = after_number(found["unit"])
            lines.append(f"{name.replace('_', ' ')} {found['value']:.4g}{more}{unit}")
    return tooltip("<br>".join(lines))
