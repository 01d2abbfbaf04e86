"""Has a generator collapsed? Its images are then all alike, or few images come again and again.

Two signs, each relative to as many real images: the spread of all descriptors, and the distance
of an image to the most similar other one. The first falls when the generator knows one kind of
image only, the second when it repeats a few.
"""

from dataclasses import dataclass

import numpy as np

from .neighbourhood import nearest_distances

LIMIT = 0.5
"""Below this share of the real value a sign raises the alarm, unless real halves differ as much."""


LEAST = 8
"""Images of a condition below which its diversity is not judged by itself."""


@dataclass(frozen=True)
class CollapseAlarm:
    """Whether a set of images is far less diverse than real ones."""

    alarm: bool
    """True if any sign is below its limit."""
    diversity: float
    """Spread of the descriptors over that of real images."""
    nearest_spacing: float
    """Median distance to the nearest other image, over that of real images."""
    limits: tuple[float, float]
    """Limits of the two, the lower of `LIMIT` and the least seen real against real."""


def diversity(real: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Compare how diverse two sets of points are.

    Parameters
    ----------
    real, other : ndarray of float, shape (n, d) and (m, d)
        Coordinates; equal numbers, as the nearest image is closer in a larger set.

    Returns
    -------
    dict of float
        ``diversity`` and ``nearest_spacing``, both 1 for equal sets; NaN with fewer than three points.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(100, 3))
    >>> diversity(points, np.repeat(points[:1], 100, axis=0))
    {'diversity': 0.0, 'nearest_spacing': 0.0}
    """
    if min(len(real), len(other)) < 3:
        return {"diversity": float("nan"), "nearest_spacing": float("nan")}
    spread = [float(np.median(np.linalg.norm(p - np.median(p, axis=0), axis=1))) for p in (real, other)]
    nearest = [float(np.median(nearest_distances(p))) for p in (real, other)]
    return {
        "diversity": spread[1] / spread[0] if spread[0] > 0 else float("nan"),
        "nearest_spacing": nearest[1] / nearest[0] if nearest[0] > 0 else float("nan"),
    }


def worst_diversity(
    real: np.ndarray, other: np.ndarray, real_condition: np.ndarray, other_condition: np.ndarray
) -> dict[str, float]:
    """Compare how diverse two sets are within each condition, and return the worst condition.

    Parameters
    ----------
    real, other : ndarray of float, shape (n, d) and (m, d)
        Coordinates.
    real_condition, other_condition : ndarray of int, shape (n,) and (m,)
        Condition of each image; those with fewer than `LEAST` images a side do not count, unless all
        are so few: then all images together are compared.

    Returns
    -------
    dict of float
        As `diversity` gives them; each the least over the conditions.
    """
    found = []
    for code in np.intersect1d(real_condition, other_condition):
        parts = real[real_condition == code], other[other_condition == code]
        number = min(len(part) for part in parts)
        if number >= LEAST:
            found.append(diversity(parts[0][:number], parts[1][:number]))
    if not found:
        return diversity(real, other)
    return {name: min(entry[name] for entry in found) for name in found[0]}


def collapse_alarm(
    values: dict[str, list[float]], floors: dict[str, list[float]], *, limit: float = LIMIT
) -> CollapseAlarm:
    """Judge the signs of several random halves.

    Parameters
    ----------
    values, floors : dict of list of float
        ``diversity`` and ``nearest_spacing`` of the generated images and of real ones against real
        ones, one entry per half.
    limit : float
        Alarm below this.

    Examples
    --------
    >>> good = {"diversity": [0.9, 1.0], "nearest_spacing": [1.0, 1.1]}
    >>> collapse_alarm({"diversity": [0.2, 0.2], "nearest_spacing": [1.0, 1.0]}, good).alarm
    True
    """
    names = ("diversity", "nearest_spacing")
    found = [_middle(values.get(name, [])) for name in names]
    limits = [min([limit, *(0.9 * v for v in floors.get(name, []) if np.isfinite(v))]) for name in names]
    alarm = any(np.isfinite(v) and v < low for v, low in zip(found, limits, strict=True))
    return CollapseAlarm(bool(alarm), found[0], found[1], (limits[0], limits[1]))


def _middle(values: list[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    return float(np.median(known)) if known else float("nan")
