"""Every subset of features at once: fits, leave-one-out errors and resamples of the rows.

The subsets form a tree in which each node adds one feature to its parent. Along a branch
the features are made orthogonal one after the other (Gram-Schmidt, twice for accuracy),
so a node costs one projection instead of one solve, and the leave-one-out errors follow
from the leverages. All weightings of the rows (resamples, folds) go through the tree
together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np

from ..errors import RegressionError
from .linear import RANK_TOLERANCE

MAX_FEATURES = 16
"""More candidates give over 65,000 subsets: any table of samples is then over-searched."""
_NO_FREEDOM = 1e-9


@dataclass(frozen=True)
class SubsetErrors:
    """What one subset of features gives, for every weighting of the rows."""

    columns: tuple[int, ...]
    """Columns of the features."""
    left_out: np.ndarray
    """Target minus the prediction made without this row (all its copies), shape (b, n). NaN where
    the rest of the rows does not determine the features."""
    fitted: np.ndarray
    """Target minus the prediction of the fit to the weighted rows, shape (b, n)."""


def count_subsets(features: int, smallest: int = 2, largest: int | None = None) -> int:
    """Return how many subsets there are.

    Examples
    --------
    >>> count_subsets(8)
    247
    """
    return sum(comb(features, size) for size in range(smallest, (largest or features) + 1))


def every_subset(
    features: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    smallest: int = 2,
    largest: int | None = None,
) -> Iterator[SubsetErrors]:
    """Fit every subset of the features by least squares with a constant.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        One row per sample.
    target : ndarray, shape (n,)
        The property.
    weights : ndarray, shape (b, n), optional
        How often each row counts, for b fits: ones for a plain fit, counts for a bootstrap
        resample, 0 for a row held out. One plain fit if left out.
    smallest, largest : int
        Sizes of the subsets; ``largest`` is all features if left out.

    Yields
    ------
    SubsetErrors
        One per subset, ordered as a tree: {0, 1}, {0, 1, 2}, ..., {0, 2}, ...

    Raises
    ------
    RegressionError
        If there are more candidates than `MAX_FEATURES`.

    Notes
    -----
    Deleting all w copies of a row changes its residual from e to e / (1 - w h), with h the
    leverage of one copy. For a row with weight 0 this is the error of a row never seen, so
    one array holds leave-one-out and out-of-sample errors.
    """
    features, target = np.asarray(features, float), np.asarray(target, float)
    rows, count = features.shape
    if count > MAX_FEATURES:
        raise RegressionError(
            f"{count} candidate features have {2**count} subsets; at most {MAX_FEATURES} can be searched. "
            f"Choose the features that may matter."
        )
    weights = np.ones((1, rows)) if weights is None else np.asarray(weights, float)
    total = weights.sum(axis=1, keepdims=True)
    centred = features - features.mean(axis=0)
    spread = np.abs(centred).max(axis=0)
    centred = centred / np.where(spread > 0, spread, 1.0)
    root = _Node(
        basis=np.broadcast_to(1 / np.sqrt(total), weights.shape)[None],
        residual=target - (weights @ target)[:, None] / total,
        leverage=np.broadcast_to(1 / total, weights.shape),
    )
    yield from _descend(root, (), centred, weights, smallest, largest or count)


@dataclass(frozen=True)
class _Node:
    basis: np.ndarray  # (depth, b, n), orthonormal under the weights
    residual: np.ndarray  # (b, n)
    leverage: np.ndarray  # (b, n)


def _descend(
    node: _Node,
    chosen: tuple[int, ...],
    columns: np.ndarray,
    weights: np.ndarray,
    smallest: int,
    largest: int,
) -> Iterator[SubsetErrors]:
    for column in range(chosen[-1] + 1 if chosen else 0, columns.shape[1]):
        subset = (*chosen, column)
        if len(chosen) + columns.shape[1] - column < smallest:
            return
        child = _with(node, columns[:, column], weights)
        if len(subset) >= smallest:
            yield SubsetErrors(subset, _deleted(child, weights), child.residual)
        if len(subset) < largest:
            yield from _descend(child, subset, columns, weights, smallest, largest)


def _with(node: _Node, values: np.ndarray, weights: np.ndarray) -> _Node:
    """Return the node with one more feature; where it adds nothing new, the result is NaN."""
    vector = np.broadcast_to(values, weights.shape)
    before = np.einsum("bn,bn->b", weights, vector**2)
    vector = vector - np.einsum("bn,bn->b", weights, vector)[:, None] * node.basis[0] ** 2
    size = np.sqrt(np.einsum("bn,bn->b", weights, vector**2))
    weighted = node.basis * weights
    for _ in range(2):
        shares = np.einsum("dbn,bn->db", weighted, vector)
        vector = vector - np.einsum("db,dbn->bn", shares, node.basis)
    left = np.sqrt(np.einsum("bn,bn->b", weights, vector**2))
    new = (left > RANK_TOLERANCE * size) & (size > 1e-12 * np.sqrt(before))
    direction = vector / np.where(new, left, np.nan)[:, None]
    gain = np.einsum("bn,bn,bn->b", weights, direction, node.residual)
    return _Node(
        np.concatenate([node.basis, direction[None]]),
        node.residual - gain[:, None] * direction,
        node.leverage + direction**2,
    )


def _deleted(node: _Node, weights: np.ndarray) -> np.ndarray:
    freedom = 1 - weights * node.leverage
    return np.asarray(node.residual / np.where(freedom > _NO_FREEDOM, freedom, np.nan))
