"""Conditions worth trying: spread over the ranges, between training conditions, and around good ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..conditions import Condition, PointSupport, Support
from ..errors import ParameterError
from .base_condition import training_rows
from .constraints import Constraint

Row = dict[str, float | str | None]
TRIES = 12
"""Proposals drawn for each one wanted, where constraints turn some down."""
MIXED = 3
"""Training conditions that a condition between them is mixed of."""


@dataclass(frozen=True, eq=False)
class Space:
    """The conditions that may be chosen."""

    entries: Sequence[Mapping[str, Any]]
    """Conditions of the model card: name, kind, low, high, transform, values."""
    fixed: Mapping[str, float | str | None]
    """Values that are given."""
    constraints: Sequence[Constraint]
    support: Support | None

    @property
    def free(self) -> list[Mapping[str, Any]]:
        """Conditions that are searched."""
        return [e for e in self.entries if e["name"] not in self.fixed]

    def row(self, places: np.ndarray) -> Row:
        """Return the condition at places from 0 to 1 along the free conditions, on their scales."""
        found = dict(self.fixed)
        for entry, place in zip(self.free, places, strict=True):
            found[entry["name"]] = _value(entry, float(place))
        return {str(entry["name"]): found[entry["name"]] for entry in self.entries}

    def places(self, row: Mapping[str, Any]) -> np.ndarray:
        """Return where a condition lies along the free conditions; labels in the middle of their part."""
        return np.array([_place(entry, row[entry["name"]]) for entry in self.free])

    def allowed(self, row: Mapping[str, Any]) -> bool:
        """Return whether all constraints on conditions hold."""
        return all(bool(np.all(c.holds(row[c.name]))) for c in self.constraints)

    def point(self, row: Mapping[str, Any]) -> PointSupport | None:
        """Return where a condition lies among those of the training."""
        return None if self.support is None else self.support.of([dict(row)])[0]

    def inside(self, row: Mapping[str, Any]) -> bool:
        """Return whether a condition is not beyond the training."""
        found = self.point(row)
        return found is None or found.flag != "extrapolated"


def spread(space: Space, count: int, seed: int) -> list[Row]:
    """Return conditions spread evenly over the ranges (Sobol), those that constraints forbid left out.

    Raises
    ------
    ParameterError
        If nothing is free, or the constraints leave nothing.
    """
    from scipy.stats import qmc

    if not space.free:
        raise ParameterError("Every condition is fixed, so there is nothing to search. Fix fewer (--set).")
    power = int(np.ceil(np.log2(max(2, count * TRIES))))
    drawn = qmc.Sobol(len(space.free), seed=seed).random_base2(power)
    rows = [row for row in map(space.row, drawn) if space.allowed(row)]
    if not rows:
        texts = "; ".join(c.text for c in space.constraints)
        raise ParameterError(f"No condition within the ranges of the model fulfils {texts}. Ask for less.")
    return rows[:count]


def between(space: Space, count: int, seed: int) -> list[Row]:
    """Return conditions that are mixed of training conditions, so that they lie inside their hull.

    What is fixed is kept: the training conditions are mixed in what is free, which leaves the hull
    where fixed values differ from theirs.
    """
    if space.support is None or not space.free:
        return []
    known = [row for row in training_rows(space.support) if _same_labels(space, row)]
    if not known:
        return []
    random = np.random.default_rng((seed, 1))
    places = np.array([space.places(row) for row in known])
    labels = np.array([[str(row[e["name"]]) for e in space.free if _is_label(e)] for row in known])
    found = [space.row(place) for place in places]  # the training conditions themselves come first
    random.shuffle(found)  # type: ignore[arg-type]
    found = found[: count // 2]
    while len(found) < TRIES * count:
        first = int(random.integers(len(known)))
        alike = np.flatnonzero((labels == labels[first]).all(1))
        chosen = [first, *random.choice(alike, MIXED - 1)]
        found.append(space.row(random.dirichlet(np.ones(MIXED)) @ places[chosen]))
    return _first(found, space.allowed, count)


def around(space: Space, row: Mapping[str, Any], width: float, count: int, seed: int) -> list[Row]:
    """Return conditions near one, normally distributed with a width in parts of the ranges."""
    random = np.random.default_rng((seed, 2))
    centre = space.places(row)
    numbers = np.array([not _is_label(entry) for entry in space.free])
    steps = random.normal(0, width, (TRIES * count, len(centre))) * numbers
    return _first([space.row(np.clip(centre + step, 0, 1)) for step in steps], space.allowed, count)


def _first(rows: Sequence[Row], wanted: Callable[[Row], bool], count: int) -> list[Row]:
    found: list[Row] = []
    for row in rows:
        if len(found) == count:
            break
        if wanted(row):
            found.append(row)
    return found


def _same_labels(space: Space, row: Mapping[str, Any]) -> bool:
    fixed = [e["name"] for e in space.entries if _is_label(e) and e["name"] in space.fixed]
    return all(row[name] == space.fixed[name] for name in fixed)


def _is_label(entry: Mapping[str, Any]) -> bool:
    return bool(entry["kind"] == "categorical")


def _scale(entry: Mapping[str, Any]) -> Condition:
    return Condition(str(entry["name"]), transform=entry["transform"])


def _value(entry: Mapping[str, Any], place: float) -> float | str:
    if _is_label(entry):
        values = entry["values"]
        return str(values[min(int(place * len(values)), len(values) - 1)])
    scale = _scale(entry)
    low, high = scale.forward([entry["low"], entry["high"]])
    value = float(scale.inverse(low + place * (high - low)))
    return min(max(float(f"{value:.6g}"), float(entry["low"])), float(entry["high"]))


def _place(entry: Mapping[str, Any], value: Any) -> float:
    if _is_label(entry):
        values = list(entry["values"])
        return float((values.index(value) + 0.5) / len(values))
    low, high, own = _scale(entry).forward([entry["low"], entry["high"], value])
    return float((own - low) / (high - low)) if high > low else 0.5
