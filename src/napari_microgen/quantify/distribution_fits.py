"""Distributions fitted to a histogram: log-normal and gamma, with the distance between both.

A histogram keeps the moments to a fraction of a bin, which is finer than what a fit of two
parameters can tell.
"""

import math
from dataclasses import dataclass

import numpy as np

Pair = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A distribution of positive lengths."""

    kind: str
    """``log-normal`` or ``gamma``."""
    parameters: Pair
    """Mean and standard deviation of the logarithm, or shape and scale."""
    ks: float
    """Largest difference between the cumulated shares of histogram and fit, 0 (perfect) to 1."""

    def density(self, x: np.ndarray) -> np.ndarray:
        """Return the probability per unit length at positive ``x``."""
        one, two = self.parameters
        with np.errstate(under="ignore"):
            if self.kind == "log-normal":
                found = np.exp(-((np.log(x) - one) ** 2) / (2 * two**2)) / (x * two * math.sqrt(2 * math.pi))
            else:
                found = np.exp((one - 1) * np.log(x / two) - x / two - math.lgamma(one)) / two
        return np.asarray(found, float)

    def share(self, x: np.ndarray) -> np.ndarray:
        """Return the share below ``x``."""
        from scipy.special import gammainc, ndtr

        one, two = self.parameters
        if self.kind == "log-normal":
            return np.asarray(ndtr((np.log(np.maximum(x, 1e-300)) - one) / two))
        return np.asarray(gammainc(one, np.maximum(x, 0) / two))


def fit_log_normal(edges: np.ndarray, weights: np.ndarray) -> Fit | None:
    """Fit a log-normal distribution by the first two moments of the logarithm.

    Parameters
    ----------
    edges : ndarray, shape (n + 1,)
        Of the bins; positive but perhaps for the first.
    weights : ndarray, shape (n,)
        How much lies in each.

    Returns
    -------
    Fit or None
        None where all lies in one bin.

    Examples
    --------
    >>> fit = fit_log_normal(np.exp(np.linspace(-4, 4, 401)), np.exp(-np.linspace(-4, 4, 400) ** 2 / 2))
    >>> bool(abs(fit.parameters[0]) < 0.01), bool(abs(fit.parameters[1] - 1) < 0.01), fit.ks < 0.01
    (True, True, True)
    """
    logs = np.log(np.maximum(0.5 * (edges[1:] + edges[:-1]), 1e-300))
    known = _moments(logs, weights)
    return _fit("log-normal", known, edges, weights) if known[1] > 0 else None


def fit_gamma(edges: np.ndarray, weights: np.ndarray) -> Fit | None:
    """Fit a gamma distribution by mean and standard deviation; shape 1 is the exponential one.

    Parameters
    ----------
    edges, weights : ndarray
        As in `fit_log_normal`.

    Returns
    -------
    Fit or None
        None where all lies in one bin.
    """
    mean, sd = _moments(0.5 * (edges[1:] + edges[:-1]), weights)
    return _fit("gamma", ((mean / sd) ** 2, sd**2 / mean), edges, weights) if sd > 0 and mean > 0 else None


def _moments(values: np.ndarray, weights: np.ndarray) -> Pair:
    filled = weights > 0
    if np.count_nonzero(filled) < 2:
        return 0.0, 0.0
    mean = float(np.average(values[filled], weights=weights[filled]))
    return mean, float(np.sqrt(np.average((values[filled] - mean) ** 2, weights=weights[filled])))


def _fit(kind: str, parameters: Pair, edges: np.ndarray, weights: np.ndarray) -> Fit:
    cumulated = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    plain = Fit(kind=kind, parameters=parameters, ks=0.0)
    distance = float(np.abs(plain.share(np.asarray(edges, float)) - cumulated).max())
    return Fit(kind=kind, parameters=parameters, ks=distance)
