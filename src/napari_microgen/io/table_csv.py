"""Tables as CSV: delimiter, decimal sign and encoding are found and shown, never guessed silently.

A cell keeps its text until somebody asks for numbers; what is not a number is then named
with its line, its column and its text.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TableError
from .atomic import write_text
from .csv_text import DELIMITERS, read_text, split_rows
from .header_units import join_header, split_header
from .number_style import NumberStyle, find_style, is_missing, looks_like_number
from .table_xlsx import ENDINGS as EXCEL_ENDINGS
from .table_xlsx import sheet_text

_GUARDED = re.compile(r"'*[=+\-@#\t\r]")


@dataclass(frozen=True)
class Column:
    """One column: its name, its unit and its cells as text."""

    name: str
    """Head without the unit."""
    unit: str | None
    """Unit as written; None if the head states none."""
    cells: tuple[str, ...]
    """Text of each row, outer blanks removed."""


@dataclass(frozen=True)
class CsvTable:
    """A table as it stands in a file."""

    columns: tuple[Column, ...]
    """The columns, in order."""
    lines: tuple[int, ...]
    """Line of the file in which each row starts, from 1."""
    delimiter: str
    """Sign between columns; empty if there is one column."""
    style: NumberStyle
    """How numbers are written."""
    encoding: str
    """How the text is encoded."""
    source: str
    """Name of the file."""
    notes: tuple[str, ...] = ()
    """What was left out or assumed while reading."""

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def _by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        """Return the column of this name.

        Raises
        ------
        TableError
            If there is none.
        """
        if name not in self._by_name:
            raise TableError(
                f"{self.source} has no column {name!r}; its columns are {', '.join(self.names)}."
            )
        return self._by_name[name]

    def is_numeric(self, name: str) -> bool:
        """Return whether every cell of a column is a number or missing, and one is a number."""
        cells = [cell for cell in self[name].cells if not is_missing(cell)]
        return bool(cells) and all(self.style.parse(cell) is not None for cell in cells)

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as numbers.

        Returns
        -------
        ndarray of float64, shape (rows,)
            NaN where a value is missing (see `missing`).

        Raises
        ------
        TableError
            If a cell is neither a number nor missing; line, column and text are named.
        """
        column = self[name]
        values = np.full(len(self), np.nan)
        for row, cell in enumerate(column.cells):
            if is_missing(cell):
                continue
            value = self.style.parse(cell)
            if value is None:
                raise TableError(f"{self.source}: {_bad_cell(self.lines[row], name, cell, self.style)}")
            values[row] = value
        return values

    def missing(self, name: str) -> dict[int, str]:
        """Return the rows without a value in this column, each with what stands there."""
        cells = self[name].cells
        return {r: f"{cell!r}" if cell else "empty cell" for r, cell in enumerate(cells) if is_missing(cell)}

    def duplicates(self) -> dict[int, int]:
        """Return the rows that repeat an earlier one in every cell, each with the row it repeats."""
        seen: dict[tuple[str, ...], int] = {}
        rows = zip(*(column.cells for column in self.columns), strict=True)
        first = [seen.setdefault(cells, row) for row, cells in enumerate(rows)]
        return {row: other for row, other in enumerate(first) if other != row}

    def described(self) -> dict[str, Any]:
        """Return how the file was read, as plain values to show."""
        grouping = {"": "none", " ": "space"}.get(self.style.thousands, self.style.thousands)
        return {
            "file": self.source,
            "rows": len(self),
            "encoding": self.encoding,
            "delimiter": DELIMITERS.get(self.delimiter, "none"),
            "decimal": self.style.decimal,
            "thousands": grouping,
            "columns": {column.name: column.unit for column in self.columns},
            "notes": list(self.notes),
        }


def read_table(path: Path | str, *, delimiter: str | None = None, decimal: str | None = None) -> CsvTable:
    """Read a CSV table, or the first sheet of an Excel workbook.

    Parameters
    ----------
    path : Path or str
        A text file with one head line. UTF-8, UTF-16, or Windows-1252. Or a ``.xlsx`` file.
    delimiter : str, optional
        Sign between columns: tab, semicolon, comma or bar; found by itself if left out.
    decimal : {".", ","}, optional
        Decimal sign; found by itself if left out.

    Returns
    -------
    CsvTable
        Cells as text, with the settings that were found.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    FileFormatError
        If it is not text.
    TableError
        If rows and head differ in length, a head is double or lacking, or the delimiter or
        the decimal sign cannot be told.
    """
    path = Path(path)
    if path.suffix.lower() in EXCEL_ENDINGS:
        text, sheet, notes = sheet_text(path)
        table = parse_table(text, source=path.name, encoding=f"sheet {sheet!r}", delimiter=",")
        return replace(table, delimiter="", notes=(*notes, *table.notes))
    text, encoding = read_text(path)
    return parse_table(text, source=path.name, encoding=encoding, delimiter=delimiter, decimal=decimal)


