"""What ``microgen regress --out`` leaves on disk: the model, tables and plots."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..io.atomic import require_writable, write_text
from ..io.table_csv import write_table
from .cross_validation import NestedFold
from .design_matrix import DesignMatrix
from .linear import LinearFit, fit
from .model_files import ColumnRecord, FoldRecord, LinearRecord, SavedRegression, save_regression
from .plots import plots_of
from .ranking import RankedModel

MAX_RESIDUALS = 5000
"""A model file keeps at most this many left-out errors; they only set the ends of intervals."""


def saved_regression(
    matrix: DesignMatrix,
    model: LinearFit,
    folds: Sequence[NestedFold | None],
    coverage: float,
    scores: Mapping[str, float],
) -> SavedRegression:
    """Return the record of a model from which new samples can be predicted with an interval.

    Parameters
    ----------
    matrix : DesignMatrix
        The rows it was fitted to.
    model : LinearFit
        The model.
    folds : sequence of NestedFold or None
        What was chosen without each row; fitted again here.
    coverage : float
        Nominal coverage of the intervals.
    scores : mapping of str to float
        Errors to keep with it.
    """
    known = [fold for fold in folds if fold is not None]
    step = -(-len(matrix.target) // MAX_RESIDUALS)
    records = tuple(_fold(matrix, fold, step) for fold in known)
    needed = {*model.features, *(name for record in records for name in record.model.features)}
    columns = tuple(
        ColumnRecord(c.name, c.unit, c.formula, float(values.min()), float(values.max()))
        for c, values in zip(matrix.columns, matrix.features.T, strict=True)
        if c.name in needed
    )
    return SavedRegression(
        target=matrix.target_name,
        target_unit=matrix.target_unit,
        columns=columns,
        model=_linear(model),
        mean=tuple(model.mean.tolist()),
        scale=tuple(model.scale.tolist()),
        triangle=tuple(tuple(row) for row in model.triangle.tolist()),
        rows=model.rows,
        max_leverage=float(model.leverage.max()),
        coverage=coverage,
        folds=records,
        scores=dict(scores),
    )


def write_outputs(
    out: Path,
    matrix: DesignMatrix,
    models: Sequence[RankedModel],
    content: Mapping[str, Any],
    saved: SavedRegression,
) -> list[str]:
    """Write model, tables and plots; return their paths."""
    require_writable(out)
    best = models[0]
    save_regression(saved, out / "model.json")
    write_table(out / "models.csv", _model_columns(models), _model_units(matrix))
    write_table(out / "predictions.csv", _prediction_columns(matrix, best), _prediction_units(matrix))
    plots = plots_of(content, title=", ".join(best.features))
    for kind, text in plots.items():
        write_text(out / f"{kind}.svg", text)
    names = ("model.json", "models.csv", "predictions.csv", *(f"{kind}.svg" for kind in plots))
    return [str(out / name) for name in names]


def _linear(model: LinearFit) -> LinearRecord:
    return LinearRecord(model.features, model.constant, tuple(model.slopes.tolist()))


def _fold(matrix: DesignMatrix, fold: NestedFold, step: int) -> FoldRecord:
    kept = np.ones(len(matrix.target), bool)
    kept[list(fold.held_out)] = False
    names = tuple(matrix.names[column] for column in fold.columns)
    model = fit(matrix.features[kept][:, fold.columns], matrix.target[kept], names)
    return FoldRecord(_linear(model), tuple(fold.errors[::step].tolist()))


_SCORES = ("loocv_rmse", "loocv_mae", "loocv_spread", "r2", "rmse_fit", "r2_fit", "test_rmse", "test_r2")
_LENGTHS = ("loocv_rmse", "loocv_mae", "loocv_spread", "rmse_fit", "test_rmse")


def _model_columns(models: Sequence[RankedModel]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"features": [" + ".join(m.features) for m in models]}
    for key in _SCORES:
        if key in models[0].summary:
            columns[key] = [m.summary[key] for m in models]
    columns["remark"] = [
        "; ".join(
            filter(None, (m.summary.get("warning"), f"model {letter} of the paper" if letter else None))
        )
        for m, letter in ((m, m.summary.get("paper_model")) for m in models)
    ]
    return columns


def _model_units(matrix: DesignMatrix) -> dict[str, str]:
    return dict.fromkeys(_LENGTHS, matrix.target_unit) if matrix.target_unit else {}


def _prediction_columns(matrix: DesignMatrix, best: RankedModel) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {"sample": matrix.samples}
    if matrix.groups is not None:
        columns["group"] = matrix.groups
    return columns | {
        "measured": matrix.target.tolist(),
        "predicted_left_out": (matrix.target - best.errors).tolist(),
        "error": best.errors.tolist(),
    }


def _prediction_units(matrix: DesignMatrix) -> dict[str, str]:
    names = ("measured", "predicted_left_out", "error")
    return dict.fromkeys(names, matrix.target_unit) if matrix.target_unit else {}
