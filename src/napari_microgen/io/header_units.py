"""Names with units in the header of a table: ``pressure [Pa]``, ``sigma (S/cm)``, ``T / °C``.

A unit that nobody knows stays a text label; it is never guessed and never converted.
"""

import re
from functools import cache
from typing import Any

from ..errors import UnitError

_BRACKETS = re.compile(r"^(?P<name>.*?)\s*\[(?P<unit>[^\[\]]*)\]$", re.DOTALL)
_PARENTHESES = re.compile(r"^(?P<name>.*?\S)\s*\((?P<unit>[^()]*)\)$", re.DOTALL)
_SLASH = re.compile(r"^(?P<name>.*?\S)\s+/\s+(?P<unit>\S.*)$", re.DOTALL)
_FACTOR = re.compile(
    r"(?P<join>\s*[*·/]\s*|\s+|^)(?:(?P<one>1)|(?P<atom>[A-Za-zµμΩΩ°%]{1,20}))(?:(?:\^|\*\*)?(?P<power>-?\d))?(?![\d.])"
)
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_UNKNOWN_TO_US = {"a.u.", "arb.u.", "au", "a", "h", "b", "at", "u", "count", "counts", "pixel", "px"}
_DIMENSIONLESS = {"", "-", "–", "1", "none", "dimensionless"}


def split_header(text: str) -> tuple[str, str | None]:
    """Split the head of a column into its name and its unit.

    Parameters
    ----------
    text : str
        As in the file. ``[...]`` at the end is always a unit; ``(...)`` and `` / ...`` only
        where they hold a unit that is known.

    Returns
    -------
    name : str
        Without the unit.
    unit : str or None
        As written, ``"1"`` for ``[-]`` and ``[1]``; None if the head states none.

    Examples
    --------
    >>> split_header("conductivity [S/cm]"), split_header("T / °C"), split_header("tau (mean)")
    (('conductivity', 'S/cm'), ('T', '°C'), ('tau (mean)', None))
    """
    text = text.strip()
    found = _BRACKETS.match(text)
    if found and found["name"]:
        unit = found["unit"].strip()
        return found["name"], "1" if unit.lower() in _DIMENSIONLESS else unit
    for form in (_PARENTHESES, _SLASH):
        found = form.match(text)
        if found and (found["unit"].strip() == "-" or known_unit(found["unit"])):
            unit = found["unit"].strip()
            return found["name"], "1" if unit in _DIMENSIONLESS else unit
    return text, None


def join_header(name: str, unit: str | None) -> str:
    """Return the head of a column for a file, the inverse of `split_header`.

    Examples
    --------
    >>> join_header("conductivity", "S/cm"), join_header("sample", None)
    ('conductivity [S/cm]', 'sample')
    """
    return name if unit is None else f"{name} [{unit}]"


def known_unit(unit: str) -> bool:
    """Return whether ``unit`` can be converted to others of its kind.

    Examples
    --------
    >>> [known_unit(text) for text in ("µS/cm", "um-1", "°C", "at.%", "a.u.")]
    [True, True, True, False, False]
    """
    return pint_unit(unit) is not None


def same_kind(first: str, second: str) -> bool:
    """Return whether two units measure the same thing; unknown ones only if they are the same text.

    Examples
    --------
    >>> same_kind("1/um", "mm^-1"), same_kind("nm", "S/cm")
    (True, False)
    """
    one, other = pint_unit(first), pint_unit(second)
    if one is None or other is None:
        return first.strip() == second.strip()
    return bool(one.dimensionality == other.dimensionality)


def convert(value: Any, unit: str, to: str) -> Any:
    """Convert a number or an array from ``unit`` to ``to``.

    Raises
    ------
    UnitError
        If they do not measure the same thing, or one is unknown and the texts differ.

    Examples
    --------
    >>> convert(25.0, "nm", "um"), convert(20.0, "degC", "K")
    (0.025, 293.15)
    """
    if unit.strip() == to.strip():
        return value
    if not same_kind(unit, to):
        known = [text for text in (unit, to) if not known_unit(text)]
        why = f"{known[0]!r} is not a unit that is known" if known else "they do not measure the same thing"
        raise UnitError(f"{unit!r} cannot be converted to {to!r}: {why}. Give both in one unit.")
    scale, shift = _line(unit, to)
    return value * scale + shift if shift else value * scale


def unit_text(unit: Any) -> str:
    """Return a pint unit as text that `pint_unit` reads again.

    Examples
    --------
    >>> unit_text(pint_unit("1/um") ** 2)
    '1/µm^2'
    """
    text = f"{unit:~C}".replace("**", "^")
    return text or "1"


@cache
def _line(unit: str, to: str) -> tuple[float, float]:
    """Return factor and offset from one unit to another, rounded as decimals are written."""
    registry = _registry()
    zero, one = (registry.Quantity(v, pint_unit(unit)).to(pint_unit(to)).magnitude for v in (0.0, 1.0))
    return float(f"{one - zero:.14g}"), float(f"{zero:.14g}")


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()


@cache
def pint_unit(unit: str) -> Any:
    """Return the unit as pint knows it; None if it is a mere label.

    For arithmetic with units; `unit_text` turns the outcome into text. Only single names
    reach pint: products and powers are read here, so that a text such as ``9**9**9``
    costs nothing.
    """
    text = unit.strip().translate(_SUPERSCRIPTS)
    product = _registry().Unit("dimensionless")
    if text.lower() in _DIMENSIONLESS:
        return product
    place = 0
    while place < len(text):
        factor = _FACTOR.match(text, place)
        if factor is None or len(text) > 40:
            return None
        place = factor.end()
        if factor["one"]:
            continue
        atom = _atom(factor["atom"])
        if atom is None:
            return None
        power = int(factor["power"] or 1)
        product = product * atom ** (-power if "/" in factor["join"] else power)
    return product


@cache
def _atom(name: str) -> Any:
    if name.lower() in _UNKNOWN_TO_US:
        return None
    try:
        return _registry().parse_units(name)
    except Exception:  # whatever the parser makes of a stranger's text: it is a label
        return None
