"""Predictions of rows that the model did not see: one left out, a group left out, and with the choice inside.

Choosing the best of many models by leave-one-out and then quoting that same score flatters
it. The nested variants repeat the whole choice without the row (or group) in question.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import RegressionError
from .linear import LinearFit, fit
from .subsets import every_subset


@dataclass(frozen=True)
class NestedFold:
    """The model that was chosen without some rows."""

    held_out: tuple[int, ...]
    """Rows it did not see."""
    columns: tuple[int, ...]
    """Features it chose."""
    errors: np.ndarray
    """Target minus prediction on the rows it did not see."""
    inner_rmse: float
    """The leave-one-out error by which it was chosen."""


def leave_one_out(model: LinearFit) -> np.ndarray:
    """Return the residual of every row under the fit without it, shape (n,).

    Exact, from the leverages; the scaling of the features inside each fold does not change
    a least-squares prediction.

    Raises
    ------
    RegressionError
        If a row alone determines a coefficient, so the others cannot predict it.
    """
    freedom = 1 - model.leverage
    stuck = np.flatnonzero(freedom < 1e-9)
    if stuck.size:
        raise RegressionError(
            f"Row {int(stuck[0]) + 1} cannot be predicted from the others: without it the features "
            f"{', '.join(model.features)} are not determined. Use fewer features or more rows."
        )
    return np.asarray(model.residuals / freedom)


def leave_group_out(features: np.ndarray, target: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Return the error of every row under the fit without its whole group, shape (n,).

    NaN for the rows of a group without which the features are not determined.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        Features of one model.
    target : ndarray, shape (n,)
        The property.
    groups : sequence of str
        Group of each row, such as its material.
    """
    labels = np.asarray(groups)
    errors = np.full(len(target), np.nan)
    for group in dict.fromkeys(groups):
        held = labels == group
        try:
            model = fit(features[~held], target[~held])
        except RegressionError:
            continue
        errors[held] = target[held] - model.predict(features[held])
    return errors


def nested_selection(
    features: np.ndarray,
    target: np.ndarray,
    folds: np.ndarray,
    *,
    smallest: int = 2,
    largest: int | None = None,
) -> list[NestedFold | None]:
    """Choose the best subset anew without each fold, and predict the fold with it.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        All candidate features.
    target : ndarray, shape (n,)
        The property.
    folds : ndarray of bool, shape (b, n)
        True for the rows held out; one row per fold.
    smallest, largest : int
        Sizes of the subsets.

    Returns
    -------
    list of NestedFold or None
        One per fold; None where the remaining rows determine no subset.
    """
    weights = (~folds).astype(float)
    best = np.full(len(folds), np.inf)
    errors = np.full(folds.shape, np.nan)
    chosen: list[tuple[int, ...] | None] = [None] * len(folds)
    for subset in every_subset(features, target, weights, smallest=smallest, largest=largest):
        inner = np.sqrt(
            np.sum(weights * np.where(folds, 0.0, subset.left_out) ** 2, axis=1) / weights.sum(axis=1)
        )
        better = np.flatnonzero(inner < best)  # NaN is never better
        best[better] = inner[better]
        errors[better] = subset.left_out[better]
        for fold in better:
            chosen[fold] = subset.columns
    return list(_folds(folds, chosen, errors, best))


def _folds(
    folds: np.ndarray, chosen: list[tuple[int, ...] | None], errors: np.ndarray, best: np.ndarray
) -> Iterator[NestedFold | None]:
    for held, columns, found, inner in zip(folds, chosen, errors, best, strict=True):
        rows = np.flatnonzero(held)
        yield (
            None if columns is None else NestedFold(tuple(rows.tolist()), columns, found[rows], float(inner))
        )


def single_rows(rows: int) -> np.ndarray:
    """Return the folds of leave-one-out, bool (n, n)."""
    return np.eye(rows, dtype=bool)


def whole_groups(groups: Sequence[str]) -> np.ndarray:
    """Return the folds of leave-one-group-out, bool (groups, n), groups in order of appearance."""
    labels = np.asarray(groups)
    return np.array([labels == group for group in dict.fromkeys(groups)])
