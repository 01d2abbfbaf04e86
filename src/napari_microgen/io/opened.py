"""What opening a file gives before the user's own words on axes, size and channel are heard."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..units import METRES, canonical_unit, convert_length


@dataclass(frozen=True)
class Scale:
    """Pixel edges as a file states them; an edge that is not known is absent."""

    edges: Mapping[str, float] = field(default_factory=dict)
    """Axis letter (Z, Y, X) to edge in ``unit``."""
    unit: str | None = None
    """Canonical length unit of the edges."""
    notes: tuple[str, ...] = ()
    """What was wrong with a stated size."""
    vendor: str | None = None
    """Maker or format that stated it."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Instrument settings worth showing (plain JSON values)."""
    data_bar_rows: int | None = None
    """Rows of the data bar at the bottom of the picture; None if not stated."""


@dataclass(frozen=True)
class Opened:
    """An array, lazy or not, with what its file says about it."""

    data: Any
    """numpy array or `LazyPlanes`."""
    axes: str
    """One letter per dimension; Q stands for an axis the file does not name."""
    kind_of_file: str
    """Words for people, such as ``"TIFF (ImageJ)"``."""
    scale: Scale = field(default_factory=Scale)
    """Pixel edges and what else the vendor says."""
    notes: tuple[str, ...] = ()
    """Remarks for the user."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Further facts (plain JSON values)."""


def scale_from(
    sizes: Mapping[str, float | None],
    unit: str,
    *,
    vendor: str | None = None,
    facts: Mapping[str, Any] | None = None,
    data_bar_rows: int | None = None,
) -> Scale:
    """Return a scale from stated sizes, leaving out what cannot be a pixel edge.

    Parameters
    ----------
    sizes : mapping
        Axis letter to size; None, 0, negative, NaN, infinite or over 1 m means unknown.
    unit : str
        Their length unit.
    vendor, facts, data_bar_rows
        See `Scale`.

    Examples
    --------
    >>> scale_from({"Y": 5.0, "X": float("nan")}, "nm").edges
    {'Y': 5.0}
    """
    name = canonical_unit(unit)
    edges: dict[str, float] = {}
    notes: list[str] = []
    for letter, size in sizes.items():
        if size is None:
            continue
        if math.isfinite(size) and 0 < size * METRES[name] <= 1:
            edges[letter] = float(size)
        else:
            notes.append(
                f"the file states a pixel size of {size:g} {name} along {letter}; it is left unknown"
            )
    rows = data_bar_rows if data_bar_rows and data_bar_rows > 0 else None
    return Scale(edges, name if edges else None, tuple(notes), vendor, dict(facts or {}), rows)


def scale_from_metres(sizes: Mapping[str, float | None], **rest: Any) -> Scale:
    """Return a scale from sizes in metre, in nm below 1 um and in um above.

    Examples
    --------
    >>> scale = scale_from_metres({"Y": 1.86e-8, "X": 1.86e-8})
    >>> dict(scale.edges), scale.unit
    ({'Y': 18.6, 'X': 18.6}, 'nm')
    """
    usable = [s for s in sizes.values() if s is not None and math.isfinite(s) and s > 0]
    unit = "um" if usable and min(usable) >= 1e-6 else "nm"
    converted = {
        k: v if v is None or not math.isfinite(v) else convert_length(v, "m", unit) for k, v in sizes.items()
    }
    return scale_from(converted, unit, **rest)
