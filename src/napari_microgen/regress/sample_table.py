"""One row per sample: features and properties gathered from CSV tables and feature tables."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TableError
from ..features import Feature, FeatureTable
from ..io.header_units import convert, same_kind
from ..io.table_csv import CsvTable, read_table

SAMPLE_NAMES = ("sample", "name", "id", "file", "image", "specimen")
"""Heads under which a table holds the name of the sample, unless another is stated."""


@dataclass(frozen=True)
class Series:
    """One column of numbers."""

    values: np.ndarray
    """Shape (rows,); NaN where missing."""
    unit: str | None
    """Unit as written; None if unknown."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """Why a value is missing, by row."""


@dataclass(frozen=True)
class SampleTable:
    """Numbers and labels of samples."""

    samples: tuple[str, ...]
    """Name of each row."""
    numbers: Mapping[str, Series]
    """Columns of numbers."""
    labels: Mapping[str, tuple[str, ...]]
    """Columns of text."""
    broken: Mapping[str, str]
    """Columns that are mostly numbers, with the message on the cell that is none."""
    source: str
    """Where it comes from."""
    duplicates: Mapping[int, int] = field(default_factory=dict)
    """Rows that repeat an earlier one in every cell."""
    notes: tuple[str, ...] = ()
    """Remarks from reading."""

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return (*self.numbers, *self.broken, *self.labels)

    def series(self, name: str) -> Series:
        """Return a column of numbers.

        Raises
        ------
        TableError
            If there is none of that name, or it holds something else than numbers.
        """
        if name in self.broken:
            raise TableError(self.broken[name])
        if name in self.labels and name not in self.numbers:
            raise TableError(f"The column {name!r} of {self.source} holds text, not numbers.")
        if name not in self.numbers:
            raise TableError(
                f"{self.source} has no column {name!r}; its columns are {', '.join(self.names)}."
            )
        return self.numbers[name]

    def text(self, name: str) -> tuple[str, ...]:
        """Return a column as labels, such as the material of each sample.

        Raises
        ------
        TableError
            If there is none of that name.
        """
        if name in self.labels:
            return self.labels[name]
        return tuple(f"{value:g}" for value in self.series(name).values)


def load_samples(
    path: Path, *, sample: str | None = None, delimiter: str | None = None, decimal: str | None = None
) -> tuple[SampleTable, CsvTable]:
    """Read a file with one row per sample, or one row per feature as ``microgen quantify`` writes it.

    Parameters
    ----------
    path : Path
        The file.
    sample : str, optional
        Column that names the samples; one called like `SAMPLE_NAMES`, or the row, if left out.
    delimiter, decimal : str, optional
        See `io.table_csv.read_table`.

    Returns
    -------
    table : SampleTable
        What it holds.
    csv : CsvTable
        The file as it stands, with the settings that were found.
    """
    csv = read_table(path, delimiter=delimiter, decimal=decimal)
    if {"name", "value", "unit"} <= set(csv.names):
        return from_features(_features(csv, path.stem), source=csv.source), csv
    return from_csv(csv, sample), csv


def load_measured(
    paths: Iterable[Path], *, delimiter: str | None = None, decimal: str | None = None
) -> list[SampleTable]:
    """Read feature tables; those with one row per feature are put together, each file or entry a sample.

    Parameters
    ----------
    paths : iterable of Path
        Files written by ``microgen quantify`` (a sample without a name is called like its file), or with
        one row per sample.
    delimiter, decimal : str, optional
        See `io.table_csv.read_table`.

    Raises
    ------
    TableError
        If a feature comes twice for a sample, or its units differ in kind.
    """
    measured: list[Feature] = []
    tables: list[SampleTable] = []
    sources: list[str] = []
    for path in paths:
        csv = read_table(path, delimiter=delimiter, decimal=decimal)
        if {"name", "value", "unit"} <= set(csv.names):
            measured += _features(csv, path.stem)
            sources.append(csv.source)
        else:
            tables.append(from_csv(csv))
    if measured:
        tables.append(from_features(measured, ", ".join(sources[:3]) + (", ..." if len(sources) > 3 else "")))
    return tables


def from_csv(csv: CsvTable, sample: str | None = None) -> SampleTable:
    """Return a table with one row per sample as it stands in a file."""
    named = sample or next((n for n in csv.names if n.lower() in SAMPLE_NAMES), None)
    rows = _row_names(csv[named].cells if named else ("",) * len(csv))
    numbers: dict[str, Series] = {}
    labels: dict[str, tuple[str, ...]] = {}
    broken: dict[str, str] = {}
    for column in csv.columns:
        name = column.name
        if name == named:
            labels[name] = column.cells
        elif csv.is_numeric(name):
            numbers[name] = Series(csv.numbers(name), column.unit, csv.missing(name))
        elif (message := _mostly_numbers(csv, name)) is not None:
            broken[name] = message
        else:
            labels[name] = column.cells
    return SampleTable(rows, numbers, labels, broken, csv.source, csv.duplicates(), csv.notes)


def from_features(tables: Iterable[FeatureTable | Feature], source: str = "features") -> SampleTable:
    """Return one row per sample from measured features.

    Parameters
    ----------
    tables : iterable of FeatureTable or Feature
        What was measured; the ``sample`` of each feature tells the row.
    source : str
        Name for messages.

    Raises
    ------
    TableError
        If a feature comes twice for a sample, or its units differ in kind between samples.
    """
    features = [f for item in tables for f in ([item] if isinstance(item, Feature) else item)]
    samples = tuple(dict.fromkeys(f.sample for f in features))
    place = {name: row for row, name in enumerate(samples)}
    numbers: dict[str, Series] = {}
    for name in dict.fromkeys(f.name for f in features):
        values, reasons = np.full(len(samples), np.nan), dict.fromkeys(range(len(samples)), "not measured")
        chosen = [f for f in features if f.name == name]
        unit = next((f.unit for f in chosen if f.value is not None), chosen[0].unit)
        for f in chosen:
            row = place[f.sample]
            if reasons.get(row) != "not measured":
                raise TableError(f"{source}: {name} is given twice for sample {f.sample!r}.")
            if f.value is None:
                reasons[row] = f.reason or "undefined"
            else:
                values[row] = in_unit(f.value, f.unit, unit, f"{name} of sample {f.sample!r}")
                del reasons[row]
        numbers[name] = Series(values, unit, reasons)
    return SampleTable(samples, numbers, {}, {}, source)


def joined(table: SampleTable, other: SampleTable) -> SampleTable:
    """Return ``table`` with the columns of ``other``, matched by the names of the samples.

    Raises
    ------
    TableError
        If the samples do not match one to one (all that are missing are listed), or both
        tables hold the same column.
    """
    for one, label in ((table, table.source), (other, other.source)):
        double = sorted({name for name in one.samples if one.samples.count(name) > 1})
        if double:
            raise TableError(
                f"{label} holds the samples {', '.join(double[:10])} more than once; names must differ."
            )
    absent = [name for name in table.samples if name not in other.samples]
    extra = [name for name in other.samples if name not in table.samples]
    if absent or extra:
        parts = [f"without features in {other.source}: {', '.join(absent[:10])}"] if absent else []
        parts += [f"without a row in {table.source}: {', '.join(extra[:10])}"] if extra else []
        raise TableError(f"The samples do not match: {'; '.join(parts)}. Give both tables the same names.")
    double = sorted(set(table.names) & set(other.names))
    if double:
        raise TableError(
            f"{table.source} and {other.source} both hold {', '.join(double)}; leave them out of one."
        )
    order = [other.samples.index(name) for name in table.samples]
    numbers = {name: _reordered(series, order) for name, series in other.numbers.items()}
    labels = {name: tuple(cells[i] for i in order) for name, cells in other.labels.items()}
    return replace(
        table,
        numbers={**table.numbers, **numbers},
        labels={**table.labels, **labels},
        broken={**table.broken, **other.broken},
        duplicates={},
        notes=(*table.notes, *other.notes),
    )


def _row_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each row that no other row has."""
    names = []
    for row, cell in enumerate(cells, 1):
        name = cell if cells.count(cell) == 1 else f"{cell} (row {row})"
        names.append(name if cell else f"row {row}")
    return tuple(names)


