"""The design matrix: which rows, which features, which of them computed, and what was left out and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import FormulaError, RegressionError, TableError
from ..io.header_units import split_header
from .expressions import Expression, parse_expression
from .linear import constant_columns
from .presets import ENGINEERED, symbol_of
from .sample_table import SampleTable, Series

_COUNTERS = ("row", "index", "no", "no.", "nr", "number", "#", "column 1")


@dataclass(frozen=True)
class FeatureColumn:
    """One candidate feature."""

    name: str
    """What it is called in the results."""
    series: Series
    """Its values."""
    formula: str | None
    """How it is computed; None if it is a column of the table."""

    @property
    def unit(self) -> str | None:
        """Unit of its values."""
        return self.series.unit


@dataclass(frozen=True)
class DesignMatrix:
    """Rows and features of a regression, complete: no value is missing."""

    samples: tuple[str, ...]
    """Name of each row."""
    columns: tuple[FeatureColumn, ...]
    """The candidate features."""
    features: np.ndarray
    """Shape (n, k)."""
    target: np.ndarray
    """Shape (n,)."""
    target_name: str
    """Name of the property."""
    target_unit: str | None
    """Its unit; None if unknown."""
    groups: tuple[str, ...] | None
    """Group of each row, such as its material."""
    dropped: tuple[Mapping[str, str], ...]
    """Rows left out, each as ``{"sample": ..., "reason": ...}``."""
    notes: tuple[str, ...]
    """What a reader should know."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the candidate features."""
        return tuple(column.name for column in self.columns)

    def chosen(self, names: Sequence[str]) -> np.ndarray:
        """Return the columns of some features, shape (n, len(names))."""
        return self.features[:, [self.names.index(name) for name in names]]


def find_feature(table: SampleTable, text: str) -> FeatureColumn:
    """Return a feature by what a user wrote for it.

    Parameters
    ----------
    table : SampleTable
        The samples.
    text : str
        A column, a symbol of the paper (``D, SA, phi, tau, G, M, alpha, beta``) or standard name,
        or a formula (``slenderness = SA * phi``, ``ln(D)``).

    Raises
    ------
    FormulaError, TableError
        If there is no such column and it is no formula of columns.
    """
    text = text.strip()
    column = _column_named(table, text)
    if column is not None:
        return FeatureColumn(text, table.series(column), None)
    symbol = symbol_of(text)
    if symbol is not None and symbol in ENGINEERED:
        return _computed(table, text, parse_expression(ENGINEERED[symbol]))
    name, equals, formula = text.partition("=")
    try:
        expression = parse_expression(formula if equals else text)
    except FormulaError:
        if equals or any(sign in text for sign in "+-*/()"):
            raise
        expression = None
    if expression is None or expression.names == (text,):
        raise TableError(f"{table.source} has no column {text!r}; its columns are {', '.join(table.names)}.")
    return _computed(table, name.strip() if equals else text, expression)


def default_features(
    table: SampleTable, target: str, group: str | None, *, engineered: bool
) -> tuple[list[str], list[str]]:
    """Return the features to try if none are named, and remarks on what was passed over.

    The microstructure features, if the table holds at least two of them; otherwise every column
    of numbers. With ``engineered``, alpha and beta as well, where they can be computed.
    """
    skipped = {_column_named(table, target), _column_named(table, group) if group else None}
    possible = [name for name in (*table.numbers, *table.broken) if name not in skipped]
    possible = [name for name in possible if not _is_counter(table, name)]
    known = [name for name in possible if symbol_of(name) is not None]
    notes: list[str] = []
    chosen = possible
    if len(known) >= 2:
        chosen, others = known, [name for name in possible if name not in known]
        if others:
            notes.append(
                f"only microstructure features were tried; columns passed over: {', '.join(others)}. Name "
                f"the features to include them."
            )
    for symbol, formula in ENGINEERED.items() if engineered else ():
        needed = parse_expression(formula).names
        if _column_named(table, symbol) is None and all(_column_named(table, name) for name in needed):
            chosen = [*chosen, symbol]
    return chosen, notes


def design_matrix(
    table: SampleTable,
    target: str,
    features: Sequence[str],
    group: str | None = None,
    *,
    notes: Sequence[str] = (),
) -> DesignMatrix:
    """Gather the rows and features of a regression.

    Parameters
    ----------
    table : SampleTable
        The samples.
    target : str
        The property: a column or a formula.
    features : sequence of str
        Candidates, as `find_feature` reads them.
    group : str, optional
        Column with the group of each row.
    notes : sequence of str
        Remarks to carry along.

    Returns
    -------
    DesignMatrix
        Rows with a missing value, and exact repeats of a row, are left out and named; so are
        features that never vary.

    Raises
    ------
    TableError, FormulaError
        If a column or formula cannot be read.
    RegressionError
        If under four rows or under one feature are left, or the property never varies.
    """
    columns = [find_feature(table, text) for text in features]
    _require_distinct(columns, target)
    property_ = find_feature(table, target)
    kept, dropped = _complete_rows(table, [property_, *columns])
    remarks = [*table.notes, *notes]
    if len(kept) < 4:
        named = "; ".join(f"{entry['sample']}: {entry['reason']}" for entry in dropped[:5])
        raise RegressionError(
            f"{len(kept)} of {len(table)} rows are complete; at least 4 are needed to leave one out with two "
            f"features{f' ({named})' if named else ''}. Add samples, or name features that are complete."
        )
    columns, values, remarks = _varying(columns, kept, remarks)
    goal = property_.series.values[kept]
    if np.ptp(goal) <= 1e-12 * np.abs(goal).max():
        raise RegressionError(
            f"{target} has the same value, {goal[0]:g}, in every row; there is nothing to learn."
        )
    groups = None if group is None else _groups(table, group, kept)
    remarks += _twins(table, kept, values, goal)
    return DesignMatrix(
        samples=tuple(table.samples[row] for row in kept),
        columns=tuple(columns),
        features=values,
        target=goal,
        target_name=split_header(target)[0],
        target_unit=property_.series.unit,
        groups=groups,
        dropped=tuple(dropped),
        notes=tuple(remarks),
    )


