"""Vicinal training in several dimensions: a condition is learned from images of its neighbours too.

A target lies at a small random distance from a training condition, and its image comes
from one of the conditions nearest to it. So the generator learns to fill the space
between the conditions that were measured. The published methods for continuous labels
(Ding et al. 2021) do this for one number; here distances are measured in a metric over
all numbers, within one combination of labels.
"""

from dataclasses import dataclass

import numpy as np

from ..conditions import ConditionTable, Scaler
from .training_set import TrainingSet

ENOUGH = 20
"""Separate patches a neighbour must offer."""


@dataclass(frozen=True, eq=False)
class Vicinity:
    """Draws targets around training conditions and the images that stand for them."""

    points: np.ndarray
    """Numbers of the distinct conditions on the scale of the encoding, shape (conditions, numbers)."""
    rows: tuple[np.ndarray, ...]
    """Rows of the table of each distinct condition."""
    columns: np.ndarray
    """Columns of the encoding that hold these numbers."""
    root: np.ndarray
    """Matrix L with L L' = inverse of the metric: turns unit noise into steps."""
    whiten: np.ndarray
    """Matrix that turns differences into vectors whose length is their distance."""
    near: tuple[np.ndarray, ...]
    """Nearest conditions that may lend an image, itself first."""
    reach: np.ndarray
    """Distance of each condition to its nearest neighbour; 0 if it has none."""
    width: float
    """Standard deviation of a step over that distance (h)."""

    def draw(
        self, count: int, encoded: np.ndarray, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows of the table and the targets they stand for.

        Parameters
        ----------
        count : int
            How many.
        encoded : ndarray, shape (rows of the table, width)
            Encoded conditions of the table.
        random : Generator
            Where all randomness comes from.

        Returns
        -------
        rows : ndarray of int, shape (count,)
        targets : ndarray of float32, shape (count, width)
        """
        rows, targets = np.empty(count, int), np.empty((count, encoded.shape[1]), np.float32)
        for place, own in enumerate(random.integers(len(self.points), size=count)):
            candidates = self.rows[own]
            row = int(candidates[random.integers(len(candidates))])
            target = encoded[row].copy()
            reach = self.width * self.reach[own]
            if reach > 0:
                target[self.columns] = self.points[own] + reach * (
                    self.root @ random.standard_normal(len(self.columns))
                )
                lender = self._lender(int(own), target[self.columns], reach, random)
                if lender != own:
                    row = int(self.rows[lender][random.integers(len(self.rows[lender]))])
            rows[place], targets[place] = row, target
        return rows, targets

    def _lender(self, own: int, target: np.ndarray, reach: float, random: np.random.Generator) -> int:
        near = self.near[own]
        distances = np.linalg.norm((self.points[near] - target) @ self.whiten, axis=1)
        chances = np.exp(-(distances**2 - distances.min() ** 2) / (2 * reach**2))
        return int(near[random.choice(len(near), p=chances / chances.sum())])


def vicinity(
    data: TrainingSet,
    scaler: Scaler,
    encoded: np.ndarray,
    *,
    width: float = 0.3,
    neighbours: int = 4,
    metric: np.ndarray | None = None,
) -> Vicinity:
    """Return the vicinity of the conditions of a training set.

    Parameters
    ----------
    data : TrainingSet
        Images and conditions.
    scaler : Scaler
        Scale of the encoding.
    encoded : ndarray, shape (rows, width)
        The encoded table.
    width : float
        Size of a step over the distance to the nearest condition; 0 switches it off.
    neighbours : int
        Conditions that may lend an image, the own one included.
    metric : ndarray, shape (numbers,), optional
        Weight of each number in a squared distance, such as `inverse_squared_lengths`; the
        Mahalanobis metric if left out.
    """
    table = data.table
    group, names = table.groups("condition")
    rows = tuple(np.flatnonzero(group == number) for number in range(len(names)))
    first = np.array([members[0] for members in rows])
    columns = number_columns(scaler)
    points = encoded[first][:, columns].astype(float)
    root, whiten = _mahalanobis(points)
    if metric is not None and len(metric) == len(columns):
        root, whiten = np.diag(metric**-0.5), np.diag(metric**0.5)
    labels = _labels(table, first)
    complete = table.complete[first]
    patches = np.array([sum(data.patches_of(int(row)) for row in members) for members in rows])
    near, reach = [], np.zeros(len(rows))
    for own in range(len(rows)):
        distances = np.linalg.norm((points - points[own]) @ whiten, axis=1)
        alike = (labels == labels[own]) & complete & (distances > 1e-9)
        alike[own] = False
        if not complete[own] or not alike.any():
            near.append(np.array([own]))
            continue
        reach[own] = distances[alike].min()
        others = np.flatnonzero(alike & (patches >= ENOUGH))
        closest = others[np.argsort(distances[others], kind="stable")][: neighbours - 1]
        near.append(np.concatenate([[own], closest]).astype(int))
    return Vicinity(points, rows, columns, root, whiten, tuple(near), reach, width)


def number_columns(scaler: Scaler) -> np.ndarray:
    """Return the columns of the encoding that hold numbers which were not all the same."""
    columns, place = [], 0
    for part in scaler.parts:
        if not part.categories and not part.constant:
            columns.append(place)
        place += part.width
    return np.array(columns, int)


def _labels(table: ConditionTable, rows: np.ndarray) -> np.ndarray:
    """Return a number for each combination of labels."""
    texts = [table[c.name][rows] for c in table.conditions if c.kind == "categorical"]
    if not texts:
        return np.zeros(len(rows), int)
    ids = np.stack([np.unique(text, return_inverse=True)[1].reshape(-1) for text in texts], 1)
    return np.unique(ids, axis=0, return_inverse=True)[1].reshape(-1)


def _mahalanobis(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return L with L L' = covariance of the conditions, shrunk to its diagonal, and the whitening matrix."""
    if not points.size:
        return np.zeros((0, 0)), np.zeros((0, 0))
    covariance = np.atleast_2d(np.cov(points, rowvar=False, bias=True))
    spread = np.diag(np.maximum(np.diag(covariance), 1e-6))
    covariance = 0.5 * covariance + 0.5 * spread
    root = np.linalg.cholesky(covariance)
    return root, np.linalg.inv(root).T
