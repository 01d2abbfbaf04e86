"""Precision, recall, density and coverage: whether two sets live in the same places.

References
----------
Kynkaanniemi, Karras, Laine, Lehtinen, Aila, NeurIPS 2019, arXiv 1904.06991 (precision, recall).
Naeem, Oh, Uh, Choi, Yoo, ICML 2020, arXiv 2002.09797 (density, coverage).
"""

import numpy as np

from .two_sample import distances

NEIGHBOURS = 5


def neighbourhood(
    real: np.ndarray, synthetic: np.ndarray, *, neighbours: int = NEIGHBOURS
) -> dict[str, float]:
    """Measure how two sets of points overlap.

    Parameters
    ----------
    real, synthetic : ndarray of float, shape (n, d) and (m, d)
        Coordinates on comparable scales; equal numbers make the four comparable with each other.
    neighbours : int
        A point's ball reaches to this neighbour. 5 as published.

    Returns
    -------
    dict of float
        ``precision``: share of synthetic points in a ball of a real one. ``recall``: share of real
        points in a ball of a synthetic one. ``density``: real balls a synthetic point lies in,
        over ``neighbours``; about 1 for equal sets. ``coverage``: share of real balls that hold a
        synthetic point. NaN with too few points.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(200, 2))
    >>> neighbourhood(points, points + 100.0)["coverage"]
    0.0
    """
    if min(len(real), len(synthetic)) <= neighbours:
        return dict.fromkeys(("precision", "recall", "density", "coverage"), float("nan"))
    radius_real = nearest_distances(real, neighbours)
    radius_synthetic = nearest_distances(synthetic, neighbours)
    between = distances(real, synthetic)
    in_real = between <= radius_real[:, None]
    in_synthetic = between <= radius_synthetic[None]
    return {
        "precision": float(in_real.any(axis=0).mean()),
        "recall": float(in_synthetic.any(axis=1).mean()),
        "density": float(in_real.sum() / (neighbours * len(synthetic))),
        "coverage": float(in_real.any(axis=1).mean()),
    }


def nearest_distances(points: np.ndarray, neighbour: int = 1) -> np.ndarray:
    """Distance of each point to its ``neighbour``-th nearest other point, shape (n,)."""
    ordered: np.ndarray = np.partition(distances(points, points), neighbour, axis=1)
    return ordered[:, neighbour]
