"""How numbers are written in a table: decimal sign and digit groups, found without guessing.

Every way of writing is a hypothesis. A way survives if it explains every cell of the
columns that hold numbers; if two survivors give different values, the table is refused
until its user says which is meant.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from ..errors import TableError

MISSING_WORDS = frozenset(
    {"", "NA", "N/A", "n/a", "#N/A", "#NV", "NaN", "nan", "NAN", "null", "NULL", "None", "-", "–", "—"}
)
"""What stands for a missing value in a column of numbers. ``Na`` does not: it is sodium."""

_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " "))
_SIGNS = str.maketrans({"−": "-", "’": "'"})


@dataclass(frozen=True)
class NumberStyle:
    """Decimal sign and the sign between groups of three digits."""

    decimal: str = "."
    """``"."`` or ``","``."""
    thousands: str = ""
    """``""`` if digits are not grouped, else one of ``. , ' `` or a space."""

    def parse(self, text: str) -> float | None:
        """Return the number a cell holds; None if it is none in this style.

        Examples
        --------
        >>> NumberStyle(",", ".").parse("1.234,5"), NumberStyle().parse("0.5 Pa")
        (1234.5, None)
        """
        text = plain_text(text)
        if not _pattern(self).fullmatch(text):
            return None
        text = text.replace(self.thousands, "") if self.thousands else text
        value = float(text.replace(self.decimal, "."))
        return value if math.isfinite(value) else None


STYLES = tuple(
    NumberStyle(decimal, group) for group in ("", ",", ".", " ", "'") for decimal in ".," if decimal != group
)
_ANY = re.compile(r"[+-]?[\d.,' ]*\d[\d.,' ]*([eE][+-]?\d+)?")


def plain_text(text: str) -> str:
    """Return a cell without outer blanks and with plain signs and spaces."""
    return text.translate(_SPACES).translate(_SIGNS).strip()


def is_missing(text: str) -> bool:
    """Return whether a cell of a column of numbers stands for a missing value."""
    return text.strip() in MISSING_WORDS


def looks_like_number(text: str) -> bool:
    """Return whether a cell is a number in some style."""
    text = plain_text(text)
    return bool(_ANY.fullmatch(text)) and any(_pattern(style).fullmatch(text) for style in STYLES)


def find_style(
    cells: Iterable[tuple[str, str]], *, decimal: str | None = None, comma_separates: bool = False
) -> tuple[NumberStyle, str | None]:
    """Find the style in which all numbers of a table are written.

    Parameters
    ----------
    cells : iterable of (str, str)
        Where a cell is (for the message) and its text; only cells of number columns.
    decimal : {".", ","}, optional
        The decimal sign, if the user states it.
    comma_separates : bool
        True if the comma separates columns: then ``1.234`` cannot be meant as 1234.

    Returns
    -------
    style : NumberStyle
        The simplest style that fits.
    note : str or None
        What was assumed, if anything.

    Raises
    ------
    TableError
        If no style fits all cells, or two fit and give different numbers.
    """
    known = [(where, plain_text(text)) for where, text in cells]
    left = [style for style in STYLES if decimal in (None, style.decimal)]
    witness: tuple[str, str] | None = None
    for where, text in known:
        fitting = [style for style in left if _pattern(style).fullmatch(text)]
        if not fitting:
            raise TableError(_conflict(where, text, witness, decimal))
        if len(fitting) < len(left):
            witness = (where, text)
        left = fitting
    return _simplest(left, known, comma_separates)


def _simplest(
    left: Sequence[NumberStyle], known: Sequence[tuple[str, str]], comma_separates: bool
) -> tuple[NumberStyle, str | None]:
    first = left[0]
    for where, text in known:
        readings = {style: style.parse(text) for style in left}
        other = next((style for style in left if readings[style] != readings[first]), None)
        if other is None:
            continue
        if comma_separates and first == NumberStyle():
            return first, f"{text} ({where}) was read as {readings[first]:g}, with a decimal point"
        raise TableError(
            f"{where} holds {text!r}, which could be {readings[first]:g} or {readings[other]:g}, and no "
            f"other cell tells which. State the decimal sign, '.' or ','."
        )
    return first, None


def _conflict(where: str, text: str, witness: tuple[str, str] | None, decimal: str | None) -> str:
    if decimal is not None:
        return (
            f"{where} holds {text!r}, which is no number with {decimal!r} as decimal sign. "
            f"Correct the cell or state the other sign."
        )
    before = f"; {witness[0]} holds {witness[1]!r}" if witness else ""
    return (
        f"{where} holds {text!r}{before}: these cannot be written in one style. Use one decimal sign and one "
        f"sign between groups of three digits in the whole table."
    )


@cache
def _pattern(style: NumberStyle) -> re.Pattern[str]:
    whole = r"\d+"
    if style.thousands:
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{re.escape(style.thousands)}\d{{3}})+)"
    point = re.escape(style.decimal)
    return re.compile(rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?", re.ASCII)
