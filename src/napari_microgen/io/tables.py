"""Tables of measured quantities as CSV or Excel files."""

import csv
import io
import re
from pathlib import Path
from typing import Any

from ..errors import CorruptFileError, FileFormatError, InputNotFoundError, MissingExtraError
from ..features import Feature, FeatureTable
from .atomic import atomic_path, write_bytes
from .table_xlsx import ENDINGS, sheet_text

COLUMNS = ("sample", "name", "value", "unit", "low", "high", "bias", "method", "reason")
_LATER = ("bias",)
"""Columns that tables of earlier versions lack."""
_NUMBERS = ("value", "low", "high")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What a workbook cannot hold."""
_LARGEST = 9.99e307
"""Numbers from here on are beyond a workbook and are written as text."""
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
    """Read a table written by `write_table`.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    CorruptFileError
        If a row does not fit the header, or a number is not one; row and column are named.
    FileFormatError
        If it is not such a table.
    MissingExtraError
        If it is an Excel file and openpyxl is not installed.
    """
    path = Path(path)
    rows = list(csv.reader(io.StringIO(_text_of(path), newline="")))
    head = tuple(rows[0]) if rows else ()
    if head not in (COLUMNS, tuple(c for c in COLUMNS if c not in _LATER)):
        raise FileFormatError(
            f"{path.name} is not a table of quantities: expected the columns {', '.join(COLUMNS)}, found "
            f"{', '.join(head) or 'nothing'}."
        )
    found = (_feature(row, head, number, path.name) for number, row in enumerate(rows[1:], 2) if row)
    return FeatureTable(tuple(found))


def _text_of(path: Path) -> str:
    """Return a table as comma-separated text."""
    if path.suffix.lower() in ENDINGS:
        return sheet_text(path)[0]
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputNotFoundError(f"{path} does not exist. Check the name.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path} is not a table of quantities ({error}). Expected UTF-8 CSV.") from None


def _feature(row: list[str], head: tuple[str, ...], number: int, name: str) -> Feature:
    if len(row) != len(head):
        raise CorruptFileError(f"{name}, row {number}: {len(row)} cells, expected {len(head)}.")
    entries: dict[str, Any] = dict(zip(head, row, strict=True))
    for column in head:
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
    for number, row in enumerate([list(COLUMNS), *rows], 1):
        for place, content in enumerate(row, 1):
            if content == "":
                continue
            cell = sheet.cell(number, place)
            if number > 1 and COLUMNS[place - 1] in _NUMBERS and abs(float(content)) < _LARGEST:
                cell.value = float(content)
            else:
                cell.value = _CONTROL.sub(" ", str(content))
                cell.data_type = "s"  # text whatever it looks like, never a formula
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        book.save(file)
