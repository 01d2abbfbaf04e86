"""The plots of a regression as self-contained SVG: parity, residuals, importance, beeswarm."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .importance import Importance
from .svg import COLOURS, GRID, TEXT, Canvas, padded

WIDTH = 480
"""Of a picture, in px."""
KINDS = ("parity", "residuals", "importance", "beeswarm")
"""The plots of a regression."""


def plots_of(content: Mapping[str, Any], *, title: str = "", width: int = WIDTH) -> dict[str, str]:
    """Return the plots of the best model of a regression.

    Parameters
    ----------
    content : mapping
        The result of `regress`.
    title : str
        Line above each plot.
    width : int
        Of each picture, in px.

    Returns
    -------
    dict of str to str
        An SVG document for each of `KINDS`.
    """
    rows, details = content["best"]["predictions"], content["importance_details"]
    samples = [row["sample"] for row in rows]
    measured, predicted = (np.array([row[key] for row in rows]) for key in ("measured", "predicted"))
    groups = [row["group"] for row in rows] if "group" in rows[0] else None
    values, shap = (np.column_stack([d[key] for d in details.values()]) for key in ("values", "shap"))
    importance = Importance(tuple(details), np.abs(shap).mean(axis=0), shap)
    name = axis_name(content["target"]["name"], content["target"]["unit"])
    unit = name if len(name) < 40 else "in the unit of the property"
    intervals = [entry["interval_95"] for entry in details.values()]
    named: dict[str, Any] = {"name": name, "groups": groups, "title": title, "width": width}
    drawn = (
        parity(measured, predicted, samples, **named),
        residuals(predicted, measured - predicted, samples, **named),
        importance_bars(importance, unit=unit, intervals=intervals, title=title, width=width),
        beeswarm(importance, values, samples, unit=unit, title=title, width=width),
    )
    return dict(zip(KINDS, drawn, strict=True))


def axis_name(name: str, unit: str | None) -> str:
    """Return a name with its unit for an axis.

    Examples
    --------
    >>> axis_name("conductivity", "S/cm"), axis_name("D", "1")
    ('conductivity (S/cm)', 'D')
    """
    return name if unit in (None, "1") else f"{name} ({unit})"


def parity(
    target: np.ndarray,
    predicted: np.ndarray,
    samples: Sequence[str],
    *,
    name: str,
    groups: Sequence[str] | None = None,
    title: str = "",
    width: int = WIDTH,
) -> str:
    """Plot predictions against measurements; the line is where they agree.

    Parameters
    ----------
    target, predicted : ndarray, shape (n,)
        Measured values, and predictions of rows left out.
    samples : sequence of str
        Name of each row, shown as a tooltip.
    name : str
        The property with its unit.
    groups : sequence of str, optional
        Group of each row, shown by colour.
    title : str
        Line above the plot.
    width : int
        Of the picture, in px.

    Returns
    -------
    str
        An SVG document.
    """
    span = padded(np.concatenate([target, predicted]))
    canvas = _square(span, span, title, width, groups)
    canvas.abscissa(f"measured {name}")
    canvas.ordinate(f"predicted {name}")
    canvas.line(span[0], span[0], span[1], span[1], TEXT, 'stroke-dasharray="5 4"')
    _points(canvas, target, predicted, samples, groups)
    return canvas.svg()


def residuals(
    predicted: np.ndarray,
    errors: np.ndarray,
    samples: Sequence[str],
    *,
    name: str,
    groups: Sequence[str] | None = None,
    title: str = "",
    width: int = WIDTH,
) -> str:
    """Plot measured minus predicted against predicted; a pattern means that the model lacks something.

    Parameters
    ----------
    predicted, errors : ndarray, shape (n,)
        Predictions of rows left out, and their errors.
    samples, name, groups, title, width
        As in `parity`.

    Returns
    -------
    str
        An SVG document.
    """
    size = float(np.abs(errors).max()) * 1.1 or 1.0
    canvas = _square(padded(predicted), (-size, size), title, width, groups)
    canvas.abscissa(f"predicted {name}")
    canvas.ordinate("measured minus predicted")
    canvas.line(*(canvas.x_range[0], 0.0), *(canvas.x_range[1], 0.0), TEXT, 'stroke-dasharray="5 4"')
    _points(canvas, predicted, errors, samples, groups)
    return canvas.svg()


def importance_bars(
    importance: Importance,
    *,
    unit: str,
    intervals: Sequence[tuple[float, float] | None] = (),
    title: str = "",
    width: int = WIDTH,
) -> str:
    """Plot the mean absolute SHAP value of each feature, most important on top.

    Parameters
    ----------
    importance : Importance
        What to show.
    unit : str
        Name of the axis.
    intervals : sequence of (float, float) or None
        Interval of each bar, in the order of the features.
    title : str
        Line above the plot.
    width : int
        Of the picture, in px.

    Returns
    -------
    str
        An SVG document.
    """
    ends = [value for pair in intervals if pair for value in pair]
    high = max([float(importance.mean_absolute.max()), *ends]) * 1.08 or 1.0
    canvas = _rows(importance.names, (0.0, high), title, width)
    canvas.abscissa(f"mean |SHAP|, {unit}")
    for row, (name, value) in enumerate(zip(importance.names, importance.mean_absolute, strict=True)):
        canvas.bar(float(value), -row, 0.3, COLOURS[0], f"{name}: {value:.4g}")
        pair = intervals[row] if row < len(intervals) else None
        if pair is not None:
            canvas.line(pair[0], -row, pair[1], -row, TEXT, 'stroke-width="2"')
    return canvas.svg()


def beeswarm(
    importance: Importance,
    features: np.ndarray,
    samples: Sequence[str],
    *,
    unit: str,
    title: str = "",
    width: int = WIDTH,
) -> str:
    """Plot the SHAP value of every row, coloured from low (blue) to high (red) value of the feature.

    Parameters
    ----------
    importance : Importance
        SHAP values, features in order of importance.
    features : ndarray, shape (n, k)
        Values of the features, columns in the same order.
    samples : sequence of str
        Name of each row, shown as a tooltip.
    unit : str
        Name of the axis.
    title : str
        Line above the plot.
    width : int
        Of the picture, in px.

    Returns
    -------
    str
        An SVG document.
    """
    canvas = _rows(importance.names, padded(np.append(importance.values, 0.0)), title, width)
    canvas.abscissa(f"SHAP value, {unit}")
    canvas.line(0.0, canvas.y_range[0], 0.0, canvas.y_range[1], TEXT)
    for row, name in enumerate(importance.names):
        values, shap = features[:, row], importance.values[:, row]
        rank = np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(1, len(values) - 1)
        for i, shift in enumerate(_swarm([canvas.x(float(v)) for v in shap], step=7.0)):
            label = f"{samples[i]}: {name} = {values[i]:.5g}, SHAP {shap[i]:.4g}"
            canvas.point(float(shap[i]), -row + 0.09 * shift, _blend(float(rank[i])), label, 3.5)
    return canvas.svg()


def _square(
    x: tuple[float, float], y: tuple[float, float], title: str, width: int, groups: Sequence[str] | None
) -> Canvas:
    legend = tuple(dict.fromkeys(groups or ()))
    return Canvas(x, y, title, width=width, height=width * 5 // 6, legend=legend)


def _points(
    canvas: Canvas, x: np.ndarray, y: np.ndarray, samples: Sequence[str], groups: Sequence[str] | None
) -> None:
    colour = {group: COLOURS[i % len(COLOURS)] for i, group in enumerate(canvas.legend)}
    for i in range(len(x)):
        group = groups[i] if groups is not None else ""
        label = f"{samples[i]}{f' ({group})' if group else ''}: {x[i]:.5g}, {y[i]:.5g}"
        canvas.point(float(x[i]), float(y[i]), colour.get(group, COLOURS[0]), label)


def _rows(names: Sequence[str], x_range: tuple[float, float], title: str, width: int) -> Canvas:
    """Return a canvas with one horizontal band per feature."""
    left = 30 + 7 * max(len(name) for name in names)
    width = max(width, left + 180)
    canvas = Canvas(
        x_range,
        (0.5 - len(names), 0.5),
        title,
        width=width,
        height=(100 if title else 76) + 44 * len(names),
        left=left,
    )
    for row, name in enumerate(names):
        canvas.line(x_range[0], -row, x_range[1], -row, GRID)
        canvas.text(left - 10, canvas.y(-row) + 4, name, "end")
    return canvas


def _swarm(places: Sequence[float], step: float) -> list[int]:
    """Return for each point the lane (0, 1, -1, 2, ...) in which it touches no other."""
    taken: dict[int, list[float]] = {}
    lanes = [0] * len(places)
    for i in np.argsort(places, kind="stable"):
        lane = 0
        while any(abs(places[i] - other) < step for other in taken.get(lane, ())) and abs(lane) < 5:
            lane = -lane if lane > 0 else 1 - lane
        taken.setdefault(lane, []).append(places[i])
        lanes[i] = lane
    return lanes


def _blend(share: float) -> str:
    """Return a colour from blue (0) over grey (0.5) to red (1)."""
    low, middle, high = np.array([0, 114, 178]), np.array([170, 170, 170]), np.array([213, 30, 30])
    colour = low + (middle - low) * 2 * share if share < 0.5 else middle + (high - middle) * (2 * share - 1)
    return "#" + "".join(f"{round(float(part)):02x}" for part in colour)
