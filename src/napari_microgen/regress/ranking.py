"""Models side by side: every candidate subset with its scores, best first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import RegressionError
from .cross_validation import NestedFold, leave_one_out
from .design_matrix import DesignMatrix
from .linear import fit
from .presets import PAPER_MODELS, paper_model_of, symbol_of
from .scores import by_group, mean_absolute_error, r_squared, rmse
from .subsets import SubsetErrors, every_subset

Columns = tuple[int, ...]
"""Columns of the design matrix that make up a model."""


@dataclass(frozen=True)
class RankedModel:
    """One model and how it does."""

    columns: Columns
    """Its features, as columns of the design matrix."""
    features: tuple[str, ...]
    """Their names."""
    errors: np.ndarray
    """Target minus prediction of each row left out, shape (n,)."""
    summary: dict[str, Any]
    """Scores as plain values, for JSON and tables."""

    @property
    def loocv_rmse(self) -> float:
        """Root mean square of ``errors``."""
        return float(self.summary["loocv_rmse"])


def subsets_of_paper(matrix: DesignMatrix) -> tuple[dict[str, Columns], list[str]]:
    """Return the columns of the paper's named models, and remarks on those that lack a feature."""
    place = {symbol_of(name): column for column, name in enumerate(matrix.names)}
    models: dict[str, Columns] = {}
    remarks: list[str] = []
    for letter, symbols in PAPER_MODELS.items():
        lacking = [symbol for symbol in symbols if symbol not in place]
        if lacking:
            remarks.append(f"model {letter} was left out: no {', '.join(lacking)}")
        else:
            models[letter] = tuple(sorted(place[symbol] for symbol in symbols))
    return models, remarks


def fitted_subsets(matrix: DesignMatrix, subsets: Iterable[Columns]) -> Iterator[SubsetErrors]:
    """Fit some subsets one by one; those that are not determined give NaN."""
    for columns in subsets:
        try:
            model = fit(matrix.features[:, columns], matrix.target)
            yield SubsetErrors(columns, leave_one_out(model)[None], model.residuals[None])
        except RegressionError:
            nothing = np.full((1, len(matrix.target)), np.nan)
            yield SubsetErrors(columns, nothing, nothing)


def all_subsets(matrix: DesignMatrix, largest: int | None = None) -> Iterator[SubsetErrors]:
    """Fit every subset of at least two features (or the one, if there is one) that the rows can determine."""
    rows, count = matrix.features.shape
    limit = min(largest or count, count, rows - 2)
    yield from every_subset(matrix.features, matrix.target, smallest=min(2, count), largest=limit)


def ranked(
    matrix: DesignMatrix, found: Iterable[SubsetErrors]
) -> tuple[list[RankedModel], list[tuple[str, ...]]]:
    """Order models by their leave-one-out error.

    Returns
    -------
    models : list of RankedModel
        Smallest ``loocv_rmse`` first; at equal error the one with fewer features.
    undetermined : list of tuple of str
        Subsets that the rows do not determine (collinear, or hanging on a single row).
    """
    models: list[RankedModel] = []
    undetermined: list[tuple[str, ...]] = []
    for subset in found:
        names = tuple(matrix.names[column] for column in subset.columns)
        if np.isnan(subset.left_out[0]).any():
            undetermined.append(names)
        else:
            models.append(_model(matrix, subset, names))
    models.sort(key=lambda model: (round(model.loocv_rmse, 12), len(model.columns)))
    return models, undetermined


def simplest_as_good(models: Sequence[RankedModel]) -> RankedModel:
    """Return the model with the fewest features within one standard error of the best.

    The standard error is that of the best model's mean squared error over the rows.
    """
    squares = models[0].errors ** 2
    limit = squares.mean() + squares.std(ddof=1) / np.sqrt(len(squares))
    near = [model for model in models if np.mean(model.errors**2) <= limit]
    return min(near, key=lambda model: (len(model.columns), model.loocv_rmse))


def nested_among(
    matrix: DesignMatrix, folds: np.ndarray, subsets: Sequence[Columns]
) -> list[NestedFold | None]:
    """Choose among given subsets anew without each fold (see `cross_validation.nested_selection`)."""
    chosen: list[NestedFold | None] = []
    for held in folds:
        best: tuple[float, NestedFold] | None = None
        for columns in subsets:
            features = matrix.features[:, columns]
            try:
                model = fit(features[~held], matrix.target[~held])
                inner = float(np.sqrt(np.mean(leave_one_out(model) ** 2)))
            except RegressionError:
                continue
            if best is None or inner < best[0]:
                errors = matrix.target[held] - model.predict(features[held])
                rows = tuple(np.flatnonzero(held).tolist())
                best = inner, NestedFold(rows, columns, errors, inner)
        chosen.append(best[1] if best else None)
    return chosen


def _model(matrix: DesignMatrix, subset: SubsetErrors, names: tuple[str, ...]) -> RankedModel:
    errors, target = subset.left_out[0], matrix.target
    predicted = target - errors
    summary: dict[str, Any] = {
        "features": list(names),
        "loocv_rmse": rmse(target, predicted),
        "loocv_mae": mean_absolute_error(target, predicted),
        "loocv_spread": float(np.abs(errors).std(ddof=1)),
        "r2": r_squared(target, predicted),
        "r2_fit": r_squared(target, target - subset.fitted[0]),
        "rmse_fit": float(np.sqrt(np.mean(subset.fitted[0] ** 2))),
    }
    letter = paper_model_of(frozenset(symbol_of(name) for name in names))
    if letter is not None:
        summary["paper_model"] = letter
    if len(names) > len(target) / 3:
        summary["warning"] = f"{len(names)} features for {len(target)} rows; at most a third is advisable"
    if matrix.groups is not None:
        scores = by_group(target, predicted, matrix.groups)
        summary["group_r2"] = {group: score["r2"] for group, score in scores.items()}
    return RankedModel(subset.columns, names, errors, summary)
