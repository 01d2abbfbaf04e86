"""Tables of measured quantities as CSV or Excel files."""

import csv
import io
from pathlib import Path
from typing import Any

from ..errors import CorruptFileError, FileFormatError, InputNotFoundError, MissingExtraError
from ..features import Feature, FeatureTable
from .atomic import atomic_path, write_bytes

COLUMNS = ("sample", "name", "value", "unit", "low", "high", "method", "reason")
_NUMBERS = ("value", "low", "high")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def write_table(table: FeatureTable, path: Path | str) -> Path:
    """Write measured quantities, one row each, as ``.csv`` or ``.xlsx``.

    Texts that a spreadsheet would run as a formula get a leading quote.

    Raises
    ------
    FileFormatError
        If the ending is neither.
    MissingExtraError
        If ``.xlsx`` is asked for and openpyxl is not installed.
    SaveError
        If it cannot be written.
    """
    path = Path(path)
    rows = [[_cell(feature.row()[column]) for column in COLUMNS] for feature in table]
    if path.suffix.lower() == ".csv":
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
        write_bytes(path, text.getvalue().encode())
    elif path.suffix.lower() == ".xlsx":
        _write_excel(rows, path)
    else:
        raise FileFormatError(f"{path.name} cannot hold a table; name a file that ends in .csv or .xlsx.")
    return path


def read_table(path: Path | str) -> FeatureTable:
    """Read a table written by `write_table` as CSV.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    CorruptFileError
        If a row does not fit the header, or a number is not one; row and column are named.
    FileFormatError
        If it is not such a table.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputNotFoundError(f"{path} does not exist. Check the name.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path} is not a table of quantities ({error}). Expected UTF-8 CSV.") from None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise FileFormatError(
            f"{path.name} is not a table of quantities: expected the columns {', '.join(COLUMNS)}, found "
            f"{', '.join(rows[0]) if rows else 'nothing'}."
        )
    return FeatureTable(tuple(_feature(row, number, path.name) for number, row in enumerate(rows[1:], 2)))


def _feature(row: list[str], number: int, name: str) -> Feature:
    if len(row) != len(COLUMNS):
        raise CorruptFileError(f"{name}, row {number}: {len(row)} cells, expected {len(COLUMNS)}.")
    entries: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    for column in COLUMNS:
        if column in _NUMBERS:
            entries[column] = _number(entries[column], name, number, column)
        elif entries[column].startswith("'"):
            entries[column] = entries[column][1:]
    entries["reason"] = entries["reason"] or None
    try:
        return Feature(**entries)
    except ValueError as error:
        raise CorruptFileError(f"{name}, row {number}: {error}") from None


def _number(text: str, name: str, row: int, column: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise CorruptFileError(f"{name}, row {row}, column {column}: {text!r} is not a number.") from None


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return repr(value) if isinstance(value, float) else ("" if value is None else value)


def _write_excel(rows: list[list[Any]], path: Path) -> None:
    try:
        from openpyxl import Workbook
    except ImportError:
        raise MissingExtraError(
            f"{path.name} needs the package openpyxl. Install it with: pip install napari-microgen[excel], "
            "or write .csv."
        ) from None
    book = Workbook()
    sheet = book.active
    sheet.title = "features"
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append(
            [float(c) if k in _NUMBERS and c != "" else c for k, c in zip(COLUMNS, row, strict=True)]
        )
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        book.save(file)
