"""Can the conditions be read from the images? A regression that has seen real images only.

If a generator follows its conditions, a regression trained on real images reads from a synthetic
image the condition it was made for, as well as from a real one.
"""

from dataclasses import dataclass

import numpy as np

from .halves import Side
from .matching import Conditions
from .space import Space

PENALTIES = tuple(10.0**k for k in range(-2, 6))
"""Ridges tried; the one with the least error on images left out one at a time is taken."""


@dataclass(frozen=True, eq=False)
class Reader:
    """Ridge regression of the conditions on descriptors and persistence components."""

    names: tuple[str, ...]
    """Conditions that are numbers and vary."""
    centre: np.ndarray
    """Mean of the coordinates."""
    scale: np.ndarray
    """Their standard deviation."""
    rule: np.ndarray
    """Coefficients, shape (d, conditions)."""
    constant: np.ndarray
    """Mean of each condition."""

    @classmethod
    def fit(cls, images: Side, conditions: Conditions, space: Space) -> "Reader | None":
        """Return the regression of some real images; None if no condition is a number that varies."""
        names, targets = _targets(images, conditions)
        if not names:
            return None
        points = space.points(images.descriptors)
        centre, scale = points.mean(axis=0), points.std(axis=0)
        scale[scale == 0] = 1.0
        x = (points - centre) / scale
        constant = targets.mean(axis=0)
        return cls(names, centre, scale, ridge_regression(x, targets - constant), constant)

    def score(self, images: Side, conditions: Conditions, space: Space) -> dict[str, float]:
        """Return ``read_back.<condition>.r2``: how well the conditions of other images are read.

        Parameters
        ----------
        images : Side
            Real or synthetic images.
        conditions : Conditions
            Those of the comparison.
        space : Space
            As for the fit.
        """
        names, targets = _targets(images, conditions)
        points = (space.points(images.descriptors) - self.centre) / self.scale
        read = points @ self.rule + self.constant
        found = {}
        for place, name in enumerate(self.names):
            truth = targets[:, names.index(name)] if name in names else np.zeros(0)
            total = float(((truth - truth.mean()) ** 2).sum()) if len(truth) else 0.0
            rest = float(((truth - read[:, place]) ** 2).sum()) if total > 0 else 0.0
            found[f"read_back.{name}.r2"] = 1 - rest / total if total > 0 else float("nan")
        return found


def ridge_regression(x: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Fit centred targets with the ridge that predicts rows left out best.

    Parameters
    ----------
    x : ndarray of float, shape (n, d)
        Standardised coordinates.
    targets : ndarray of float, shape (n, k)
        Centred numbers to predict.

    Returns
    -------
    ndarray of float64, shape (d, k)
        Coefficients.

    Examples
    --------
    >>> x = np.array([[-1.0], [0.0], [1.0]])
    >>> ridge_regression(x, 2 * x).round(1).tolist()
    [[2.0]]
    """
    left, sizes, right = np.linalg.svd(x, full_matrices=False)
    turned = left.T @ targets
    best, rule = np.inf, np.zeros((x.shape[1], targets.shape[1]))
    for penalty in PENALTIES:
        shrunk = sizes**2 / (sizes**2 + penalty)
        # Diagonal of the hat matrix, with the constant that centring took away.
        leverage = (left**2 * shrunk).sum(axis=1) + 1 / len(x)
        rest = (targets - left @ (shrunk[:, None] * turned)) / np.maximum(1 - leverage, 1e-9)[:, None]
        error = float((rest**2).sum())
        if error < best:
            best = error
            rule = right.T @ ((sizes / (sizes**2 + penalty))[:, None] * turned)
    return rule


def _targets(images: Side, conditions: Conditions) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the conditions that are numbers and vary, on their declared scales, one row per image."""
    table = conditions.table
    columns = {
        c.name: c.forward(table[c.name])[images.condition] for c in table.conditions if c.kind == "continuous"
    }
    varying = tuple(name for name, values in columns.items() if len(values) and np.ptp(values) > 0)
    empty = np.zeros((len(images), 0))
    return varying, np.stack([columns[name] for name in varying], axis=1) if varying else empty
