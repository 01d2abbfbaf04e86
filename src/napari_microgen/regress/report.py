"""What is said about the best model beside its score, block by block, as plain values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import RegressionError
from ..progress import Progress, Steps
from .cross_validation import NestedFold, leave_group_out
from .design_matrix import DesignMatrix
from .diagnostics import HIGH_INFLATION, condition_number, correlation_matrix, variance_inflation
from .importance import global_importance, linear_shap, permutation_importance
from .intervals import Stability, bootstrap_coefficients, percentile_interval, resampled_weights
from .linear import LinearFit, fit
from .ranking import RankedModel
from .references import gaussian_process_error, ridge_error
from .scores import by_group, r_squared, rmse

MAX_RIDGE_ROWS, MAX_PROCESS_ROWS = 1000, 60
"""Above these the references take too long to be refitted without each row."""


def score_block(
    target: np.ndarray, errors: np.ndarray, groups: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return RMSE and R² of predictions of unseen rows; rows without a prediction are counted apart."""
    known = np.isfinite(errors)
    if not known.any():
        return {"rmse": None, "r2": None, "reason": "the remaining rows do not determine a model"}
    block: dict[str, Any] = {
        "rmse": rmse(errors[known], np.zeros(known.sum())),
        "r2": r_squared(target[known], (target - errors)[known]),
    }
    if not known.all():
        block["rows_without_prediction"] = int((~known).sum())
    if groups is not None:
        kept = [group for group, flag in zip(groups, known, strict=True) if flag]
        block["groups"] = by_group(target[known], (target - errors)[known], kept)
    return block


