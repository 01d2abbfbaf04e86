"""Plots of grains in which every dot is a grain: sizes, sides, the laws of Lewis and of Aboav and Weaire."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..quantify.grain_laws import hillert_density
from ..quantify.plots import Axis, Line, Plot, Points
from .grains_found import FoundGrains

SIZES, SIDES, LEWIS, ABOAV = "Radius", "Radius over neighbours", "Lewis' law", "Law of Aboav and Weaire"
DOTS = "grains"


@dataclass(frozen=True, eq=False)
class GrainPlot:
    """A plot, and which grain each dot is."""

    plot: Plot
    grains: np.ndarray
    """Number of the grain of each dot, from 1."""

    def dot(self, grain: int) -> int:
        """Return the dot of a grain, or -1."""
        found = np.flatnonzero(self.grains == grain)
        return int(found[0]) if len(found) else -1


def grain_plot(title: str, found: FoundGrains) -> GrainPlot | None:
    """Return a plot by its title, or None if too few grains count."""
    rows = np.flatnonzero(found.columns["weight"] > 0)
    if len(rows) < 3:
        return None
    return BUILDERS[title](found, rows)


def _sizes(found: FoundGrains, rows: np.ndarray) -> GrainPlot:
    radius, weight = found.columns["radius"][rows], found.columns["weight"][rows]
    weight = weight / weight.sum()
    u = radius / float((weight * radius).sum())
    edges = np.linspace(0.0, max(2.2, float(u.max()) * 1.02), min(40, 8 + len(rows) // 20) + 1)
    width = edges[1] - edges[0]
    bins = np.clip((u / width).astype(int), 0, len(edges) - 2)
    heights = np.bincount(bins, weight, len(edges) - 1) / width
    counts = np.bincount(bins, minlength=len(edges) - 1)
    y = heights[bins] * (_rank(bins) + 0.5) / counts[bins]
    outline = Line(name=DOTS, x=np.repeat(edges, 2), y=np.concatenate([[0.0], np.repeat(heights, 2), [0.0]]))
    x = np.linspace(1e-3, edges[-1], 300)
    lines = [outline, Line(name="Hillert", x=x, y=hillert_density(x), dashed=True)]
    mean, deviation = (_value(found, f"log_normal_{part}") for part in ("mean", "deviation"))
    if mean is not None and deviation:
        z = (np.log(x) - mean) / deviation
        density = np.exp(-0.5 * z**2) / (x * deviation * np.sqrt(2 * np.pi))
        lines.append(Line(name="log-normal", x=x, y=density, dashed=True))
    notes = [
        f"largest difference of the cumulated shares: {name} {value:.3f}"
        for name, key in (("Hillert", "hillert_distance"), ("log-normal", "log_normal_distance"))
        if (value := _value(found, key)) is not None
    ]
    return _plot(found, rows, SIZES, u, y, ("radius over mean", "1"), ("density", "1"), lines, notes)


def _sides(found: FoundGrains, rows: np.ndarray) -> GrainPlot:
    sides, radius = found.columns["neighbours"][rows].astype(float), found.columns["radius"][rows]
    slope, offset = _value(found, "slope"), _value(found, "offset")
    lines, notes = [_means(sides, radius, found.columns["weight"][rows])], []
    if slope is not None and offset is not None:
        lines.append(_straight("line", sides, slope, offset))
        feature = found.table["slope"]
        interval = "" if feature.low is None else f" (95 % {feature.low:.4g} to {feature.high:.4g})"
        notes = [f"slope {slope:.4g}{interval} {found.unit.replace('um', 'µm')} per neighbour"]
    return _plot(
        found, rows, SIDES, sides, radius, ("number of neighbours", "1"), ("radius", found.unit), lines, notes
    )


def _lewis(found: FoundGrains, rows: np.ndarray) -> GrainPlot:
    sides, area = found.columns["neighbours"][rows].astype(float), found.columns["area"][rows]
    weight = found.columns["weight"][rows]
    share = area / float((weight * area).sum() / weight.sum())
    slope = _value(found, "lewis_slope")
    lines, notes = [_means(sides, share, weight)], []
    if slope is not None:
        middle = float((weight * share).sum() / weight.sum())
        at = float((weight * sides).sum() / weight.sum())
        lines.append(_straight("line", sides, slope, middle - slope * at))
        notes = [f"slope {slope:.4g}"]
    axes = ("number of neighbours", "1"), ("area over mean", "1")
    return _plot(found, rows, LEWIS, sides, share, *axes, lines, notes)


def _aboav(found: FoundGrains, rows: np.ndarray) -> GrainPlot | None:
    rows = rows[found.columns["whole"][rows] & (found.columns["neighbours"][rows] > 0)]
    if len(rows) < 3:
        return None
    sides, around = found.columns["neighbours"][rows].astype(float), found.columns["sides_around"][rows]
    a, variance = _value(found, "aboav_weaire_a"), _value(found, "variance_of_neighbours")
    lines, notes = [_means(sides, around, found.columns["weight"][rows])], []
    if a is not None and variance is not None:
        lines.append(_straight("law", sides, 6 - a, 6 * a + variance))
        notes = [f"a = {a:.3g}, variance of the number of neighbours {variance:.3g}"]
    axes = ("number of neighbours n", "1"), ("n m(n): sides of all neighbours", "1")
    return _plot(found, rows, ABOAV, sides, around, *axes, lines, notes)


BUILDERS: dict[str, Callable[[FoundGrains, np.ndarray], GrainPlot | None]] = {
    SIZES: _sizes,
    SIDES: _sides,
    LEWIS: _lewis,
    ABOAV: _aboav,
}
"""How each plot is made."""


def _plot(
    found: FoundGrains,
    rows: np.ndarray,
    title: str,
    x: np.ndarray,
    y: np.ndarray,
    across: tuple[str, str],
    along: tuple[str, str],
    lines: list[Line],
    notes: list[str],
) -> GrainPlot:
    words = tuple(f"grain {label}" for label in found.columns["label"][rows].tolist())
    left = len(found) - len(rows)
    remark = (f"{left} grains at the edge are left out",) if left else ()
    plot = Plot(
        title=title,
        x=Axis(name=across[0], unit=across[1]),
        y=Axis(name=along[0], unit=along[1]),
        points=(Points(name=DOTS, x=x, y=y, words=words),),
        lines=tuple(lines),
        notes=(*notes, *remark),
    )
    return GrainPlot(plot, rows + 1)


def _means(sides: np.ndarray, values: np.ndarray, weight: np.ndarray) -> Line:
    x = np.unique(sides)
    place = np.searchsorted(x, sides)
    return Line(name="mean", x=x, y=np.bincount(place, weight * values) / np.bincount(place, weight))


def _straight(name: str, x: np.ndarray, slope: float, offset: float) -> Line:
    ends = np.array([x.min(), x.max()])
    return Line(name=name, x=ends, y=slope * ends + offset, dashed=True)


def _value(found: FoundGrains, name: str) -> float | None:
    return next((f.value for f in found.table if f.name == name), None)


def _rank(codes: np.ndarray) -> np.ndarray:
    """Return how many of the same code stand before each."""
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    rank = np.empty(len(codes))
    rank[order] = np.concatenate([np.arange(size) for size in sizes])
    return rank
