"""Predict a property of new samples: the operation behind ``microgen predict``."""

from pathlib import Path
from typing import Any, Literal

from .model_files import load_regression
from .new_samples import predict_samples
from .operation import DECIMALS, DELIMITERS
from .sample_table import load_samples


def predict(
    table: Path,
    *,
    model: Path,
    sample: str | None = None,
    delimiter: Literal["auto", "comma", "semicolon", "tab", "bar"] = "auto",
    decimal: Literal["auto", "point", "comma"] = "auto",
) -> dict[str, Any]:
    """Predict a property of measured samples, with an interval and a warning where the model extrapolates.

    Parameters
    ----------
    table : Path
        CSV or Excel file with the features of the samples: one row per sample, or the table that
        ``microgen quantify`` wrote.
    model : Path
        The ``model.json`` that ``microgen regress --out`` wrote.
    sample : str or None
        Column with the names of the samples. If left out, a column called sample, name, id or file.
    delimiter : {"auto", "comma", "semicolon", "tab", "bar"}
        Sign between the columns of the table.
    decimal : {"auto", "point", "comma"}
        Decimal sign of the table.

    Returns
    -------
    dict
        ``predictions``, one entry per sample, and the ``target``.

    Raises
    ------
    ModelFileError
        If the model is damaged or of another kind.
    TableError
        If the table lacks a feature or its units do not fit.
    """
    saved = load_regression(model)
    samples, csv = load_samples(
        table, sample=sample, delimiter=DELIMITERS[delimiter], decimal=DECIMALS[decimal]
    )
    return {
        "target": {"name": saved.target, "unit": saved.target_unit},
        "model": {"features": list(saved.model.features), "rows": saved.rows, "scores": dict(saved.scores)},
        "predictions": predict_samples(saved, samples),
        "table": csv.described(),
    }