def _column_named(table: SampleTable, text: str) -> str | None:
    """Return the column a user means: by its name, or by any name of the same microstructure feature."""
    if text in table.numbers or text in table.broken or text in table.labels:
        return text
    bare = split_header(text)[0]
    if bare in table.numbers:
        return bare
    symbol = symbol_of(text)
    if symbol is None:
        return None
    return next((name for name in (*table.numbers, *table.broken) if symbol_of(name) == symbol), None)


def _computed(table: SampleTable, name: str, expression: Expression) -> FeatureColumn:
    columns: dict[str, np.ndarray] = {}
    units: dict[str, str | None] = {}
    reasons: dict[int, str] = {}
    for needed in expression.names:
        column = _column_named(table, needed)
        if column is None:
            raise FormulaError(
                f"The formula {expression.text!r} needs {needed!r}, which is no column of {table.source}; "
                f"its columns are {', '.join(table.names)}."
            )
        series = table.series(column)
        columns[needed], units[needed] = series.values, series.unit
        reasons |= {row: f"{needed}: {reason}" for row, reason in series.reasons.items()}
    values, unit = expression.evaluate(columns, units)
    values = np.broadcast_to(np.asarray(values, float), (len(table),)).copy()
    for row in np.flatnonzero(np.isnan(values)):
        shown = ", ".join(f"{key} = {column[row]:.6g}" for key, column in columns.items())
        reasons.setdefault(int(row), f"{expression.text} has no finite value for {shown}")
    return FeatureColumn(name, Series(values, unit, reasons), expression.text)


def _is_counter(table: SampleTable, name: str) -> bool:
    """Return whether a column merely counts the rows."""
    series = table.numbers.get(name)
    if series is None or name.strip().lower() not in _COUNTERS:
        return False
    return bool((np.diff(series.values) == 1).all())


def _require_distinct(columns: Sequence[FeatureColumn], target: str) -> None:
    names = [column.name for column in columns]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise RegressionError(
            f"{', '.join(double)} is named more than once among the features; name each once."
        )
    if target in names:
        raise RegressionError(f"{target} is the property to predict; it cannot be one of the features.")


def _complete_rows(
    table: SampleTable, columns: Sequence[FeatureColumn]
) -> tuple[list[int], list[dict[str, str]]]:
    kept: list[int] = []
    dropped: list[dict[str, str]] = []
    for row, sample in enumerate(table.samples):
        missing = [c for c in columns if np.isnan(c.series.values[row])]
        if row in table.duplicates:
            first = table.duplicates[row]
            reason = f"repeats {table.samples[first]} (row {first + 1}) in every cell"
        elif missing:
            reason = "; ".join(f"{c.name}: {c.series.reasons.get(row, 'missing')}" for c in missing)
        else:
            kept.append(row)
            continue
        dropped.append({"sample": sample, "row": str(row + 1), "reason": reason})
    return kept, dropped


def _varying(
    columns: Sequence[FeatureColumn], kept: list[int], notes: list[str]
) -> tuple[list[FeatureColumn], np.ndarray, list[str]]:
    values = (
        np.column_stack([c.series.values[kept] for c in columns]) if columns else np.zeros((len(kept), 0))
    )
    still = constant_columns(values)
    for column, value, flag in zip(columns, values[0], still, strict=True):
        if flag:
            notes = [*notes, f"{column.name} was left out: it is {value:g} in every row"]
    left = [column for column, flag in zip(columns, still, strict=True) if not flag]
    if not left:
        found = f"; constant: {', '.join(c.name for c in columns)}" if columns else ""
        raise RegressionError(f"There is no feature to learn from{found}. Name columns of numbers that vary.")
    return left, values[:, ~still], notes


def _groups(table: SampleTable, group: str, kept: list[int]) -> tuple[str, ...]:
    labels = table.text(group)
    found = tuple(labels[row] for row in kept)
    if len(set(found)) < 2:
        raise RegressionError(f"The column {group!r} has one group only ({found[0]!r}); leave it out.")
    if len(set(found)) == len(found):
        raise RegressionError(
            f"Every row is its own group in {group!r}; name a column that several rows share."
        )
    return found


def _twins(table: SampleTable, kept: list[int], values: np.ndarray, goal: np.ndarray) -> list[str]:
    """Return a remark if rows of different samples hold the same numbers."""
    _, inverse, counts = np.unique(
        np.column_stack([values, goal]), axis=0, return_inverse=True, return_counts=True
    )
    alike = [
        table.samples[row] for row, place in zip(kept, inverse.ravel(), strict=True) if counts[place] > 1
    ]
    if not alike:
        return []
    listed = ", ".join(alike[:10])
    return [f"these samples have equal features and property, so leaving one out hides nothing: {listed}"]
