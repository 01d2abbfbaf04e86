"""What a table of features holds beyond single numbers, as plots: plain arrays with names and units.

The arrays are those of the measuring run itself (the ``details`` of its features), so a
plot and a table never disagree. Nothing is drawn here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from ..features import Feature, FeatureTable
from .distribution_fits import Fit, fit_gamma, fit_log_normal

Array = np.ndarray
_MOST_CURVES = 6


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What an axis shows."""

    name: str
    unit: str = "1"
    """``"1"`` if dimensionless."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Points to be joined by a line."""

    name: str
    x: Array
    y: Array
    """NaN where there is no value."""
    dashed: bool = False
    """A fit or a reference, not a measurement."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """Single things, a dot each."""

    name: str
    x: Array
    y: Array
    words: tuple[str, ...] = ()
    """What each is called; empty if they have no names."""


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A histogram as a density: its area is 1."""

    name: str
    edges: Array
    """Shape (n + 1,)."""
    heights: Array
    """Shape (n,)."""


@dataclass(frozen=True, kw_only=True)
class Heat:
    """A value over two axes."""

    name: str
    x: Array
    """Shape (n,)."""
    y: Array
    """Shape (m,)."""
    values: Array
    """Shape (n, m)."""
    corners: tuple[str, str, str, str] | None = None
    """Words for the quadrants: right top, left top, left bottom, right bottom."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One picture."""

    title: str
    x: Axis
    y: Axis
    bars: Bars | None = None
    lines: tuple[Line, ...] = ()
    heat: Heat | None = None
    points: tuple[Points, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """Numbers that belong to it, in words."""


def plots_of(table: FeatureTable) -> tuple[Plot, ...]:
    """Return every plot the features of one sample hold, in a fixed order.

    Examples
    --------
    >>> details = {"distance_um": [0.0, 1.0], "probability": [0.5, 0.3]}
    >>> curve = Feature(name="two_point_correlation", value=2.0, unit="um", details=details)
    >>> [plot.title for plot in plots_of(FeatureTable((curve,)))]
    ['Two-point correlation']
    """
    first = table.samples()[:1]
    known = {feature.name: feature for feature in table if feature.sample in first}
    edges = dict(zip(("plane", "row", "column"), _voxel_edges(table), strict=True))
    return tuple(chain(_single(known), _over_directions(known, edges)))


def _single(known: dict[str, Feature]) -> Iterator[Plot]:
    builders: dict[str, Callable[[Feature], Plot | None]] = {
        "strut_diameter": _struts,
        "local_thickness": _thickness,
        "feret_diameter": _feret,
        "mean_curvature": _curvature,
        "two_point_correlation": _correlation,
        "persistence_image": _persistence,
    }
    for name, build in builders.items():
        plot = build(known[name]) if name in known and known[name].details else None
        if plot is not None:
            yield plot


def _over_directions(known: dict[str, Feature], edges: dict[str, float | None]) -> Iterator[Plot]:
    builders = (_chords, _lineal_path, _tortuosity_profile, _tortuosity_distribution, _representative_volume)
    for build in builders:
        plot = build(known, edges)
        if plot is not None:
            yield plot


def _voxel_edges(table: FeatureTable) -> list[float | None]:
    edges = table.facts.get("voxel_size_um") or []
    return [None] * (3 - len(edges)) + [float(edge) for edge in edges][-3:]


def _histogram(name: str, edges: Any, counts: Any) -> Bars | None:
    edges, counts = np.asarray(edges, float), np.asarray(counts, float)
    widths = np.diff(edges)
    if not counts.sum() > 0 or not (widths > 0).all():
        return None
    return Bars(name=name, edges=edges, heights=counts / (counts.sum() * widths))


def _fitted(fit: Fit | None, edges: Array) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    if fit is None:
        return (), ()
    x = np.linspace(max(edges[0], edges[-1] / 400), edges[-1], 200)
    line = Line(name=f"{fit.kind} fit", x=x, y=fit.density(x), dashed=True)
    return (line,), (f"Kolmogorov-Smirnov distance {fit.ks:.3f}",)


def _distribution(feature: Feature, title: str, of: str, keys: tuple[str, str], *notes: str) -> Plot | None:
    """Return a histogram with a log-normal fit: that of the single values if it is stored."""
    stored = feature.details.get("distribution")
    bars = _histogram(of, stored[keys[0]], stored[keys[1]]) if stored else None
    if bars is None:
        return None
    details = feature.details
    if "ks_distance" in details:
        parameters = (details["log_mean"], details["log_sd"])
        fit: Fit | None = Fit(kind="log-normal", parameters=parameters, ks=details["ks_distance"])
    else:
        fit = fit_log_normal(bars.edges, bars.heights * np.diff(bars.edges))
    lines, distance = _fitted(fit, bars.edges)
    return Plot(
        title=title,
        x=Axis(name=feature.name.replace("_", " ").replace("feret", "Feret"), unit="um"),
        y=Axis(name="probability density", unit="1/um"),
        bars=bars,
        lines=lines,
        notes=(*notes, *distance),
    )


def _struts(feature: Feature) -> Plot | None:
    count = f"{feature.details.get('struts', 0)} struts"
    return _distribution(feature, "Strut diameter", "struts", ("edges", "counts"), count)


def _thickness(feature: Feature) -> Plot | None:
    return _distribution(feature, "Local thickness", "by volume", ("edges", "counts"))


def _feret(feature: Feature) -> Plot | None:
    count = f"{feature.details.get('particles', 0)} particles"
    return _distribution(feature, "Feret diameter", "particles", ("edges_um", "share"), count)


def _curvature(feature: Feature) -> Plot | None:
    density = feature.details.get("joint_density")
    if density is None:
        return None
    shares = feature.details.get("quadrants", {})
    names = ("cap", "cup", "saddle_concave", "saddle_convex")
    words = tuple(f"{name.replace('_', ' ')} {100 * shares.get(name, 0.0):.0f} %" for name in names)
    return Plot(
        title="Curvature density",
        x=Axis(name="mean curvature M", unit="1/um"),
        y=Axis(name="Gaussian curvature G", unit="1/um^2"),
        heat=Heat(
            name="probability density",
            x=np.asarray(density["mean_curvature"], float),
            y=np.asarray(density["gaussian_curvature"], float),
            values=np.asarray(density["density"], float),
            corners=(words[0], words[1], words[2], words[3]),
        ),
        notes=(
            f"pointwise, smoothing {feature.details.get('smoothing_um', 0):.3g} um; shares of the area",
            "brightness: root of the density",
        ),
    )


def _correlation(feature: Feature) -> Plot:
    distance = np.asarray(feature.details["distance_um"], float)
    chance = np.asarray(feature.details["probability"], float)
    ends = distance[[0, -1]]
    value = () if feature.value is None else (f"covariance below 5 % from {feature.value:.4g} um on",)
    return Plot(
        title="Two-point correlation",
        x=Axis(name="distance r", unit="um"),
        y=Axis(name="probability S2"),
        lines=(
            Line(name="S2(r)", x=distance, y=chance),
            Line(name="square of the phase fraction", x=ends, y=np.full(2, chance[0] ** 2), dashed=True),
        ),
        notes=value,
    )


def _persistence(feature: Feature) -> Plot | None:
    bins = int(feature.details.get("bins", 0))
    if bins < 2:
        return None
    middles = (np.arange(bins) + 0.5) / bins
    values = np.asarray(feature.details["h1"], float).reshape(bins, bins).T
    return Plot(
        title="Persistence image",
        x=Axis(name="birth (share of white)"),
        y=Axis(name="persistence"),
        heat=Heat(name="rings (H1)", x=middles, y=middles, values=values),
        notes=(f"{feature.details.get('rings', 0)} rings",),
    )


def _parts(known: dict[str, Feature], name: str) -> Iterator[tuple[str, Feature]]:
    """Yield the directions of a quantity that have details."""
    for full, feature in known.items():
        if full.startswith(f"{name}.") and feature.details:
            yield full.partition(".")[2], feature


def _chords(known: dict[str, Feature], _: dict[str, float | None]) -> Plot | None:
    lines: list[Line] = []
    notes: list[str] = []
    for axis, feature in _parts(known, "chord_length"):
        stored = feature.details.get("distribution")
        bars = _histogram(axis, stored["edges_um"], stored["count"]) if stored else None
        if bars is None:
            continue
        middles = 0.5 * (bars.edges[1:] + bars.edges[:-1])
        lines.append(Line(name=axis, x=middles, y=bars.heights))
        fit = fit_gamma(bars.edges, bars.heights * np.diff(bars.edges))
        if fit is not None:
            lines.append(Line(name=f"{axis}, gamma fit", x=middles, y=fit.density(middles), dashed=True))
            notes.append(f"{axis} {fit.ks:.3f}")
    remark = (f"dashed: gamma fit; Kolmogorov-Smirnov distance: {', '.join(notes)}",) if notes else ()
    x, y = Axis(name="chord length", unit="um"), Axis(name="probability density", unit="1/um")
    return Plot(title="Chord length", x=x, y=y, lines=tuple(lines), notes=remark) if lines else None


def _lineal_path(known: dict[str, Feature], _: dict[str, float | None]) -> Plot | None:
    feature = known.get("lineal_path")
    curves = feature.details.get("curves", {}) if feature is not None else {}
    lines = [
        Line(name=axis, x=np.asarray(c["length_um"], float), y=np.asarray(c["chance"], float))
        for axis, c in curves.items()
        if len(c["length_um"]) > 1
    ]
    x, y = Axis(name="length of the segment", unit="um"), Axis(name="probability")
    return Plot(title="Lineal path", x=x, y=y, lines=tuple(lines)) if lines else None


def _tortuosity_profile(known: dict[str, Feature], edges: dict[str, float | None]) -> Plot | None:
    lines = []
    for direction, feature in _parts(known, "geodesic_tortuosity"):
        profile = np.array([np.nan if v is None else v for v in feature.details.get("profile", ())], float)
        edge = edges[direction[:-1]]
        if profile.size > 1 and edge is not None:
            depth = (np.arange(profile.size) + 0.5) * edge
            lines.append(Line(name=direction, x=depth, y=profile))
    if not lines:
        return None
    return Plot(
        title="Tortuosity by depth",
        x=Axis(name="depth", unit="um"),
        y=Axis(name="mean of way over depth"),
        lines=tuple(lines),
        notes=("the tortuosity is the mean over the last quarter of the depth",),
    )


def _tortuosity_distribution(known: dict[str, Feature], _: dict[str, float | None]) -> Plot | None:
    lines = []
    for direction, feature in _parts(known, "geodesic_tortuosity"):
        stored = feature.details.get("distribution") or {}
        bars = _histogram(direction, stored["edges"], stored["counts"]) if stored.get("counts") else None
        if bars is not None:
            middles = 0.5 * (bars.edges[1:] + bars.edges[:-1])
            lines.append(Line(name=direction, x=middles, y=bars.heights))
    x, y = Axis(name="way over depth"), Axis(name="probability density")
    remark = ("voxels of the last quarter of the depth",)
    plot = Plot(title="Tortuosity distribution", x=x, y=y, lines=tuple(lines), notes=remark)
    return plot if lines else None


def _representative_volume(known: dict[str, Feature], edges: dict[str, float | None]) -> Plot | None:
    """Return how the spread of single sub-volumes falls with their size, for each quantity."""
    lines: list[Line] = []
    for name, feature in known.items():
        curve = feature.details.get("representative_volume")
        if not curve or "." in name or len(lines) == _MOST_CURVES:
            continue
        sizes = np.array(curve["edges_px"], float)
        spacing = [edge for edge in edges.values() if edge is not None]
        if len(spacing) != sizes.shape[1]:
            return None
        across = np.exp(np.log(sizes * spacing).mean(axis=1))
        widths = [np.nan if v is None else 100 * v for v in curve["relative_half_width"]]
        lines.append(Line(name=name.replace("_", " "), x=across, y=np.array(widths, float)))
    return (
        Plot(
            title="Representative volume",
            x=Axis(name="edge of a cube of the same volume", unit="um"),
            y=Axis(name="95 % half width of one sub-volume (%)"),
            lines=tuple(lines),
        )
        if lines
        else None
    )


def columns_of(plot: Plot) -> list[tuple[str, Array]]:
    """Return the arrays of a plot as named columns, units in the names; columns may differ in length."""
    x, y = _headed(plot.x), _headed(plot.y)
    columns: list[tuple[str, Array]] = []
    if plot.bars is not None:
        bars = plot.bars
        columns += [
            (f"{x} from", bars.edges[:-1]),
            (f"{x} to", bars.edges[1:]),
            (f"{bars.name}: {y}", bars.heights),
        ]
    for dots in plot.points:
        columns += [(f"{dots.name}: {x}", dots.x), (f"{dots.name}: {y}", dots.y)]
    for line in plot.lines:
        columns += [(f"{line.name}: {x}", line.x), (f"{line.name}: {y}", line.y)]
    if plot.heat is not None:
        across, along = np.meshgrid(plot.heat.x, plot.heat.y, indexing="ij")
        columns += [(x, across.ravel()), (y, along.ravel()), (plot.heat.name, plot.heat.values.ravel())]
    return columns


def _headed(axis: Axis) -> str:
    return axis.name if axis.unit == "1" else f"{axis.name} [{axis.unit}]"


def to_csv(plot: Plot) -> str:
    """Return the arrays of a plot as CSV; shorter columns end with empty cells."""
    columns = columns_of(plot)
    length = max((len(values) for _, values in columns), default=0)
    head = ",".join(f'"{name}"' if "," in name else name for name, _ in columns)
    rows = [
        ",".join(repr(float(values[k])) if k < len(values) else "" for _, values in columns)
        for k in range(length)
    ]
    return "\n".join([head, *rows, ""])