def nested_block(matrix: DesignMatrix, folds: Sequence[NestedFold | None]) -> dict[str, Any]:
    """Return the score with the choice of the features repeated without each fold."""
    errors = np.full(len(matrix.target), np.nan)
    counts: dict[tuple[str, ...], int] = {}
    for fold in folds:
        if fold is not None:
            errors[list(fold.held_out)] = fold.errors
            names = tuple(matrix.names[column] for column in fold.columns)
            counts[names] = counts.get(names, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    block = score_block(matrix.target, errors)
    block["folds"] = len(folds)
    block["chosen"] = [{"features": list(names), "folds": count} for names, count in ordered]
    return block


def group_block(
    matrix: DesignMatrix, best: RankedModel, nested: Sequence[NestedFold | None]
) -> dict[str, Any] | None:
    """Return the scores with whole groups left out, of the best model and with the choice inside."""
    if matrix.groups is None:
        return None
    errors = leave_group_out(matrix.features[:, best.columns], matrix.target, matrix.groups)
    block = score_block(matrix.target, errors, matrix.groups)
    return block | {"nested": nested_block(matrix, nested)}


def collinearity_block(matrix: DesignMatrix, model: LinearFit) -> dict[str, Any]:
    """Return correlations of all candidates, and the variance inflation of the model's features."""
    inflation = dict(zip(model.features, map(float, variance_inflation(model)), strict=True))
    names = list(matrix.names)
    block: dict[str, Any] = {
        "features": names,
        "correlation": correlation_matrix(matrix.features).tolist(),
        "vif": inflation,
        "condition_number": condition_number(model),
    }
    high = [name for name, value in inflation.items() if value > HIGH_INFLATION]
    if high:
        block["warning"] = (
            f"{', '.join(high)} can be predicted from the other features (variance inflation above "
            f"{HIGH_INFLATION:g}): the model predicts as stated, but their coefficients and importance may "
            f"trade places"
        )
    return block


def coefficient_block(
    matrix: DesignMatrix, model: LinearFit, columns: Sequence[int], resamples: int, seed: int
) -> tuple[dict[str, Any], np.ndarray]:
    """Return the coefficients with bootstrap intervals, and the resampled coefficients, shape (b, k)."""
    features = matrix.features[:, columns]
    weights = resampled_weights(len(matrix.target), resamples, seed)
    drawn = bootstrap_coefficients(features, matrix.target, weights)
    errors = model.standard_errors()
    block: dict[str, Any] = {}
    for j, name in enumerate(model.features):
        pair = percentile_interval(drawn[:, j]) if resamples else None
        block[name] = {
            "standardised": float(model.coefficients[j]),
            "interval_95": list(pair) if pair else None,
            "standard_error": None if np.isnan(errors[j]) else float(errors[j]),
            "slope": float(model.slopes[j]),
            "mean": float(model.mean[j]),
            "sd": float(model.scale[j]),
            "sign_held": float(np.nanmean(np.sign(drawn[:, j]) == np.sign(model.coefficients[j])))
            if resamples
            else None,
        }
    return block, drawn


def importance_block(
    matrix: DesignMatrix, model: LinearFit, columns: Sequence[int], drawn: np.ndarray, seed: int
) -> dict[str, dict[str, Any]]:
    """Return the SHAP importance with its values per row, intervals, and a check by permutation."""
    features = matrix.features[:, columns]
    importance = global_importance(model.features, linear_shap(model, features, features))
    shuffled = permutation_importance(model, features, matrix.target, seed=seed)
    spread = np.abs(model.standardised(features)).mean(axis=0)
    details: dict[str, dict[str, Any]] = {}
    for name in importance.names:
        j = model.features.index(name)
        pair = percentile_interval(np.abs(drawn[:, j]) * spread[j]) if len(drawn) else None
        details[name] = {
            "mean_abs_shap": float(importance.mean_absolute[importance.names.index(name)]),
            "interval_95": list(pair) if pair else None,
            "direction": "raises" if model.coefficients[j] > 0 else "lowers",
            "permutation_rmse_rise": float(shuffled[j]),
            "values": features[:, j].tolist(),
            "shap": importance.values[:, importance.names.index(name)].tolist(),
        }
    return details


def stability_block(matrix: DesignMatrix, stability: Stability, resamples: int) -> dict[str, Any]:
    """Return how often each subset and each feature is chosen when the rows are drawn again."""
    wins = list(stability.wins.items())[:10]
    return {
        "resamples": resamples,
        "wins": [{"features": [matrix.names[c] for c in columns], "share": share} for columns, share in wins],
        "inclusion": {
            name: float(share) for name, share in zip(matrix.names, stability.inclusion, strict=True)
        },
        "unseen_rmse": stability.unseen_rmse,
    }


def reference_blocks(matrix: DesignMatrix) -> Steps[dict[str, dict[str, Any]]]:
    """Return the leave-one-out scores of ridge and of a Gaussian process on all candidates."""
    rows = len(matrix.target)
    blocks: dict[str, dict[str, Any]] = {}
    for place, (name, method, limit) in enumerate(
        (
            ("ridge", ridge_error, MAX_RIDGE_ROWS),
            ("gaussian_process", gaussian_process_error, MAX_PROCESS_ROWS),
        )
    ):
        if rows > limit:
            reason = f"not refitted {rows} times (over {limit} rows)"
            blocks[name] = {"loocv_rmse": None, "r2": None, "reason": reason}
            continue
        errors = np.empty(rows)
        for row in range(rows):
            errors[row] = method(matrix.features, matrix.target, row)
            yield Progress(place * rows + row + 1, 2 * rows, f"fitting {name.replace('_', ' ')}")
        r2 = r_squared(matrix.target, matrix.target - errors)
        blocks[name] = {"loocv_rmse": float(np.sqrt(np.mean(errors**2))), "r2": r2}
    return blocks


def add_test_scores(
    matrix: DesignMatrix, models: Sequence[RankedModel], features: np.ndarray, target: np.ndarray
) -> None:
    """Add RMSE and R² on rows kept apart to the summary of every model.

    Parameters
    ----------
    matrix : DesignMatrix
        The rows of the fits.
    models : sequence of RankedModel
        Their summaries get ``test_rmse`` and ``test_r2``.
    features, target : ndarray, shape (m, k) and (m,)
        The rows kept apart, all candidates in the order of the matrix.
    """
    for model in models:
        try:
            predicted = fit(matrix.features[:, model.columns], matrix.target).predict(
                features[:, model.columns]
            )
        except RegressionError:  # pragma: no cover  ranked models are determined
            continue
        model.summary["test_rmse"] = rmse(target, predicted)
        model.summary["test_r2"] = r_squared(target, predicted)
