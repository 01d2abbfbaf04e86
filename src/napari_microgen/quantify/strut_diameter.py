"""Strut diameter: mean of a log-normal distribution fitted to the diameters of all struts.

Struts are the segments of the skeleton (`struts`). The mean is exp(mu + s^2 / 2) with mu
and s the mean and standard deviation of the logarithms; the Kolmogorov-Smirnov distance
shows how well the fit holds. The interval is a bootstrap over struts of this one volume,
so it does not cover the spread between samples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..features import Feature
from ..progress import Progress, Steps
from .struts import struts

NAMES = ("strut_diameter",)
NEEDS_LENGTH = True
DIMENSIONS = (3,)
BYTES_PER_VOXEL = 11.0
UNDEFINED_WHEN = "there are fewer than 20 struts, or the phase is absent or fills the volume"

_FEWEST = 20
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Log-normal distribution with location 0, fitted to positive values."""

    mu: float
    """Mean of the logarithms."""
    s: float
    """Standard deviation of the logarithms."""
    ks: float
    """Kolmogorov-Smirnov distance between values and fit, 0 (perfect) to 1."""

    @property
    def mean(self) -> float:
        """Mean of the distribution."""
        return float(np.exp(self.mu + self.s**2 / 2))

    @property
    def median(self) -> float:
        """Median of the distribution."""
        return float(np.exp(self.mu))


def fit_log_normal(values: np.ndarray) -> LogNormal:
    """Fit a log-normal distribution with location 0 by its first two moments in the logarithm.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Positive numbers, at least two.

    Examples
    --------
    >>> fit = fit_log_normal(np.exp([0.0, 1.0, 2.0]))
    >>> fit.mu, fit.s
    (1.0, 1.0)
    """
    from scipy.special import ndtr

    logs = np.sort(np.log(values))
    mu, s = float(logs.mean()), float(logs.std(ddof=1))
    expected = ndtr((logs - mu) / max(s, 1e-12))
    below, above = np.arange(logs.size) / logs.size, np.arange(1, logs.size + 1) / logs.size
    return LogNormal(mu, s, float(np.maximum(np.abs(expected - below), np.abs(expected - above)).max()))


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None, *, seed: int = 0) -> Steps[list[Feature]]:
    """Measure the mean strut diameter of a phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Voxel edges in micrometre.
    seed : int
        Of the bootstrap.

    Yields
    ------
    Progress
        While it works.

    Returns
    -------
    list of Feature
        ``strut_diameter`` in micrometre.
    """
    method = "distance-ordered skeleton, mean of a log-normal fit; interval: bootstrap over struts"

    def undefined(reason: str) -> list[Feature]:
        return [Feature(name="strut_diameter", value=None, unit="um", method=method, reason=reason)]

    if spacing is None:
        return undefined("voxel size unknown")
    if not phase.any():
        return undefined("the phase is absent")
    if phase.all():
        return undefined("the phase fills the volume, so it has no struts")
    found = yield from struts.steps(phase, (spacing[0], spacing[1], spacing[2]))
    diameters = found.diameter
    if diameters.size < _FEWEST:
        return undefined(f"only {diameters.size} struts, at least {_FEWEST} are needed")
    fit = fit_log_normal(diameters)
    low, high = yield from _bootstrap_interval(np.log(diameters), np.random.default_rng(seed))
    counts, edges = np.histogram(diameters, 40)
    details: dict[str, Any] = {
        "median": fit.median,
        "log_mean": fit.mu,
        "log_sd": fit.s,
        "struts": int(diameters.size),
        "ks_distance": fit.ks,
        "arithmetic_mean": float(diameters.mean()),
        "mean_length": float(found.length.mean()),
        "distribution": {"edges": edges.tolist(), "counts": counts.tolist()},
    }
    feature = Feature(
        name="strut_diameter",
        value=fit.mean,
        unit="um",
        method=method,
        low=low,
        high=high,
        details=details,
    )
    return [feature]


def _bootstrap_interval(logs: np.ndarray, rng: np.random.Generator) -> Steps[tuple[float, float]]:
    """95 % interval of exp(mu + s^2 / 2) over resampled struts."""
    means = np.empty(_RESAMPLES)
    for k in range(_RESAMPLES):
        sample = logs[rng.integers(logs.size, size=logs.size)]
        means[k] = sample.mean() + sample.var(ddof=1) / 2
        if k % 50 == 0:
            yield Progress(k, _RESAMPLES, "interval of the strut diameter")
    low, high = np.exp(np.quantile(means, [0.025, 0.975]))
    return float(low), float(high)
