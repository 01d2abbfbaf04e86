"""Plots of a comparison in which every image is a dot: distributions, conditions, persistence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..compare.image_list import COMPONENTS, SIDES, ListedImages, SideName
from ..compare.persistence_plots import projected
from ..quantify.plots import Axis, Line, Plot, Points

DISTRIBUTION, CONDITIONS, PERSISTENCE = "Distribution", "Over the conditions", "Persistence images"
SPACE = "Persistence images, in space"
KINDS = (DISTRIBUTION, CONDITIONS, PERSISTENCE, SPACE)
Listed = Mapping[SideName, ListedImages]
_NUDGE = 0.17


@dataclass(frozen=True, eq=False)
class ImagePlot:
    """A plot, and which image each dot is."""

    plot: Plot
    rows: Mapping[SideName, np.ndarray]
    """Image of each dot, by side; the sides are the series of points in this order."""

    def image(self, series: int, index: int) -> tuple[SideName, int]:
        """Return side and row of a dot."""
        side = SIDES[series]
        return side, int(self.rows[side][index])


def image_plot(kind: str, listed: Listed, name: str, unit: str, condition: str | None) -> ImagePlot | None:
    """Return a plot of a descriptor, or None if there is nothing to show.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    listed : mapping of ListedImages
        Both sides.
    name : str
        A descriptor.
    unit : str
        Its unit.
    condition : str or None
        Images of this condition only; all if None.
    """
    if kind == PERSISTENCE:
        return _persistence(listed, condition)
    if kind == SPACE:
        return _in_space(listed, condition)
    if kind == CONDITIONS:
        return _over_conditions(listed, name, unit)
    return _distribution(listed, name, unit, condition)


def _known(listed: Listed, name: str, condition: str | None) -> dict[SideName, np.ndarray]:
    """Return the images of each side with a value, of one condition or of all."""
    rows = {}
    for side in SIDES:
        inside = np.array([condition in (None, c) for c in listed[side].conditions], bool)
        rows[side] = np.flatnonzero(inside & np.isfinite(listed[side].values[name]))
    return rows


def _distribution(listed: Listed, name: str, unit: str, condition: str | None) -> ImagePlot | None:
    rows = _known(listed, name, condition)
    values = {side: listed[side].values[name][rows[side]] for side in SIDES}
    together = np.concatenate([values[side] for side in SIDES])
    if not len(together):
        return None
    low, high = float(together.min()), float(together.max())
    half = 0.5 * (abs(low) or 1.0) if high == low else 0.0
    edges = np.linspace(low - half, high + half, min(24, 4 + len(together) // 8) + 1)
    points, lines = [], []
    for side in SIDES:
        number = len(values[side])
        if not number:
            points.append(Points(name=side, x=np.zeros(0), y=np.zeros(0)))
            continue
        bins = np.clip(np.searchsorted(edges, values[side], side="right") - 1, 0, len(edges) - 2)
        heights = np.bincount(bins, minlength=len(edges) - 1) / number
        y = (_rank(bins) + 0.5) / number
        points.append(Points(name=side, x=values[side], y=y, words=_words(listed[side], rows[side], side)))
        outline = np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
        lines.append(Line(name=side, x=np.repeat(edges, 2), y=outline))
    x, y_axis = Axis(name=name.replace("_", " "), unit=unit), Axis(name="share of images")
    plot = Plot(title=DISTRIBUTION, x=x, y=y_axis, points=tuple(points), lines=tuple(lines))
    return ImagePlot(plot, rows)


def _over_conditions(listed: Listed, name: str, unit: str) -> ImagePlot | None:
    order = list(dict.fromkeys(c for side in SIDES for c in listed[side].conditions))
    rows = _known(listed, name, None)
    if not any(len(r) for r in rows.values()):
        return None
    points, lines = [], []
    for nudge, side in zip((-_NUDGE, _NUDGE), SIDES, strict=True):
        images = listed[side]
        codes = np.array([order.index(images.conditions[k]) for k in rows[side]], int)
        spread = 0.8 * _NUDGE * np.sin(2.4 * _rank(codes))
        values = images.values[name][rows[side]]
        words = _words(images, rows[side], side)
        points.append(Points(name=side, x=codes + 1 + nudge + spread, y=values, words=words))
        means = [
            float(values[codes == k].mean()) if (codes == k).any() else np.nan for k in range(len(order))
        ]
        lines.append(Line(name=side, x=np.arange(len(order)) + 1 + nudge, y=np.array(means)))
    notes = tuple(f"{k + 1}: {c}" for k, c in enumerate(order[:12]))
    x = Axis(name="condition, by number")
    y = Axis(name=name.replace("_", " "), unit=unit)
    plot = Plot(title=CONDITIONS, x=x, y=y, points=tuple(points), lines=tuple(lines), notes=notes)
    return ImagePlot(plot, rows)


def _persistence(listed: Listed, condition: str | None) -> ImagePlot | None:
    rows = _known(listed, COMPONENTS[1], condition)
    if not any(len(r) for r in rows.values()):
        return None
    points = tuple(
        Points(
            name=side,
            x=listed[side].values[COMPONENTS[0]][rows[side]],
            y=listed[side].values[COMPONENTS[1]][rows[side]],
            words=_words(listed[side], rows[side], side),
        )
        for side in SIDES
    )
    x, y = Axis(name="component 1 of the persistence image"), Axis(name="component 2")
    notes = ("principal components fitted on the real images, in their standard deviations",)
    return ImagePlot(Plot(title=PERSISTENCE, x=x, y=y, points=points, notes=notes), rows)


def _in_space(listed: Listed, condition: str | None) -> ImagePlot | None:
    """Return a view of the first three components from the side, with an arm of two units along each."""
    rows = _known(listed, COMPONENTS[2], condition)
    if not any(len(r) for r in rows.values()):
        return None
    points = []
    for side in SIDES:
        triples = np.stack([listed[side].values[name][rows[side]] for name in COMPONENTS], axis=1)
        seen = projected(triples)
        words = _words(listed[side], rows[side], side)
        points.append(Points(name=side, x=seen[:, 0], y=seen[:, 1], words=words))
    arms = projected(2 * np.eye(3))
    lines = tuple(
        Line(name=f"component {k + 1}", x=np.array([0.0, x]), y=np.array([0.0, y]), dashed=True)
        for k, (x, y, _) in enumerate(arms)
    )
    x_axis, y_axis = Axis(name="across the view, in real standard deviations"), Axis(name="up the view")
    notes = ("three principal components fitted on the real images, seen from one side",)
    return ImagePlot(
        Plot(title=SPACE, x=x_axis, y=y_axis, points=tuple(points), lines=lines, notes=notes), rows
    )


def typical(images: ListedImages, name: str, condition: str) -> int | None:
    """Return the image of a condition whose value is nearest to the median, or None."""
    rows = np.array([k for k, c in enumerate(images.conditions) if c == condition], int)
    values = images.values[name][rows]
    known = np.isfinite(values)
    if not known.any():
        return int(rows[0]) if len(rows) else None
    return int(rows[known][np.abs(values[known] - np.median(values[known])).argmin()])


def place_words(images: ListedImages, row: int) -> str:
    """Return where an image is, in words."""
    origin = images.origins[row]
    words = Path(origin.file).name
    if origin.plane:
        words += f", plane {origin.plane + 1}"
    return words + (f", from row {origin.row}, column {origin.column}" if origin.row or origin.column else "")


def _rank(codes: np.ndarray) -> np.ndarray:
    """Return how many of the same code stand before each."""
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    within = np.concatenate([np.arange(size) for size in sizes if size]) if len(codes) else codes
    rank = np.empty(len(codes))
    rank[order] = within
    return rank


def _words(images: ListedImages, rows: Sequence[int] | np.ndarray, side: str) -> tuple[str, ...]:
    return tuple(f"{side}, {images.conditions[k]}, {place_words(images, k)}" for k in rows)
