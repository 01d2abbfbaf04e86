"""The text of a CSV file: its encoding, its delimiter and its rows of cells."""

import csv
import io
import re
from pathlib import Path

from ..errors import FileFormatError, InputNotFoundError, TableError
from .number_style import looks_like_number

DELIMITERS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}
"""The signs that may separate columns, and their names."""

MAX_BYTES = 256 * 1024**2
"""Larger files are refused: they are not tables of samples."""

Rows = list[tuple[int, list[str]]]
"""Rows of cells, each with the line of the file where it starts."""


def read_text(path: Path) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    FileFormatError
        If it is not text, or far too large for a table.
    """
    if not path.is_file():
        raise InputNotFoundError(f"{path} is not a file; give the path of a CSV table.")
    if path.stat().st_size > MAX_BYTES:
        limit = MAX_BYTES // 1024**2
        raise FileFormatError(f"{path.name} is larger than {limit} MiB; this is no table of samples.")
    return _decoded(path.read_bytes(), path.name)


def split_rows(text: str, source: str, delimiter: str | None) -> tuple[str, Rows, list[str]]:
    """Split a text into rows of cells.

    Parameters
    ----------
    text : str
        Content of the file.
    source : str
        Its name, for messages.
    delimiter : str, optional
        A key of `DELIMITERS`; found by itself if left out: the sign that cuts every line into
        as many cells as the head.

    Returns
    -------
    delimiter : str
        The sign; empty if there is one column.
    rows : list of (int, list of str)
        The head first.
    notes : list of str
        What was left out.

    Raises
    ------
    TableError
        If lines differ in length from the head, there are no rows, or two signs fit alike.
    """
    text, notes, delimiter = _without_preamble(text, delimiter)
    sign, rows = _split(text, source, delimiter)
    if len(rows) < 2:
        found = "has a head but no rows" if rows else "is empty"
        raise TableError(f"{source} {found}; expected a line of column names and one line per sample.")
    return sign, rows, notes


def _decoded(content: bytes, source: str) -> tuple[str, str]:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            try:
                return content.decode(encoding), encoding.replace("-sig", " with byte order mark")
            except UnicodeDecodeError:
                raise FileFormatError(f"{source} begins as {encoding} text but is damaged.") from None
    half = content[:4096]
    for encoding, zeros in (("utf-16-le", half[1::2]), ("utf-16-be", half[0::2])):
        if len(zeros) > 1 and zeros.count(0) > 0.8 * len(zeros):
            return content.decode(encoding, errors="replace"), encoding
    if b"\0" in content or content.startswith(b"PK\x03\x04"):
        raise FileFormatError(
            f"{source} is not a text table. Save the sheet as CSV (UTF-8) and give that file."
        )
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), "windows-1252"


def _without_preamble(text: str, delimiter: str | None) -> tuple[str, list[str], str | None]:
    """Drop a spreadsheet's ``sep=`` line and remarks above the head, keeping the count of lines."""
    if (found := re.match(r"sep=(.)\r?\n", text)) is not None:
        text, delimiter = "\n" + text[found.end() :], delimiter or found[1]
    lines = text.splitlines(keepends=True)
    remarks = 0
    while remarks < len(lines) and lines[remarks].startswith("#"):
        remarks += 1
    if remarks and remarks < len(lines):
        last, following = lines[remarks - 1], lines[remarks]
        if any(0 < last.count(sign) == following.count(sign) for sign in DELIMITERS):
            remarks -= 1  # it is the head
            lines[remarks] = lines[remarks].lstrip("#")
    text = "\n" * remarks + "".join(lines[remarks:])
    notes = [f"{remarks} lines that begin with # were taken as remarks"] if remarks else []
    return text, notes, delimiter


def _split(text: str, source: str, delimiter: str | None) -> tuple[str, Rows]:
    if delimiter is not None and delimiter not in DELIMITERS:
        raise TableError(f"{delimiter!r} is not a delimiter; there are {', '.join(DELIMITERS.values())}.")
    candidates = [delimiter] if delimiter else [sign for sign in DELIMITERS if sign in text]
    parsed: dict[str, Rows] = {}
    broken: TableError | None = None
    for sign in candidates:
        try:
            rows = _records(text, sign, source)
        except TableError as error:
            broken = broken or error
            continue
        if rows and len(rows[0][1]) > 1:
            parsed[sign] = rows
    if broken is not None and not parsed:
        raise broken
    if not parsed:
        lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
        return "", [(number, [line.strip('"')]) for number, line in lines if line]
    even = {sign: rows for sign, rows in parsed.items() if all(len(c) == len(rows[0][1]) for _, c in rows)}
    if not even:
        sign = max(parsed, key=lambda key: len(parsed[key][0][1]))
        raise TableError(_uneven(parsed[sign], sign, source))
    numbers = {sign: _count_numbers(rows) for sign, rows in even.items()}
    chosen = [sign for sign in even if numbers[sign] == max(numbers.values())]
    if len(chosen) > 1:
        names = " or ".join(DELIMITERS[sign] for sign in chosen)
        raise TableError(f"{source} could be separated by {names}; state the delimiter.")
    return chosen[0], even[chosen[0]]


def _records(text: str, sign: str, source: str) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, skipinitialspace=True, strict=True)
    rows: Rows = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"{source}, line {reader.line_num}: {error}. Check the quotes there.") from None
    return rows


def _count_numbers(rows: Rows) -> int:
    return sum(looks_like_number(cell) for _, cells in rows[1:51] for cell in cells)


def _uneven(rows: Rows, sign: str, source: str) -> str:
    width = len(rows[0][1])
    line, cells = next((line, cells) for line, cells in rows if len(cells) != width)
    hint = "Correct the line."
    if sign == "," and len(cells) > width:
        hint = "If commas are decimal signs, separate the columns by semicolons or put the numbers in quotes."
    found = f"{source}, line {line} has {len(cells)} cells and the head has {width}"
    return f"{found} ({DELIMITERS[sign]} as delimiter). {hint}"
