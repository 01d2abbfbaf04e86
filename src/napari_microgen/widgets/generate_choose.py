"""Choose page: the best moment of a training, by what its images are."""

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel

from .child import run_child
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of
from .settings import cache_folder, device, job_environment
from .train_page import free_folder

ORDER = ("snapshots", "images", "conditions", "held_out", "out")
"""What is asked for first."""


class GenerateChoosePage(Page):
    """Measure the models of the way against real images and keep the best."""

    title = "Choose"
    run_label = "Choose"

    chosen = Signal(object)
    """The folder of the chosen model."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        known = {p.name: p for p in options_of(described("choose"))}
        self.parameters = tuple(known.pop(name) for name in ORDER) + tuple(known.values())
        self.form, self.table = Form(self.parameters), QLabel()
        self.form.set_values({"out": cache_folder() / "models" / "chosen", "device": device()})
        self.table.setTextFormat(Qt.TextFormat.RichText)
        self.table.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table.setToolTip(
            "Off: difference of descriptors from real images, in standard deviations (s.d.). Copies: chance "
            "that the nearest real image is one of the training; 0.5 for a generator that has learnt"
        )
        self.table.hide()
        self.column.addWidget(self.form)
        self.column.addWidget(self.table)
        self.form.changed.connect(self.changed)

    def offer(self, snapshots: Path, images: Path, conditions: Path) -> None:
        """Fill in what a training has just written and learned from."""
        self.form.set_values({"snapshots": snapshots, "images": images, "conditions": conditions})

    def problem(self) -> str | None:
        """Return what is missing."""
        return self.form.problem()

    def start(self) -> None:
        """Choose in a child process."""
        values = self.form.values()
        values |= {name: v.expanduser() for name, v in values.items() if isinstance(v, Path)}
        out = values["out"]
        out.parent.mkdir(parents=True, exist_ok=True)
        kept = out.with_name(f"{out.name}.choice").is_dir() and not out.exists()  # was interrupted
        out = out if kept else free_folder(out)
        self.form.set_values({"out": out})
        self.table.hide()
        options = [p for p in self.parameters if p.name != "snapshots"]
        words = [
            "choose",
            str(values["snapshots"]),
            *as_words(options, values | {"out": out}),
        ]
        steps = run_child(words, environment=job_environment())
        self.dock.launch("Choosing", steps, lambda result: self._take(out, result))

    def cancelled(self) -> str:
        """Say that what was measured is kept."""
        return "Cancelled. What was measured is kept; Choose goes on from there."

    def _take(self, out: Path, result: dict[str, Any]) -> None:
        self.table.setText(_table(result))
        self.table.show()
        self.chosen.emit(out)
        floor = result["error_floor"]
        least = "" if floor is None else f"; as many real images are off by {floor:.2f}"
        place = "not learned" if result["judged"]["unseen"] else "of the training"
        self.dock.notice.show_note(
            f"The model of step {result['step']} is off by {result['error']:.2f} standard deviations at "
            f"conditions {place}{least}. It is in {out}, and open on the Make page."
        )
        for note in result.get("notes") or ():
            self.dock.notice.add_note(f"Note: {note}.")


def _table(result: dict[str, Any]) -> str:
    """Return a row per snapshot, the chosen one in bold."""
    rows = [
        "<tr><th align=right>step</th><th>off [s.d.]</th><th>copies [AUC]</th><th align=left>worst</th></tr>"
    ]
    for row in result["snapshots"]:
        copies = row["copies"].get("auc")
        cells = [
            str(row["step"]),
            f"{row['error']:.2f}",
            "not searched" if copies is None else f"{copies:.2f}",
            str(row["worst"]).replace("_", " ") + (" (never chosen: copies)" if row["vetoes"] else ""),
        ]
        bold = ("<b>", "</b>") if row["step"] == result["step"] else ("", "")
        line = "".join(
            f"<td align={a}>{bold[0]}{c}{bold[1]}</td>"
            for a, c in zip(("right",) * 3 + ("left",), cells, strict=True)
        )
        rows.append(f"<tr>{line}</tr>")
    return f"<table cellspacing=6>{''.join(rows)}</table>"
