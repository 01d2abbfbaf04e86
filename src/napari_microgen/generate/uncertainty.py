"""How far a generated descriptor may be off: the spread between models, and conformal half-widths."""

import math
from dataclasses import dataclass

import numpy as np

from ..errors import ParameterError


@dataclass(frozen=True)
class HalfWidth:
    """A conformal half-width, or the reason why there is none."""

    value: float | None
    """Half the width of the interval, in the unit of the descriptor; None if undefined."""
    reason: str = ""
    """Why it is undefined."""


@dataclass(frozen=True, eq=False)
class Conformal:
    """Half-widths from conditions that were left out one at a time.

    The interval around a generated value covers the true one with the given chance if the
    asked-for condition could as well have been one of those of the training; outside their
    hull that is not so, and there is no width.
    """

    scores: np.ndarray
    """Absolute residual over (1 + ratio) of each condition left out, ascending."""
    coverage: float
    """Chance that the interval holds the true value."""
    nearest: float = 0.0
    """Ratio within which too few conditions were left out to tell how errors shrink there."""

    def half_width(self, ratio: float, flag: str = "interpolated") -> HalfWidth:
        """Return the half-width at a condition.

        Parameters
        ----------
        ratio : float
            Distance to the nearest training condition over their usual distance (`PointSupport.ratio`).
            Nearer than all but a share of 1 - coverage of those left out, the width shrinks no more.
        flag : str
            Support of the condition.
        """
        if flag == "extrapolated":
            return HalfWidth(None, "outside the conditions of the training no width is valid")
        rank = math.ceil((len(self.scores) + 1) * self.coverage)
        if rank > len(self.scores):
            least = math.ceil(self.coverage / (1 - self.coverage) - 1e-9)
            return HalfWidth(None, f"{len(self.scores)} conditions were left out; {least} are needed")
        return HalfWidth(float(self.scores[rank - 1] * (1 + max(ratio, self.nearest))))


def conformal(residuals: np.ndarray, ratios: np.ndarray, coverage: float = 0.9) -> Conformal:
    """Return half-widths from residuals of models that did not see a condition (Vovk et al. 2005).

    Parameters
    ----------
    residuals : ndarray, shape (conditions,)
        Generated minus real descriptor at each condition left out in turn.
    ratios : ndarray, shape (conditions,)
        Distance of each to its nearest neighbour over their usual distance.
    coverage : float
        Wanted chance that the interval holds the true value.

    Examples
    --------
    >>> widths = conformal(np.linspace(-1, 1, 19), np.zeros(19))
    >>> round(widths.half_width(0.0).value, 3), round(widths.half_width(1.0).value, 3)
    (1.0, 2.0)
    >>> conformal(np.ones(8), np.zeros(8)).half_width(0.0).reason
    '8 conditions were left out; 9 are needed'
    """
    residuals, ratios = np.asarray(residuals, float), np.asarray(ratios, float)
    if residuals.shape != ratios.shape or residuals.ndim != 1 or not 0 < coverage < 1:
        raise ParameterError(
            "Residuals and ratios must be one number per condition, coverage between 0 and 1."
        )
    if not (np.isfinite(residuals).all() and np.isfinite(ratios).all()) or (ratios < 0).any():
        raise ParameterError("Residuals must be finite, and ratios not negative.")
    scores = np.sort(np.abs(residuals) / (1 + ratios))
    return Conformal(scores, coverage, float(np.quantile(ratios, 1 - coverage)) if ratios.size else 0.0)


def between_models(values: np.ndarray) -> float | None:
    """Return the standard deviation of a descriptor between models of different seeds; None for one model.

    Parameters
    ----------
    values : ndarray, shape (models,)
        Mean descriptor of the images of each model at one condition.
    """
    values = np.asarray(values, float)
    return float(values.std(ddof=1)) if values.size > 1 else None