def parse_table(
    text: str,
    *,
    source: str = "table",
    encoding: str = "utf-8",
    delimiter: str | None = None,
    decimal: str | None = None,
) -> CsvTable:
    r"""Read a table from a text; see `read_table`.

    Examples
    --------
    >>> table = parse_table("sample;p [Pa]\nA;0,5\nB;1,25\n")
    >>> table.described()["delimiter"], table.style.decimal, table["p"].unit, table.numbers("p").tolist()
    ('semicolon', ',', 'Pa', [0.5, 1.25])
    """
    sign, rows, notes = split_rows(text, source, delimiter)
    lines, records = [line for line, _ in rows], [cells for _, cells in rows]
    columns = _columns(records, source, notes)
    style, note = _style(columns, lines[1:], sign, decimal, source)
    notes += [note] if note else []
    return CsvTable(columns, tuple(lines[1:]), sign, style, encoding, source, tuple(notes))


def write_table(
    path: Path | str, columns: Mapping[str, Sequence[Any]], units: Mapping[str, str] | None = None
) -> None:
    """Write columns as CSV: comma, decimal point, UTF-8, units in brackets in the head.

    Parameters
    ----------
    path : Path or str
        Where to write; the file appears whole or not at all.
    columns : mapping of str to sequence
        Cells by column name; None and NaN become empty cells.
    units : mapping of str to str, optional
        Unit by column name.
    """
    write_text(path, format_table(columns, units))


def format_table(columns: Mapping[str, Sequence[Any]], units: Mapping[str, str] | None = None) -> str:
    """Return columns as the text of a CSV file; see `write_table`.

    Text that a spreadsheet would run as a formula gets a leading quote, which
    `parse_table` takes away again.

    Examples
    --------
    >>> print(format_table({"sample": ["A", "=1+1"], "p": [0.5, None]}, {"p": "Pa"}), end="")
    sample,p [Pa]
    A,0.5
    '=1+1,
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell_text(join_header(name, (units or {}).get(name))) for name in columns])
    for row in zip(*columns.values(), strict=True):
        writer.writerow([_cell_text(value) for value in row])
    return out.getvalue()


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _GUARDED.match(value) and not looks_like_number(value) else value
    number = float(value)
    if number != number:
        return ""
    return (
        repr(int(number))
        if number.is_integer() and abs(number) < 1e15 and not _minus_zero(number)
        else repr(number)
    )


def _minus_zero(number: float) -> bool:
    return number == 0 and str(number).startswith("-")


def _columns(records: list[list[str]], source: str, notes: list[str]) -> tuple[Column, ...]:
    head, body = records[0], records[1:]
    named = [cell for cell in head if cell]
    if named and sum(looks_like_number(cell) for cell in named) * 2 > len(named):
        raise TableError(
            f"{source} has no head: its first line holds numbers ({', '.join(head[:4])}). Put the names of "
            f"the columns there, with units in brackets."
        )
    columns: list[Column] = []
    for place, text in enumerate(head, 1):
        cells = tuple(_unguarded(row[place - 1]) for row in body)
        if not text and not any(cells):
            notes.append(f"column {place} is empty and was left out")
            continue
        name, unit = split_header(_unguarded(text)) if text else (f"column {place}", None)
        if not text:
            notes.append(f"column {place} has no name and is called {name!r}")
        if name in (column.name for column in columns):
            raise TableError(f"{source} has two columns named {name!r}; give each its own name.")
        columns.append(Column(name, unit, cells))
    return tuple(columns)


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell


def _style(
    columns: Iterable[Column], lines: Sequence[int], sign: str, decimal: str | None, source: str
) -> tuple[NumberStyle, str | None]:
    """Find how numbers are written from the columns that hold nothing else."""
    if decimal not in (None, ".", ","):
        raise TableError(f"{decimal!r} is not a decimal sign; expected '.' or ','.")
    known: list[tuple[str, str]] = []
    for column in columns:
        rows = [(line, cell) for line, cell in zip(lines, column.cells, strict=True) if not is_missing(cell)]
        if rows and all(looks_like_number(cell) for _, cell in rows):
            known += [(f"{source}, line {line}, column {column.name!r}", cell) for line, cell in rows]
    return find_style(known, decimal=decimal, comma_separates=sign == ",")


def _bad_cell(line: int, name: str, cell: str, style: NumberStyle) -> str:
    number = re.match(r"\s*([+-]?[\d.,]+)\s*([^\d\s].*)$", cell)
    hint = "Correct the cell or leave it empty."
    if number is not None and looks_like_number(number[1]):
        head = join_header(name, number[2].strip())
        hint = f"Put the unit into the head of the column, {head}, and leave the number."
    elif looks_like_number(cell):
        hint = f"The table is written with {style.decimal!r} as decimal sign."
    return f"line {line}, column {name!r} holds {cell!r}, which is not a number. {hint}"
