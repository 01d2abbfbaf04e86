"""Lengths with units. A length that is not known stays ``None``; it is never guessed."""

import math
import warnings
from collections.abc import Sequence

from .errors import InvalidVoxelSizeError, UnitError

METRES: dict[str, float] = {
    "pm": 1e-12,
    "angstrom": 1e-10,
    "nm": 1e-9,
    "um": 1e-6,
    "mm": 1e-3,
    "cm": 1e-2,
    "inch": 2.54e-2,
    "m": 1.0,
}
"""Length units by their canonical name, in metre."""

_ALIASES: dict[str, str] = {
    "å": "angstrom",
    "a": "angstrom",
    "ang": "angstrom",
    "ångström": "angstrom",
    "nanometer": "nm",
    "nanometre": "nm",
    "micron": "um",
    "microns": "um",
    "µm": "um",
    "μm": "um",
    "\\u00b5m": "um",
    "micrometer": "um",
    "micrometre": "um",
    "millimeter": "mm",
    "millimetre": "mm",
    "centimeter": "cm",
    "centimetre": "cm",
    "in": "inch",
    "inches": "inch",
    "meter": "m",
    "metre": "m",
    "picometer": "pm",
    "picometre": "pm",
}

PLAUSIBLE_METRES = (1e-10, 1e-3)
"""Voxel edges outside this range are almost always a unit read wrongly."""


def canonical_unit(text: str) -> str:
    """Return the canonical name of a length unit.

    Parameters
    ----------
    text : str
        A unit as files and people write it, such as ``µm``, ``micron`` or ``nm``.

    Returns
    -------
    str
        One of ``pm, angstrom, nm, um, mm, cm, inch, m``.

    Raises
    ------
    UnitError
        If the text is not a length unit.

    Examples
    --------
    >>> canonical_unit("µm"), canonical_unit("Micrometre")
    ('um', 'um')
    """
    key = text.strip().lower()
    unit = _ALIASES.get(key, key)
    if unit not in METRES:
        raise UnitError(f"{text!r} is not a length unit; expected one of {', '.join(METRES)}.")
    return unit


def after_number(unit: str | None) -> str:
    """Return a unit as it follows a number in a sentence; nothing for a pure number.

    Examples
    --------
    >>> f"45{after_number('nm')}, 0.1{after_number('1')}, 3{after_number(None)}"
    '45 nm, 0.1, 3'
    """
    return "" if unit in (None, "", "1") else f" {unit}"


def convert_length(value: float, unit: str, to: str) -> float:
    """Convert a length from ``unit`` to ``to``.

    Examples
    --------
    >>> convert_length(18.6, "nm", "um")
    0.0186
    """
    source, target = METRES[canonical_unit(unit)], METRES[canonical_unit(to)]
    return float(f"{value * source / target:.15g}")


def checked_voxel_size(sizes: Sequence[float | None], unit: str) -> tuple[float | None, ...]:
    """Return voxel edges as floats after refusing what cannot be a length.

    Parameters
    ----------
    sizes : sequence of float or None
        One edge per spatial axis; None where it is not known.
    unit : str
        Their length unit.

    Raises
    ------
    InvalidVoxelSizeError
        If an edge is zero, negative, not finite or larger than 1 m.
    UnitError
        If the unit is not a length unit.

    Warns
    -----
    UserWarning
        If an edge lies outside 0.1 nm to 1 mm.
    """
    factor = METRES[canonical_unit(unit)]
    checked: list[float | None] = []
    for size in sizes:
        if size is None:
            checked.append(None)
            continue
        edge = float(size)
        if not math.isfinite(edge) or edge <= 0 or edge * factor > 1:
            raise InvalidVoxelSizeError(
                f"A voxel edge of {edge:g} {unit} was given; it must be a finite length above 0 and at most "
                f"1 m. Give the right size, for example --voxel-size 25,18.6,18.6 --unit nm."
            )
        low, high = PLAUSIBLE_METRES
        if not low * (1 - 1e-9) <= edge * factor <= high * (1 + 1e-9):
            warnings.warn(
                f"A voxel edge of {edge:g} {unit} is outside 0.1 nm to 1 mm; please check the unit.",
                UserWarning,
                stacklevel=3,
            )
        checked.append(edge)
    return tuple(checked)
