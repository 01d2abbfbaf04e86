"""Each condition by itself, and conditions together by how far the generator had to reach."""

import math
from typing import Any

import numpy as np

from ..quantify.area_fraction import area_fractions, condition_scaled
from .baselines import NAMES, interpolated, nearest_copies
from .descriptors import Descriptors
from .fidelity import curves
from .frame import Sides
from .halves import Side, draws
from .space import Space, with_squares
from .two_sample import classifier_auc

LEAST = 16
"""Images of a side below which a condition has no classifier of its own."""

SMALL, UNSURE = 0.1, 0.5
"""In one condition, means differ if they are certainly farther apart than the first, in real standard
deviations of single images over all conditions, and agree if they are certainly nearer than the second."""

CLEARLY = 0.2
"""Share by which a baseline must be nearer to the real means to count as better."""

_DRAWS = 400
_FLOORS = 4
_SCALED = 300


def by_condition(
    sides: Sides, space: Space, flags: tuple[str, ...], *, seed: int = 0
) -> list[dict[str, Any]]:
    """Compare condition by condition.

    Parameters
    ----------
    sides : Sides
        All images.
    space : Space
        Fitted on real images.
    flags : tuple of str
        Support of each condition, as `Conditions.flags` gives it.
    seed : int
        Of bootstrap and folds.

    Returns
    -------
    list of dict
        One per condition with images on both sides: ``condition``, ``support``, ``images``,
        ``descriptors`` (means with intervals over micrographs, and those of the baselines; their
        difference in real standard deviations beside that of real halves and of the best baseline, and
        whether it ``agrees``, ``differs`` or is ``undecided``), ``numbers``, and ``numbers_floor``: the
        same for halves of the real micrographs.
    """
    reference = sides.real if sides.training is None else sides.training
    own_out = sides.training is None
    copies = nearest_copies(sides.conditions, reference, leave_own_out=own_out)
    lines = interpolated(sides.conditions, reference, leave_own_out=own_out)
    rows = []
    for code, name in enumerate(sides.conditions.names):
        parts = [np.flatnonzero(side.condition == code) for side in (sides.real, sides.synthetic)]
        if not all(len(part) for part in parts):
            continue
        real, synthetic = sides.real.take(parts[0]), sides.synthetic.take(parts[1])
        copied = None if copies is None else copies.descriptors.take(np.flatnonzero(copies.condition == code))
        paper = sides.paper
        other = None if paper is None else paper.descriptors.take(np.flatnonzero(paper.condition == code))
        means = _means(real, synthetic, space, seed)
        for place, key in enumerate(real.descriptors.names):
            means[key]["nearest_condition_copy"] = None if copied is None else _mean(copied.values[:, place])
            means[key]["linear_interpolation"] = None if lines is None else _known(lines.values[code, place])
            means[key]["paper_model"] = None if other is None else _mean(other.values[:, place])
            means[key]["baseline_in_sd"] = _best_baseline(means[key], float(space.deviation[place]))
        rows.append(
            {
                "condition": name,
                "support": flags[code],
                "images": {"real": len(real), "synthetic": len(synthetic)},
                "micrographs": len(set(real.groups.tolist())),
                "descriptors": means,
                "numbers": _numbers(real, synthetic, space, seed),
                "numbers_floor": _floor_numbers(real, space, seed),
            }
        )
    return rows


def by_support(rows: list[dict[str, Any]], space: Space) -> dict[str, dict[str, Any]]:
    """Put the conditions of each kind of support together.

    Returns
    -------
    dict of dict
        By flag: number of conditions, the root mean square difference of condition means in real
        standard deviations, over all descriptors, for the generator and the baselines, and the mean of the
        classifier AUCs of these conditions with that of real halves.
    """
    found: dict[str, dict[str, Any]] = {}
    for flag in dict.fromkeys(row["support"] for row in rows):
        chosen = [row for row in rows if row["support"] == flag]
        entry: dict[str, Any] = {"conditions": len(chosen)}
        for key in ("synthetic", *NAMES):
            entry[key] = _distance(chosen, key, space)
        for key in ("descriptors.auc", "persistence_image.auc"):
            entry[key] = _average([row["numbers"].get(key) for row in chosen])
            entry[f"{key}.floor"] = _average([row["numbers_floor"].get(key) for row in chosen])
        entry["loses_to"] = [
            key
            for key in NAMES
            if entry[key] is not None
            and entry["synthetic"] is not None
            and entry[key] < (1 - CLEARLY) * entry["synthetic"]
        ]
        found[flag] = entry
    return found


def _distance(rows: list[dict[str, Any]], key: str, space: Space) -> float | None:
    gaps = []
    for row in rows:
        for place, name in enumerate(space.names):
            entry = row["descriptors"][name]
            if entry["real"] is not None and entry[key] is not None:
                gaps.append((entry[key] - entry["real"]) / float(space.deviation[place]))
    return float(np.sqrt(np.mean(np.square(gaps)))) if gaps else None


