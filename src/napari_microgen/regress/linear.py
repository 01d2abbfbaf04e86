"""Multi-variable linear regression: ordinary least squares on standardised features.

sigma = b0 + sum_j b_j z_j with z_j = (x_j - mean_j) / sd_j and the population standard
deviation, as in Wijaya et al. 2024. Solved by orthogonal (QR) decomposition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import RegressionError

RANK_TOLERANCE = 1e-9
"""A feature whose part independent of the others is below this share of it is collinear."""


@dataclass(frozen=True)
class LinearFit:
    """A fitted linear model."""

    features: tuple[str, ...]
    """Names of the features."""
    mean: np.ndarray
    """Mean of each feature over the rows it was fitted to, shape (k,)."""
    scale: np.ndarray
    """Population standard deviation of each feature, shape (k,)."""
    coefficients: np.ndarray
    """Change of the target per standard deviation of a feature, shape (k,)."""
    intercept: float
    """Prediction at the mean of all features: the mean of the target."""
    residuals: np.ndarray
    """Target minus fit, shape (n,)."""
    leverage: np.ndarray
    """Weight of each row in its own fit, between 1/n and 1, shape (n,)."""
    triangle: np.ndarray
    """R of the decomposition of the standardised features without the constant, shape (k, k)."""

    @property
    def rows(self) -> int:
        """Rows it was fitted to."""
        return len(self.residuals)

    @cached_property
    def slopes(self) -> np.ndarray:
        """Change of the target per unit of a feature, shape (k,)."""
        return np.asarray(self.coefficients / self.scale)

    @property
    def constant(self) -> float:
        """Prediction where all features are 0 in their own unit."""
        return float(self.intercept - self.slopes @ self.mean)

    def standardised(self, features: np.ndarray) -> np.ndarray:
        """Return features as standard deviations from the mean of the fitted rows, shape (m, k)."""
        return np.asarray((np.asarray(features, float) - self.mean) / self.scale)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the target for rows of features, shape (m, k) to (m,)."""
        return np.asarray(self.intercept + self.standardised(features) @ self.coefficients)

    def leverage_of(self, features: np.ndarray) -> np.ndarray:
        """Return the leverage new rows would have, shape (m, k) to (m,); far rows have much."""
        spread = np.linalg.solve(self.triangle.T, self.standardised(features).T)
        return np.asarray(1 / self.rows + np.sum(spread**2, axis=0))

    def standard_errors(self) -> np.ndarray:
        """Return the standard errors of ``coefficients`` under independent normal noise, shape (k,).

        NaN where no degree of freedom is left.
        """
        free = self.rows - len(self.features) - 1
        if free < 1:
            return np.full(len(self.features), np.nan)
        inverse = np.linalg.inv(self.triangle)
        return np.asarray(np.sqrt(np.sum(self.residuals**2) / free * np.sum(inverse**2, axis=1)))


def fit(features: np.ndarray, target: np.ndarray, names: Sequence[str] = ()) -> LinearFit:
    """Fit a linear model with a constant by least squares.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        One row per sample, one column per feature.
    target : ndarray, shape (n,)
        The property.
    names : sequence of str
        Names of the features, for the result and for messages; ``x1, x2, ...`` if left out.

    Returns
    -------
    LinearFit
        Coefficients of the standardised features, and what the fit says of each row.

    Raises
    ------
    RegressionError
        If there are not more rows than features, a feature is constant, or one is a linear
        combination of others.

    Examples
    --------
    >>> x = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]])
    >>> model = fit(x, 5 + 2 * x[:, 0] - 3 * x[:, 1])
    >>> model.slopes.round(12).tolist(), round(model.constant, 12)
    ([2.0, -3.0], 5.0)
    """
    features, target = np.asarray(features, float), np.asarray(target, float)
    rows, count = features.shape
    names = tuple(names) or tuple(f"x{j + 1}" for j in range(count))
    if rows <= count:
        raise RegressionError(
            f"{rows} rows cannot determine {count} features and a constant ({', '.join(names)}); at least "
            f"{count + 1} are needed, and three times as many to be of use. Choose fewer features."
        )
    mean, scale = features.mean(axis=0), features.std(axis=0)
    require_varying(features, names)
    standard = (features - mean) / scale
    orthogonal, triangle = np.linalg.qr(standard)
    require_independent(triangle, names)
    level = float(target.mean())
    projected = orthogonal.T @ (target - level)
    coefficients = np.linalg.solve(triangle, projected)
    residuals = (target - level) - orthogonal @ projected
    leverage = 1 / rows + np.sum(orthogonal**2, axis=1)
    return LinearFit(names, mean, scale, coefficients, level, residuals, leverage, triangle)


def require_varying(features: np.ndarray, names: Sequence[str]) -> None:
    """Refuse features that have one value only.

    Raises
    ------
    RegressionError
        Naming the constant features.
    """
    still = constant_columns(features)
    if still.any():
        listed = ", ".join(
            f"{name} (always {value:g})"
            for name, value, flag in zip(names, features[0], still, strict=True)
            if flag
        )
        raise RegressionError(f"Constant features explain nothing: {listed}. Leave them out.")


def constant_columns(features: np.ndarray) -> np.ndarray:
    """Return which columns do not vary beyond rounding, shape (n, k) to bool (k,)."""
    size = np.maximum(np.abs(features).max(axis=0, initial=0.0), np.finfo(float).tiny)
    return np.asarray(np.ptp(features, axis=0) <= 1e-12 * size)


def require_independent(triangle: np.ndarray, names: Sequence[str]) -> None:
    """Refuse features of which one is a linear combination of those before it.

    Parameters
    ----------
    triangle : ndarray, shape (k, k)
        R of the decomposition of the centred features.
    names : sequence of str
        Their names.

    Raises
    ------
    RegressionError
        Naming the dependent features and those they depend on.
    """
    length = np.linalg.norm(triangle, axis=0)
    dependent = np.flatnonzero(np.abs(np.diag(triangle)) <= RANK_TOLERANCE * length)
    if dependent.size:
        j = int(dependent[0])
        weights, *_ = np.linalg.lstsq(triangle[:j, :j], triangle[:j, j], rcond=RANK_TOLERANCE)
        others = [name for name, w in zip(names, weights, strict=False) if abs(w) > 1e-6]
        raise RegressionError(
            f"{names[j]} is a linear combination of {', '.join(others)}, so their coefficients are not "
            f"determined. Leave one of them out."
        )
