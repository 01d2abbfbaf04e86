"""Continuous conditions in bins, as methods need them that know classes only."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np

from ..errors import ParameterError, TableError
from .condition import Condition
from .table import ConditionTable

NAMES = {2: ("low", "high"), 3: ("low", "mid", "high")}


@dataclass(frozen=True)
class Bins:
    """Classes of one continuous condition."""

    condition: Condition
    """What is binned."""
    edges: tuple[float, ...]
    """Limits between and around the bins, ascending, in the unit of the condition."""

    @classmethod
    def fit(
        cls, table: ConditionTable, name: str, n: int = 3, of: Literal["range", "quantile"] = "range"
    ) -> Self:
        """Return bins of a condition of a table.

        Parameters
        ----------
        table : ConditionTable
            Where the values are.
        name : str
            The condition.
        n : int
            How many bins; three as in the binned ACWGAN-GP of Howland et al.
        of : {"range", "quantile"}
            Equal parts of the range of the values (on their declared scale), or of the rows.

        Raises
        ------
        TableError
            If the condition is categorical, or has fewer distinct values than bins.
        """
        condition, column = table.condition(name), table[name]
        if condition.kind != "continuous":
            raise TableError(f"{name} holds labels already; only numbers are put into bins.")
        if n < 2:
            raise ParameterError(f"{n} bins were asked for; give at least 2.")
        known = condition.forward(column[~np.isnan(column)])
        if np.unique(known).size < n:
            raise TableError(f"{condition.label} has fewer than {n} different values; ask for fewer bins.")
        places = np.linspace(0, 1, n + 1)
        if of == "range":
            edges = known.min() + places * (known.max() - known.min())
        elif of == "quantile":
            edges = np.quantile(known, places)
        else:
            raise ParameterError(f"{of!r} is no way to make bins; expected range or quantile.")
        if np.any(np.diff(edges) <= 0):
            raise TableError(f"Values of {condition.label} repeat so often that quantile bins are empty.")
        return cls(condition, tuple(float(edge) for edge in condition.inverse(edges)))

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bins."""
        return NAMES.get(len(self), tuple(f"bin {place + 1}" for place in range(len(self))))

    def index(self, values: Any) -> np.ndarray:
        """Return the bin of each value, from 0; -1 where missing; values outside go to the end bins.

        Examples
        --------
        >>> table = ConditionTable.from_columns({"feed rate": [1.0, 2.0, 4.0, 7.0]})
        >>> table.bins("feed rate").index([1, 2.9, 3.1, 7, float("nan")]).tolist()
        [0, 0, 1, 2, -1]
        """
        values = np.asarray(values, float)
        inner = self.condition.forward(self.edges[1:-1])
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = self.condition.forward(values)
        place = np.searchsorted(inner, np.where(np.isnan(scaled), -np.inf, scaled), side="right")
        return np.where(np.isnan(values), -1, place)

    def label(self, values: Any) -> np.ndarray:
        """Return the name of the bin of each value; ``""`` where missing."""
        return np.array([*self.names, ""], dtype=np.str_)[self.index(values)]

    def apply(self, table: ConditionTable) -> ConditionTable:
        """Return the table with this condition replaced by the name of its bin."""
        name = self.condition.name
        place = table.names.index(name)
        binned = Condition(name, self.condition.unit, "categorical")
        return ConditionTable(
            (*table.conditions[:place], binned, *table.conditions[place + 1 :]),
            (*table.columns[:place], self.label(table[name]), *table.columns[place + 1 :]),
            table.images,
            table.micrographs,
            table.libraries,
            table.pixel_sizes,
            table.pixel_unit,
            {**table.facts, f"bins of {name}": list(self.edges)},
        )
