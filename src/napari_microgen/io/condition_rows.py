"""Which rows of a table to keep: ``detector=SE``, ``pixel_size=0.194``, ``T=700:900``, ``cooling!=AR``."""

import math
import re
from collections.abc import Sequence

import numpy as np

from ..errors import TableError
from .table_csv import CsvTable


def matching_rows(csv: CsvTable, where: Sequence[str]) -> np.ndarray:
    r"""Return the rows that fulfil all clauses.

    A number matches where it agrees to the digits given: ``0.194`` finds 0.19417.

    Parameters
    ----------
    csv : CsvTable
        The table.
    where : sequence of str
        ``NAME=VALUE``, ``NAME!=VALUE`` or ``NAME=LOW:HIGH`` (ends included; one may be left out).

    Returns
    -------
    ndarray of int
        Rows, ascending.

    Raises
    ------
    TableError
        If a clause cannot be read, its column is not there, or no row is left.

    Examples
    --------
    >>> from napari_microgen.io.table_csv import parse_table
    >>> table = parse_table("T,gas\n700,Ar\n800,Ar\n900,N2\n")
    >>> matching_rows(table, ["T=750:", "gas!=N2"]).tolist()
    [1]
    """
    kept = np.ones(len(csv), bool)
    for clause in where:
        match = re.fullmatch(r"\s*(?P<name>.+?)\s*(?P<sign>!?=)\s*(?P<value>.*?)\s*", clause)
        if match is None:
            raise TableError(f"{clause!r} cannot be read; expected NAME=VALUE, NAME!=VALUE or NAME=LOW:HIGH.")
        found = _fulfilled(csv, match["name"], match["value"])
        kept &= ~found if match["sign"] == "!=" else found
    rows = np.flatnonzero(kept)
    if not rows.size:
        raise TableError(f"No row of {csv.source} fulfils {', '.join(where)}. Loosen a clause.")
    return rows


def _fulfilled(csv: CsvTable, name: str, value: str) -> np.ndarray:
    cells = csv[name].cells
    numbers = np.array([math.nan if (n := csv.style.parse(cell)) is None else n for cell in cells])
    span = re.fullmatch(r"(?P<low>[^:]*):(?P<high>[^:]*)", value)
    if span is not None and csv.is_numeric(name):
        low, high = (_end(text, name) for text in (span["low"], span["high"]))
        low, high = -math.inf if low is None else low, math.inf if high is None else high
        return np.asarray((numbers >= low) & (numbers <= high))
    same = np.array([cell == value for cell in cells])
    number = _number(value)
    if number is None:
        return same
    digits = len(re.sub(r"[eE].*$", "", value).partition(".")[2])
    tolerance = 0.5 * 10.0**-digits if digits else 0.0
    if "e" in value.lower():
        tolerance = 1e-9 * abs(number)
    return np.asarray(same | (np.abs(numbers - number) <= tolerance * (1 + 1e-9)))


def _end(text: str, name: str) -> float | None:
    if not text.strip():
        return None
    number = _number(text)
    if number is None:
        raise TableError(f"{text!r} is no end of a range of {name}; give a number, or nothing.")
    return number


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
