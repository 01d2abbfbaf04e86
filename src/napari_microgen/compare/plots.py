"""The plots of a report as self-contained SVG."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from ..regress.svg import COLOURS, TEXT, Canvas, padded
from .descriptors import Descriptors, unit_of
from .frame import Sides
from .halves import Side
from .page import pretty

REAL, SYNTHETIC = COLOURS[0], COLOURS[2]
"""Colours of the two sides in every plot."""

_SIZE: dict[str, Any] = {"width": 360, "height": 270, "left": 66}


def distributions(sides: Sides) -> dict[str, str]:
    """Return a histogram of each descriptor over images, real and synthetic in common bins."""
    found = {}
    unit = sides.real.descriptors.unit
    for name in sides.real.descriptors.names:
        both = [s.descriptors.column(name) for s in (sides.real, sides.synthetic)]
        both = [v[np.isfinite(v)] for v in both]
        if min(len(v) for v in both) < 2 or np.ptp(np.concatenate(both)) == 0:
            continue
        label = f"{name.replace('_', ' ')}{_unit(unit_of(name, unit))}"
        found[name] = _histogram(both, label)
    return found


def curve_plots(sides: Sides) -> dict[str, str]:
    """Return the mean curves of both sides with bands of 95 % over micrographs."""
    real, synthetic = sides.real, sides.synthetic
    unit, pixel = real.descriptors.unit, real.descriptors.pixel
    lengths = pixel * np.arange(real.descriptors.path.shape[1])
    thresholds = np.linspace(0, 1, real.descriptors.area.shape[1])
    drawn = (
        (
            "two-point correlation",
            f"distance ({pretty(unit)})",
            real.descriptors.distance,
            "correlation",
            "S2",
        ),
        ("lineal path", f"length ({pretty(unit)})", lengths, "path", "chance"),
        ("area fraction", "threshold (share of white)", thresholds, "area", "area fraction"),
    )
    plots = {}
    for title, abscissa, x, key, ordinate in drawn:
        bands = [_band(side, key) for side in (real, synthetic)]
        shown = slice(None)
        if key == "path":
            reach = np.flatnonzero(bands[0][0] > 0.01 * bands[0][0][0])
            shown = slice(0, int(reach[-1]) + 2 if len(reach) else None)
        plots[title] = _curves(title, abscissa, ordinate, x[shown], [[v[shown] for v in b] for b in bands])
    plots["chord lengths"] = _chords(real.descriptors, synthetic.descriptors)
    return plots


def forest(entries: Mapping[str, Mapping[str, Any]], title: str) -> str:
    """Return numbers as points with intervals, their floors and baselines beside them on one axis.

    Parameters
    ----------
    entries : mapping
        Numbers as they stand in the JSON, by name; all on one scale.
    title : str
        Line above.
    """
    shown = {k: e for k, e in entries.items() if e["value"] is not None}
    if not shown:
        return ""
    values = [v for e in shown.values() for v in (e["value"], e["floor"], e["baseline"]) if v is not None]
    canvas = Canvas(
        (min(0.0, min(values)), max(values) * 1.08 or 1.0),
        (-0.7, len(shown) - 0.3),
        title=title,
        width=640,
        height=80 + 24 * len(shown),
        left=230,
    )
    canvas.abscissa("points: value; bars: real against real; rings: best baseline")
    for index, (name, entry) in enumerate(reversed(shown.items())):
        canvas.text(canvas.left - 8, canvas.y(index) + 4, name.replace("_", " "), "end")
        if entry["floor"] is not None:
            canvas.bar(entry["floor"], index, 0.3, "#cfd8e3", f"real against real {entry['floor']:.3g}")
        if entry["interval_95"]:
            low, high = (min(max(v, canvas.x_range[0]), canvas.x_range[1]) for v in entry["interval_95"])
            canvas.line(low, index, high, index, SYNTHETIC, 'stroke-width="2"')
        canvas.point(entry["value"], index, SYNTHETIC, f"{name} {entry['value']:.3g}")
        if entry["baseline"] is not None:
            place = f'cx="{canvas.x(entry["baseline"]):.1f}" cy="{canvas.y(index):.1f}" r="5"'
            canvas.parts.append(
                f'<circle {place} fill="none" stroke="{TEXT}" stroke-width="1.5"><title>'
                f"{escape('best baseline')} {entry['baseline']:.3g}</title></circle>"
            )
    return canvas.svg()


def _histogram(both: Sequence[np.ndarray], label: str) -> str:
    together = np.concatenate(both)
    edges = np.linspace(together.min(), together.max(), min(24, 4 + len(together) // 8) + 1)
    shares = [np.histogram(v, edges)[0] / len(v) for v in both]
    canvas = Canvas(
        (float(edges[0]), float(edges[-1])), (0.0, 1.08 * float(max(s.max() for s in shares))), **_SIZE
    )
    canvas.abscissa(label)
    canvas.ordinate("share of images")
    for share, colour in zip(shares, (REAL, SYNTHETIC), strict=True):
        x = np.repeat(edges, 2)
        y = np.concatenate([[0.0], np.repeat(share, 2), [0.0]])
        _polyline(canvas, x, y, colour, fill=True)
    return canvas.svg()


def _curves(
    title: str, abscissa: str, ordinate: str, x: np.ndarray, bands: Sequence[Sequence[np.ndarray]]
) -> str:
    highest = max(float(band[2].max()) for band in bands)
    lowest = min(float(band[1].min()) for band in bands)
    canvas = Canvas(
        (float(x[0]), float(x[-1])), (min(lowest, highest * 0.9), highest * 1.05 or 1.0), title=title, **_SIZE
    )
    canvas.abscissa(abscissa)
    canvas.ordinate(ordinate)
    for (mean, low, high), colour in zip(bands, (REAL, SYNTHETIC), strict=True):
        _area(canvas, x, low, high, colour)
        _polyline(canvas, x, mean, colour)
    return canvas.svg()


def _chords(real: Descriptors, synthetic: Descriptors) -> str:
    counts = [d.chords.sum(axis=0).astype(float) for d in (real, synthetic)]
    if not all(c.sum() for c in counts):
        return ""
    shares = [c / c.sum() for c in counts]
    last = max(int(np.searchsorted(np.cumsum(s), 0.999)) for s in shares) + 2
    x = real.pixel * np.arange(last)
    canvas = _canvas(x, np.concatenate([[0.0], *(s[:last] for s in shares)]), "chord lengths")
    canvas.abscissa(f"length ({pretty(real.unit)})")
    canvas.ordinate("share of chords")
    for share, colour in zip(shares, (REAL, SYNTHETIC), strict=True):
        _polyline(canvas, x, share[:last], colour)
    return canvas.svg()


def _band(side: Side, key: str) -> list[np.ndarray]:
    """Mean of a curve and its 95 % band over micrographs (of their means)."""
    values = getattr(side.descriptors, key)
    codes = np.unique(side.groups, return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(codes)
    mean = values.mean(axis=0)
    if len(sizes) < 2:
        return [mean, mean, mean]
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, codes, values - mean)
    # Variance of a ratio of sums over groups.
    error = np.sqrt((sums**2).sum(axis=0) * len(sizes) / (len(sizes) - 1)) / len(values)
    return [mean, mean - 1.96 * error, mean + 1.96 * error]


def _canvas(x: np.ndarray, y: np.ndarray, title: str) -> Canvas:
    return Canvas(padded(x), padded(y), title=title, **_SIZE)


def _polyline(canvas: Canvas, x: np.ndarray, y: np.ndarray, colour: str, *, fill: bool = False) -> None:
    points = " ".join(f"{canvas.x(float(a)):.1f},{canvas.y(float(b)):.1f}" for a, b in zip(x, y, strict=True))
    inside = f'fill="{colour}" fill-opacity="0.18"' if fill else 'fill="none"'
    canvas.parts.append(f'<polyline points="{points}" {inside} stroke="{colour}" stroke-width="1.8"/>')


def _area(canvas: Canvas, x: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> None:
    around = [(float(a), float(b)) for a, b in zip(x, high, strict=True)]
    around += [(float(a), float(b)) for a, b in zip(x[::-1], low[::-1], strict=True)]
    points = " ".join(f"{canvas.x(a):.1f},{canvas.y(b):.1f}" for a, b in around)
    canvas.parts.append(f'<polygon points="{points}" fill="{colour}" fill-opacity="0.18" stroke="none"/>')


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" ({pretty(unit)})"
