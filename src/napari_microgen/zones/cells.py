"""Cells of a diagram: images for each condition, with where it lies among those of the training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..conditions.support import PointSupport
from ..errors import ParameterError
from ..generate.model import GeneratorModel
from ..progress import Progress, Steps, stepwise
from ..train.devices import choose_device
from .cell_cache import CellCache, cell_key, noise_number
from .cell_images import Wanted, images_side_by_side
from .cell_record import UNKNOWN, support_at, support_record

MOST_IMAGES = 1_000_000


@dataclass(frozen=True, eq=False)
class Cell:
    """One condition of a diagram and what was generated for it."""

    place: int
    """Its place among the conditions asked for."""
    conditions: dict[str, float | str | None]
    """Value of each condition."""
    images: np.ndarray
    """Generated images, shape (count, R, C), in the grey values of the training images."""
    support: PointSupport | None
    """Where it lies among the training conditions; None if that cannot be told."""
    cached: bool = False
    """True if all its images were in the cache."""

    @property
    def flag(self) -> str:
        """``seen``, ``interpolated``, ``gap``, ``extrapolated`` or ``unknown``."""
        return UNKNOWN if self.support is None else self.support.flag

    def record(self) -> dict[str, Any]:
        """Return all but the images as plain JSON values."""
        return {"place": self.place, "conditions": self.conditions, "support": support_record(self.support)}


@dataclass(frozen=True, slots=True)
class CellTick(Progress):
    """A tick of making cells; carries the cell that has just been finished, if any."""

    cell: Cell | None = None
    """The finished cell."""


@stepwise
def make_cells(
    model: GeneratorModel,
    rows: Sequence[Mapping[str, float | str | None]],
    *,
    count: int = 1,
    seed: int = 0,
    same_noise: bool = False,
    evaluations: int | None = None,
    sampler: Literal["fast", "karras", "reference"] = "fast",
    device: Literal["auto", "cpu", "cuda"] = "cpu",
    workers: int | None = None,
    cache: CellCache | Path | None = None,
    keep: bool = True,
) -> Steps[list[Cell]]:
    """Generate images for each of many conditions; each cell is handed out as soon as it is done.

    An image depends on the model, its conditions, the seed and its number within the cell, and on
    nothing else: not on other cells, their order, the number of cores, or the cache.

    Parameters
    ----------
    model : GeneratorModel
        What makes them.
    rows : sequence of mapping
        Value of each condition, one row per cell, most urgent first.
    count : int
        Images of each cell.
    seed : int
        Of all noise.
    same_noise : bool
        Give image n of every cell the same noise, so that neighbours change smoothly; independent
        noise otherwise, as statistics need it.
    evaluations : int, optional
        Evaluations of the network per image, for methods that have a choice.
    sampler : {"fast", "karras", "reference"}
        How edm goes from noise to image.
    device : {"auto", "cpu", "cuda"}
        Where.
    workers : int, optional
        Batches made at the same time on the processor; one per core if left out.
    cache : CellCache or Path, optional
        Where cells are kept; nowhere if left out.
    keep : bool
        Keep the cells for the result. If they were taken from the ticks, this saves their memory.

    Yields
    ------
    CellTick
        Ticks; one with ``cell`` for each finished cell, cached ones first. Closing the generator
        stops within one evaluation of the network.

    Returns
    -------
    list of Cell
        In the order of ``rows``; empty if they were not to be kept.

    Raises
    ------
    ParameterError
        If a number is out of range.
    """
    require_numbers(count=count, seed=seed, evaluations=evaluations, cells=len(rows))
    store = cache if isinstance(cache, CellCache) or cache is None else CellCache(cache)
    how = {
        "seed": seed,
        "same_noise": same_noise,
        "evaluations": evaluations,
        "sampler": sampler,
        "device": choose_device(device),
    }
    work = _Work(model, [dict(row) for row in rows], count, store, how, keep)
    total = max(1, len(rows) * count)
    yield CellTick(0, total, "looking for cells made before")
    for place in range(len(rows)):
        if work.look_up(place):
            yield CellTick(work.made, total, "found in the cache", cell=work.finish(place, cached=True))
        elif place % 64 == 63:
            yield CellTick(work.made, total, "looking for cells made before")
    options: dict[str, Any] = {"device": device, "workers": workers, "evaluations": evaluations}
    for found in images_side_by_side(model, work.wanted, seed=seed, sampler=sampler, **options):
        if isinstance(found, Progress):
            yield CellTick(work.made, total, found.message)
            continue
        for place in work.take(*found):
            yield CellTick(work.made, total, "generating", cell=work.finish(place))
        yield CellTick(work.made, total, "generating")
    return [work.cells[place] for place in sorted(work.cells)]


class _Work:
    """What is made, what is still lacking, and what each cell has so far."""

    def __init__(
        self,
        model: GeneratorModel,
        rows: list[dict[str, float | str | None]],
        count: int,
        store: CellCache | None,
        how: Mapping[str, Any],
        keep: bool,
    ) -> None:
        self.keep = keep
        self.model, self.rows, self.count, self.store, self.how = model, rows, count, store, how
        self.cells: dict[int, Cell] = {}
        self.wanted: list[Wanted] = []
        self.made = 0
        self._owner: list[tuple[int, int]] = []
        self._images: dict[int, np.ndarray] = {}
        self._lacking: dict[int, int] = {}

    def look_up(self, place: int) -> bool:
        """Take what the cache has of a cell and note the rest as wanted; return whether that was all."""
        size, dtype, row = self.model.size, self.model.grey.dtype, self.rows[place]
        kept = None if self.store is None else self.store.read(self._key(place), size, dtype)
        have = 0 if kept is None else min(len(kept), self.count)
        images = np.zeros((self.count, size, size), dtype)
        if kept is not None:
            images[:have] = kept[:have]
        self._images[place], self._lacking[place] = images, self.count - have
        self.made += have
        first = 0 if self.how["same_noise"] else noise_number(row)
        for n in range(have, self.count):
            self.wanted.append(Wanted(row, first + n))
            self._owner.append((place, n))
        return have == self.count

    def take(self, start: int, images: np.ndarray) -> list[int]:
        """Put a finished batch where it belongs and return the cells that are whole now."""
        whole = []
        for image, (place, n) in zip(images, self._owner[start : start + len(images)], strict=True):
            self._images[place][n] = image
            self._lacking[place] -= 1
            if not self._lacking[place]:
                whole.append(place)
        self.made += len(images)
        return whole

    def finish(self, place: int, *, cached: bool = False) -> Cell:
        images, row = self._images.pop(place), self.rows[place]
        if self.store is not None and not cached:
            self.store.write(self._key(place), images)
        cell = Cell(place, row, images, support_at(self.model, row), cached)
        if self.keep:
            self.cells[place] = cell
        return cell

    def _key(self, place: int) -> str:
        return cell_key(self.model.sha256, self.rows[place], **self.how)


def require_numbers(*, count: int, seed: int, evaluations: int | None, cells: int) -> None:
    """Raise `ParameterError` if a number makes no sense."""
    if count < 1 or cells * count > MOST_IMAGES:
        raise ParameterError(
            f"{cells} cells with {count} images each; expected at least one image each, and no more than "
            f"{MOST_IMAGES} in all."
        )
    if not 0 <= seed < 2**63:
        raise ParameterError(f"seed is {seed}; it must lie between 0 and {2**63 - 1}.")
    if not 2 <= (evaluations or 2) <= 10_000:
        raise ParameterError(f"evaluations is {evaluations}; it must lie between 2 and 10000.")
