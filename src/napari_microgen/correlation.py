"""Two-point correlation of a phase by fast Fourier transform, with the exact number of pairs.

Nothing is wrapped around or padded with pore: only pairs whose two ends both lie inside
the image count. Sums over several planes or blocks may be added before dividing.
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class PairSums:
    """Pairs of pixels by lag; lags run from -``max_lag`` to ``max_lag`` along each axis."""

    hits: np.ndarray
    """Pairs with both ends in the phase, float64, shape (2 L + 1, ...)."""
    pairs: np.ndarray
    """All pairs inside the image, float64, the same shape."""

    def __add__(self, other: "PairSums") -> "PairSums":
        return PairSums(self.hits + other.hits, self.pairs + other.pairs)


def pair_sums(phase: np.ndarray, max_lag: int | tuple[int, ...]) -> PairSums:
    """Count the pairs of phase pixels at every lag up to ``max_lag`` along each axis.

    Parameters
    ----------
    phase : ndarray of bool, any number of axes
        True where the phase is.
    max_lag : int or tuple of int
        Largest lag in pixels, along every axis or along each; cut at the size less 1.

    Returns
    -------
    PairSums
        Counts, exact to rounding (they are whole numbers).

    Examples
    --------
    >>> sums = pair_sums(np.array([True, True, False]), 2)
    >>> sums.hits.astype(int).tolist(), sums.pairs.astype(int).tolist()
    ([0, 1, 2, 1, 0], [1, 2, 3, 2, 1])
    """
    from scipy import fft

    wanted = (max_lag,) * phase.ndim if isinstance(max_lag, int) else max_lag
    lags = [min(int(lag), n - 1) for lag, n in zip(wanted, phase.shape, strict=True)]
    padded = [fft.next_fast_len(n + lag, real=True) for n, lag in zip(phase.shape, lags, strict=True)]
    spectrum = fft.rfftn(phase.astype(np.float64), padded, workers=-1)
    power = np.abs(spectrum) ** 2
    correlation = fft.irfftn(power, padded, workers=-1, overwrite_x=True)
    window = np.ix_(*[np.arange(-lag, lag + 1) for lag in lags])
    pairs = np.ones((1,) * phase.ndim)
    for axis, (n, lag) in enumerate(zip(phase.shape, lags, strict=True)):
        along = (n - np.abs(np.arange(-lag, lag + 1))).astype(np.float64)
        pairs = pairs * along.reshape([-1 if a == axis else 1 for a in range(phase.ndim)])
    return PairSums(np.rint(correlation[window]), pairs)


def radial_probability(
    sums: PairSums, spacing: tuple[float, ...] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Average a two-point probability over directions.

    Parameters
    ----------
    sums : PairSums
        Pair counts by lag.
    spacing : tuple of float, optional
        Pixel edge along each axis; 1 if left out.

    Returns
    -------
    distance : ndarray of float64, shape (n,)
        Mean length of the lags in each shell; shells are one smallest edge wide and the
        first is lag 0 alone.
    probability : ndarray of float64, shape (n,)
        S2(r): the chance that both ends of a pair at this distance lie in the phase. Its
        first value is the phase fraction.
    """
    axes = sums.hits.ndim
    spacing = spacing or (1.0,) * axes
    squared = np.zeros((1,) * axes)
    for axis, (n, h) in enumerate(zip(sums.hits.shape, spacing, strict=True)):
        lag = (np.arange(n) - n // 2) * h
        squared = squared + (lag**2).reshape([-1 if a == axis else 1 for a in range(axes)])
    length = np.sqrt(squared)
    reach = (
        min((n // 2) * h for n, h in zip(sums.hits.shape, spacing, strict=True) if n > 1)
        if length.size > 1
        else 0
    )
    shell = np.rint(length / min(spacing)).astype(np.intp)
    inside = length <= reach + 1e-9 * min(spacing)
    weights = sums.pairs[inside]
    counts = np.bincount(shell[inside], weights)
    held = counts > 0
    distance = np.bincount(shell[inside], weights * length[inside])[held] / counts[held]
    return distance, np.bincount(shell[inside], sums.hits[inside])[held] / counts[held]


def correlation_length(
    distance: np.ndarray, probability: np.ndarray, level: float = math.exp(-1)
) -> float | None:
    """Distance at which the covariance has fallen to ``level`` of its value at zero.

    Parameters
    ----------
    distance, probability : ndarray of float64, shape (n,)
        As `radial_probability` gives them.
    level : float
        Share of the variance. At the default 1/e, a level-cut Gaussian field of smoothing
        length s near half filling gives 1.56 s.

    Returns
    -------
    float or None
        In the unit of ``distance``; None if the phase fills all or nothing, or if the
        covariance never falls that far.
    """
    fraction = probability[0]
    variance = fraction * (1 - fraction)
    if variance <= 0:
        return None
    covariance = (probability - fraction**2) / variance
    below = np.flatnonzero(covariance < level)
    if not below.size:
        return None
    end = int(below[0])
    high, low = covariance[end - 1], covariance[end]
    return float(distance[end - 1] + (distance[end] - distance[end - 1]) * (high - level) / (high - low))
