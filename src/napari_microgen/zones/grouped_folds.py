"""Folds that tear no micrograph apart and give every fold its share of each class."""

from collections.abc import Sequence

import numpy as np

from ..errors import TableError


def grouped_folds(groups: np.ndarray, labels: np.ndarray, folds: int, seed: int = 0) -> np.ndarray:
    """Return the fold of each row; rows of one group are in one fold.

    Groups are dealt out in random order, the rarest class first, each to the fold where its classes
    are most lacking.

    Parameters
    ----------
    groups : ndarray of int, shape (rows,)
        What must stay together, such as the micrograph.
    labels : ndarray of int, shape (rows,)
        Class of each row.
    folds : int
        How many, at least 2.
    seed : int
        The same seed gives the same folds.

    Returns
    -------
    ndarray of int, shape (rows,)
        From 0 to ``folds`` - 1.

    Raises
    ------
    TableError
        If there are fewer groups than folds.

    Examples
    --------
    >>> grouped_folds(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0]), 2).tolist()
    [0, 0, 1, 1]
    """
    names = np.unique(groups)
    if folds < 2 or len(names) < folds:
        raise TableError(
            f"There are {len(names)} groups for {folds} folds; every fold needs at least one. "
            f"Take fewer folds (at least 2), or group by something finer."
        )
    classes = int(labels.max()) + 1
    counts = np.array([np.bincount(labels[groups == name], minlength=classes) for name in names])
    total = counts.sum(0)
    order = np.random.default_rng(seed).permutation(len(names))
    rarest = [min(total[counts[n] > 0]) for n in order]
    target = total / folds
    held, sizes = np.zeros((folds, classes)), np.zeros(folds)
    fold_of = np.zeros(len(names), int)
    for number in order[np.argsort(rarest, kind="stable")]:
        excess = ((held + counts[number]) / np.maximum(target, 1e-9))[:, counts[number] > 0].sum(1)
        best = min(range(folds), key=lambda fold: (round(excess[fold], 9), sizes[fold]))
        fold_of[number] = best
        held[best] += counts[number]
        sizes[best] += counts[number].sum()
    empty = set(range(folds)) - set(fold_of.tolist())
    for fold in sorted(empty):
        largest = np.bincount(fold_of, minlength=folds).argmax()
        fold_of[np.flatnonzero(fold_of == largest)[0]] = fold
    found: np.ndarray = fold_of[np.searchsorted(names, groups)]
    return found


def lonely(groups: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the classes that occur in one group only: left out, they are never learned."""
    return [name for number, name in enumerate(classes) if len(np.unique(groups[labels == number])) < 2]
