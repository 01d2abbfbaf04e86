"""Which features matter in a model: SHAP values in closed form, checked by brute force and by permutation.

For a linear model the interventional Shapley value of feature j is b_j (z_j - mean z_j). With
correlated features it credits coefficients, not causes: read it beside the correlations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np

from .linear import LinearFit
from .scores import rmse

Predictor = Callable[[np.ndarray], np.ndarray]
"""Features (m, k) to predictions (m,)."""


def linear_shap(model: LinearFit, features: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley values of a linear model, closed form.

    Parameters
    ----------
    model : LinearFit
        The model.
    features : ndarray, shape (m, k)
        Rows to explain.
    background : ndarray, shape (n, k)
        Rows against which they are compared, usually those of the fit.

    Returns
    -------
    ndarray, shape (m, k)
        In the unit of the target. Over the features of a row they sum to its prediction minus the
        mean prediction of the background.
    """
    return np.asarray(model.slopes * (np.asarray(features, float) - np.mean(background, axis=0)))


def brute_force_shap(predict: Predictor, features: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Shapley values of any model by its definition: the mean over all coalitions of features.

    Features outside a coalition are drawn from the background rows. Costs 2^k times n
    predictions per row.

    Parameters
    ----------
    predict : callable
        The model, (m, k) to (m,).
    features : ndarray, shape (m, k)
        Rows to explain.
    background : ndarray, shape (n, k)
        Rows to draw absent features from.

    Returns
    -------
    ndarray, shape (m, k)
        In the unit of the prediction.
    """
    features, background = np.asarray(features, float), np.asarray(background, float)
    count = features.shape[1]
    worth: dict[tuple[int, ...], np.ndarray] = {}
    for size in range(count + 1):
        for coalition in combinations(range(count), size):
            mixed = np.repeat(background[None], len(features), axis=0)
            mixed[:, :, list(coalition)] = features[:, None, list(coalition)]
            worth[coalition] = predict(mixed.reshape(-1, count)).reshape(len(features), -1).mean(axis=1)
    values = np.zeros_like(features)
    for coalition, value in worth.items():
        for j in set(range(count)) - set(coalition):
            share = factorial(len(coalition)) * factorial(count - len(coalition) - 1) / factorial(count)
            values[:, j] += share * (worth[tuple(sorted((*coalition, j)))] - value)
    return values


def permutation_importance(
    model: LinearFit, features: np.ndarray, target: np.ndarray, *, repeats: int = 200, seed: int = 0
) -> np.ndarray:
    """Rise of the RMSE when one feature is shuffled among the rows, mean over repeats.

    Parameters
    ----------
    model : LinearFit
        The model.
    features, target : ndarray, shape (n, k) and (n,)
        Rows to test it on.
    repeats : int
        Shuffles per feature.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    ndarray, shape (k,)
        In the unit of the target; about 0 for a feature that does not matter.
    """
    generator = np.random.default_rng(seed)
    base = model.predict(features)
    rises = np.zeros(features.shape[1])
    for j in range(features.shape[1]):
        order = generator.permuted(np.tile(np.arange(len(target)), (repeats, 1)), axis=1)
        change = model.slopes[j] * (features[order, j] - features[:, j])
        errors = np.sqrt(np.mean((target - base - change) ** 2, axis=1))
        rises[j] = errors.mean() - rmse(target, base)
    return rises


@dataclass(frozen=True)
class Importance:
    """Global importance of the features of a model, most important first."""

    names: tuple[str, ...]
    """Features in that order."""
    mean_absolute: np.ndarray
    """Mean absolute SHAP value of each, in the unit of the target."""
    values: np.ndarray
    """SHAP value of each row and feature, shape (n, k), columns in that order."""


def global_importance(names: Sequence[str], values: np.ndarray) -> Importance:
    """Order features by their mean absolute SHAP value.

    Examples
    --------
    >>> global_importance(["a", "b"], np.array([[1.0, -2.0], [-1.0, 4.0]])).names
    ('b', 'a')
    """
    size = np.abs(values).mean(axis=0)
    order = np.argsort(-size, kind="stable")
    return Importance(tuple(names[j] for j in order), size[order], values[:, order])
