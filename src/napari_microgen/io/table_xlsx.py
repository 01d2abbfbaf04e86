"""The first sheet of an Excel workbook as the text of a CSV file, so that one reader checks both."""

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from ..errors import CorruptFileError, FileFormatError, InputNotFoundError, MissingExtraError

ENDINGS = (".xlsx", ".xlsm")
MAX_BYTES = 64 * 1024**2
"""Workbooks that are larger once unpacked are refused: they are not tables of samples."""


def sheet_text(path: Path) -> tuple[str, str, list[str]]:
    """Return the first sheet of a workbook as comma-separated text with decimal points.

    Cells that hold numbers come with all their digits, formulas as the value that was saved with
    them. Macros are never run.

    Parameters
    ----------
    path : Path
        A file that ends in ``.xlsx`` or ``.xlsm``.

    Returns
    -------
    text : str
        One line per row of the sheet.
    sheet : str
        Its name.
    notes : list of str
        Which sheets were not read.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    MissingExtraError
        If openpyxl is not installed.
    FileFormatError, CorruptFileError
        If it is no workbook, is far too large, has no sheet of cells, or is damaged.
    """
    _require_workbook(path)
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise MissingExtraError(
            f"{path.name} needs the package openpyxl. Install it with: pip install napari-microgen[excel], "
            "or save the table as CSV."
        ) from None
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = book.worksheets
            rows = list(sheets[0].iter_rows(values_only=True)) if sheets else []
        finally:
            book.close()
    except Exception as error:  # openpyxl raises whatever its parts do
        raise CorruptFileError(
            f"{path.name} is damaged ({type(error).__name__}). Open it in a spreadsheet and save it again, "
            f"or save it as CSV."
        ) from None
    if not sheets:
        raise FileFormatError(f"{path.name} holds no sheet of cells. Save the table as CSV.")
    others = [sheet.title for sheet in sheets[1:]]
    notes = [f"only the first sheet was read; not read: {', '.join(others)}"] if others else []
    return _lines(rows), sheets[0].title, notes


def _require_workbook(path: Path) -> None:
    if not path.is_file():
        raise InputNotFoundError(f"{path} is not a file; give the path of a table.")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise FileFormatError(f"{path.name} is not an Excel workbook. Save the table as CSV.") from None
    if size > MAX_BYTES:
        limit = MAX_BYTES // 1024**2
        raise FileFormatError(f"{path.name} holds more than {limit} MiB; this is no table of samples.")


def _lines(rows: Iterable[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    texts = [[_text(cell) for cell in row] for row in rows]
    width = max((place for row in texts for place, cell in enumerate(row, 1) if cell), default=0)
    for row in texts:
        if any(row):
            writer.writerow((row + [""] * width)[:width])
        else:
            out.write("\n")  # so that lines count as rows do
    return out.getvalue()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return repr(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, date | datetime | time):
        return cell.isoformat()
    return " ".join(str(cell).split())
