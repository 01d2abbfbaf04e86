"""Conditions as the numbers a network takes, and back; the fitted numbers are plain JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

from ..errors import ModelFileError, ParameterError, TableError
from .condition import Condition
from .table import ConditionTable

FORMAT = 1
LEAST_SPAN = 1e-300
"""Smaller ranges cannot be divided by."""


@dataclass(frozen=True)
class Scaled:
    """How one condition is encoded."""

    condition: Condition
    """The condition with its transform."""
    centre: float = 0.0
    """Subtracted after the transform (continuous conditions)."""
    span: float = 1.0
    """Divided by after that."""
    low: float | None = None
    """Lowest value fitted to, in the unit of the condition."""
    high: float | None = None
    """Highest value fitted to."""
    categories: tuple[str, ...] = ()
    """Labels in alphabetical order, one column each."""
    indicator: bool = False
    """True if values may be missing: one more column tells, with 1, that this one is."""

    @property
    def width(self) -> int:
        """Number of columns."""
        return (len(self.categories) or 1) + self.indicator

    @property
    def constant(self) -> bool:
        """True if all values fitted to were the same, to nine digits."""
        return self.low is not None and self.high is not None and _same(self.low, self.high)


@dataclass(frozen=True)
class Scaler:
    """Conditions to numbers: transform, then min-max or standardisation; labels one-hot.

    A constant condition encodes to 0. A missing value encodes to 0 in each of its columns and
    1 in its indicator, which is there only if the table fitted to lacked such values.
    """

    kind: Literal["minmax", "standard"]
    """``minmax`` maps the range fitted to onto 0 to 1; ``standard`` to mean 0 and deviation 1."""
    parts: tuple[Scaled, ...]
    """One per condition."""

    @classmethod
    def fit(cls, table: ConditionTable, kind: Literal["minmax", "standard"] = "minmax") -> Self:
        """Return the scaler of a table.

        Raises
        ------
        TableError
            If the table is empty or a condition is missing in every row.
        """
        if kind not in ("minmax", "standard"):
            raise ParameterError(f"{kind!r} is no way to scale; expected minmax or standard.")
        parts = (
            _labels_part(condition, column)
            if condition.kind == "categorical"
            else _numbers_part(condition, column, kind)
            for condition, column in zip(table.conditions, table.columns, strict=True)
        )
        return cls(kind, tuple(parts))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions, in order."""
        return tuple(part.condition for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(part.condition.name for part in self.parts)

    @property
    def width(self) -> int:
        """Columns of the encoding."""
        return sum(part.width for part in self.parts)

    @property
    def columns(self) -> tuple[str, ...]:
        """What each column of the encoding is, such as ``temperature``, ``cooling=air``, ``time?``."""
        return tuple(name for part in self.parts for name in _column_names(part))

    def table(self, rows: Sequence[Mapping[str, Any]]) -> ConditionTable:
        """Return wanted conditions as a table, after checking their names.

        Parameters
        ----------
        rows : sequence of mapping
            Value by name of the condition; None where a value may be missing.

        Raises
        ------
        TableError
            If a name is unknown or lacking, a number is none, or a label was never seen.
        """
        for row in rows:
            unknown, absent = [n for n in row if n not in self.names], [n for n in self.names if n not in row]
            if unknown or absent:
                parts = [f"unknown: {', '.join(unknown)}"] if unknown else []
                parts += [f"not given: {', '.join(absent)}"] if absent else []
                wanted = ", ".join(condition.label for condition in self.conditions)
                raise TableError(f"The conditions do not fit ({'; '.join(parts)}). Expected {wanted}.")
        return ConditionTable.from_columns(
            {name: [row[name] for row in rows] for name in self.names},
            units={c.name: c.unit for c in self.conditions if c.unit is not None},
            categorical=[c.name for c in self.conditions if c.kind == "categorical"],
            transforms={c.name: c.transform for c in self.conditions},
        )

    def encode(self, rows: ConditionTable | Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Return rows as numbers.

        Parameters
        ----------
        rows : ConditionTable or sequence of mapping
            Conditions in the units of the table fitted to; columns may stand in any order.

        Returns
        -------
        ndarray of float32, shape (rows, width)
            See `columns`.

        Raises
        ------
        TableError
            If names or labels do not fit, or a value is missing that never was.
        """
        table = rows if isinstance(rows, ConditionTable) else self.table(rows)
        encoded = np.zeros((len(table), self.width), np.float32)
        place = 0
        for part in self.parts:
            encoded[:, place : place + part.width] = _encoded(part, table)
            place += part.width
        return encoded

    def decode(self, encoded: np.ndarray) -> list[dict[str, float | str | None]]:
        """Return conditions from numbers; a label is that of the largest of its columns."""
        encoded = np.atleast_2d(np.asarray(encoded, float))
        if encoded.ndim != 2 or encoded.shape[1] != self.width:
            raise ParameterError(f"The encoding has shape {encoded.shape}; expected (rows, {self.width}).")
        rows: list[dict[str, float | str | None]] = [{} for _ in encoded]
        place = 0
        for part in self.parts:
            block = encoded[:, place : place + part.width]
            place += part.width
            for row, numbers in zip(rows, block, strict=True):
                row[part.condition.name] = _decoded(part, numbers)
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return the scaler as plain JSON values."""
        return {"microgen_scaler": FORMAT, "kind": self.kind, "parts": [asdict(part) for part in self.parts]}

    def to_json(self) -> str:
        """Return the scaler as JSON text."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Read what `to_dict` gives.

        Raises
        ------
        ModelFileError
            If it is not such a scaler, or its numbers make no sense.
        """
        try:
            if content["microgen_scaler"] != FORMAT or content["kind"] not in ("minmax", "standard"):
                raise ModelFileError("The scaler is of an unknown kind or version.")
            scaler = cls(content["kind"], tuple(_part_from(entry) for entry in content["parts"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(f"The scaler of the conditions is damaged: {error}.") from None
        if not scaler.parts or len(set(scaler.names)) != len(scaler.parts) or len(scaler.parts) > 1000:
            raise ModelFileError("The scaler of the conditions has no conditions, or two of one name.")
        return scaler

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` gives; see `from_dict`."""
        try:
            content = json.loads(text)
        except ValueError as error:
            raise ModelFileError(f"The scaler is not JSON ({error}).") from None
        return cls.from_dict(content)


def _numbers_part(condition: Condition, column: np.ndarray, kind: str) -> Scaled:
    known = column[~np.isnan(column)]
    if not known.size:
        raise TableError(f"{condition.label} is missing in every row; leave the column out.")
    low, high = float(known.min()), float(known.max())
    values = condition.forward(known)
    if kind == "minmax":
        centre, span = float(values.min()), float(values.max() - values.min())
    else:
        centre, span = float(values.mean()), float(values.std())
    if _same(low, high) or span < LEAST_SPAN:
        centre, span = float(values[0]), max(abs(float(values[0])), 1.0)
    return Scaled(condition, centre, span, low, high, indicator=known.size < column.size)


def _same(low: float, high: float) -> bool:
    return high - low <= 1e-9 * max(abs(low), abs(high))


def _labels_part(condition: Condition, column: np.ndarray) -> Scaled:
    labels = sorted({str(label) for label in column if label})
    if not labels:
        raise TableError(f"{condition.label} is missing in every row; leave the column out.")
    return Scaled(condition, categories=tuple(labels), indicator=bool((column == "").any()))


def _column_names(part: Scaled) -> list[str]:
    name = part.condition.name
    return [
        *([f"{name}={label}" for label in part.categories] or [name]),
        *([f"{name}?"] if part.indicator else []),
    ]


def _encoded(part: Scaled, table: ConditionTable) -> np.ndarray:
    condition = part.condition
    theirs, column = table.condition(condition.name), table[condition.name]
    if theirs.kind != condition.kind or (theirs.unit or condition.unit) != condition.unit:
        raise TableError(
            f"{theirs.label} ({theirs.kind}) does not fit {condition.label} ({condition.kind}) that the "
            f"encoding was fitted to. Give it in that unit."
        )
    block = np.zeros((len(table), part.width), np.float64)
    if condition.kind == "categorical":
        missing = column == ""
        unknown = sorted({str(label) for label in column[~missing]} - set(part.categories))
        if unknown:
            raise TableError(
                f"{condition.name} has no {', '.join(unknown)}; it knows {', '.join(part.categories)}."
            )
        for place, label in enumerate(part.categories):
            block[:, place] = column == label
    else:
        missing = np.isnan(column)
        block[:, 0] = np.where(missing, 0.0, (condition.forward(column) - part.centre) / part.span)
    if part.indicator:
        block[:, -1] = missing
    elif missing.any():
        raise TableError(
            f"{condition.label} is missing for {table.images[int(np.argmax(missing))]}, but it was known for "
            f"every image of the training. Give a value."
        )
    return block


def _decoded(part: Scaled, numbers: np.ndarray) -> float | str | None:
    if part.indicator and numbers[-1] >= 0.5:
        return None
    if part.categories:
        return part.categories[int(np.argmax(numbers[: len(part.categories)]))]
    return float(part.condition.inverse(numbers[0] * part.span + part.centre))


def _part_from(entry: Any) -> Scaled:
    part = Scaled(
        Condition(**entry["condition"]),
        centre=float(entry["centre"]),
        span=float(entry["span"]),
        low=None if entry["low"] is None else float(entry["low"]),
        high=None if entry["high"] is None else float(entry["high"]),
        categories=tuple(entry["categories"]),
        indicator=bool(entry["indicator"]),
    )
    numbers = [part.centre, part.span, *(v for v in (part.low, part.high) if v is not None)]
    if not all(map(math.isfinite, numbers)) or part.span <= 0 or len(part.categories) > 10_000:
        raise ModelFileError(f"The scale of {part.condition.name} is not finite, or not above 0.")
    if not all(isinstance(label, str) and label for label in part.categories):
        raise ModelFileError(f"The labels of {part.condition.name} are no texts.")
    if (part.condition.kind == "categorical") != bool(part.categories):
        raise ModelFileError(f"{part.condition.name} and its labels do not fit.")
    return part
