"""What the conditions that are not on an axis are fixed at, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..conditions import Support
from ..errors import ParameterError

if TYPE_CHECKING:
    from ..generate.model import GeneratorModel

Row = Mapping[str, float | str | None]


@dataclass(frozen=True)
class BaseCondition:
    """Fixed values and where they come from."""

    values: dict[str, float | str | None]
    """Value of each condition that is not varied."""
    origin: dict[str, str]
    """``given`` by the user, ``constant`` in the training, or taken from ``training``."""
    image: str
    """Training image whose values were taken; empty if none."""

    @property
    def note(self) -> str:
        """In words, what was not given and where it was taken from; empty if all was given."""
        taken = [f"{n} = {_text(self.values[n])}" for n, why in self.origin.items() if why == "training"]
        if not taken:
            return ""
        return (
            f"{', '.join(taken)}: not given, so taken from {self.image}, the most central training condition "
            f"that fits what was given; --set fixes other values"
        )


def base_condition(model: "GeneratorModel", words: Sequence[str], varied: Sequence[str]) -> BaseCondition:
    """Return the fixed conditions of a diagram.

    What ``words`` leave out is taken from one training condition, so that the values belong together:
    from those nearest to what is given, the one in the middle.

    Parameters
    ----------
    model : GeneratorModel
        Whose conditions.
    words : sequence of str
        ``NAME=VALUE``, as for ``generate``.
    varied : sequence of str
        Conditions on the axes.

    Raises
    ------
    ParameterError
        If a word is no such pair, fixes what is on an axis, or values lack and the model does not know
        its training conditions.
    """
    from ..generate.wanted import wanted_conditions

    given = [word.partition("=")[0].strip() for word in words]
    for name in given:
        if name in varied:
            raise ParameterError(f"--set fixes {name}, which is on an axis; take it out of one of them.")
    lacking = [
        str(entry["name"])
        for entry in model.conditions
        if entry["name"] not in given and entry["name"] not in varied and not _constant(entry)
    ]
    axes = [f"{e['name']}={float(e['low'])!r}" for e in model.conditions if e["name"] in varied]
    if lacking and model.support is None:
        raise ParameterError(
            f"--set does not give {', '.join(lacking)}, and the model does not know which conditions it was "
            f"trained on, so that no middle can be taken. Give a value for each."
        )
    image, taken = "", dict[str, float | str | None]()
    if lacking and model.support is not None:
        known = training_rows(model.support)
        complete = wanted_conditions(model, [*words, *axes, *_words(known[0], lacking)])
        chosen = central_condition(model.support, {n: complete[n] for n in given}, lacking)
        image, taken = model.support.images[chosen], known[chosen]
    row = wanted_conditions(model, [*words, *axes, *_words(taken, lacking)])
    values = {name: value for name, value in row.items() if name not in varied}
    origin = {n: "given" if n in given else "training" if n in lacking else "constant" for n in values}
    return BaseCondition(values, origin, image)


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


def central_condition(support: Support, given: Row, lacking: Sequence[str]) -> int:
    """Return the place of the training condition nearest to given values and, of several, most central.

    Parameters
    ----------
    support : Support
        The training conditions.
    given : mapping
        Values it should be near to.
    lacking : sequence of str
        Conditions in which it should be in the middle.
    """
    away = np.zeros(len(support.images))
    others = np.zeros(len(support.images))
    number = label = 0
    for part in support.scaler.parts:
        name = part.condition.name
        if part.categories:
            own = np.array([labels[label] for labels in support.labels])
            label += 1
            if name in given:
                away += own != given[name]
            elif name in lacking:
                others += (own[:, None] != own).mean(axis=1)
            continue
        column = support.points[:, number]
        number += 1
        if name in given and given[name] is not None:
            wanted = (float(part.condition.forward(given[name])) - part.centre) / part.span
            away += (column - wanted) ** 2
        elif name in lacking:
            others += ((column[:, None] - column) ** 2).mean(axis=1)
    near = np.flatnonzero(away <= away.min() + 1e-9)
    return int(near[np.argmin(others[near])])


def _constant(entry: Mapping[str, Any]) -> bool:
    return len(entry["values"]) == 1 if entry["kind"] == "categorical" else entry["low"] == entry["high"]


def _words(row: Row, names: Sequence[str]) -> list[str]:
    return [
        f"{name}={row[name]!r}" if isinstance(row[name], float) else f"{name}={row[name]}" for name in names
    ]


def _text(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
