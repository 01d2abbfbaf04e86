"""95 % intervals of means: over samples by Student's t, over objects of one sample by bootstrap."""

import numpy as np


def t_interval(values: np.ndarray, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of the mean of independent samples.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        One value per sample, at least two.
    level : float
        Coverage; 0.95 as is usual.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> [round(end, 3) for end in t_interval(np.array([1.0, 2.0, 3.0]))]
    [-0.484, 4.484]
    """
    from scipy.stats import t

    mean, error = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    reach = float(t.ppf(0.5 + level / 2, len(values) - 1) * error)
    return float(mean - reach), float(mean + reach)


def bootstrap_interval(
    values: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Interval of a weighted mean by drawing objects again and again.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        One value per object.
    weights : ndarray of float, shape (n,), or None
        Weight of each object in the mean.
    level : float
        Coverage; 0.95 as is usual.
    draws : int
        Number of drawn sets.
    seed : int
        Start of the random numbers; the same seed gives the same interval.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> low, high = bootstrap_interval(np.arange(100.0))
    >>> 43 < low < 45 and 54 < high < 56
    True
    """
    random = np.random.default_rng(seed)
    weights = np.ones(len(values)) if weights is None else weights
    means = np.empty(draws)
    block = max(1, 1_000_000 // len(values))
    for start in range(0, draws, block):
        drawn = random.integers(len(values), size=(min(block, draws - start), len(values)))
        chosen = weights[drawn]
        means[start : start + block] = (values[drawn] * chosen).sum(1) / chosen.sum(1)
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)
