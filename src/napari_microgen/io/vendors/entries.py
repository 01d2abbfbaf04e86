"""Small pieces that the makers' texts share: ``key=value`` lines, numbers, sizes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_LENGTH = re.compile(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*([^\d\s]+)\s*$")


def ini_sections(text: str) -> dict[str, dict[str, str]]:
    r"""Return ``[section]`` blocks of ``key=value`` lines, keys in lower case; later entries win.

    Examples
    --------
    >>> ini_sections("[Scan]\nPixelWidth=1e-9")
    {'scan': {'pixelwidth': '1e-9'}}
    """
    sections: dict[str, dict[str, str]] = {}
    current = sections.setdefault("", {})
    for line in text.splitlines():
        line = line.strip("\0 \t")
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1].strip().lower(), {})
        elif "=" in line:
            key, value = line.split("=", 1)
            current[key.strip().lower()] = value.strip()
    if not sections[""]:
        del sections[""]
    return sections


def number(text: str | None) -> float | None:
    """Return a number written with a point or a comma, or None."""
    try:
        return float(text.strip().replace(",", ".")) if text else None
    except ValueError:
        return None


def whole(text: str | None) -> int | None:
    """Return a whole number, or None."""
    value = number(text)
    return int(value) if value is not None and abs(value) < 1e9 else None


def length(text: str | None) -> tuple[float, str] | None:
    """Return value and unit of a text like ``5.58 nm`` or ``10um``, or None.

    Examples
    --------
    >>> length("10um"), length("5.58 nm"), length("wide")
    ((10.0, 'um'), (5.58, 'nm'), None)
    """
    from ...errors import UnitError
    from ...units import canonical_unit

    found = _LENGTH.match(text or "")
    try:
        return (float(found.group(1)), canonical_unit(found.group(2))) if found else None
    except (ValueError, UnitError):
        return None


def data_bar(rows: int, image_rows: int | None) -> int | None:
    """Return the rows of a picture below the image proper, or None if that cannot be.

    Examples
    --------
    >>> data_bar(943, 884), data_bar(884, 884)
    (59, None)
    """
    if image_rows is None or not 0 < rows - image_rows < rows / 2:
        return None
    return rows - image_rows


def chosen(entries: Mapping[str, str], names: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return short facts: for each (key, name) that is there, ``{name: value}``."""
    return {name: entries[key][:80] for key, name in names if entries.get(key)}
