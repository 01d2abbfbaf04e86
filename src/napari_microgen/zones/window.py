"""The process window: where everything that is asked holds at once, its best cell, and how safe that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import ParameterError, ShapeMismatchError
from .constraints import Demand
from .outline import largest_region, rings, steps_inside


@dataclass(frozen=True, eq=False)
class Window:
    """The largest connected set of cells in which all demands are met; it may be empty."""

    cells: np.ndarray
    """Cells of the window, bool, shape (R, C)."""
    passed: np.ndarray
    """All cells in which they are met, the smaller regions included."""
    polygon: list[list[tuple[float, float]]]
    """Its border in the units of the axes, (x, y); the outer ring first, holes after it."""
    corners: list[np.ndarray]
    """The same rings as (row, column) of cell corners."""
    area: float
    """Its area in unit of x times unit of y."""
    share: float
    """Its share of the cells."""
    best: dict[str, Any] | None
    """``row``, ``column``, ``x``, ``y``, ``steps`` to the border and ``safety`` (see `process_window`)."""
    counts: dict[str, int]
    """Cells that fulfil each demand by itself."""
    emptied_by: str = ""
    """Which demand left no cell, in words; empty if there is a window."""
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the window as plain JSON values; cells as [row, column]."""
        return {
            "cells": np.argwhere(self.cells).tolist(),
            "polygon": [[list(point) for point in ring] for ring in self.polygon],
            "area": self.area,
            "share": round(self.share, 6),
            "best": self.best,
            "constraints": self.counts,
            "emptied_by": self.emptied_by,
            "notes": list(self.notes),
        }


