"""A loaded generator that answers for a map: one JSON object per line, newest view first.

Run as ``python -m napari_microgen.zones.serving MODEL DEVICE [CACHE [WORKERS]]``; without CACHE, or with an
empty one, nothing is kept, and without WORKERS every core makes images. It ends when its standard input
does. Requests on standard input:

``{"view": {"number": N, "rows": [...], "keys": [...], ...}}``
    The cells that are in view, most urgent first; see `View` for what else can be said. A newer view
    replaces the one under way within one evaluation of the network; what is finished stays in the cache.
``{"quit": true}``
    The end.

Answers on standard output: ``{"ready": {...}}`` once; ``{"cell": {...}}`` for each finished cell, with
``number``, ``key``, ``preview``, what is said of it (conditions, support, class, descriptors, nearest) and
its images (see `cell_record.decoded`); ``{"progress": {...}}``; ``{"done": {...}}`` at the end of a view;
``{"refused": {...}}`` for one that cannot be met.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..errors import MicrogenError, ParameterError
from ..generate.json_lines import messages, say, talk, told
from ..progress import Steps
from .cell_cache import CellCache
from .cell_record import coded
from .cell_results import CellParts
from .cells import Cell, CellTick, make_cells
from .classifier import StructureClassifier, read_classifier
from .descriptors import Measure
from .diagram import cell_content
from .nearest_real import RealImages
from .request import units_of
from .residuals import Residuals

PAUSE = 0.25
"""Least seconds between two messages on progress."""


@dataclass(frozen=True)
class View:
    """Cells that somebody looks at."""

    number: int
    """Told with each answer."""
    rows: tuple[dict[str, Any], ...]
    """Value of each condition, one row per cell, most urgent first."""
    keys: tuple[str, ...]
    """Name of each cell; its place among the rows if left out."""
    count: int = 1
    """Images of each cell."""
    send: int = 1
    """Images of each cell that come with the answer."""
    seed: int = 0
    same_noise: bool = False
    evaluations: int | None = None
    sampler: str = "fast"
    preview: int | None = None
    """Evaluations of a first, quick image of each cell, marked as preview; none if left out."""
    classifier: str | None = None
    """Folder of a classifier."""
    descriptors: tuple[str, ...] = ()
    """What is measured."""
    threshold: float | None = None
    """Share of white above which a pixel is bright."""
    residuals: str | None = None
    """File of residuals."""

    @classmethod
    def of(cls, content: Any) -> "View":
        """Return the view in a message.

        Raises
        ------
        ParameterError
            If it is none.
        """
        try:
            given = dict(content)
            rows = tuple(dict(row) for row in given.pop("rows"))
            keys = tuple(map(str, given.pop("keys", range(len(rows)))))
            descriptors = tuple(map(str, given.pop("descriptors", ())))
            view = cls(int(given.pop("number")), rows, keys, descriptors=descriptors, **given)
        except (KeyError, TypeError, ValueError) as error:
            raise ParameterError(f"This is no view of a map: {error!r}.") from None
        if len(keys) != len(rows) or not 0 <= view.send <= view.count:
            raise ParameterError("A view needs one key per cell, and cannot send more images than it makes.")
        return view


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is said of each cell of a view."""

    classifier: StructureClassifier | None
    measure: Measure | None
    residuals: Residuals | None
    real: RealImages | None


class Newest:
    """The view that counts: a reader sets it, a worker takes it."""

    def __init__(self) -> None:
        self._view: View | ParameterError | None = None
        self._changed = threading.Condition()
        self.ended = False

    def put(self, view: View | ParameterError) -> None:
        """Replace what was asked for; an error is what became of a message that is no view."""
        with self._changed:
            self._view = view
            self._changed.notify_all()

    def end(self) -> None:
        """Ask for nothing any more."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def take(self) -> View | ParameterError | None:
        """Wait for a view; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._view is not None or self.ended)
            view, self._view = self._view, None
            return None if self.ended else view

    @property
    def outdated(self) -> bool:
        """True if the view under way is not wanted any more."""
        return self._view is not None or self.ended


