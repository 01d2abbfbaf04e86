"""Find the conditions that give a wanted microstructure: the operation behind ``microgen find``."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import ParameterError
from ..generate.model import read_generator
from ..generate.relevance import inverse_squared_lengths
from ..progress import Progress, Steps, scaled, stepwise
from .base_condition import training_rows
from .cell_record import support_record
from .inverse_request import asked_judge
from .judge import Judge, Judged
from .next_experiment import next_experiments
from .proposals import Row, Space, around, between, spread
from .residuals import Residuals
from .uncertainty import estimates

WIDTHS = (0.12, 0.06, 0.03)
"""Widths of the rounds around the best conditions, in parts of the ranges."""
PARENTS = 4
APART = 0.04
"""Least distance of two candidates, in parts of the ranges."""


@stepwise
def find(
    model: Path,
    *,
    target: tuple[str, ...] = (),
    class_: str | None = None,
    classifier: Path | None = None,
    like: Path | None = None,
    descriptor: tuple[str, ...] = (),
    where: tuple[str, ...] = (),
    set: list[str] | None = None,
    ensemble: tuple[Path, ...] = (),
    extrapolate: bool = False,
    candidates: int = 5,
    points: int = 48,
    draws: int = 12,
    count: int = 100,
    experiments: int = 3,
    residuals: Path | None = None,
    threshold: float | None = None,
    dark: bool = False,
    particles: Literal["phase", "image", "paper-000"] = "image",
    seed: int = 0,
    evaluations: int | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Steps[dict[str, Any]]:
    """Find the conditions that give a wanted microstructure, and the experiment that would tell most.

    Conditions spread over the ranges of the model and between its training conditions are tried with
    a few images each, then some around the best ones, ever closer. The best are made again with
    fresh images, so that luck does not count, and ranked by how far off they are: the root mean
    square over all targets, in tolerances (5 % of a value, unless one is given; a class that is as
    likely as not is off by one).

    Parameters
    ----------
    model : Path
        Folder written by ``train``, or ``builtin:NAME`` for a model that is shipped.
    target : tuple of str
        NAME=VALUE, NAME=VALUE+-TOLERANCE or NAME=LOW:HIGH, such as ``mean_feret=45nm``.
    class_ : str, optional
        Structure class that is wanted; needs ``classifier``.
    classifier : Path, optional
        Folder written by ``train classifier``, or ``builtin:NAME``.
    like : Path, optional
        Real image that the microstructure shall be like: its descriptors are the targets, and the
        spread among its patches the tolerances.
    descriptor : tuple of str
        What is taken from that image. Left out: mean Feret diameter, particle count, circularity, mean
        grey, grey deviation and grey step.
    where : tuple of str
        Ranges that conditions must lie in, such as ``temperature<450``.
    set : list of str, optional
        NAME=VALUE for conditions that are fixed.
    ensemble : tuple of Path
        Further models of other seeds, which judge the candidates too: their spread is told.
    extrapolate : bool
        Also propose conditions outside those of the training.
    candidates : int
        How many are wanted, 1 to 50.
    points : int
        Conditions tried in the first round; each of the three next rounds tries half as many.
    draws : int
        Images of each condition tried.
    count : int
        Images of each candidate and model.
    experiments : int
        Experiments to propose, each made after the ones before it; 0 for none.
    residuals : Path, optional
        File written by ``validate``, for conformal intervals.
    threshold : float, optional
        Share of white above which a pixel is bright. Left out: Otsu's threshold of the real image,
        else 0.5.
    dark : bool
        Measure the dark phase.
    particles : {"phase", "image", "paper-000"}
        Particles of the phase; or those found in the grey image, as a whole or as published.
    seed : int
        Of the search and of all images.
    evaluations : int, optional
        Evaluations of the network per image, for methods that have a choice.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.

    Returns
    -------
    dict
        ``targets``; ``units`` of the conditions; ``candidates``, best first: ``conditions``, ``misfit``,
        ``parts``, ``support``, ``descriptors`` with three uncertainties, ``class`` probabilities and their
        deviations; ``coverage`` (chance of the conformal intervals, null without residuals);
        ``experiments``: ``conditions``, ``reduction`` (share of the variance at the candidates that
        it and those before it would take away) and ``support``; ``tried``, ``notes``, ``seconds``.

    Raises
    ------
    ParameterError
        If there is no target, a name is unknown, or nothing may be chosen.
    """
    start = time.monotonic()
    _require(candidates=candidates, points=points, draws=draws, count=count, experiments=experiments)
    sources = [read_generator(folder) for folder in (model, *ensemble)]
    known = None if residuals is None else Residuals.read(residuals)
    judge, notes = yield from asked_judge(
        sources, target, class_, classifier, like, descriptor, where, set or (),
        threshold=threshold, dark=dark, particles=particles, evaluations=evaluations, device=device,
    )  # fmt: skip
    tried: list[Judged] = yield from scaled(_search(judge, extrapolate, points, draws, seed), 0, 700, 1000)
    chosen = _apart(tried, judge.space, candidates)
    final: list[Judged] = yield from scaled(
        judge.look([entry.row for entry in chosen], count, seed + 1, len(sources)), 700, 290, 1000
    )
    final.sort(key=lambda entry: entry.misfit)
    notes += _remarks(final, judge, extrapolate)
    yield Progress(990, 1000, "choosing experiments")
    return {
        "targets": [t.text for t in judge.targets] + ([f"class {class_}"] if class_ else []),
        "units": {str(entry["name"]): entry.get("unit") for entry in sources[0].conditions},
        "candidates": [_record(entry, judge, known) for entry in final],
        "experiments": _experiments(judge, tried, final, extrapolate, experiments, seed),
        "measure": judge.measure.to_dict(),
        "coverage": None if known is None else known.coverage,
        "tried": len(tried),
        "models": [source.sha256 for source in sources],
        "notes": notes,
        "seconds": round(time.monotonic() - start, 3),
    }


def _search(judge: Judge, extrapolate: bool, points: int, draws: int, seed: int) -> Steps[list[Judged]]:
    """Try conditions all over, then around the best ones, ever closer."""
    space = judge.space
    rows = between(space, points if not extrapolate else points // 2, seed)
    rows += spread(space, max(points - len(rows), points // 4), seed)
    rows = _allowed(space, rows, extrapolate)[:points] or rows[:points]
    tried: list[Judged] = yield from scaled(judge.look(rows, draws, seed), 0, 400, 1000)
    for round_, width in enumerate(WIDTHS):
        parents = sorted(tried, key=lambda entry: entry.misfit)[:PARENTS]
        each = max(1, points // (2 * PARENTS))
        near = [
            row
            for number, parent in enumerate(parents)
            for row in around(space, parent.row, width, 3 * each, seed + 10 * round_ + number)
        ]
        inside = _allowed(space, near, extrapolate)[: each * PARENTS]
        steps = judge.look(inside, draws, seed + 100 + round_)
        tried += yield from scaled(steps, 400 + 200 * round_, 200, 1000)
    return tried


def _allowed(space: Space, rows: list[Row], extrapolate: bool) -> list[Row]:
    return rows if extrapolate else [row for row in rows if space.inside(row)]


def _apart(tried: Sequence[Judged], space: Space, count: int) -> list[Judged]:
    """Return the best conditions that are not nearly the same."""
    chosen: list[Judged] = []
    for entry in sorted(tried, key=lambda entry: entry.misfit):
        place = space.places(entry.row)
        near = any(np.abs(space.places(other.row) - place).max() < APART for other in chosen)
        if not near and len(chosen) < count:
            chosen.append(entry)
    return chosen


def _record(entry: Judged, judge: Judge, residuals: Residuals | None) -> dict[str, Any]:
    """Return a candidate as plain JSON values."""
    found: dict[str, Any] = {
        "conditions": entry.row,
        "misfit": _finite(entry.misfit),
        "parts": {name: _finite(value) for name, value in entry.parts.items()},
        "support": support_record(entry.support),
        "descriptors": {
            e.name: e.to_dict() for e in estimates(list(entry.measured), entry.support, residuals)
        },
    }
    if entry.shares is not None and judge.classifier is not None:
        means, spreads = entry.shares.mean(0), entry.shares.std(0, ddof=min(1, len(entry.shares) - 1))
        found["class"] = judge.classifier.classes[int(means.argmax())]
        found["probabilities"] = {
            n: {"mean": round(float(m), 6), "sd": round(float(s), 6)}
            for n, m, s in zip(judge.classifier.classes, means, spreads, strict=True)
        }
    return found


def _experiments(
    judge: Judge, tried: Sequence[Judged], final: Sequence[Judged], extrapolate: bool, count: int, seed: int
) -> list[dict[str, Any]]:
    """Return which experiments would tell most about the candidates."""
    support = judge.space.support
    if support is None or not count:
        return []
    rows = [entry.row for entry in [*final, *tried]] + _allowed(
        judge.space, spread(judge.space, 256, seed + 7), extrapolate
    )
    encode = support.scaler.encode
    points = encode(rows).astype(float)
    known = encode(training_rows(support)).astype(float)
    centre, scale = known.mean(0), np.where(known.std(0) > 1e-9, known.std(0), 1.0)
    values = np.array([entry.measured[0].means() for entry in tried])
    useful = np.isfinite(values).all(0) & (values.std(0) > 0) if values.size else np.zeros(0, bool)
    looked = (encode([entry.row for entry in tried]) - centre) / scale
    lengths = inverse_squared_lengths(looked, values[:, useful]) if useful.any() else None
    if lengths is None:
        lengths = np.ones(points.shape[1])
    weights = np.exp(-0.5 * np.minimum([entry.misfit for entry in final], 8.0) ** 2)
    wanted = points[: len(final)]
    best = next_experiments(
        (known - centre) / scale,
        (points - centre) / scale,
        (wanted - centre) / scale,
        weights,
        lengths,
        count=count,
    )
    return [
        {
            "conditions": rows[entry.place],
            "reduction": round(entry.reduction, 4),
            "support": support_record(judge.space.point(rows[entry.place])),
        }
        for entry in best
    ]


def _remarks(final: Sequence[Judged], judge: Judge, extrapolate: bool) -> list[str]:
    notes = []
    outside = sum(e.support is not None and e.support.flag == "extrapolated" for e in final)
    if outside and not extrapolate:
        notes.append(
            "no allowed condition lies inside those of the training; all candidates are extrapolated"
        )
    elif outside:
        notes.append(f"{outside} candidates lie outside the conditions of the training; they are a guess")
    if final and final[0].misfit > 2:
        notes.append(
            "even the best candidate is off by more than two tolerances: the target may be out of reach"
        )
    if judge.space.support is None:
        notes.append(
            "the model does not know its training conditions, so support and experiments are missing"
        )
    return notes


def _require(**numbers: int) -> None:
    limits = {"candidates": (1, 50), "points": (8, 4096), "draws": (2, 1000), "count": (2, 100_000)}
    limits["experiments"] = (0, 50)
    for name, value in numbers.items():
        low, high = limits[name]
        if not low <= value <= high:
            raise ParameterError(f"{name} is {value}; it must lie between {low} and {high}.")


def _finite(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
