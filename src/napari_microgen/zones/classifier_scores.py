"""How often a classifier is right: accuracy, recall of each class, confusion."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def confusion(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return how many of each class (rows) were taken for each (columns), shape (classes, classes)."""
    counts: np.ndarray = np.bincount(labels * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def class_scores(labels: np.ndarray, shares: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Return the scores of predictions as plain values.

    Parameters
    ----------
    labels : ndarray of int, shape (N,)
        The classes.
    shares : ndarray, shape (N, classes)
        Probabilities.
    classes : sequence of str
        Their names.

    Returns
    -------
    dict
        ``count``, ``accuracy``, ``balanced_accuracy`` (mean recall of the classes that occur),
        ``recall`` and ``precision`` by class (None where undefined), ``confusion`` (rows: true class).

    Examples
    --------
    >>> scores = class_scores(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]]), ["a", "b"])
    >>> scores["accuracy"], scores["recall"], scores["confusion"]
    (0.6667, {'a': 0.5, 'b': 1.0}, [[1, 1], [0, 1]])
    """
    table = confusion(labels, shares.argmax(-1), len(classes))
    right, true, said = np.diag(table), table.sum(1), table.sum(0)
    recall = {n: _ratio(r, t) for n, r, t in zip(classes, right, true, strict=True)}
    precision = {n: _ratio(r, s) for n, r, s in zip(classes, right, said, strict=True)}
    known = [value for value in recall.values() if value is not None]
    return {
        "count": len(labels),
        "accuracy": _ratio(right.sum(), table.sum()),
        "balanced_accuracy": round(float(np.mean(known)), 4) if known else None,
        "recall": recall,
        "precision": precision,
        "confusion": table.tolist(),
    }


def by_group(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the mean row of each group, groups in ascending order."""
    _, place = np.unique(groups, return_inverse=True)
    sums = np.zeros((place.max() + 1, values.shape[1]))
    np.add.at(sums, place, values)
    means: np.ndarray = sums / np.bincount(place)[:, None]
    return means


def _ratio(part: float, whole: float) -> float | None:
    return round(float(part) / float(whole), 4) if whole else None
