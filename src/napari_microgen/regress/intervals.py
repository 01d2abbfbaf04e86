"""How sure: intervals of coefficients by the bootstrap, of predictions by the jackknife+."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .linear import RANK_TOLERANCE
from .subsets import every_subset

_CHUNK = 4_000_000
MAX_SCAN = 30_000_000
"""Fits times rows the scan over all subsets may cost; larger tables get fewer resamples."""


def resampled_weights(rows: int, resamples: int, seed: int) -> np.ndarray:
    """Return how often each row is drawn in each bootstrap resample, shape (resamples, rows)."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(rows, np.full(rows, 1 / rows), size=resamples).astype(float)


def bootstrap_coefficients(features: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the coefficients of each resample, per standard deviation of the original rows.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        Features of one model.
    target : ndarray, shape (n,)
        The property.
    weights : ndarray, shape (b, n)
        How often each row counts (see `resampled_weights`).

    Returns
    -------
    ndarray, shape (b, k)
        NaN for a resample that does not determine them.
    """
    rows, count = features.shape
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    root = np.sqrt(weights)
    design = np.concatenate([np.ones((rows, 1)), standard], axis=1)
    step = max(1, _CHUNK // design.size)
    parts = [_coefficients(design, target, root[at : at + step]) for at in range(0, len(root), step)]
    return np.concatenate(parts) if parts else np.zeros((0, count))


def _coefficients(design: np.ndarray, target: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Return the coefficients without the constant, one fit per row of root weights."""
    orthogonal, triangle = np.linalg.qr(design * root[..., None])
    coefficients = np.full((len(root), design.shape[1] - 1), np.nan)
    if triangle.shape[1] < triangle.shape[2]:
        return coefficients
    diagonal = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
    length = np.linalg.norm(triangle, axis=1)
    enough = (diagonal > RANK_TOLERANCE * length).all(axis=1)
    right = np.einsum("bnj,bn->bj", orthogonal[enough], root[enough] * target)
    coefficients[enough] = np.linalg.solve(triangle[enough], right[..., None])[:, 1:, 0]
    return coefficients


def percentile_interval(samples: np.ndarray, level: float = 0.95) -> tuple[float, float] | None:
    """Return the central interval of bootstrap samples; None if under half of them are determined.

    Examples
    --------
    >>> percentile_interval(np.arange(1001.0), level=0.5)
    (250.0, 750.0)
    """
    known = samples[np.isfinite(samples)]
    if known.size < max(2, samples.size / 2):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass
class Stability:
    """How the ranking of the subsets holds when the rows are drawn again."""

    resamples: int
    """Resamples that determined at least one subset."""
    wins: dict[tuple[int, ...], float] = field(default_factory=dict)
    """Share of resamples in which a subset was the best, largest first."""
    inclusion: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """Share of resamples whose best subset holds a feature, shape (k,)."""
    unseen_rmse: float | None = None
    """Median error of the best subset on the rows its resample did not draw."""


def selection_stability(
    features: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray,
    *,
    smallest: int = 2,
    largest: int | None = None,
) -> Iterator[int | Stability]:
    """Choose the best subset in every resample.

    Yields
    ------
    int
        Subsets done, while it works; the last item is the `Stability`.
    """
    best = np.full(len(weights), np.inf)
    unseen = np.full(len(weights), np.nan)
    chosen = np.full(len(weights), -1)
    names: list[tuple[int, ...]] = []
    subsets = every_subset(features, target, weights, smallest=smallest, largest=largest)
    for index, subset in enumerate(subsets):
        names.append(subset.columns)
        squares = subset.left_out**2
        inner = np.sum(np.where(weights > 0, weights * squares, 0.0), axis=1) / weights.sum(axis=1)
        better = inner < best
        best[better], chosen[better] = inner[better], index
        out = np.where(weights > 0, 0.0, squares).sum(axis=1) / np.maximum((weights == 0).sum(axis=1), 1)
        unseen[better] = np.where((weights == 0).any(axis=1), np.sqrt(out), np.nan)[better]
        yield index + 1
    decided = chosen >= 0
    result = Stability(int(decided.sum()), inclusion=np.zeros(features.shape[1]))
    for index in np.unique(chosen[decided]):
        share = float(np.mean(chosen[decided] == index))
        result.wins[names[index]] = share
        result.inclusion[list(names[index])] += share
    result.wins = dict(sorted(result.wins.items(), key=lambda item: -item[1]))
    if np.isfinite(unseen).any():
        result.unseen_rmse = float(np.nanmedian(unseen))
    yield result


def affordable_resamples(asked: int, rows: int, subsets: int) -> int:
    """Return how many resamples the scan over all subsets may take, at least 50 unless fewer are asked."""
    return min(asked, max(50, MAX_SCAN // max(1, rows * subsets)))


def jackknife_plus(
    predictions: np.ndarray, residuals: np.ndarray, level: float
) -> tuple[float, float] | None:
    """Return a prediction interval that needs no assumption on the noise (Barber et al. 2021).

    Parameters
    ----------
    predictions : ndarray, shape (n,)
        What the models fitted without row i predict for the new sample.
    residuals : ndarray, shape (n,)
        The errors of those models on row i.
    level : float
        Nominal coverage, such as 0.9. Guaranteed is at least ``2 * level - 1`` for rows drawn
        alike; in practice it is close to ``level``.

    Returns
    -------
    (float, float) or None
        None if there are too few rows for this level: n must reach level / (1 - level).

    Examples
    --------
    >>> jackknife_plus(np.full(9, 5.0), np.arange(1.0, 10.0), 0.9)
    (-4.0, 14.0)
    """
    size = np.abs(residuals)
    rank = math.ceil(round(level * (len(size) + 1), 9))
    if rank > len(size):
        return None
    low = -np.sort(-(predictions - size))[rank - 1]
    high = np.sort(predictions + size)[rank - 1]
    return float(low), float(high)
