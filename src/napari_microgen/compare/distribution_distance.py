"""How far two distributions of one number are apart."""

import numpy as np


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """Wasserstein-1 distance of two samples: the mean shift that turns one into the other.

    NaN are left out; NaN comes back if a side is empty.

    Examples
    --------
    >>> wasserstein(np.array([0.0, 1.0]), np.array([3.0, 4.0]))
    3.0
    """
    a, b = np.sort(first[np.isfinite(first)]), np.sort(second[np.isfinite(second)])
    if not len(a) or not len(b):
        return float("nan")
    if len(a) == len(b):
        return float(np.abs(a - b).mean())
    places = np.sort(np.concatenate([a, b]))
    steps = np.diff(places)
    below = [np.searchsorted(v, places[:-1], side="right") / len(v) for v in (a, b)]
    return float((np.abs(below[0] - below[1]) * steps).sum())


def kolmogorov_smirnov(first: np.ndarray, second: np.ndarray) -> float:
    """Largest distance of the cumulative distributions of two samples; NaN are left out.

    Examples
    --------
    >>> kolmogorov_smirnov(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.5
    """
    a, b = np.sort(first[np.isfinite(first)]), np.sort(second[np.isfinite(second)])
    if not len(a) or not len(b):
        return float("nan")
    places = np.concatenate([a, b])
    below = [np.searchsorted(v, places, side="right") / len(v) for v in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def wasserstein_of_counts(first: np.ndarray, second: np.ndarray) -> float:
    """Wasserstein-1 distance of two histograms over the same unit steps; NaN if one is empty.

    Examples
    --------
    >>> wasserstein_of_counts(np.array([1, 0, 0]), np.array([0, 0, 5]))
    2.0
    """
    if not first.sum() or not second.sum():
        return float("nan")
    below = [np.cumsum(v) / v.sum() for v in (first, second)]
    return float(np.abs(below[0] - below[1]).sum())


def holm(p: dict[str, float]) -> dict[str, float]:
    """Adjust several p values so that the chance of any false alarm stays below each level.

    References
    ----------
    Holm, Scand. J. Stat. 6 (1979) 65.

    Examples
    --------
    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    adjusted: dict[str, float] = {}
    worst = 0.0
    for place, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        worst = max(worst, min(1.0, (len(p) - place) * value))
        adjusted[name] = worst
    return adjusted
