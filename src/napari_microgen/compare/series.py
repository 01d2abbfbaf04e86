"""Do the means follow the conditions? R2 over a series of conditions, and mean differences.

R2 = 1 - SS_res / SS_tot over the condition means, SS_tot about the mean of the real means. It may be
negative. Two draws of real images do not reach 1 either: that ceiling stands beside it as the floor.
"""

import numpy as np

from .descriptors import Descriptors
from .space import Space

IN_PER_CENT = (
    "relative_density",
    "specific_perimeter",
    "feret_diameter",
    "equivalent_diameter",
    "grain_radius",
    "grain_slope",
    "grain_neighbours",
    "largest_grain",
)
"""Descriptors that are above 0, so that per cent of the real mean make sense."""


def r_squared(real: np.ndarray, other: np.ndarray) -> float:
    """Share of the variance of the real condition means that other means explain.

    Parameters
    ----------
    real, other : ndarray of float, shape (n,)
        Mean of each condition, in one order; NaN are left out in pairs.

    Returns
    -------
    float
        NaN with fewer than three conditions, or where the real means do not vary.

    Examples
    --------
    >>> r_squared(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.5]))
    0.875
    """
    known = np.isfinite(real) & np.isfinite(other)
    a, b = real[known], other[known]
    total = float(((a - a.mean()) ** 2).sum()) if len(a) > 2 else 0.0
    return float(1 - ((a - b) ** 2).sum() / total) if total > 0 else float("nan")


def condition_means(images: Descriptors, condition: np.ndarray, count: int) -> np.ndarray:
    """Mean of each descriptor in each condition, shape (count, K); NaN where there is none."""
    known = np.isfinite(images.values)
    values = np.where(known, images.values, 0.0)
    sums, counts = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    inside = condition >= 0
    np.add.at(sums, condition[inside], values[inside])
    np.add.at(counts, condition[inside], known[inside])
    means: np.ndarray = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return means


def mean_numbers(real: np.ndarray, other: np.ndarray, space: Space) -> dict[str, float]:
    """Compare condition means.

    Parameters
    ----------
    real, other : ndarray of float, shape (conditions, K)
        As `condition_means` gives them.
    space : Space
        For the real standard deviations.

    Returns
    -------
    dict of float
        ``<name>.mean``: root mean square difference over the conditions, in real standard deviations
        of images. ``<name>.mape``: mean difference in per cent of the real mean, for `IN_PER_CENT`.
        ``<name>.r2``: see `r_squared`; only with three conditions or more.
    """
    found = {}
    for place, name in enumerate(space.names):
        gap = (other[:, place] - real[:, place]) / space.deviation[place]
        gap = gap[np.isfinite(gap)]
        found[f"{name}.mean"] = float(np.sqrt(np.mean(gap**2))) if len(gap) else float("nan")
        if name in IN_PER_CENT:
            whole = np.where(real[:, place] > 0, real[:, place], np.nan)
            share = 100 * np.abs(other[:, place] / whole - 1)
            share = share[np.isfinite(share)]
            found[f"{name}.mape"] = float(share.mean()) if len(share) else float("nan")
        if len(real) > 2:
            found[f"{name}.r2"] = r_squared(real[:, place], other[:, place])
    return found
