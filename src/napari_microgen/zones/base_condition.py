"""What the conditions that are not on an axis are fixed at, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..conditions import Support
from ..errors import ParameterError
from ..generate.wanted import wanted_conditions
from ..units import after_number
from .axes import Axis

if TYPE_CHECKING:
    from ..generate.card import GeneratorCard
    from ..generate.model import GeneratorModel

Row = Mapping[str, float | str | None]
PROBES = 4
"""Places along each axis at which support is tried."""
CANDIDATES = 64
"""Training conditions whose values are tried."""


@dataclass(frozen=True)
class BaseCondition:
    """Fixed values and where they come from."""

    values: dict[str, float | str | None]
    """Value of each condition that is not varied."""
    origin: dict[str, str]
    """``given`` by the user, ``constant`` in the training, or taken from ``training``."""
    image: str
    """Training image whose values were taken; empty if none."""
    units: dict[str, str | None]
    """Unit of each condition; None if none is stated."""

    @classmethod
    def empty(cls, model: "GeneratorModel | GeneratorCard") -> "BaseCondition":
        """Return what nothing is known of yet but the units of the model's conditions."""
        return cls({}, {}, "", {c["name"]: c.get("unit") for c in model.conditions})

    @property
    def note(self) -> str:
        """In words, what was not given and where it was taken from; empty if all was given."""
        taken = [
            f"{name} = {_text(self.values[name])}{after_number(self.units[name])}"
            for name, why in self.origin.items()
            if why == "training"
        ]
        if not taken:
            return ""
        return (
            f"{', '.join(taken)}: not given, so taken from {self.image}, a training condition that fits "
            f"what is given; --set fixes other values"
        )


def base_condition(
    model: "GeneratorModel | GeneratorCard", words: Sequence[str], axes: Sequence[Axis]
) -> BaseCondition:
    """Return the fixed conditions of a diagram.

    What ``words`` leave out is taken from one training condition, so that the values belong together:
    the one with which most of the diagram lies among the training conditions.

    Parameters
    ----------
    model : GeneratorModel or GeneratorCard
        Whose conditions; the card is enough.
    words : sequence of str
        ``NAME=VALUE``, as for ``generate``.
    axes : sequence of Axis
        What is varied.

    Raises
    ------
    ParameterError
        If a word is no such pair, fixes what is on an axis, or values lack and the model does not know
        its training conditions.
    """
    varied = [axis.name for axis in axes]
    given = [word.partition("=")[0].strip() for word in words]
    for name in given:
        if name in varied:
            raise ParameterError(f"--set fixes {name}, which is on an axis; take it out of one of them.")
    lacking = [
        str(entry["name"])
        for entry in model.conditions
        if entry["name"] not in given and entry["name"] not in varied and not _constant(entry)
    ]
    lows = [f"{axis.name}={axis.low!r}" for axis in axes]
    if lacking and model.support is None:
        raise ParameterError(
            f"--set does not give {', '.join(lacking)}, and the model does not know which conditions it was "
            f"trained on, so that none can be taken from there. Give a value for each."
        )
    image, taken = "", dict[str, float | str | None]()
    if lacking and model.support is not None:
        known = training_rows(model.support)
        complete = wanted_conditions(model, [*words, *lows, *_words(known[0], lacking)])
        fixed = {name: complete[name] for name in complete if name not in varied and name not in lacking}
        chosen = best_supported(model.support, fixed, lacking, axes)
        image, taken = model.support.images[chosen], known[chosen]
    row = wanted_conditions(model, [*words, *lows, *_words(taken, lacking)])
    values = {name: value for name, value in row.items() if name not in varied}
    origin = {n: "given" if n in given else "training" if n in lacking else "constant" for n in values}
    return replace(BaseCondition.empty(model), values=values, origin=origin, image=image)


def training_rows(support: Support) -> list[dict[str, float | str | None]]:
    """Return the distinct training conditions that a model keeps, in their own units.

    Examples
    --------
    >>> from napari_microgen.conditions import ConditionTable
    >>> table = ConditionTable.from_columns({"T": [700, 900], "cooling": ["air", "water"]})
    >>> training_rows(table.support())
    [{'T': 700.0, 'cooling': 'air'}, {'T': 900.0, 'cooling': 'water'}]
    """
    rows: list[dict[str, float | str | None]] = [{} for _ in support.images]
    number = label = 0
    for part in support.scaler.parts:
        name = part.condition.name
        if part.categories:
            for row, labels in zip(rows, support.labels, strict=True):
                row[name] = labels[label]
            label += 1
        else:
            values = part.condition.inverse(support.points[:, number] * part.span + part.centre)
            for row, value in zip(rows, values, strict=True):
                row[name] = float(f"{float(value):.12g}")
            number += 1
    return rows


def best_supported(support: Support, fixed: Row, lacking: Sequence[str], axes: Sequence[Axis]) -> int:
    """Return the place of the training condition whose values leave most of a diagram among the training.

    Parameters
    ----------
    support : Support
        The training conditions.
    fixed : mapping
        Values that are fixed anyway.
    lacking : sequence of str
        Conditions to take values for.
    axes : sequence of Axis
        What is varied.
    """
    away = _distances(support, fixed, lacking)
    if not axes:
        return int(np.argmin(away))
    known = training_rows(support)
    places = (np.arange(PROBES) + 0.5) / PROBES
    grids = np.meshgrid(*(axis.at(places) for axis in axes), indexing="ij")
    probes = [
        {axis.name: float(v) for axis, v in zip(axes, values, strict=True)}
        for values in zip(*(grid.ravel() for grid in grids), strict=True)
    ]
    tried: dict[tuple[Any, ...], tuple[int, float, int]] = {}
    for place in np.argsort(away, kind="stable"):
        values = {name: known[place][name] for name in lacking}
        if tuple(values.values()) in tried:
            continue
        if len(tried) == CANDIDATES:
            break
        rows = [{**fixed, **values, **probe} for probe in probes]
        if any(value is None for value in fixed.values()):
            return int(place)
        found = support.of(rows)
        inside = sum(s.flag != "extrapolated" for s in found)
        near = sum(min(s.hull_distance, 1e3) for s in found)
        tried[tuple(values.values())] = (inside, -near, int(place))
    return max(tried.values(), key=lambda entry: (entry[0], round(entry[1], 9), -entry[2]))[2]


def _distances(support: Support, fixed: Row, lacking: Sequence[str]) -> np.ndarray:
    """Return how far each training condition is from fixed values and from the middle of the others."""
    away = np.zeros(len(support.images))
    number = label = 0
    for part in support.scaler.parts:
        name = part.condition.name
        if part.categories:
            own = np.array([labels[label] for labels in support.labels])
            label += 1
            if name in fixed:
                away += own != fixed[name]
            elif name in lacking:
                away += (own[:, None] != own).mean(axis=1)
            continue
        column = support.points[:, number]
        number += 1
        if name in fixed and fixed[name] is not None:
            wanted = (float(part.condition.forward(fixed[name])) - part.centre) / part.span
            away += (column - wanted) ** 2
        elif name in lacking:
            away += (column - np.median(column)) ** 2
    return away


def _constant(entry: Mapping[str, Any]) -> bool:
    return len(entry["values"]) == 1 if entry["kind"] == "categorical" else entry["low"] == entry["high"]


def _words(row: Row, names: Sequence[str]) -> list[str]:
    return [
        f"{name}={row[name]!r}" if isinstance(row[name], float) else f"{name}={row[name]}" for name in names
    ]


def _text(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
