"""A finished diagram: what each cell of the grid holds, as arrays for drawing and as plain JSON values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..conditions.support import FLAGS
from .axes import Axis
from .base_condition import BaseCondition
from .cell_record import UNKNOWN
from .nearest_real import NearestImage
from .window import Window


@dataclass(frozen=True, eq=False)
class CellResult:
    """All that is said of one cell."""

    column: int
    row: int
    """Counted from the low end of the ordinate."""
    conditions: dict[str, float | str | None]
    """Value of each condition."""
    support: dict[str, Any]
    """``flag``, ``d1``, ``ratio``, ``nearest_image``, ``hull_distance``, ``out_of_range``."""
    image: np.ndarray
    """The image that is shown."""
    count: int
    """Images generated."""
    shares: np.ndarray | None = None
    """Mean probability of each class over the draws."""
    spread: np.ndarray | None = None
    """Their standard deviation over the draws; NaN for a single draw."""
    between: np.ndarray | None = None
    """Standard deviation of the mean probabilities of several models; None for one model."""
    descriptors: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: ``value``, ``unit``, ``latent_sd``, ``standard_error``, ``between_models_sd``,
    ``conformal_half_width``, ``reasons``."""
    nearest: NearestImage | None = None
    """The real image nearest to it."""


@dataclass(frozen=True, eq=False)
class Diagram:
    """A grid of cells with the conditions that span it."""

    x: Axis
    y: Axis
    base: BaseCondition
    """Conditions that are the same everywhere."""
    units: Mapping[str, str | None]
    """Unit of each condition."""
    cells: Sequence[CellResult]
    """Row by row from the low end of the ordinate."""
    classes: tuple[str, ...] = ()
    """Names of the structures, in the order of the probabilities."""
    descriptors: tuple[str, ...] = ()
    """Names of what was measured."""
    measured: Mapping[str, Any] | None = None
    """How it was measured."""
    window: Window | None = None
    """The process window, if one was asked for."""
    notes: tuple[str, ...] = ()
    """Remarks for the reader."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return self.y.count, self.x.count

    @property
    def flags(self) -> np.ndarray:
        """Support flag of each cell, shape (rows, columns)."""
        return np.array([cell.support["flag"] for cell in self.cells]).reshape(self.shape)

    @property
    def shares(self) -> np.ndarray:
        """Mean probability of each class in each cell, shape (rows, columns, classes)."""
        return np.array([cell.shares for cell in self.cells], float).reshape(*self.shape, len(self.classes))

    @property
    def spreads(self) -> np.ndarray:
        """Standard deviation of these over the draws; NaN for a single draw."""
        return np.array([cell.spread for cell in self.cells], float).reshape(*self.shape, len(self.classes))

    @property
    def best_class(self) -> np.ndarray:
        """Number of the most probable class of each cell, shape (rows, columns)."""
        return self.shares.argmax(axis=-1)

    def values(self, name: str, entry: str = "value") -> np.ndarray:
        """Return a descriptor of each cell, shape (rows, columns); NaN where it is undefined."""
        found = [cell.descriptors[name].get(entry) for cell in self.cells]
        return np.array([np.nan if v is None else v for v in found], float).reshape(self.shape)

    def support_counts(self) -> dict[str, int]:
        """Return how many cells have each flag."""
        flags = self.flags
        known = {flag: int((flags == flag).sum()) for flag in (*FLAGS, UNKNOWN)}
        return {flag: n for flag, n in known.items() if n or flag != UNKNOWN}

    def content(self) -> dict[str, Any]:
        """Return the diagram as plain JSON values."""
        return {
            "axes": {"x": self.x.to_dict(), "y": self.y.to_dict()},
            "fixed": {
                name: {"value": value, "unit": self.units.get(name), "origin": self.base.origin[name]}
                for name, value in self.base.values.items()
            },
            "fixed_from": self.base.image or None,
            "support": self.support_counts(),
            "classes": list(self.classes),
            "descriptors": list(self.descriptors),
            "measured": None if self.measured is None else dict(self.measured),
            "cells": [cell_content(cell, self.classes, self.units) for cell in self.cells],
            "window": None if self.window is None else window_record(self.window, self),
            "notes": list(self.notes),
        }

    def with_window(self, window: Window | None) -> "Diagram":
        """Return the diagram with a process window."""
        return replace(self, window=window)


def cell_content(cell: CellResult, classes: Sequence[str], units: Mapping[str, str | None]) -> dict[str, Any]:
    """Return all that is said of a cell as plain JSON values.

    Parameters
    ----------
    cell : CellResult
        The cell.
    classes : sequence of str
        Names of the structures.
    units : mapping of str to str or None
        Unit of each condition.
    """
    record: dict[str, Any] = {
        "column": cell.column,
        "row": cell.row,
        "conditions": {
            name: {"value": value, "unit": units.get(name)} for name, value in cell.conditions.items()
        },
        "count": cell.count,
        "support": cell.support,
    }
    if cell.shares is not None and cell.spread is not None:
        record |= class_record(classes, cell.shares, cell.spread, cell.between)
    if cell.descriptors:
        record["descriptors"] = cell.descriptors
    record["nearest"] = None if cell.nearest is None else cell.nearest.to_dict()
    return record


def class_record(
    classes: Sequence[str], shares: np.ndarray, spread: np.ndarray, between: np.ndarray | None = None
) -> dict[str, Any]:
    """Return the classes of a cell as plain JSON values: class, probabilities, sd over draws, margin.

    Examples
    --------
    >>> found = class_record(["a", "b"], np.array([0.25, 0.75]), np.array([0.1, np.nan]))
    >>> found["class"], found["margin"], found["sd"]
    ('b', 0.5, {'a': 0.1, 'b': None})
    """
    order = np.argsort(-shares, kind="stable")
    record = {
        "class": classes[int(order[0])],
        "probabilities": {name: _number(p) for name, p in zip(classes, shares, strict=True)},
        "sd": {name: _number(s) for name, s in zip(classes, spread, strict=True)},
        "margin": _number(shares[order[0]] - shares[order[1]]),
    }
    if between is not None:
        record["between_models_sd"] = {n: _number(s) for n, s in zip(classes, between, strict=True)}
    return record


def class_summary(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of class probabilities over draws, each of shape (classes,).

    The deviation of a single draw is NaN. It says how much images of one condition differ, and not how
    far the model can be trusted.
    """
    mean = probabilities.mean(axis=0)
    if len(probabilities) < 2:
        return mean, np.full(mean.shape, np.nan)
    return mean, probabilities.std(axis=0, ddof=1)


def window_record(window: Window, diagram: Diagram) -> dict[str, Any]:
    """Return a process window as plain JSON values, its best cell with all conditions."""
    content = window.to_dict()
    if window.best is not None:
        place = window.best["row"] * diagram.x.count + window.best["column"]
        content["best"] = window.best | {"conditions": diagram.cells[place].conditions}
    return content


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
