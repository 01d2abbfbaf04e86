"""What one column of conditions means, and what its values must be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import TableError

Kind = Literal["continuous", "categorical"]
Transform = Literal["identity", "log", "log1p"]


@dataclass(frozen=True)
class Condition:
    """What one column of conditions means."""

    name: str
    """Name without unit."""
    unit: str | None = None
    """Unit as written; None if none is stated."""
    kind: Kind = "continuous"
    """``continuous`` (numbers) or ``categorical`` (labels)."""
    transform: Transform = "identity"
    """Scale on which equal steps count alike: ``identity``, ``log`` (values above 0) or ``log1p``."""

    def __post_init__(self) -> None:
        if not self.name:
            raise TableError("A condition has no name; give every column a name.")
        if self.kind not in ("continuous", "categorical"):
            raise TableError(f"The kind of {self.name} is {self.kind!r}; expected continuous or categorical.")
        if self.transform not in ("identity", "log", "log1p"):
            raise TableError(
                f"The transform of {self.name} is {self.transform!r}; expected identity, log or log1p."
            )
        if self.kind == "categorical" and self.transform != "identity":
            raise TableError(f"{self.name} holds labels, so it can have no {self.transform} scale.")

    @property
    def label(self) -> str:
        """Name and unit for a person, such as ``temperature [C]``."""
        return self.name if self.unit is None else f"{self.name} [{self.unit}]"

    def forward(self, values: Any) -> np.ndarray:
        """Return numbers on the declared scale; NaN stays NaN."""
        values = np.asarray(values, float)
        if self.transform == "identity":
            return values
        return np.log(values) if self.transform == "log" else np.log1p(values)

    def inverse(self, values: Any) -> np.ndarray:
        """Return numbers in the unit of the column; the inverse of `forward`."""
        values = np.asarray(values, float)
        if self.transform == "identity":
            return values
        return np.exp(values) if self.transform == "log" else np.expm1(values)


def holds_text(values: Sequence[Any] | np.ndarray) -> bool:
    """Return whether a column holds any text."""
    return any(isinstance(value, str) and value for value in values)


def label_column(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Return labels as text, ``""`` where missing."""
    blank = [value is None or (isinstance(value, float) and math.isnan(value)) for value in values]
    cells = ["" if empty else value_text(value) for value, empty in zip(values, blank, strict=True)]
    return np.array(cells, dtype=np.str_)


def number_column(name: str, values: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Return numbers as float64, NaN where missing."""
    try:
        return np.array(
            [math.nan if v is None or (isinstance(v, str) and not v) else v for v in values], float
        )
    except (TypeError, ValueError):
        raise TableError(f"{name} holds values that are no numbers; declare it categorical.") from None


def require_values(condition: Condition, column: np.ndarray, images: tuple[str, ...]) -> None:
    """Raise `TableError` if a column does not fit its kind or scale, naming the images."""
    if (column.dtype.kind == "U") != (condition.kind == "categorical") or column.dtype.kind not in "Uf":
        raise TableError(f"{condition.name} is declared {condition.kind} but holds {column.dtype} values.")
    if condition.kind == "categorical":
        return
    low = {"identity": -math.inf, "log": 0.0, "log1p": -1.0}[condition.transform]
    bad = np.flatnonzero(np.isinf(column) | (column <= low))
    if bad.size:
        where = ", ".join(f"{images[i]} ({column[i]:g})" for i in bad[:5])
        more = f" and {bad.size - 5} more" if bad.size > 5 else ""
        need = (
            "finite numbers"
            if low == -math.inf
            else f"numbers above {low:g} for its {condition.transform} scale"
        )
        raise TableError(f"{condition.label} needs {need}; found {where}{more}.")


def plain_value(value: Any) -> float | str | None:
    """Return a value as plain Python, None where missing."""
    if isinstance(value, str):
        return str(value) or None
    return None if math.isnan(value) else float(value)


def value_text(value: Any) -> str:
    """Return a value as text that tells different values apart."""
    if value is None:
        return "missing"
    return value if isinstance(value, str) else f"{float(value):.9g}"
