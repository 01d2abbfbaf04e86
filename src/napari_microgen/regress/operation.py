"""Learn a property from features: the operation behind ``microgen regress`` and the Property dock."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import ParameterError, RegressionError
from ..progress import Progress, Steps, scaled, stepwise
from .cross_validation import NestedFold, whole_groups
from .design_matrix import DesignMatrix, default_features, design_matrix, find_feature
from .linear import LinearFit, fit
from .new_samples import gather
from .output import saved_regression, write_outputs
from .ranking import RankedModel, simplest_as_good
from .report import (
    add_test_scores,
    coefficient_block,
    collinearity_block,
    group_block,
    importance_block,
    nested_block,
    reference_blocks,
)
from .sample_table import SampleTable, in_unit, joined, load_measured, load_samples
from .search import Ranking, Search, outer_folds

DELIMITERS = {"auto": None, "comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
DECIMALS = {"auto": None, "point": ".", "comma": ","}
GROUP_NAMES = ("material", "group", "paste", "series")
_STEPS = 1000


@stepwise
def regress(
    table: Path,
    *,
    target: str,
    features: tuple[str, ...] = (),
    models: Literal["subsets", "full", "paper"] = "subsets",
    max_features: int | None = None,
    engineered: bool = True,
    group: str | None = None,
    sample: str | None = None,
    measured: list[Path] | None = None,
    test: Path | None = None,
    coverage: float = 0.9,
    resamples: int = 1000,
    seed: int = 0,
    delimiter: Literal["auto", "comma", "semicolon", "tab", "bar"] = "auto",
    decimal: Literal["auto", "point", "comma"] = "auto",
    out: Path | None = None,
) -> Steps[dict[str, Any]]:
    """Predict a property from features by linear regression, and say what matters and how sure it is.

    Fits every subset of at least two features by least squares, ranks them by their error on
    samples left out one at a time, and examines the best: the same score with the choice of
    features repeated inside each fold, groups left out, collinearity, intervals, importance.

    Parameters
    ----------
    table : Path
        CSV or Excel file with one row per sample: features, the property, and names. Delimiter, decimal
        sign and units in brackets (``conductivity [S/cm]``) are found and shown.
    target : str
        The property to predict: a column of the table, or a formula of columns.
    features : tuple of str
        Candidate features: columns, symbols (D, SA, phi, tau, G, M, alpha, beta) or formulas
        (``slenderness=SA*phi``). If left out, the microstructure features of the table, or else all
        columns of numbers.
    models : {"subsets", "full", "paper"}
        Try every subset of at least two candidates, only all of them together, or the named models A, C,
        I, J, N, Q and R of Wijaya et al. 2024.
    max_features : int or None
        Largest number of features in a model; none for no limit (over a third of the rows gives a warning).
    engineered : bool
        Add alpha = -ln(tau)/ln(D) and beta = M/(|G| phi) to the candidates where they can be computed
        and no features are named.
    group : str or None
        Column with the group of each sample, such as its material, for scores with whole groups left
        out. If left out, a column called material, group, paste or series.
    sample : str or None
        Column with the names of the samples. If left out, a column called sample, name, id or file.
    measured : list of Path or None
        Feature tables written by ``microgen quantify``, joined to the table by the names of the samples
        (that of the file, where a table names none).
    test : Path or None
        CSV or Excel file with samples kept apart, same columns, on which every model is tried.
    coverage : float
        Nominal coverage of the prediction intervals. 0.9 is what 18 rows can support.
    resamples : int
        Bootstrap resamples of the rows; 0 for none. 1000 makes the ends of 95 % intervals steady.
    seed : int
        Seed of the resamples and shuffles.
    delimiter : {"auto", "comma", "semicolon", "tab", "bar"}
        Sign between the columns of the tables.
    decimal : {"auto", "point", "comma"}
        Decimal sign of the tables.
    out : Path or None
        Folder for the model file (for ``microgen predict``), tables and plots; nothing is written if
        left out.

    Returns
    -------
    dict
        ``models`` (best first), ``best``, ``importance`` and what stands beside them.

    Raises
    ------
    TableError, FormulaError
        If a table cannot be read without guessing, or a formula is not arithmetic on its columns.
    RegressionError
        If the rows do not determine any model.
    """
    if not 0 < coverage < 1 or resamples < 0:
        raise ParameterError(
            f"coverage is {coverage:g} and resamples {resamples}; expected a share between 0 and 1, and 0 or "
            f"more resamples."
        )
    yield Progress(0, _STEPS, "reading the table")
    reading: dict[str, Any] = {"delimiter": DELIMITERS[delimiter], "decimal": DECIMALS[decimal]}
    samples, csv = load_samples(table, sample=sample, **reading)
    for features_of_samples in load_measured(measured or (), **reading):
        samples = joined(samples, features_of_samples)
    matrix = _matrix(samples, target, features, group, engineered=engineered)
    search = Search(matrix, models, max_features)
    ranking: Ranking = yield from scaled(search.rank(), 50, 250, _STEPS)
    if test is not None:
        _try_on(matrix, ranking.models, load_samples(test, sample=sample, **reading)[0], target)
    content = _overview(matrix, ranking)
    model, folds = yield from _examine(content, search, ranking.models[0], resamples, seed)
    content |= {"table": csv.described(), "notes": [*matrix.notes, *ranking.notes]}
    if out is not None:
        saved = saved_regression(matrix, model, folds, coverage, _scores(content))
        content["files"] = write_outputs(Path(out), matrix, ranking.models, content, saved)
    yield Progress(_STEPS, _STEPS, "done")
    return content


def _matrix(
    samples: SampleTable, target: str, features: Sequence[str], group: str | None, *, engineered: bool
) -> DesignMatrix:
    notes: list[str] = []
    if group is None:
        group = next((name for name in samples.labels if _is_group(samples, name)), None)
    if not features:
        features, notes = default_features(samples, target, group, engineered=engineered)
    return design_matrix(samples, target, features, group, notes=notes)


def _is_group(samples: SampleTable, name: str) -> bool:
    labels = samples.labels[name]
    return name.lower() in GROUP_NAMES and 1 < len(set(labels)) < len(labels)


def _overview(matrix: DesignMatrix, ranking: Ranking) -> dict[str, Any]:
    return {
        "target": {"name": matrix.target_name, "unit": matrix.target_unit},
        "rows": {"used": len(matrix.target), "dropped": [dict(entry) for entry in matrix.dropped]},
        "candidates": [
            {"name": column.name, "unit": column.unit, "formula": column.formula} for column in matrix.columns
        ],
        "models": [model.summary for model in ranking.models],
        "undetermined": [list(names) for names in ranking.undetermined],
        "simplest_as_good": list(simplest_as_good(ranking.models).features),
    }


def _examine(
    content: dict[str, Any], search: Search, best: RankedModel, resamples: int, seed: int
) -> Steps[tuple[LinearFit, list[NestedFold | None]]]:
    """Add to ``content`` what stands beside the ranking."""
    matrix = search.matrix
    model = fit(matrix.features[:, best.columns], matrix.target, best.features)
    yield Progress(300, _STEPS, "choosing again without each row")
    folds = search.again_without(outer_folds(len(matrix.target), seed))
    content["nested"] = nested_block(matrix, folds)
    if matrix.groups is not None:
        yield Progress(400, _STEPS, "leaving groups out")
        whole = search.again_without(whole_groups(matrix.groups))
        content["leave_group_out"] = group_block(matrix, best, whole)
    yield Progress(450, _STEPS, "drawing the rows again")
    content["collinearity"] = collinearity_block(matrix, model)
    coefficients, drawn = coefficient_block(matrix, model, best.columns, resamples, seed)
    details = importance_block(matrix, model, best.columns, drawn, seed)
    content["best"] = best.summary | _coefficients(matrix, model, best) | {"coefficients": coefficients}
    content["importance"] = {name: entry["mean_abs_shap"] for name, entry in details.items()}
    content["importance_details"] = details
    content["stability"] = yield from scaled(search.stability(resamples, seed), 500, 300, _STEPS)
    content["references"] = yield from scaled(reference_blocks(matrix), 800, 190, _STEPS)
    return model, folds


def _coefficients(matrix: DesignMatrix, model: LinearFit, best: RankedModel) -> dict[str, Any]:
    rows = zip(matrix.samples, matrix.target, matrix.target - best.errors, strict=True)
    entries = [{"sample": name, "measured": float(y), "predicted": float(p)} for name, y, p in rows]
    if matrix.groups is not None:
        for entry, group in zip(entries, matrix.groups, strict=True):
            entry["group"] = group
    return {"intercept": model.intercept, "constant": model.constant, "predictions": entries}


def _scores(content: dict[str, Any]) -> dict[str, float]:
    """Return the errors to keep with the model."""
    found = {
        "loocv_rmse": content["best"]["loocv_rmse"],
        "r2": content["best"]["r2"],
        "r2_fit": content["best"]["r2_fit"],
        "nested_rmse": content["nested"]["rmse"],
        "nested_r2": content["nested"]["r2"],
    }
    return {name: value for name, value in found.items() if value is not None}


def _try_on(
    matrix: DesignMatrix, models: Sequence[RankedModel], kept_apart: SampleTable, target: str
) -> None:
    """Add the scores on rows kept apart to the summaries of the models."""
    found = gather(kept_apart, matrix.columns)
    features = np.column_stack([found[name].values for name in matrix.names])
    goal = find_feature(kept_apart, target).series
    measured = in_unit(goal.values, goal.unit, matrix.target_unit, f"{target} in {kept_apart.source}")
    complete = ~np.isnan(features).any(axis=1) & ~np.isnan(measured)
    if not complete.any():
        raise RegressionError(
            f"No row of {kept_apart.source} has all features and the property; there is nothing to test on."
        )
    add_test_scores(matrix, models, features[complete], measured[complete])
    for model in models:
        model.summary["test_rows"] = int(complete.sum())
