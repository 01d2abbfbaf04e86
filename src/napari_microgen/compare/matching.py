"""Which images of two sets were made under the same conditions, and how far a generator had to reach."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..conditions import ConditionTable
from ..conditions.support import SEEN, Support
from ..errors import TableError

UNKNOWN = "training unknown"
"""Flag of a condition where it is not known what the generator was trained on."""


@dataclass(frozen=True, eq=False)
class Conditions:
    """The conditions of the real images, in order of appearance."""

    table: ConditionTable
    """One row per condition; a single row without columns where no conditions are compared."""
    names: tuple[str, ...]
    """Text of each, such as ``temperature=600``."""

    def __len__(self) -> int:
        return len(self.names)

    def codes(self, table: ConditionTable) -> np.ndarray:
        """Return the condition of each row of another table; -1 where real images have none like it."""
        if not self.table.conditions:
            return np.zeros(len(table), int)
        table = table.select(names=self.table.names)
        codes = np.full(len(table), -1)
        complete = np.flatnonzero(table.complete)
        if not len(complete):
            return codes
        group, names = table.select(complete).groups("condition")
        support = Support.fit(self.table)
        place = {image: code for code, image in enumerate(self.table.images)}
        found = support.of(table.select(complete).distinct())
        of_group = np.array([place[s.nearest] if s.distance < SEEN else -1 for s in found])
        assert len(of_group) == len(names)
        codes[complete] = of_group[group]
        return codes

    def flags(self, training: ConditionTable | None) -> tuple[str, ...]:
        """Return how each condition lies among those of the training."""
        if training is None or not self.table.conditions:
            return (UNKNOWN if training is None else "seen",) * len(self)
        known = training.select(names=self.table.names)
        return tuple(Support.fit(known).flags(self.table))


def shared_conditions(tables: Sequence[tuple[str, ConditionTable]]) -> tuple[Conditions, list[str]]:
    """Find the conditions that all sets state, and list those of the first.

    Parameters
    ----------
    tables : sequence of (str, ConditionTable)
        Name and table of each set, the real one first.

    Returns
    -------
    conditions : Conditions
        Of the real images.
    notes : list of str
        Columns that are not compared, and why.

    Raises
    ------
    TableError
        If a condition has different units or kinds in two sets.
    """
    (first_name, first), others = tables[0], tables[1:]
    names = [name for name in first.names if all(name in table.names for _, table in others)]
    notes = []
    left = [name for name in first.names if name not in names]
    if left and others:
        lacking = ", ".join(n for n, t in others if any(name not in t.names for name in left))
        notes.append(
            f"the conditions {', '.join(left)} are not stated for the {lacking} images, and not used"
        )
    for name in names:
        own = first.condition(name)
        for other_name, table in others:
            other = table.condition(name)
            if (own.unit, own.kind) != (other.unit, other.kind):
                raise TableError(
                    f"{name} is {own.label} ({own.kind}) for the {first_name} images and {other.label} "
                    f"({other.kind}) for the {other_name} images; state it alike."
                )
    if not names:
        empty = ConditionTable((), (), ("all images",))
        return Conditions(empty, ("all images",)), notes
    table = first.select(names=names)
    missing = int((~table.complete).sum())
    if missing:
        notes.append(f"{missing} {first_name} images lack a condition and are left out")
    table = table.select(table.complete)
    if not len(table):
        raise TableError(f"Every {first_name} image lacks a condition; fill the table or name other columns.")
    group, texts = table.groups("condition")
    rows = np.unique(group, return_index=True)[1]
    distinct = table.select(rows)
    # Patches of one micrograph share its name: conditions get names of their own.
    renamed = ConditionTable(distinct.conditions, distinct.columns, tuple(f"c{k}" for k in range(len(rows))))
    return Conditions(renamed, texts), notes
