"""Laws of grain structures: sizes by number of sides, distributions of sizes, neighbours of neighbours.

All means count each grain with its weight (see `grain_table`).
"""

import math
from dataclasses import dataclass

import numpy as np

from .grain_table import GrainTable


@dataclass(frozen=True)
class Line:
    """A straight line through points, by least squares."""

    slope: float
    offset: float
    low: float
    """Lower end of the 95 % interval of the slope."""
    high: float
    """Upper end."""
    r2: float
    """Share of the variance that it explains."""


def fit_line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Line | None:
    """Fit ``y = slope x + offset``; None with fewer than three points or a single ``x``.

    Parameters
    ----------
    x, y, weight : ndarray, shape (n,)
        Points, and how much each counts.

    Returns
    -------
    Line or None
        The interval holds whatever the scatter is at each x (the sandwich estimate of its variance).

    Examples
    --------
    >>> line = fit_line(np.array([1.0, 2, 3, 4]), np.array([2.0, 4, 6, 8]), np.ones(4))
    >>> round(line.slope, 6), round(line.offset, 6), round(line.r2, 6)
    (2.0, 0.0, 1.0)
    """
    if len(x) < 3 or np.ptp(x) == 0:
        return None
    from scipy.stats import t

    total = weight.sum()
    from_mean, rise = x - (weight * x).sum() / total, y - (weight * y).sum() / total
    spread = (weight * from_mean**2).sum()
    slope = float((weight * from_mean * rise).sum() / spread)
    rest = rise - slope * from_mean
    count = len(x)
    variance = ((weight * from_mean * rest) ** 2).sum() / spread**2 * count / (count - 2)
    half = float(t.ppf(0.975, count - 2) * math.sqrt(variance))
    scatter = (weight * rise**2).sum()
    r2 = 1 - (weight * rest**2).sum() / scatter if scatter > 0 else 1.0
    offset = float((weight * y).sum() / total - slope * (weight * x).sum() / total)
    return Line(slope, offset, slope - half, slope + half, float(r2))


def radius_by_neighbours(grains: GrainTable) -> Line | None:
    """Fit the line ``R = s n + b`` of radius over number of neighbours (the R-n slope is ``s``)."""
    counted = grains.measured()
    return fit_line(counted.neighbours.astype(float), counted.radius, counted.weight)


def hillert_density(u: np.ndarray) -> np.ndarray:
    """Return the density of ``u = R / <R>`` in two dimensions by Hillert (1965).

    Examples
    --------
    >>> u = np.linspace(0, 2, 20001)
    >>> p = hillert_density(u)
    >>> round(float(p.sum() * 1e-4), 4), round(float((u * p).sum() * 1e-4), 4)
    (1.0, 1.0)
    """
    density = np.zeros_like(u, float)
    inside = (u > 0) & (u < 2 - 1e-9)
    v = u[inside]
    with np.errstate(under="ignore"):
        density[inside] = (2 * math.e) ** 2 * 2 * v / (2 - v) ** 4 * np.exp(-4 / (2 - v))
    return density


def hillert_share(u: np.ndarray) -> np.ndarray:
    """Return the share of grains below ``u`` by Hillert: ``1 - 4 / (2 - u)^2 exp(2 - 4 / (2 - u))``.

    Examples
    --------
    >>> hillert_share(np.array([0.0, 1.0, 2.0])).round(4)
    array([0.    , 0.4587, 1.    ])
    """
    gap = 2 - np.clip(u, 0, 2 - 1e-9)
    with np.errstate(under="ignore"):
        return np.asarray(1 - 4 / gap**2 * np.exp(2 - 4 / gap))


def distance_of_shares(values: np.ndarray, weight: np.ndarray, shares: np.ndarray) -> float:
    """Return the largest difference between the shares of a sample and those of a law at its values."""
    order = np.argsort(values, kind="stable")
    above = np.cumsum(weight[order]) / weight.sum()
    below = np.concatenate([[0], above[:-1]])
    return float(max(np.abs(above - shares[order]).max(), np.abs(below - shares[order]).max()))


def size_distributions(grains: GrainTable) -> dict[str, float] | None:
    """Compare ``R / <R>`` with Hillert's law and fit a log-normal; None with fewer than three grains.

    Returns
    -------
    dict
        ``log_mean`` and ``log_deviation`` of ln(R / <R>), ``log_normal_distance`` and
        ``hillert_distance`` (largest difference of the cumulated shares), ``variation`` (standard
        deviation of R over its mean), ``largest`` (largest R over the mean).
    """
    counted = grains.measured()
    if len(counted) < 3 or np.ptp(counted.radius) == 0:
        return None
    from scipy.special import ndtr

    weight = counted.weight / counted.weight.sum()
    mean = float((weight * counted.radius).sum())
    u = counted.radius / mean
    logarithm = np.log(u)
    centre = float((weight * logarithm).sum())
    width = math.sqrt(float((weight * (logarithm - centre) ** 2).sum()))
    return {
        "log_mean": centre,
        "log_deviation": width,
        "log_normal_distance": distance_of_shares(u, weight, ndtr((logarithm - centre) / width)),
        "hillert_distance": distance_of_shares(u, weight, hillert_share(u)),
        "variation": math.sqrt(float((weight * (u - 1) ** 2).sum())),
        "largest": float(u.max()),
    }


def lewis(grains: GrainTable) -> Line | None:
    """Fit Lewis' law: ``<A of n sides> / <A> = 1 + slope (n - 6)``, as a line through all grains."""
    counted = grains.measured()
    if not len(counted):
        return None
    mean = (counted.weight * counted.area).sum() / counted.weight.sum()
    return fit_line(counted.neighbours - 6.0, counted.area / mean, counted.weight)


def aboav_weaire(grains: GrainTable, pairs: np.ndarray) -> dict[str, float] | None:
    """Fit the law of Aboav and Weaire: ``n m(n) = (6 - a) n + 6 a + mu``.

    ``m(n)`` is the mean number of sides of the neighbours of grains with n sides, ``mu`` the variance of n.

    Parameters
    ----------
    grains : GrainTable
        All grains of one image, in the order of their labels.
    pairs : ndarray of int, shape (k, 2)
        Labels of grains that touch (see `grain_contacts`).

    Returns
    -------
    dict or None
        ``a``, ``variance_of_sides`` and ``r2``. Grains at the edge, and those next to them, do not
        count, since sides are missing there.
    """
    ends = np.searchsorted(grains.label, pairs)
    if not len(ends):
        return None
    both = np.concatenate([ends, ends[:, ::-1]])
    around = np.bincount(both[:, 0], grains.neighbours[both[:, 1]], len(grains))
    spoilt = np.bincount(both[:, 0], grains.weight[both[:, 1]] == 0, len(grains)) > 0
    whole = (grains.weight > 0) & ~spoilt & (grains.neighbours > 0)
    counted = grains.measured()
    mean = (counted.weight * counted.neighbours).sum() / max(counted.weight.sum(), 1e-300)
    variance = float(
        (counted.weight * (counted.neighbours - mean) ** 2).sum() / max(counted.weight.sum(), 1e-300)
    )
    line = fit_line(grains.neighbours[whole].astype(float), around[whole], grains.weight[whole])
    if line is None:
        return None
    return {"a": 6 - line.slope, "variance_of_sides": variance, "r2": line.r2}