def _means(real: Side, synthetic: Side, space: Space, seed: int) -> dict[str, dict[str, Any]]:
    drawn = [_drawn_means(side, seed + k) for k, side in enumerate((real, synthetic))]
    intervals = [_intervals(means, len(space.names)) for means in drawn]
    found = {}
    for place, name in enumerate(real.descriptors.names):
        a, b = (_mean(side.descriptors.values[:, place]) for side in (real, synthetic))
        deviation = float(space.deviation[place])
        gap = None if a is None or b is None else (b - a) / deviation
        scatter = [_scatter(means, place) for means in drawn]
        found[name] = {
            "real": a,
            "real_95": intervals[0][place],
            "synthetic": b,
            "synthetic_95": intervals[1][place],
            "difference_in_sd": gap,
            "floor_in_sd": None if scatter[0] is None else _HALVES * scatter[0] / deviation,
            "verdict": _judged(gap, scatter, deviation),
        }
    return found


_HALVES = 2 * math.sqrt(2 / math.pi)
"""Expected difference of the means of two halves, in standard errors of the mean of the whole."""

_Z = 2.94
"""Standard errors of a two-sided 95 % interval of 15 descriptors together (Bonferroni)."""


def _scatter(means: np.ndarray | None, place: int) -> float | None:
    kept = None if means is None else means[np.isfinite(means[:, place]), place]
    return None if kept is None or len(kept) < 2 else float(kept.std())


def _judged(gap: float | None, scatter: list[float | None], deviation: float) -> str:
    """Return whether means of one condition agree, differ, or are known too little."""
    real, synthetic = scatter
    if gap is None or real is None:
        return "undecided"
    margin = _Z * math.hypot(real, synthetic or 0.0) / deviation
    if abs(gap) - margin > SMALL:
        return "differs"
    return "agrees" if abs(gap) + margin < UNSURE else "undecided"


def _best_baseline(entry: dict[str, Any], deviation: float) -> float | None:
    known = [entry[key] for key in NAMES]
    gaps = [abs(v - entry["real"]) / deviation for v in known if v is not None and entry["real"] is not None]
    return min(gaps) if gaps else None


def _drawn_means(side: Side, seed: int) -> np.ndarray | None:
    """Means of each descriptor in bootstrap draws of whole micrographs; None of one micrograph."""
    codes = np.unique(side.groups, return_inverse=True)[1].reshape(-1)
    count = int(codes.max()) + 1
    if count < 2:
        return None
    values = side.descriptors.values
    known = np.isfinite(values)
    sums, counts = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    np.add.at(sums, codes, np.where(known, values, 0.0))
    np.add.at(counts, codes, known)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=_DRAWS)
    over = drawn @ counts
    return np.divide(drawn @ sums, over, out=np.full((_DRAWS, values.shape[1]), np.nan), where=over > 0)


def _intervals(means: np.ndarray | None, count: int) -> list[list[float] | None]:
    """95 % bootstrap intervals of the mean of each descriptor, over whole micrographs."""
    if means is None:
        return [None] * count
    found: list[list[float] | None] = []
    for column in means.T:
        kept = column[np.isfinite(column)]
        found.append([float(v) for v in np.quantile(kept, [0.025, 0.975])] if len(kept) > 1 else None)
    return found


def _numbers(real: Side, synthetic: Side, space: Space, seed: int) -> dict[str, float | None]:
    found: dict[str, float] = curves(real.descriptors, synthetic.descriptors)
    found["area_fraction.scaled_points"] = _scaled_points(real, synthetic)
    if min(len(real), len(synthetic)) >= LEAST:
        for name, points in (("persistence_image", _persistence), ("descriptors", _everything)):
            a, b = points(real.descriptors, space), points(synthetic.descriptors, space)
            found[f"{name}.auc"] = classifier_auc(a, b, real.groups, synthetic.groups, seed=seed)
    return {name: _known(value) for name, value in found.items()}


def _floor_numbers(real: Side, space: Space, seed: int) -> dict[str, float | None]:
    """Return the same numbers for halves of the real micrographs, the mean of a few draws."""
    if len(set(real.groups.tolist())) < 2:
        return {}
    found: list[dict[str, float | None]] = []
    for draw in draws(real, real, _FLOORS, np.random.default_rng(seed)):
        found.append(_numbers(real.take(draw.real), real.take(draw.rest), space, seed))
    return {key: _average([numbers.get(key) for numbers in found]) for key in found[0]}


def _average(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def _persistence(images: Descriptors, space: Space) -> np.ndarray:
    return space.persistence(images)


def _everything(images: Descriptors, space: Space) -> np.ndarray:
    return with_squares(space.points(images))


def _scaled_points(real: Side, synthetic: Side) -> float:
    """Largest difference of the area fraction, in points, of images less their means, on the real range."""
    sets = [side.images.images[:_SCALED] for side in (real, synthetic)]
    if np.ptp(sets[0]) == 0:
        return math.nan
    fractions = [area_fractions(condition_scaled(images, reference=sets[0])) for images in sets]
    return 100 * float(np.abs(fractions[0] - fractions[1]).max())


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
