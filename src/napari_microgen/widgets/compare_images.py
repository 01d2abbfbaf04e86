"""Images page of the Compare dock: what is real, what is synthetic, and which rows of them."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal

from ..compare.image_list import SideName
from ..compare.preparation import Choices, Source
from ..errors import MicrogenError
from ..io.table_csv import read_table
from ..progress import Steps
from .compare_source import Frozen, SideInput
from .described import described
from .dock import Dock, Page
from .forms import Form, as_words, options_of
from .settings import cache_folder

ROWS = ("columns", "where", "held_out", "planes", "grains", "patch", "log", "categorical", "count", "seed")
"""Options that say which images are compared; the others say how."""
LOOKED_AT = 4 * 1024**2
"""Larger tables are not read in the window for the units of their conditions."""


@dataclass(frozen=True)
class Request:
    """What is to be compared, as it is at the click."""

    real: Frozen
    synthetic: Frozen
    values: dict[str, Any]
    """Options by name."""
    words: Sequence[str]
    """Options as the command line takes them."""

    @property
    def choices(self) -> Choices:
        """The options as the comparison takes them."""
        return Choices(**self.values)

    def sources(self, folder: Path) -> Steps[dict[SideName, Source]]:
        """Write layers into a folder; return where both sides are."""
        real = yield from self.real.source(folder, "real")
        synthetic = yield from self.synthetic.source(folder, "synthetic")
        return {"real": real, "synthetic": synthetic}


class ImagesPage(Page):
    """Choose both sides."""

    title = "Images"
    run_label = "Look at them side by side"

    altered = Signal()
    """Other images or other rows are chosen."""
    look = Signal()
    """The button was pressed."""

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        parameters = {p.name: p for p in options_of(described("compare"))}
        self._folder: Path | None = None
        self._state: Any = None
        self.real, self.synthetic = SideInput(self.viewer, "Real"), SideInput(self.viewer, "Synthetic")
        self.parameters = tuple(parameters[name] for name in ROWS)
        self.form = Form(self.parameters)
        for part in (self.real, self.synthetic, self.form):
            self.column.addWidget(part)
            part.changed.connect(self._changed)

    def _changed(self) -> None:
        state = self.state()
        if state != self._state:
            self._state = state
            self.altered.emit()
        self.changed.emit()

    def state(self) -> tuple[Any, ...]:
        """Return what is chosen, to notice a change."""
        values = None if self.form.problem() else tuple(map(str, self.form.values().items()))
        return self.real.state(), self.synthetic.state(), values

    def problem(self) -> str | None:
        """Return what is missing."""
        real, synthetic = self.real, self.synthetic
        problem = real.problem() or synthetic.problem() or self.form.problem()
        if problem is None and real.state() == synthetic.state():
            return "Real and synthetic images are the same; choose two sets."
        return problem

    def start(self) -> None:
        """Go to the images."""
        self.look.emit()

    def request(self) -> Request:
        """Return what is chosen now; layers are copied."""
        values = self.form.values()
        units = [self._units(side) for side in (self.synthetic, self.real)]
        return Request(
            self.real.frozen(units[0]),
            self.synthetic.frozen(units[1]),
            values,
            as_words(self.parameters, values),
        )

    def folder(self) -> Path:
        """Return the folder for layers that are written; it goes with the window."""
        if self._folder is None or not self._folder.is_dir():
            self._folder = Path(tempfile.mkdtemp(prefix="compare-", dir=cache_folder()))
        return Path(tempfile.mkdtemp(prefix="images-", dir=self._folder))

    @staticmethod
    def _units(side: SideInput) -> dict[str, str]:
        """Return the units in the table of a side: a layer whose conditions have none takes them over."""
        path = Path(side.table.text().strip()).expanduser()
        if not side.table.text().strip() or not path.is_file() or path.stat().st_size > LOOKED_AT:
            return {}
        try:
            table = read_table(path)
        except MicrogenError:
            return {}  # the comparison itself says what is wrong with it
        return {column.name: column.unit for column in table.columns if column.unit}

    def closing(self) -> None:
        """Remove what was written for this window only."""
        if self.dock.job is not None:
            self.dock.job.abandon()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
