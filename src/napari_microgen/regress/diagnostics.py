"""What to know before believing coefficients: correlation, variance inflation, range of the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .linear import LinearFit, constant_columns

HIGH_INFLATION = 10.0
"""Above this variance inflation a coefficient says little by itself (a common rule of thumb)."""


def correlation_matrix(features: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation between features, shape (n, k) to (k, k).

    NaN for constant features.
    """
    features = np.asarray(features, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = features - features.mean(axis=0)
        length = np.sqrt(np.sum(centred**2, axis=0))
        length = np.where(constant_columns(features), np.nan, length)
        matrix = (centred / length).T @ (centred / length)
    matrix = np.clip(matrix, -1.0, 1.0)
    varying = ~np.isnan(length)
    matrix[varying, varying] = 1.0
    return np.asarray(matrix)


def variance_inflation(model: LinearFit) -> np.ndarray:
    """Return by how much the other features inflate the variance of each coefficient, shape (k,).

    1 / (1 - R²) with R² that of predicting the feature from the others; 1 if it is
    uncorrelated to them.

    Examples
    --------
    >>> from napari_microgen.regress.linear import fit
    >>> x = np.array([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]])
    >>> variance_inflation(fit(x, x[:, 0])).round(12).tolist()
    [1.0, 1.0]
    """
    inverse = np.linalg.inv(model.triangle)
    return np.asarray(model.rows * np.sum(inverse**2, axis=1))


def condition_number(model: LinearFit) -> float:
    """Return the ratio of the largest to the smallest axis of the standardised features (1 is best)."""
    return float(np.linalg.cond(model.triangle))


@dataclass(frozen=True)
class Range:
    """Where a model was fitted: beyond it, it extrapolates."""

    low: np.ndarray
    """Smallest value of each feature, shape (k,)."""
    high: np.ndarray
    """Largest value of each feature, shape (k,)."""
    leverage: float
    """Largest leverage of a fitted row: a measure of distance that knows of correlations."""


def fitted_range(model: LinearFit, features: np.ndarray) -> Range:
    """Return the range of the rows a model was fitted to, shape (n, k)."""
    return Range(features.min(axis=0), features.max(axis=0), float(model.leverage.max()))


def outside(
    names: Sequence[str], values: Mapping[str, float], low: Mapping[str, float], high: Mapping[str, float]
) -> list[str]:
    """Return one sentence for each feature beyond the range a model was fitted to.

    Examples
    --------
    >>> outside(["D"], {"D": 0.9}, {"D": 0.4}, {"D": 0.8})
    ['D = 0.9 lies above the fitted range 0.4 to 0.8']
    """
    found = []
    for name in names:
        value, slack = values[name], 1e-9 * max(abs(low[name]), abs(high[name]))
        if low[name] - slack <= value <= high[name] + slack:
            continue
        side = "below" if value < low[name] else "above"
        found.append(f"{name} = {value:.6g} lies {side} the fitted range {low[name]:.6g} to {high[name]:.6g}")
    return found
