"""The work behind a diagram: cells generated, judged and measured by one model after the other."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..generate.model import GeneratorModel
from ..progress import Progress, Steps, scaled
from .cell_results import CellParts
from .cells import Cell, CellTick, make_cells
from .collage import Collage, grid_collage, scatter_collage, scatter_side
from .descriptors import otsu_share
from .diagram import Diagram
from .placement import Index, coarse_to_fine, grid_rows, scatter, scatter_rows
from .request import Request

PREVIEW = 256
"""Longest side of the picture that ticks carry, in px."""
_EVERY = 0.5
_STEPS = 1000


def judged_grid(request: Request, **how: Any) -> Steps[Diagram]:
    """Generate and judge the cells of a grid, coarse ones first; ticks carry the collage so far.

    Parameters
    ----------
    request : Request
        What was asked for.
    **how
        Seed, evaluations and all else of `make_cells`.
    """
    levels = coarse_to_fine(request.x.count, request.y.count)
    notes = [request.x.beyond, request.y.beyond, request.base.note]
    if request.measure is not None and request.measure.needs_threshold and not request.threshold_given:
        rows = [request.row(varied) for varied in grid_rows(request.x, request.y, levels[0])]
        some: list[Cell] = yield from scaled(make_cells.steps(request.model, rows, **how), 0, 50, _STEPS)
        share = otsu_share(np.stack([cell.images[0] for cell in some]), request.model.grey)
        request = replace(request, measure=replace(request.measure, threshold=share))
        notes.append(f"bright is above {share:.3g} of white (Otsu's threshold of {len(some)} images)")
    order = [index for level in levels for index in level]
    parts = dict[Index, CellParts]()
    models = (request.model, *request.ensemble)
    for number, model in enumerate(models):
        share_of = (_STEPS - 50) // len(models)
        steps = _with_model(request, model, order, parts, **how)
        yield from scaled(steps, 50 + number * share_of, share_of, _STEPS)
    return Diagram(
        request.x,
        request.y,
        request.base,
        request.units,
        [parts[i, j].finished(request) for j in range(request.y.count) for i in range(request.x.count)],
        () if request.classifier is None else request.classifier.classes,
        () if request.measure is None else request.measure.names,
        None if request.measure is None else request.measure.to_dict(),
        notes=tuple(note for note in notes if note),
    )


def _with_model(
    request: Request,
    model: GeneratorModel,
    order: Sequence[Index],
    parts: dict[Index, CellParts],
    **how: Any,
) -> Steps[None]:
    """Generate all cells with one model and add what it finds."""
    rows = [request.row(varied) for varied in grid_rows(request.x, request.y, order)]
    shown, done = 0.0, 0
    steps = make_cells.steps(model, rows, count=request.count, keep=False, **how)
    with contextlib.closing(steps):
        for tick in steps:
            if not isinstance(tick, CellTick) or tick.cell is None:
                yield tick
                continue
            index, done = order[tick.cell.place], done + 1
            part = parts.setdefault(index, CellParts.of(tick.cell, index))
            yield from _at(part.add(request, model, tick.cell.images), tick)
            preview = None
            if time.monotonic() - shown > _EVERY or done == len(rows):
                shown, preview = time.monotonic(), preview_of(request, parts)
            yield Progress(tick.step, tick.total, f"{done} of {len(rows)} cells", preview=preview)


def painted_scatter(
    request: Request, patches: int, zoom: float, **how: Any
) -> Steps[tuple[np.ndarray, Collage]]:
    """Generate and paint the patches of a random collage; return their support flags and the collage."""
    places = scatter(patches, how["seed"])
    rows = [request.row(varied) for varied in scatter_rows(request.x, request.y, places)]
    cells: list[Cell] = yield from make_cells.steps(request.model, rows, **how)
    side = scatter_side(patches, request.model.size, zoom)
    collage = scatter_collage(places, [cell.images[0] for cell in cells], side=side, zoom=zoom)
    return np.array([cell.flag for cell in cells]), collage


def preview_of(request: Request, found: Mapping[Index, CellParts]) -> np.ndarray:
    """Return the collage so far as a small picture, uint8 (R, C)."""
    images = {index: cell.image for index, cell in found.items()}
    image = grid_collage(images, request.x.count, request.y.count).image
    step = -(-max(image.shape) // PREVIEW)
    grey = request.model.grey
    share = (image[::step, ::step].astype(np.float64) - grey.low) / (grey.high - grey.low)
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)


def _at(steps: Steps[Any], tick: Progress) -> Steps[Any]:
    """Run steps to their end while the count of another work stands still."""
    while True:
        try:
            inner = next(steps)
        except StopIteration as end:
            return end.value
        yield Progress(tick.step, tick.total, inner.message)