def _reordered(series: Series, order: list[int]) -> Series:
    reasons = {row: series.reasons[i] for row, i in enumerate(order) if i in series.reasons}
    return Series(series.values[order], series.unit, reasons)


def units_agree(first: str | None, second: str | None) -> bool:
    """Return whether numbers in two units can be compared; no unit and ``"1"`` are alike."""
    return (first or "1") == (second or "1") or (
        first is not None and second is not None and same_kind(first, second)
    )


def in_unit(values: Any, unit: str | None, to: str | None, what: str) -> Any:
    """Return a number or an array in another unit.

    Raises
    ------
    TableError
        If the units cannot be compared; ``what`` names what they belong to.
    """
    if unit == to:
        return values
    if not units_agree(unit, to):
        raise TableError(
            f"{what} is in {unit or 'no stated unit'} and elsewhere in {to or 'no stated unit'}; these "
            f"cannot be compared. State one unit, or units of one kind."
        )
    return convert(values, unit or "1", to or "1")


def _features(csv: CsvTable, unnamed: str) -> Iterable[Feature]:
    """Read features back from a file with one row per feature."""
    values = csv.numbers("value")
    columns = {name: csv[name].cells for name in csv.names}
    blank = ("",) * len(csv)
    for row, value in enumerate(values):
        undefined = math.isnan(value)
        reason = columns.get("reason", blank)[row]
        yield Feature(
            name=columns["name"][row],
            value=None if undefined else float(value),
            unit=columns["unit"][row] or "1",
            reason=(reason or "missing without a reason") if undefined else reason or None,
            sample=columns.get("sample", blank)[row] or unnamed,
        )


def _mostly_numbers(csv: CsvTable, name: str) -> str | None:
    """Return the message on the first cell that is no number, if at least half of them are."""
    cells = [cell for cell in csv[name].cells if cell]
    good = sum(csv.style.parse(cell) is not None for cell in cells)
    if not cells or good < len(cells) / 2:
        return None
    try:
        csv.numbers(name)
    except TableError as error:
        return str(error)
    return None
