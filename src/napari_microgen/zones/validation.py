"""Measure how far generators are off at conditions they have not seen."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import ParameterError, TableError
from ..generate.model import GeneratorModel, read_generator
from ..generate.real_images import patches_of, real_images, tiles
from ..generate.training_set import TrainingSet
from ..io.atomic import require_writable
from ..io.condition_images import ConditionedImages
from ..progress import Steps, scaled, stepwise
from .cells import make_cells
from .descriptors import Measure, measure_images, otsu_share
from .residuals import Residuals

PATCHES = 400
"""Patches of the real images of a condition that are measured at most."""


@stepwise
def validate(
    model: Path,
    *,
    images: Path,
    conditions: Path,
    out: Path,
    descriptor: tuple[str, ...] = ("feret_diameter", "mean_grey", "grey_deviation", "grey_step"),
    folds: tuple[Path, ...] = (),
    where: tuple[str, ...] = (),
    count: int = 100,
    threshold: float | None = None,
    dark: bool = False,
    particles: Literal["phase", "image", "paper-000"] = "image",
    coverage: float = 0.9,
    seed: int = 0,
    evaluations: int | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Steps[dict[str, Any]]:
    """Measure how far generators are off at conditions they have not seen.

    For each condition of the table, images are made by those models that were trained without it, and
    their descriptors are compared with those of the real images. Models of several folds, each
    trained without its part of the conditions, together give every condition a residual. From the
    residuals, diagrams take their conformal intervals.

    Parameters
    ----------
    model : Path
        Folder written by ``train``; its table had conditions held out.
    images : Path
        Folder with the real images.
    conditions : Path
        CSV with one row per image.
    out : Path
        JSON file for the residuals.
    descriptor : tuple of str
        What is measured: names of ``quantify``, means over particles such as ``feret_diameter``
        (also ``mean_feret``), and numbers of the grey values.
    folds : tuple of Path
        Further models, each trained without another part of the conditions.
    where : tuple of str
        Rows to keep: NAME=VALUE, NAME=LOW:HIGH or NAME!=VALUE.
    count : int
        Images made for each condition and model.
    threshold : float, optional
        Share of white above which a pixel is bright. Left out: Otsu's threshold of the real images.
    dark : bool
        Measure the dark phase.
    particles : {"phase", "image", "paper-000"}
        Particles of the phase; or those found in the grey image, as a whole or as published.
    coverage : float
        Chance with which intervals made from the residuals shall hold the true value.
    seed : int
        Of the images made.
    evaluations : int, optional
        Evaluations of the network per image, for methods that have a choice.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.

    Returns
    -------
    dict
        ``out``, ``conditions`` (how many), ``extrapolated`` (how many of them), ``descriptors`` by
        name: ``unit``, ``bias``, ``mean_absolute_error``, ``half_width``, ``reason``; ``coverage``;
        ``cells``: each condition with support, real and generated value; ``notes``, ``seconds``.

    Raises
    ------
    TableError
        If no condition of the table is new to any of the models.
    ParameterError
        If a descriptor is unknown or a number makes no sense.
    """
    start = time.monotonic()
    if not 2 <= count <= 100_000 or not 0 < coverage < 1:
        raise ParameterError("count must lie between 2 and 100000, coverage between 0 and 1.")
    require_writable(Path(out).parent)
    read = [read_generator(folder) for folder in (model, *folds)]
    found = real_images(read[0], images, conditions, where)
    data = yield from patches_of(read[0], found)
    unseen, notes = unseen_conditions(read, found)
    measure = Measure.of(
        descriptor,
        threshold=threshold,
        dark=dark,
        particles=particles,
        pixel_size=read[0].pixel_size,
        length=read[0].unit,
    )
    if threshold is None and measure.needs_threshold:
        share = otsu_share(
            np.concatenate([plane.data.ravel() for plane in data.planes])[None, None], data.scale
        )
        measure = replace(measure, threshold=share)
    job = _Job(read, data, measure, count, seed, evaluations, device)
    cells: list[dict[str, Any]] = []
    for number, case in enumerate(unseen):
        steps = job.cell(case)
        cells.append((yield from scaled(steps, number, 1, len(unseen))))
    residuals = Residuals(
        measure.names,
        measure.units,
        tuple(case.words for case in unseen),
        np.array(
            [[_number(e["generated"], e["real"]) for e in cell["descriptors"].values()] for cell in cells]
        ),
        np.array([case.ratio for case in unseen]),
        tuple(case.flag for case in unseen),
        tuple(model.sha256 for model in read),
        coverage,
        {"threshold": measure.threshold, "dark": measure.dark, "particles": measure.particles},
    )
    residuals.write(out)
    return {
        "out": str(out),
        "conditions": len(cells),
        "extrapolated": sum(case.flag == "extrapolated" for case in unseen),
        "descriptors": residuals.summary(),
        "measure": measure.to_dict(),
        "coverage": coverage,
        "cells": cells,
        "notes": notes,
        "seconds": round(time.monotonic() - start, 3),
    }


@dataclass(frozen=True)
class Unseen:
    """One condition of the table and the models that have not seen it."""

    words: str
    row: Mapping[str, float | str | None]
    rows: tuple[int, ...]
    """Its rows in the table."""
    models: tuple[int, ...]
    ratio: float
    """Mean over the models."""
    flag: str
    """The most cautious of the models."""


@dataclass(frozen=True)
class _Job:
    models: list[GeneratorModel]
    data: TrainingSet
    measure: Measure
    count: int
    seed: int
    evaluations: int | None
    device: Literal["auto", "cpu", "cuda"]

    def cell(self, case: Unseen) -> Steps[dict[str, Any]]:
        """Return what real and generated images of one condition measure."""
        real = np.concatenate([tiles(self.data, row) for row in case.rows])[:PATCHES]
        measured = yield from measure_images(real, self.measure, self.data.scale)
        made = []
        for number in case.models:
            steps = make_cells.steps(
                self.models[number],
                [case.row],
                count=self.count,
                seed=self.seed,
                evaluations=self.evaluations,
                device=self.device,
            )
            (cell,) = yield from steps
            grey = self.models[number].grey
            made.append((yield from measure_images(cell.images, self.measure, grey)))
        generated = np.mean([part.means() for part in made], axis=0)
        return {
            "condition": case.words,
            "support": {
                "flag": case.flag,
                "ratio": round(case.ratio, 6) if math.isfinite(case.ratio) else None,
            },
            "real_patches": len(real),
            "descriptors": {
                name: {"real": _plain(r), "generated": _plain(g)}
                for name, r, g in zip(self.measure.names, measured.means(), generated, strict=True)
            },
        }


def unseen_conditions(
    models: Sequence[GeneratorModel], found: ConditionedImages
) -> tuple[list[Unseen], list[str]]:
    """Return the conditions of a table that at least one model was not trained on.

    Raises
    ------
    TableError
        If there is none.
    """
    group, names = found.table.groups("condition")
    notes, cases, seen = [], [], 0
    incomplete = int((~found.table.complete).sum())
    if incomplete:
        notes.append(f"{incomplete} rows lack a condition and were left out")
    for number, words in enumerate(names):
        rows = np.flatnonzero((group == number) & found.table.complete)
        if not rows.size:
            continue
        row = found.table.row(int(rows[0]))
        where = [None if m.support is None else m.support.of([row])[0] for m in models]
        fresh = [(n, point) for n, point in enumerate(where) if point is not None and point.flag != "seen"]
        seen += not fresh
        if fresh:
            order = ("interpolated", "gap", "extrapolated")
            cases.append(
                Unseen(
                    words,
                    row,
                    tuple(int(r) for r in rows),
                    tuple(n for n, _ in fresh),
                    float(np.mean([point.ratio for _, point in fresh])),
                    max((point.flag for _, point in fresh), key=order.index),
                )
            )
    if not cases:
        raise TableError(
            "All conditions of the table were in the training of every model, so nothing can be learned of "
            "their errors. Hold some out (--where when training), or train one model per fold."
        )
    if seen:
        notes.append(f"{seen} conditions were in the training of every model and were left out")
    return cases, notes


def _number(generated: float | None, real: float | None) -> float:
    return math.nan if generated is None or real is None else generated - real


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