def process_window(
    demands: Sequence[Demand],
    x: np.ndarray,
    y: np.ndarray,
    *,
    x_edges: np.ndarray | None = None,
    y_edges: np.ndarray | None = None,
    names: tuple[str, str] = ("x", "y"),
    direction: Sequence[str] = (),
) -> Window:
    """Return the largest connected set of cells in which every demand is met, and its best cell.

    Parameters
    ----------
    demands : sequence of Demand
        What is asked; see `class_demand`, `range_demands` and `support_demand`.
    x : ndarray, shape (C,)
        Value of the condition on the x axis in each column, ascending.
    y : ndarray, shape (R,)
        Value of the condition on the y axis in each row, ascending.
    x_edges, y_edges : ndarray, shape (C + 1,) and (R + 1,), optional
        Borders of the cells; midway between the values, and the first and last value, if left out.
    names : (str, str)
        Names of the conditions.
    direction : sequence of str
        ``max NAME`` or ``min NAME``, the most important first, such as ``max aluminium`` then
        ``max temperature``. Left out: the cell that is farthest from the border.

    Returns
    -------
    Window
        ``best["safety"]`` says for each condition how far it can fall and rise from the best cell
        before the window is left (to the border of the last cell inside), and what stops it:
        ``{name: {"down": number, "up": number, "down_stopped_by": [...], "up_stopped_by": [...]}}``.

    Raises
    ------
    ShapeMismatchError
        If a demand has another shape than the axes.
    ParameterError
        If there is no demand, or the direction names no axis.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    shape = (len(y), len(x))
    _require(demands, shape)
    wanted = _directions(direction, names)
    edges = (_edges(y, y_edges), _edges(x, x_edges))
    passed = np.all([demand.passed for demand in demands], axis=0)
    counts = {demand.text: int(np.count_nonzero(demand.passed)) for demand in demands}
    if not passed.any():
        nothing = np.zeros(shape, bool)
        return Window(nothing, passed, [], [], 0.0, 0.0, None, counts, emptied_by(demands))
    cells = largest_region(passed)
    area = float((cells * np.diff(edges[0])[:, None] * np.diff(edges[1])[None]).sum())
    corners = rings(cells)
    polygon = [[(float(edges[1][c]), float(edges[0][r])) for r, c in ring] for ring in corners]
    depth = steps_inside(cells)
    row, column = _best(cells, depth, x, y, wanted)
    best = {
        "row": row,
        "column": column,
        "x": float(x[column]),
        "y": float(y[row]),
        "steps": int(depth[row, column]),
        "safety": _safety(demands, cells, row, column, x, y, edges, names),
    }
    notes = []
    left_out = int(passed.sum() - cells.sum())
    if left_out:
        notes.append(f"{left_out} more cells fulfil everything, but are not connected with the window")
    return Window(cells, passed, polygon, corners, area, float(cells.mean()), best, counts, "", tuple(notes))


def emptied_by(demands: Sequence[Demand]) -> str:
    """Return which demand leaves no cell, in words: by itself, against all others, or only together."""
    alone = [demand.text for demand in demands if not demand.passed.any()]
    if alone:
        return f"no cell fulfils {' nor '.join(alone)}"
    without: Mapping[str, int] = {
        demand.text: int(np.all([t.passed for t in demands if t is not demand], axis=0).sum())
        for demand in demands
    }
    freed = max(without, key=lambda text: without[text])
    if without[freed]:
        cells = "cell fulfils" if without[freed] == 1 else "cells fulfil"
        return f"{freed}: {without[freed]} {cells} all the rest, and none of them this"
    return "no cell fulfils all, and leaving out any one constraint does not help: " + "; ".join(without)


def _require(demands: Sequence[Demand], shape: tuple[int, int]) -> None:
    if not demands:
        raise ParameterError("A process window needs at least one constraint, such as a class or a range.")
    for demand in demands:
        if demand.passed.shape != shape:
            raise ShapeMismatchError(
                f"{demand.text!r} is told for {demand.passed.shape} cells, and the axes have {shape}."
            )


def _directions(words: Sequence[str], names: tuple[str, str]) -> list[tuple[int, int]]:
    """Return (sign, axis) of each direction; axis 0 is x."""
    found = []
    for word in words:
        sign, _, name = word.strip().partition(" ")
        if sign not in ("max", "min") or name.strip() not in names:
            raise ParameterError(
                f"{word!r} is no direction; expected max NAME or min NAME with {names[0]} or {names[1]}."
            )
        found.append((1 if sign == "max" else -1, names.index(name.strip())))
    return found


def _edges(values: np.ndarray, edges: np.ndarray | None) -> np.ndarray:
    if (np.diff(values) <= 0).any():
        raise ParameterError("The values of an axis must ascend.")
    if edges is None:
        return np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, values[-1:]])
    edges = np.asarray(edges, float)
    if edges.shape != (len(values) + 1,) or (np.diff(edges) < 0).any():
        raise ShapeMismatchError(f"{len(values)} cells need {len(values) + 1} ascending edges.")
    return edges


def _best(
    cells: np.ndarray, depth: np.ndarray, x: np.ndarray, y: np.ndarray, wanted: list[tuple[int, int]]
) -> tuple[int, int]:
    rows, columns = np.nonzero(cells)
    keys = [sign * (x[columns] if axis == 0 else y[rows]) for sign, axis in wanted]
    keys.append(depth[rows, columns].astype(float))
    place = int(np.lexsort([-key for key in reversed(keys)])[0])
    return int(rows[place]), int(columns[place])


def _safety(
    demands: Sequence[Demand],
    cells: np.ndarray,
    row: int,
    column: int,
    x: np.ndarray,
    y: np.ndarray,
    edges: tuple[np.ndarray, np.ndarray],
    names: tuple[str, str],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values, borders, place, line in (
        (names[0], x, edges[1], column, lambda i: (row, i)),
        (names[1], y, edges[0], row, lambda i: (i, column)),
    ):
        entry: dict[str, Any] = {}
        for side, step in (("down", -1), ("up", 1)):
            last = place
            while 0 <= last + step < len(values) and cells[line(last + step)]:
                last += step
            border = borders[last + 1] if step > 0 else borders[last]
            entry[side] = float(abs(border - values[place]))
            beyond = last + step
            inside = 0 <= beyond < len(values)
            entry[f"{side}_stopped_by"] = (
                [t.text for t in demands if not t.passed[line(beyond)]] if inside else ["end of the diagram"]
            )
        found[name] = entry
    return found
