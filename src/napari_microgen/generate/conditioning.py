"""Conditions as the vectors that the networks of the generators take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..conditions import Bins, Condition, ConditionTable, Scaler
from ..errors import ModelFileError

Kind = Literal["minmax", "standard", "levels", "bins"]


@dataclass(frozen=True)
class Encoder:
    """Turns rows of conditions into vectors; remembers how, as plain JSON values.

    ``minmax`` and ``standard`` scale numbers and give labels one column each. ``levels``
    gives each value that occurs in the training a column of its own; a value between two
    of them belongs to both in proportion, one outside to the nearest. ``bins`` replaces
    numbers by low, mid and high thirds of their range.
    """

    kind: Kind
    """How numbers are encoded."""
    scaler: Scaler
    """Scale of the numbers; labels of the categories (and of the bins)."""
    levels: tuple[tuple[float, ...], ...] = ()
    """Values of each condition on its scale (``levels``)."""
    edges: tuple[tuple[float, ...], ...] = ()
    """Limits of the bins of each condition, empty for labels (``bins``)."""
    conditions: tuple[Condition, ...] = ()
    """The conditions as they were before binning (``bins``)."""

    @classmethod
    def fit(cls, table: ConditionTable, kind: Kind) -> "Encoder":
        """Return the encoder of the conditions of a training."""
        if kind == "bins":
            return _binned(table)
        scaler = table.scaler("minmax" if kind == "levels" else kind)
        if kind != "levels":
            return cls(kind, scaler)
        levels = []
        for part in scaler.parts:
            if part.categories:
                levels.append(tuple(float(i) for i in range(len(part.categories))))
                continue
            values = part.condition.forward(table[part.condition.name])
            levels.append(tuple(float(v) for v in np.unique(values[~np.isnan(values)])))
        return cls(kind, scaler, levels=tuple(levels))

    @property
    def groups(self) -> tuple[int, ...]:
        """Columns of each condition."""
        if self.kind == "levels":
            return tuple(
                len(values) + part.indicator
                for values, part in zip(self.levels, self.scaler.parts, strict=True)
            )
        return tuple(part.width for part in self.scaler.parts)

    @property
    def labelled(self) -> tuple[bool, ...]:
        """Whether each condition is one of several classes (one column per class)."""
        return tuple(self.kind == "levels" or bool(part.categories) for part in self.scaler.parts)

    @property
    def width(self) -> int:
        """Columns of all conditions."""
        return sum(self.groups)

    def encode(self, rows: ConditionTable | Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Return rows as vectors, shape (rows, width), float32.

        Raises
        ------
        TableError
            If names or labels do not fit.
        """
        if self.kind == "bins":
            table = rows if isinstance(rows, ConditionTable) else self._table(rows)
            for bins in self._bins():
                table = bins.apply(table)
            return self.scaler.encode(table)
        table = rows if isinstance(rows, ConditionTable) else self.scaler.table(rows)
        if self.kind != "levels":
            return self.scaler.encode(table)
        scaled, blocks, place = self.scaler.encode(table), [], 0
        for part, levels in zip(self.scaler.parts, self.levels, strict=True):
            block = scaled[:, place : place + part.width]
            place += part.width
            if not part.categories:
                values = part.condition.forward(table[part.condition.name])
                block = np.hstack([shares(values, np.array(levels)), block[:, 1:]])
            blocks.append(block)
        return np.hstack(blocks).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as plain JSON values."""
        return {
            "kind": self.kind,
            "scaler": self.scaler.to_dict(),
            "levels": [list(values) for values in self.levels],
            "edges": [list(values) for values in self.edges],
            "conditions": [[c.name, c.unit, c.kind, c.transform] for c in self.conditions],
        }

    @classmethod
    def from_dict(cls, content: Any) -> "Encoder":
        """Read what `to_dict` gives.

        Raises
        ------
        ModelFileError
            If it is no such encoder.
        """
        try:
            encoder = cls(
                content["kind"],
                Scaler.from_dict(content["scaler"]),
                tuple(tuple(map(float, values)) for values in content["levels"]),
                tuple(tuple(map(float, values)) for values in content["edges"]),
                tuple(Condition(*entry) for entry in content["conditions"]),
            )
            parts = len(encoder.scaler.parts)
            plain = not encoder.edges and not encoder.conditions
            fits = {
                "levels": len(encoder.levels) == parts and plain,
                "bins": len(encoder.edges) == len(encoder.conditions) == parts and not encoder.levels,
            }.get(encoder.kind, encoder.kind in ("minmax", "standard") and not encoder.levels and plain)
            rising = all(np.all(np.diff(v) > 0) for v in (*encoder.levels, *encoder.edges))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"The encoding of the conditions is damaged: {error}.") from None
        if not fits or not rising or encoder.width > 100_000:
            raise ModelFileError("The encoding of the conditions contradicts itself.")
        return encoder

    def _bins(self) -> list[Bins]:
        pairs = zip(self.conditions, self.edges, strict=True)
        return [Bins(condition, edges) for condition, edges in pairs if edges]

    def _table(self, rows: Sequence[Mapping[str, Any]]) -> ConditionTable:
        """Return wanted conditions as a table of numbers, before they are binned."""
        numbers = {c.name for c in self.conditions if c.kind == "continuous"}
        binned = [
            dict.fromkeys(set(row) & numbers, "") | {n: v for n, v in row.items() if n not in numbers}
            for row in rows
        ]
        lenient = Scaler(self.scaler.kind, self.scaler.parts)
        lenient.table(binned)  # checks the names
        return ConditionTable.from_columns(
            {c.name: [row[c.name] for row in rows] for c in self.conditions},
            units={c.name: c.unit for c in self.conditions if c.unit is not None},
            categorical=[c.name for c in self.conditions if c.kind == "categorical"],
            transforms={c.name: c.transform for c in self.conditions},
        )


def shares(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return how much of each level a value is: 1 at a level, shared in proportion between two.

    Examples
    --------
    >>> shares(np.array([10.0, 12.5, 40.0]), np.array([10.0, 20.0, 30.0])).tolist()
    [[1.0, 0.0, 0.0], [0.75, 0.25, 0.0], [0.0, 0.0, 1.0]]
    """
    known = ~np.isnan(values)
    weights = np.zeros((len(values), len(levels)))
    clipped = np.clip(np.where(known, values, levels[0]), levels[0], levels[-1])
    upper = np.clip(np.searchsorted(levels, clipped), min(1, len(levels) - 1), len(levels) - 1)
    lower = np.maximum(upper - 1, 0)
    gap = levels[upper] - levels[lower]
    part = np.divide(clipped - levels[lower], gap, out=np.zeros(len(values)), where=gap > 0)
    rows = np.arange(len(values))
    weights[rows, lower] += 1 - part
    weights[rows, upper] += part
    return weights * known[:, None]


def _binned(table: ConditionTable) -> Encoder:
    """Return low, mid and high thirds of the range of every number; fewer where there are fewer values."""
    binned = table
    edges: list[tuple[float, ...]] = []
    for condition in table.conditions:
        values = table[condition.name]
        if condition.kind != "continuous":
            edges.append(())
            continue
        different = np.unique(values[~np.isnan(values)]).size
        if different < 2:
            edges.append(tuple(float(np.nanmin(values)) + d for d in (-1.0, 1.0)))
            bins = Bins(condition, edges[-1])
        else:
            bins = Bins.fit(table, condition.name, min(3, different))
            edges.append(bins.edges)
        binned = bins.apply(binned)
    scaler = Scaler(
        "minmax",
        tuple(_all_bins(part, e) for part, e in zip(binned.scaler("minmax").parts, edges, strict=True)),
    )
    return Encoder("bins", scaler, edges=tuple(edges), conditions=table.conditions)


def _all_bins(part: Any, edges: tuple[float, ...]) -> Any:
    """Return the part with a column for every bin, also for one that is empty."""
    from dataclasses import replace

    if not edges:
        return part
    return replace(part, categories=tuple(sorted(Bins(part.condition, edges).names)))