class Service:
    """Answers views with one model.

    Parameters
    ----------
    model : str
        A model folder, or ``builtin:NAME``.
    out : text stream
        Where answers are written.
    newest : Newest
        What is asked.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    cache : Path, optional
        Where cells are kept.
    workers : int, optional
        Batches made at the same time on the processor; one per core if left out.
    """

    def __init__(
        self,
        model: str,
        out: IO[str],
        newest: Newest,
        device: str = "auto",
        cache: Path | None = None,
        workers: int | None = None,
    ) -> None:
        from ..generate.model import read_generator

        start = time.monotonic()
        self._out, self.newest, self.device, self.workers = out, newest, device, workers
        self.model = read_generator(model)
        self.cache = None if cache is None else CellCache(cache)
        self._read: dict[str, Any] = {}
        about = {"method": self.model.method, "size": self.model.size, "model_sha256": self.model.sha256}
        self.say("ready", about | {"seconds": round(time.monotonic() - start, 3)})

    def say(self, kind: str, content: dict[str, Any]) -> None:
        """Write a message; without a reader the process ends."""
        if not say(self._out, kind, content):
            self.newest.end()

    def work(self) -> None:
        """Answer until the end."""
        while (view := self.newest.take()) is not None:
            if isinstance(view, ParameterError):
                self._refuse(None, view)
                continue
            start = time.monotonic()
            try:
                finished = self._answer(view)
            except MicrogenError as error:
                self._refuse(view.number, error)
                continue
            if finished:
                self.say("done", {"number": view.number, "seconds": round(time.monotonic() - start, 3)})

    def _refuse(self, number: int | None, error: MicrogenError) -> None:
        self.say("refused", {"number": number} | told(error))

    def _answer(self, view: View) -> bool:
        """Answer a view; return whether it was finished."""
        asked = self._asked(view)
        if view.preview is not None:
            quick = _Asked(None, None, None, asked.real)
            if not self._cells(view, quick, count=1, evaluations=view.preview, preview=True):
                return False
        return self._cells(view, asked, count=view.count, evaluations=view.evaluations)

    def _cells(
        self, view: View, asked: _Asked, *, count: int, evaluations: int | None, preview: bool = False
    ) -> bool:
        last = time.monotonic()
        steps = make_cells.steps(
            self.model,
            view.rows,
            count=count,
            seed=view.seed,
            same_noise=view.same_noise,
            evaluations=evaluations,
            sampler=view.sampler,  # type: ignore[arg-type]
            device=self.device,  # type: ignore[arg-type]
            workers=self.workers,
            cache=self.cache,
            keep=False,
        )
        with contextlib.closing(steps):
            for tick in steps:
                if self.newest.outdated:
                    return False
                if isinstance(tick, CellTick) and tick.cell is not None:
                    content = self._content(asked, tick.cell)
                    if content is None:
                        return False
                    sent = tick.cell.images[: min(view.send, count)]
                    key = view.keys[tick.cell.place]
                    head = {"number": view.number, "key": key, "preview": preview}
                    self.say("cell", head | content | coded(sent))
                elif time.monotonic() - last > PAUSE:
                    last = time.monotonic()
                    self.say("progress", {"number": view.number, "step": tick.step, "total": tick.total})
        return True

    def _content(self, asked: _Asked, cell: Cell) -> dict[str, Any] | None:
        """Return what is said of a cell; None if nobody wants to know any more."""
        part = CellParts.of(cell, (0, 0))
        judging: Steps[None] = part.add(asked, self.model, cell.images)
        for _ in judging:
            if self.newest.outdated:
                judging.close()
                return None
        classes = () if asked.classifier is None else asked.classifier.classes
        content = cell_content(part.finished(asked), classes, units_of(self.model))
        return {name: value for name, value in content.items() if name not in ("column", "row")}

    def _asked(self, view: View) -> _Asked:
        """Return what reads and measures images for a view; files are read once."""
        measure = None
        if view.descriptors:
            size, unit = self.model.pixel_size, self.model.unit
            measure = Measure.of(view.descriptors, threshold=view.threshold, pixel_size=size, length=unit)
        return _Asked(
            self._kept(view.classifier, read_classifier),
            measure,
            self._kept(view.residuals, Residuals.read),
            RealImages.of_model(self.model),
        )

    def _kept(self, name: str | None, read: Any) -> Any:
        if name is None:
            return None
        if name not in self._read:
            self._read[name] = read(name)
        return self._read[name]


def hear(lines: Iterable[str], newest: Newest) -> None:
    """Take note of views until there are no more lines or one says so."""
    for message in messages(lines):
        if "view" in message:
            try:
                newest.put(View.of(message["view"]))
            except ParameterError as error:
                newest.put(error)


def main(words: Sequence[str]) -> int:
    """Serve a model until standard input ends; return the exit status."""
    model, device, cache, workers = (*words, *(("", "")[len(words) - 2 :]))
    kept, newest = Path(cache) if cache else None, Newest()
    return talk(
        lambda lines: hear(lines, newest),
        lambda out: Service(model, out, newest, device, kept, int(workers) if workers else None).work(),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
