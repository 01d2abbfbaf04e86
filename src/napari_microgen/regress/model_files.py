"""Fitted regressions as JSON files: numbers and formulas only, checked when read."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..errors import FormulaError, InputNotFoundError, ModelFileError
from ..io.atomic import write_text
from .expressions import parse_expression

FORMAT = 1
MAX_BYTES = 1024**2
"""Larger files are refused."""
MAX_NAME = 200


@dataclass(frozen=True)
class ColumnRecord:
    """One feature that a prediction needs."""

    name: str
    """What it is called."""
    unit: str | None
    """Unit of its values in the model; None if the table stated none."""
    formula: str | None
    """How it is computed from columns; None if it is measured."""
    low: float
    """Smallest value the model was fitted to."""
    high: float
    """Largest value the model was fitted to."""


@dataclass(frozen=True)
class LinearRecord:
    """A linear model in the units of its features: constant + slopes . features."""

    features: tuple[str, ...]
    """Names of its features."""
    constant: float
    """Prediction where all features are 0."""
    slopes: tuple[float, ...]
    """Change of the target per unit of a feature."""


@dataclass(frozen=True)
class FoldRecord:
    """The model chosen and fitted without some rows, and its errors on them."""

    model: LinearRecord
    """That model."""
    residuals: tuple[float, ...]
    """Target minus prediction on the rows it did not see."""


@dataclass(frozen=True)
class SavedRegression:
    """All that a prediction with interval and range needs."""

    target: str
    """Name of the property."""
    target_unit: str | None
    """Its unit."""
    columns: tuple[ColumnRecord, ...]
    """Features of the model and of the folds."""
    model: LinearRecord
    """The model."""
    mean: tuple[float, ...]
    """Mean of its features over the fitted rows."""
    scale: tuple[float, ...]
    """Their standard deviations."""
    triangle: tuple[tuple[float, ...], ...]
    """R of the decomposition of the standardised features, for the leverage of a new row."""
    rows: int
    """Rows it was fitted to."""
    max_leverage: float
    """Largest leverage of a fitted row."""
    coverage: float
    """Nominal coverage of the intervals."""
    folds: tuple[FoldRecord, ...]
    """Models without each row (or block of rows), for the intervals."""
    scores: Mapping[str, float]
    """Errors as they were reported."""


def save_regression(saved: SavedRegression, path: Path) -> None:
    """Write a model file; it appears whole or not at all."""
    content = {"microgen_regression": FORMAT, **asdict(saved)}
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def load_regression(path: Path) -> SavedRegression:
    """Read a model file.

    Raises
    ------
    InputNotFoundError
        If there is no such file.
    ModelFileError
        If it is not a model of this kind, is damaged, or holds anything it should not.
    """
    if not path.is_file():
        raise InputNotFoundError(
            f"{path} is not a file; give the model.json that microgen regress --out wrote."
        )
    if path.stat().st_size > MAX_BYTES:
        raise ModelFileError(
            f"{path.name} is larger than {MAX_BYTES // 1024} KiB; this is no regression model."
        )
    try:
        content = json.loads(path.read_bytes().decode())
    except (ValueError, RecursionError):
        raise ModelFileError(f"{path.name} is not a regression model: it is not JSON text.") from None
    if not isinstance(content, dict) or content.pop("microgen_regression", None) != FORMAT:
        raise ModelFileError(
            f"{path.name} is not a regression model of this version; give the model.json that microgen "
            f"regress --out wrote."
        )
    return _Reader(path.name).saved(content)


class _Reader:
    """Turns JSON into a `SavedRegression` or says what is wrong with it."""

    def __init__(self, source: str) -> None:
        self.source = source

    def saved(self, content: Any) -> SavedRegression:
        keys = SavedRegression.__dataclass_fields__
        entry = self._entry(content, "the file", keys)
        model = self._linear(entry["model"], "model")
        count = len(model.features)
        columns = tuple(self._column(c, i) for i, c in enumerate(self._list(entry["columns"], "columns")))
        folds = tuple(self._fold(f, i) for i, f in enumerate(self._list(entry["folds"], "folds")))
        known = {column.name for column in columns}
        for linear in (model, *(fold.model for fold in folds)):
            if not set(linear.features) <= known:
                self._fail("a model uses a feature that is not among the columns")
        triangle = [
            self._numbers(row, "triangle", count) for row in self._list(entry["triangle"], "triangle", count)
        ]
        if any(triangle[i][i] == 0 for i in range(count)):
            self._fail("triangle is singular")
        scale = self._numbers(entry["scale"], "scale", count)
        coverage = self._number(entry["coverage"], "coverage")
        rows = entry["rows"]
        if min(scale) <= 0 or not 0 < coverage < 1 or type(rows) is not int or not 0 < rows < 10**9:
            self._fail("scale, coverage or rows is out of range")
        scores = entry["scores"] if isinstance(entry["scores"], dict) else self._fail("scores is no object")
        return SavedRegression(
            target=self._text(entry["target"], "target"),
            target_unit=self._text_or_none(entry["target_unit"], "target_unit"),
            columns=columns,
            model=model,
            mean=self._numbers(entry["mean"], "mean", count),
            scale=scale,
            triangle=tuple(triangle),
            rows=rows,
            max_leverage=self._number(entry["max_leverage"], "max_leverage"),
            coverage=coverage,
            folds=folds,
            scores={self._text(k, "scores"): self._number(v, "scores") for k, v in scores.items()},
        )

    def _column(self, content: Any, index: int) -> ColumnRecord:
        where = f"columns[{index}]"
        entry = self._entry(content, where, ColumnRecord.__dataclass_fields__)
        formula = self._text_or_none(entry["formula"], where)
        if formula is not None:
            try:
                parse_expression(formula)
            except FormulaError as error:
                self._fail(f"{where}: {error}")
        low, high = (self._number(entry[key], where) for key in ("low", "high"))
        return ColumnRecord(
            self._text(entry["name"], where), self._text_or_none(entry["unit"], where), formula, low, high
        )

    def _linear(self, content: Any, where: str) -> LinearRecord:
        entry = self._entry(content, where, LinearRecord.__dataclass_fields__)
        names = tuple(self._text(name, where) for name in self._list(entry["features"], where))
        if not names or len(set(names)) != len(names):
            self._fail(f"{where} has no features, or one twice")
        return LinearRecord(
            names, self._number(entry["constant"], where), self._numbers(entry["slopes"], where, len(names))
        )

    def _fold(self, content: Any, index: int) -> FoldRecord:
        where = f"folds[{index}]"
        entry = self._entry(content, where, FoldRecord.__dataclass_fields__)
        return FoldRecord(self._linear(entry["model"], where), self._numbers(entry["residuals"], where))

    def _entry(self, content: Any, where: str, keys: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(content, dict) or set(content) != set(keys):
            self._fail(f"{where} must hold exactly {', '.join(keys)}")
        return dict(content)

    def _list(self, content: Any, where: str, length: int | None = None) -> list[Any]:
        if not isinstance(content, list) or (length is not None and len(content) != length):
            self._fail(f"{where} is not a list{'' if length is None else f' of {length}'}")
        return list(content)

    def _numbers(self, content: Any, where: str, length: int | None = None) -> tuple[float, ...]:
        return tuple(self._number(value, where) for value in self._list(content, where, length))

    def _number(self, value: Any, where: str) -> float:
        plain = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
        if not plain or not math.isfinite(value):
            self._fail(f"{where} holds something that is no finite number")
        return float(value)

    def _text(self, value: Any, where: str) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
            self._fail(f"{where} holds something that is no name")
        return str(value)

    def _text_or_none(self, value: Any, where: str) -> str | None:
        return None if value is None else self._text(value, where)

    def _fail(self, what: str) -> NoReturn:
        raise ModelFileError(f"{self.source} is damaged: {what}. Fit the model again with microgen regress.")
