"""Every number with its floor and its baselines: one evaluation of a set of synthetic images."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..progress import Progress, Steps
from .baselines import NAMES as BASELINES
from .baselines import interpolated, nearest_copies
from .condition_groups import ConditionGroups, condition_groups, group_numbers
from .descriptors import Descriptors
from .fidelity import HIGHER_IS_BETTER, curves, fidelity
from .halves import Draw, Side, draws, matched
from .matching import Conditions
from .mode_collapse import worst_diversity
from .read_back import Reader
from .series import condition_means, mean_numbers
from .space import Space

Numbers = dict[str, float]
BAR = 2.6
"""Scatters by which a number must be worse than another to count as worse: a chance of about 1 in 200."""


@dataclass(frozen=True, eq=False)
class Sides:
    """All images of a comparison."""

    real: Side
    """Real images the generator has not seen, if there are such."""
    synthetic: Side
    """Images of the generator."""
    conditions: Conditions
    """Those of the real images."""
    training: Side | None = None
    """Images the generator was trained on, if they are known."""
    paper: Side | None = None
    """Images of the model to be beaten, if there are any."""


@dataclass(frozen=True)
class Metric:
    """One number with all that stands beside it."""

    name: str
    """Such as ``relative_density.wasserstein``."""
    value: float | None
    """Mean over random halves; None if undefined."""
    low: float | None
    """Lower end of the 95 % interval, from the scatter over halves."""
    high: float | None
    """Upper end."""
    floor: float | None
    """The same number, real against real, same number of images; None if there are too few."""
    floor_high: float | None
    """The worst twentieth of the floor: what real halves may differ by."""
    baselines: dict[str, float | None] = field(default_factory=dict)
    """The same number of each baseline against real images; None where undefined."""
    loses_to: tuple[str, ...] = ()
    """Baselines that are better, by more than `BAR` times the scatter of the difference."""
    within_floor: bool | None = None
    """True if no worse than real against real, within `BAR` times the scatter of the difference."""

    @property
    def higher_is_better(self) -> bool:
        """True where a good generator has a high number."""
        return rises(self.name)

    @property
    def best_baseline(self) -> float | None:
        """Return the best of the baselines."""
        known = [v for v in self.baselines.values() if v is not None]
        return None if not known else (max(known) if self.higher_is_better else min(known))


Evaluation = tuple[dict[str, Metric], dict[str, list[Numbers]]]
"""Numbers by name, and those of each half by side."""


def rises(name: str) -> bool:
    """Return whether a high number is good.

    Examples
    --------
    >>> rises("coverage"), rises("shape_index.r2"), rises("shape_index.r2[worst]"), rises("shape_index.ks")
    (True, True, True, False)
    """
    return name in HIGHER_IS_BETTER or name.partition("[")[0].endswith(".r2")


def _bounds(name: str) -> tuple[float, float]:
    """Return what a number can be at least and at most: an interval ends there."""
    kind = name.partition("[")[0]
    if kind.endswith(".r2"):
        return -math.inf, 1.0
    share = kind in ("precision", "recall", "coverage") or kind.endswith((".auc", ".ks"))
    return (-math.inf if _has_sign(name) else 0.0), (1.0 if share else math.inf)


def _has_sign(name: str) -> bool:
    """Return whether a number is good near 0, from either side: it is compared with nothing."""
    return name.partition("[")[0].endswith(".bias")


def evaluate(sides: Sides, space: Space, *, repeats: int = 20, seed: int = 0) -> Steps[Evaluation]:
    """Compare synthetic with real images on random halves, with floor and baselines.

    Parameters
    ----------
    sides : Sides
        All images.
    space : Space
        Fitted on real images.
    repeats : int
        Random halves of the real micrographs.
    seed : int
        Of the halves.

    Yields
    ------
    Progress
        One tick per number of a half.

    Returns
    -------
    metrics : dict of Metric
        By name.
    runs : dict of list of dict
        Numbers of each half, for ``value``, ``floor`` and each baseline.
    """
    random = np.random.default_rng(seed)
    reference = sides.real if sides.training is None else sides.training
    own_out = sides.training is None
    copies = nearest_copies(sides.conditions, reference, leave_own_out=own_out)
    lines = interpolated(sides.conditions, reference, leave_own_out=own_out)
    flags = sides.conditions.flags(None if sides.training is None else sides.training.images.table)
    groups = condition_groups(sides.conditions, flags)
    runs: dict[str, list[Numbers]] = {name: [] for name in ("value", "floor", *BASELINES)}
    for index, draw in enumerate(draws(sides.real, sides.synthetic, repeats, random)):
        yield Progress(index, repeats, "comparing halves")
        half = sides.real.take(draw.real)
        reader = _reader(draw, sides, space)
        frame = _Frame(half, sides, space, groups, reader, index)
        runs["value"].append(frame.numbers(sides.synthetic.take(draw.synthetic)))
        yield Progress(index, repeats, "comparing halves")
        runs["floor"].append(frame.floor(draw))
        for name, pool in (("nearest_condition_copy", copies), ("paper_model", sides.paper)):
            yield Progress(index, repeats, f"baseline: {name.replace('_', ' ')}")
            runs[name].append({} if pool is None else frame.of_pool(pool, random))
        runs["linear_interpolation"].append({} if lines is None else _of_lines(half, lines, space, groups))
    names = list(runs["value"][0])
    return {name: metric_of(name, runs) for name in names}, runs


def metric_of(name: str, runs: Mapping[str, list[Numbers]]) -> Metric:
    """Collect one number over all halves."""
    series = {key: np.array([run.get(name, math.nan) for run in found]) for key, found in runs.items()}
    value, floor = series["value"], series["floor"]
    center, scatter = _mean(value), _scatter(value)
    least, most = _bounds(name)
    sign = -1.0 if rises(name) else 1.0
    known = floor[np.isfinite(floor)]
    worst = None if not len(known) else float(sign * np.quantile(sign * known, 0.95))
    baselines = {key: _mean(series[key]) for key in BASELINES}
    compared = BASELINES if not _has_sign(name) else ()
    better = tuple(key for key in compared if _worse(sign * (value - series[key])) is True)
    above = None if _has_sign(name) else _worse(sign * (value - floor))
    return Metric(
        name=name,
        value=center,
        low=None if center is None else max(center - 1.96 * scatter, least),
        high=None if center is None else min(center + 1.96 * scatter, most),
        floor=_mean(floor),
        floor_high=worst,
        baselines=baselines,
        loses_to=better,
        within_floor=None if above is None else not above,
    )


@dataclass(frozen=True, eq=False)
class _Frame:
    """One half of the real images, ready to be compared with others."""

    half: Side
    sides: Sides
    space: Space
    groups: ConditionGroups
    reader: Reader | None
    seed: int

    def numbers(self, other: Side, real: Side | None = None) -> Numbers:
        """Compare other images with the half, or with a part of it."""
        real = self.half if real is None else real
        groups, conditions = (real.groups, other.groups), (real.condition, other.condition)
        found = fidelity(real.descriptors, other.descriptors, groups, conditions, self.space, seed=self.seed)
        count = len(self.sides.conditions)
        means = [condition_means(s.descriptors, s.condition, count) for s in (real, other)]
        found |= mean_numbers(means[0], means[1], self.space)
        found |= group_numbers(means[0], means[1], self.space.names, self.groups)
        points = self.space.points(real.descriptors), self.space.points(other.descriptors)
        return found | worst_diversity(*points, real.condition, other.condition) | self.read(other)

    def read(self, other: Side) -> Numbers:
        """Read the conditions from images."""
        return {} if self.reader is None else self.reader.score(other, self.sides.conditions, self.space)

    def floor(self, draw: Draw) -> Numbers:
        """Compare the half with the other one; conditions are read from the half itself, not seen before."""
        if not len(draw.rest):
            return {}
        return self.numbers(self.sides.real.take(draw.rest)) | self.read(self.half)

    def of_pool(self, pool: Side, random: np.random.Generator) -> Numbers:
        """Compare the half with images drawn from a baseline."""
        rows = matched(pool, self.half.condition, random)
        if len(rows) < 2:
            return {}
        real = self.half.take(matched(self.half, pool.condition[rows], random))
        return self.numbers(pool.take(rows), real)


def _reader(draw: Draw, sides: Sides, space: Space) -> Reader | None:
    """Fit the reader of conditions on the other half: neither the half nor a generator has seen it."""
    return Reader.fit(sides.real.take(draw.rest), sides.conditions, space) if len(draw.rest) else None


def _of_lines(half: Side, lines: Descriptors, space: Space, groups: ConditionGroups) -> Numbers:
    known = np.isfinite(lines.area[:, 0])
    rows = np.flatnonzero(known[half.condition])
    if not len(rows):
        return {}
    real = half.take(rows)
    means = condition_means(real.descriptors, real.condition, len(lines))
    other = np.where(np.isfinite(means), lines.values, np.nan)
    found = curves(real.descriptors, lines.take(real.condition)) | mean_numbers(means, other, space)
    return found | group_numbers(means, other, space.names, groups)


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _scatter(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else 0.0


def _worse(difference: np.ndarray) -> bool | None:
    """Return whether differences are above 0 by more than `BAR` times their scatter; None without any."""
    known = difference[np.isfinite(difference)]
    if not len(known):
        return None
    return bool(known.mean() > BAR * _scatter(known) + 1e-12)
