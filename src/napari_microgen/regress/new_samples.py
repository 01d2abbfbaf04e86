"""Samples a model was not fitted to: their features in its units, predictions, and how far to trust them."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from .design_matrix import find_feature
from .diagnostics import outside
from .intervals import jackknife_plus
from .model_files import LinearRecord, SavedRegression
from .sample_table import SampleTable, Series, in_unit


class Wanted(Protocol):
    """A feature a model needs."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def unit(self) -> str | None:
        """Unit the model takes it in."""

    @property
    def formula(self) -> str | None:
        """How it is computed, if it is no column."""


def gather(table: SampleTable, wanted: Sequence[Wanted]) -> dict[str, Series]:
    """Return features of new samples in the units a model takes.

    Parameters
    ----------
    table : SampleTable
        The new samples.
    wanted : sequence of Wanted
        Features with their units; a column of that name is used before a formula.

    Raises
    ------
    TableError, FormulaError
        If a feature is lacking, or its unit does not fit.
    """
    found: dict[str, Series] = {}
    for feature in wanted:
        known = feature.name in table.names or feature.formula is None
        series = find_feature(table, feature.name if known else f"{feature.name}={feature.formula}").series
        values = in_unit(series.values, series.unit, feature.unit, f"{feature.name} in {table.source}")
        found[feature.name] = Series(values, feature.unit, series.reasons)
    return found


def predict_samples(saved: SavedRegression, table: SampleTable) -> list[dict[str, Any]]:
    """Predict the property of new samples.

    Parameters
    ----------
    saved : SavedRegression
        The model.
    table : SampleTable
        The new samples, features as columns.

    Returns
    -------
    list of dict
        For each sample ``value``, ``interval`` (None with ``interval_reason`` if there were too few
        rows for its coverage), ``in_range``, ``warnings`` and ``contributions`` (SHAP values against the
        mean of the fitted rows); ``value`` is None with a ``reason`` where a feature is missing.
    """
    columns = gather(table, saved.columns)
    return [_predicted(saved, columns, row, name) for row, name in enumerate(table.samples)]


def _predicted(saved: SavedRegression, columns: dict[str, Series], row: int, sample: str) -> dict[str, Any]:
    values = {name: float(series.values[row]) for name, series in columns.items()}
    missing = [name for name in saved.model.features if np.isnan(values[name])]
    if missing:
        reasons = "; ".join(f"{name}: {columns[name].reasons.get(row, 'missing')}" for name in missing)
        return {"sample": sample, "value": None, "reason": reasons}
    low = {column.name: column.low for column in saved.columns}
    high = {column.name: column.high for column in saved.columns}
    warnings = outside(saved.model.features, values, low, high)
    leverage = _leverage(saved, values)
    if not warnings and leverage > saved.max_leverage * (1 + 1e-9):
        warnings = [
            "every feature is in its range but this combination is not: it lies farther from the fitted "
            "samples than any of them from the others"
        ]
    mean = dict(zip(saved.model.features, saved.mean, strict=True))
    slopes = zip(saved.model.features, saved.model.slopes, strict=True)
    return {
        "sample": sample,
        "value": _value(saved.model, values),
        **_interval(saved, values),
        "coverage": saved.coverage,
        "in_range": not warnings,
        "warnings": warnings,
        "leverage": leverage,
        "contributions": {name: slope * (values[name] - mean[name]) for name, slope in slopes},
    }


def _value(model: LinearRecord, values: dict[str, float]) -> float:
    return model.constant + sum(
        slope * values[name] for name, slope in zip(model.features, model.slopes, strict=True)
    )


def _leverage(saved: SavedRegression, values: dict[str, float]) -> float:
    features = np.array([values[name] for name in saved.model.features])
    standard = (features - np.array(saved.mean)) / np.array(saved.scale)
    spread = np.linalg.solve(np.array(saved.triangle).T, standard)
    return float(1 / saved.rows + spread @ spread)


def _interval(saved: SavedRegression, values: dict[str, float]) -> dict[str, Any]:
    """Return the jackknife+ interval from the models without each row, if all their features are known."""
    lacking = sorted({n for fold in saved.folds for n in fold.model.features if np.isnan(values[n])})
    if lacking:
        return {"interval": None, "interval_reason": f"it also needs {', '.join(lacking)}"}
    predictions = [_value(fold.model, values) for fold in saved.folds for _ in fold.residuals]
    residuals = [error for fold in saved.folds for error in fold.residuals]
    pair = jackknife_plus(np.array(predictions), np.array(residuals), saved.coverage)
    if pair is None:
        needed = saved.coverage / (1 - saved.coverage)
        reason = (
            f"{len(residuals)} rows are too few for a coverage of {saved.coverage:g} (at least {needed:.3g})"
        )
        return {"interval": None, "interval_reason": reason}
    return {"interval": list(pair)}
