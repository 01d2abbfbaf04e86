"""Which experiment would tell most about wanted conditions: the one that shrinks their variance most.

Descriptors over the conditions are taken for a Gaussian process that knows the training conditions.
Its variance depends on where experiments are, not on what they give, so it can be told before the
experiment how much of the variance at the wanted conditions it would take away.

References
----------
Cohn, Neural Networks 9 (1996) 1071 (experiments that reduce the expected variance most).
"""

from dataclasses import dataclass

import numpy as np

NOISE = 0.05
"""Variance of a measured descriptor over its variance between conditions."""


@dataclass(frozen=True)
class NextExperiment:
    """One proposed experiment."""

    place: int
    """Its place among the proposals."""
    reduction: float
    """Share of the mean variance at the wanted conditions that it would take away, 0 to 1."""


def next_experiments(
    known: np.ndarray,
    proposals: np.ndarray,
    wanted: np.ndarray,
    weights: np.ndarray,
    inverse_squared_lengths: np.ndarray,
    *,
    count: int = 3,
) -> list[NextExperiment]:
    """Return the experiments that reduce the variance at wanted conditions most, one after the other.

    Parameters
    ----------
    known : ndarray, shape (conditions, d)
        Where experiments were made.
    proposals : ndarray, shape (N, d)
        Where one could be made.
    wanted : ndarray, shape (M, d)
        Where the answer is needed.
    weights : ndarray, shape (M,)
        How much each of these counts.
    inverse_squared_lengths : ndarray, shape (d,)
        1 / length^2 over which descriptors change along each condition.
    count : int
        Experiments to propose; each supposes that the ones before it are made.

    Returns
    -------
    list of NextExperiment
        ``reduction`` of each is that of all up to it.

    Examples
    --------
    Between two known conditions the middle tells most about the middle.

    >>> line = np.linspace(0, 1, 11)[:, None]
    >>> (best,) = next_experiments(line[[0, 10]], line, line[[5]], np.ones(1), np.array([16.0]), count=1)
    >>> best.place, best.reduction > 0.8
    (5, True)
    """
    lengths = np.asarray(inverse_squared_lengths, float)
    done = np.asarray(known, float)
    start = _mean_variance(done, wanted, weights, lengths)
    found: list[NextExperiment] = []
    for _ in range(min(count, len(proposals))):
        covariance, own = _posterior(done, proposals, wanted, lengths)
        gain = (weights[:, None] * covariance**2).sum(0) / (own + NOISE)
        for earlier in found:
            gain[earlier.place] = -np.inf
        best = int(np.argmax(gain))
        done = np.vstack([done, proposals[best : best + 1]])
        left = _mean_variance(done, wanted, weights, lengths)
        found.append(NextExperiment(best, float(np.clip(1 - left / start, 0, 1)) if start > 0 else 0.0))
    return found


def kernel(one: np.ndarray, other: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the covariance of a smooth process of variance 1 between two sets of points."""
    squared = ((one[:, None] - other[None]) ** 2 * lengths).sum(-1)
    values: np.ndarray = np.exp(-0.5 * squared)
    return values


def _posterior(
    known: np.ndarray, proposals: np.ndarray, wanted: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return covariances of wanted with proposals and variances of proposals, the known ones given."""
    precision = np.linalg.inv(kernel(known, known, lengths) + (NOISE + 1e-9) * np.eye(len(known)))
    from_wanted, from_proposals = kernel(wanted, known, lengths), kernel(proposals, known, lengths)
    covariance = kernel(wanted, proposals, lengths) - from_wanted @ precision @ from_proposals.T
    own = 1 - np.einsum("ij,jk,ik->i", from_proposals, precision, from_proposals)
    return covariance, np.maximum(own, 0)


def _mean_variance(known: np.ndarray, wanted: np.ndarray, weights: np.ndarray, lengths: np.ndarray) -> float:
    _, own = _posterior(known, wanted, wanted, lengths)
    return float((weights * own).sum() / weights.sum())
