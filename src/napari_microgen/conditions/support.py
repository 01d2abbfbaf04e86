"""Where asked-for conditions lie among the known ones: seen, interpolated, gap or extrapolated."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from ..errors import ModelFileError, TableError
from .scaling import Scaler
from .table import ConditionTable

FLAGS = ("seen", "interpolated", "gap", "extrapolated")
"""``seen``: equal to a known condition. ``interpolated``: inside the convex hull of the known conditions
and near one. ``gap``: inside the hull, but farther from any than known ones are from each other.
``extrapolated``: outside the hull."""

SEEN = 1e-6
"""Scaled distance below which two conditions are the same."""
_ON_HULL = 1e-9


@dataclass(frozen=True)
class PointSupport:
    """Support of one asked-for condition."""

    flag: str
    """One of `FLAGS`."""
    distance: float
    """Scaled distance to the nearest known condition of the same labels; inf if there is none."""
    ratio: float
    """That distance over the 95th percentile of nearest distances among the known conditions."""
    nearest: str
    """Image of the nearest known condition; empty if there is none."""
    hull_distance: float
    """Scaled distance to the convex hull; 0 inside; inf if no known condition has the same labels."""
    out_of_range: tuple[str, ...]
    """Conditions outside the range of their known values, or with labels never seen."""


@dataclass(frozen=True, eq=False)
class Support:
    """The known conditions of a training, ready to say where others lie among them.

    Numbers are scaled to 0 to 1 on their declared scales. The hull is that of the known conditions
    with the same labels; a condition that was constant must be the same.

    Examples
    --------
    >>> table = ConditionTable.from_columns({"T": [0, 100, 0, 100], "p": [0, 0, 1, 1]})
    >>> [s.flag for s in table.support().of([{"T": 0, "p": 1}, {"T": 50, "p": 0.5}, {"T": 50, "p": 2}])]
    ['seen', 'interpolated', 'extrapolated']
    """

    scaler: Scaler
    """Min-max scaler of the known conditions."""
    points: np.ndarray
    """Scaled numbers of the distinct known conditions, shape (points, continuous conditions)."""
    labels: tuple[tuple[str, ...], ...]
    """Their labels, one tuple per point."""
    images: tuple[str, ...]
    """First image of each."""
    reference: float
    """95th percentile of nearest distances among them."""

    @classmethod
    def fit(cls, table: ConditionTable) -> Self:
        """Return the support of a table; rows with missing values give none.

        Raises
        ------
        TableError
            If no row is complete.
        """
        if not table.complete.any():
            raise TableError("Every row lacks a condition, so there is nothing to support others.")
        distinct = table.select(table.complete).distinct()
        scaler = Scaler.fit(distinct, "minmax")
        points, labels = _points(scaler, distinct)
        return cls(scaler, points, labels, distinct.images, _reference(points, labels))

    def of(self, rows: ConditionTable | Sequence[Mapping[str, Any]]) -> list[PointSupport]:
        """Return the support of each asked-for condition.

        Raises
        ------
        TableError
            If names do not fit or a value is missing.
        """
        table = rows if isinstance(rows, ConditionTable) else self.scaler.table(rows)
        if not table.complete.all():
            image = table.images[int(np.argmin(table.complete))]
            raise TableError(f"A condition of {image} is missing, so its support cannot be told.")
        points, labels = _points(self.scaler, table)
        outside = [self._out_of_range(table, row) for row in range(len(table))]
        return [self._one(*query) for query in zip(points, labels, outside, strict=True)]

    def flags(self, rows: ConditionTable | Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the flag of each asked-for condition."""
        return [support.flag for support in self.of(rows)]

    def _one(self, point: np.ndarray, labels: tuple[str, ...], outside: tuple[str, ...]) -> PointSupport:
        alike = self._alike.get(labels)
        if alike is None:
            return PointSupport("extrapolated", math.inf, math.inf, "", math.inf, outside)
        known = self.points[alike]
        distances = np.linalg.norm(known - point, axis=1)
        closest = int(np.argmin(distances))
        distance = float(distances[closest])
        ratio = distance / self.reference if self.reference > 0 else (math.inf if distance > SEEN else 0.0)
        nearest = self.images[int(alike[closest])]
        if distance < SEEN:
            return PointSupport("seen", distance, ratio, nearest, 0.0, outside)
        from_hull = distance_to_hull(point, known)
        if from_hull > _ON_HULL:
            return PointSupport("extrapolated", distance, ratio, nearest, from_hull, outside)
        return PointSupport("interpolated" if ratio <= 1 else "gap", distance, ratio, nearest, 0.0, outside)

    @cached_property
    def _alike(self) -> dict[tuple[str, ...], np.ndarray]:
        groups: dict[tuple[str, ...], list[int]] = {}
        for place, labels in enumerate(self.labels):
            groups.setdefault(labels, []).append(place)
        return {labels: np.array(places) for labels, places in groups.items()}

    def _out_of_range(self, table: ConditionTable, row: int) -> tuple[str, ...]:
        names = []
        for part in self.scaler.parts:
            value = table[part.condition.name][row]
            if part.categories:
                inside = str(value) in part.categories
            else:
                slack = 1e-9 * max(abs(part.low or 0.0), abs(part.high or 0.0))
                inside = (part.low or 0.0) - slack <= value <= (part.high or 0.0) + slack
            if not inside:
                names.append(part.condition.name)
        return tuple(names)

    def to_dict(self) -> dict[str, Any]:
        """Return the support as plain JSON values, for a model card."""
        return {
            "scaler": self.scaler.to_dict(),
            "points": self.points.tolist(),
            "labels": [list(labels) for labels in self.labels],
            "images": list(self.images),
            "reference": self.reference,
        }

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Read what `to_dict` gives.

        Raises
        ------
        ModelFileError
            If it is not such a support.
        """
        try:
            scaler = Scaler.from_dict(content["scaler"])
            numbers = sum(not part.categories for part in scaler.parts)
            labels = tuple(tuple(map(str, entry)) for entry in content["labels"])
            images = tuple(map(str, content["images"]))
            points = np.array(content["points"], float).reshape(len(images), numbers)
            reference = float(content["reference"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"The known conditions of the model are damaged: {error}.") from None
        widths = {len(entry) for entry in labels}
        fits = len(labels) == len(images) > 0 and widths == {len(scaler.parts) - numbers}
        if not fits or not np.isfinite(points).all() or not math.isfinite(reference) or reference < 0:
            raise ModelFileError("The known conditions of the model do not fit together.")
        return cls(scaler, points, labels, images, reference)


def distance_to_hull(point: np.ndarray, known: np.ndarray) -> float:
    """Return the distance of a point to the convex hull of others, by non-negative least squares.

    Works in any number of dimensions and for flat or repeated points (Lawson and Hanson, Solving
    Least Squares Problems, 1995, chapter 23).

    Parameters
    ----------
    point : ndarray, shape (d,)
        Where.
    known : ndarray, shape (n, d)
        Points of the hull.

    Examples
    --------
    >>> round(distance_to_hull(np.array([2.0, 0.5]), np.array([[0.0, 0.0], [1, 0], [0, 1], [1, 1]])), 9)
    1.0
    """
    from scipy.optimize import nnls

    shifted = np.vstack([(known - point).T, np.ones(len(known))])
    target = np.zeros(len(shifted))
    target[-1] = 1.0
    weights, _ = nnls(shifted, target, maxiter=100 * len(known))
    return float(np.linalg.norm(shifted[:-1] @ (weights / weights.sum())))


def interior(table: ConditionTable) -> dict[str, bool]:
    """Return for each condition whether it lies inside the hull of all others.

    Leaving such a condition out asks a model to interpolate; leaving another out, to extrapolate.

    Returns
    -------
    dict of bool
        By name of the condition, as `ConditionTable.groups` gives it.
    """
    table = table.select(table.complete).distinct()
    points, labels = _points(Scaler.fit(table, "minmax"), table)
    alike = [np.array([other == own for other in labels]) for own in labels]
    inside = []
    for place, mask in enumerate(alike):
        mask[place] = False
        inside.append(bool(mask.any()) and distance_to_hull(points[place], points[mask]) <= _ON_HULL)
    return dict(zip(table.groups("condition")[1], inside, strict=True))


def _points(scaler: Scaler, table: ConditionTable) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """Return the scaled numbers and the labels of each row."""
    numbers = [part for part in scaler.parts if not part.categories]
    texts = [table[part.condition.name] for part in scaler.parts if part.categories]
    columns = [
        (part.condition.forward(table[part.condition.name]) - part.centre) / part.span for part in numbers
    ]
    points = np.stack(columns, axis=1) if columns else np.zeros((len(table), 0))
    return points, tuple(tuple(str(text[row]) for text in texts) for row in range(len(table)))


def _reference(points: np.ndarray, labels: tuple[tuple[str, ...], ...]) -> float:
    nearest = []
    for place, own in enumerate(labels):
        alike = np.array([other == own for other in labels])
        alike[place] = False
        if alike.any():
            nearest.append(np.linalg.norm(points[alike] - points[place], axis=1).min())
    return float(np.quantile(nearest, 0.95)) if nearest else 0.0
