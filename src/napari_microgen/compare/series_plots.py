"""Condition means of real and synthetic images: over one condition, or against each other.

Where a single number varies, means stand over it, a line for each series. Where several do, as in a
combinatorial library, means of synthetic images stand over those of real ones: on the diagonal they agree.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..regress.svg import Canvas, padded
from .condition_groups import ALL, condition_groups
from .descriptors import unit_of
from .frame import Sides
from .page import pretty
from .plots import REAL, SYNTHETIC

_SIZE: dict[str, Any] = {"width": 360, "height": 270, "left": 66}
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_SUPPORT = {"seen": "#009e73", "interpolated": "#e69f00", "gap": "#cc79a7", "extrapolated": "#d55e00"}
Entry = Mapping[str, Any]


def series_plots(sides: Sides, rows: Sequence[Entry]) -> dict[str, str]:
    """Return a plot of condition means with 95 % intervals for each descriptor, as SVG.

    Parameters
    ----------
    sides : Sides
        All images.
    rows : sequence of dict
        As `by_condition` gives them.
    """
    if len(rows) < 2:
        return {}
    axis, found = _axis(sides), {}
    for name in sides.real.descriptors.names:
        kept = [row for row in rows if _known(row["descriptors"][name])]
        if len(kept) < 2:
            continue
        entries = [row["descriptors"][name] for row in kept]
        unit = unit_of(name, sides.real.descriptors.unit)
        label = name.replace("_", " ") + ("" if unit == "1" else f" ({pretty(unit)})")
        if axis is None:
            found[name] = _against(entries, [row["support"] for row in kept], label)
        else:
            found[name] = _over(sides, axis, kept, entries, label)
    return found


def series_legend(sides: Sides) -> str:
    """Say what the plots show."""
    if _axis(sides) is None:
        return (
            "Each point is a condition: mean of synthetic over mean of real images, with 95 % over "
            "micrographs. Green: seen in the training; orange: interpolated; pink: in a gap; red: "
            "extrapolated; grey: training unknown."
        )
    labels = [label for label in _series(sides) if label != ALL]
    words = ("solid", "dashed", "dotted", "dash-dotted")
    lines = ", ".join(f"{words[k % 4]}: {label}" for k, label in enumerate(labels))
    said = "Blue: real. Orange: synthetic. Bars: 95 % over micrographs."
    return said + (f" Lines: {lines}." if lines else "")


def _axis(sides: Sides) -> str | None:
    """Return the one condition that is a number and varies, if there is just one."""
    table = sides.conditions.table
    varying = [c.name for c in table.conditions if c.kind == "continuous" and np.ptp(table[c.name]) > 0]
    return varying[0] if len(varying) == 1 else None


def _series(sides: Sides) -> Mapping[str, np.ndarray]:
    return condition_groups(sides.conditions, ("",) * len(sides.conditions)).series


def _known(entry: Entry) -> bool:
    return entry["real"] is not None and entry["synthetic"] is not None


def _over(sides: Sides, axis: str, rows: Sequence[Entry], entries: Sequence[Entry], label: str) -> str:
    conditions = sides.conditions
    codes = np.array([conditions.names.index(row["condition"]) for row in rows])
    x = np.array([float(v) for v in conditions.table[axis]])[codes]
    ends = [v for e in entries for key in ("real", "synthetic") for v in (e[f"{key}_95"] or [e[key]])]
    canvas = Canvas(padded(x), padded(np.array(ends)), **_SIZE)
    canvas.abscissa(conditions.table.condition(axis).label)
    canvas.ordinate(label)
    nudge = 0.006 * (canvas.x_range[1] - canvas.x_range[0])
    for key, colour, side in (("real", REAL, -nudge), ("synthetic", SYNTHETIC, nudge)):
        for number, members in enumerate(_series(sides).values()):
            mine = [k for k in np.argsort(x, kind="stable") if codes[k] in members]
            dash = f'stroke-dasharray="{_DASHES[number % len(_DASHES)]}" stroke-opacity="0.6"'
            for a, b in pairwise(mine):
                canvas.line(x[a] + side, entries[a][key], x[b] + side, entries[b][key], colour, dash)
        for place, entry, row in zip(x + side, entries, rows, strict=True):
            if entry[f"{key}_95"]:
                low, high = entry[f"{key}_95"]
                canvas.line(place, low, place, high, colour, 'stroke-width="2"')
            canvas.point(
                float(place), entry[key], colour, f"{key}, {row['condition']}: {entry[key]:.4g}", 3.0
            )
    return canvas.svg()


def _against(entries: Sequence[Entry], supports: Sequence[str], label: str) -> str:
    ends = [v for e in entries for key in ("real", "synthetic") for v in (e[f"{key}_95"] or [e[key]])]
    canvas = Canvas(padded(np.array(ends)), padded(np.array(ends)), **_SIZE)
    canvas.abscissa(f"real {label}")
    canvas.ordinate("synthetic")
    low, high = canvas.x_range
    canvas.line(low, low, high, high, "#888888", 'stroke-dasharray="4 3"')
    for entry, support in zip(entries, supports, strict=True):
        colour, x, y = _SUPPORT.get(support, "#666666"), entry["real"], entry["synthetic"]
        if entry["real_95"]:
            canvas.line(entry["real_95"][0], y, entry["real_95"][1], y, colour, 'stroke-opacity="0.5"')
        if entry["synthetic_95"]:
            canvas.line(
                x, entry["synthetic_95"][0], x, entry["synthetic_95"][1], colour, 'stroke-opacity="0.5"'
            )
        canvas.point(x, y, colour, f"{support}: real {x:.4g}, synthetic {y:.4g}", 3.5)
    return canvas.svg()
