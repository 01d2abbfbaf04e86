"""The law of latent vectors at each condition, from which an autoencoder generates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import ModelFileError
from ..progress import Progress, Steps
from .conditioning import Encoder
from .training_set import TrainingSet

Encode = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
PATCHES = 512
"""Patches per condition from which the law is learned."""
AT_ONCE = 8
"""Patches encoded at a time."""
NEAREST = 4
"""Conditions between which the law of an unseen one is interpolated."""


@dataclass(frozen=True, eq=False)
class LatentPrior:
    """A normal law of latent vectors per condition."""

    points: np.ndarray
    """Encoded conditions, shape (conditions, width)."""
    means: np.ndarray
    """Shape (conditions, latent)."""
    factors: np.ndarray
    """Standard deviations, shape (conditions, latent), or lower triangles L with L L' the covariance, shape
    (conditions, latent, latent)."""

    def vectors(self, encoded: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return a latent vector for each encoded condition and row of normal numbers.

        At a condition of the training this is its own law. In between, the mean is that of
        the nearest conditions, weighted by the inverse squared distance, and the spread that
        of the nearest one.
        """
        found = np.empty_like(noise, dtype=np.float32)
        for row, (where, drawn) in enumerate(zip(encoded, noise, strict=True)):
            squared = ((self.points - where) ** 2).sum(1)
            near = np.argsort(squared, kind="stable")[:NEAREST]
            weights = 1 / np.maximum(squared[near], 1e-9)
            weights = np.where(squared[near[0]] < 1e-9, near == near[0], weights / weights.sum())
            factor = self.factors[near[0]]
            spread = factor * drawn if factor.ndim == 1 else factor @ drawn
            found[row] = weights @ self.means[near] + spread
        return found

    def tensors(self) -> dict[str, np.ndarray]:
        """Return the arrays to keep."""
        arrays = {"points": self.points, "means": self.means, "factors": self.factors}
        return {name: np.asarray(array, np.float32) for name, array in arrays.items()}

    @classmethod
    def from_tensors(cls, arrays: Mapping[str, np.ndarray], width: int, latent: int) -> "LatentPrior":
        """Read what `tensors` gives.

        Raises
        ------
        ModelFileError
            If shapes do not fit.
        """
        if arrays.keys() != {"points", "means", "factors"}:
            raise ModelFileError("The model does not hold the law of its latent vectors; train it again.")
        points, means, factors = (arrays[name] for name in ("points", "means", "factors"))
        count = len(points)
        shapes = (count, latent), (count, latent, latent)
        if (
            not count
            or points.shape != (count, width)
            or means.shape != shapes[0]
            or factors.shape not in shapes
        ):
            raise ModelFileError("The law of the latent vectors does not fit the network.")
        return cls(points, means, factors)


def learn_prior(
    data: TrainingSet, encoder: Encoder, encode: Encode, seed: int, *, full: bool
) -> Steps[LatentPrior]:
    """Return the law of the latent vectors of random patches of each condition; see `fit_prior`.

    Parameters
    ----------
    data : TrainingSet
        Where the patches come from.
    encoder : Encoder
        Encodes their conditions.
    encode : callable
        Returns mean and variance of the latent vectors of patches.
    seed : int
        Of the choice of the patches.
    full : bool
        Whole covariance instead of independent numbers.
    """
    random = np.random.default_rng((seed, 0x1A7E))
    group, names = data.table.groups("condition")
    means, variances, firsts = [], [], []
    for number in range(len(names)):
        rows = np.flatnonzero(group == number)
        parts = []
        for start in range(0, PATCHES, AT_ONCE):
            yield Progress(
                number * PATCHES + start, len(names) * PATCHES, "learning the law of latent vectors"
            )
            chosen = rows[random.integers(len(rows), size=min(AT_ONCE, PATCHES - start))]
            parts.append(encode(data.patches(chosen, random)))
        means.append(np.concatenate([mean for mean, _ in parts]))
        variances.append(np.concatenate([variance for _, variance in parts]))
        firsts.append(rows[0])
    return fit_prior(encoder.encode(data.table)[firsts], means, variances, full=full)


def fit_prior(
    points: np.ndarray, means: list[np.ndarray], variances: list[np.ndarray], *, full: bool
) -> LatentPrior:
    """Return the law of the latent vectors.

    Parameters
    ----------
    points : ndarray, shape (conditions, width)
        Encoded conditions.
    means, variances : list of ndarray, shape (patches, latent)
        What the encoder says of the patches of each condition.
    full : bool
        Whole covariance instead of independent numbers; common to all conditions where there
        are fewer patches than latent numbers.
    """
    centres = np.stack([m.mean(0) for m in means])
    if not full:
        spread = np.stack([np.sqrt(m.var(0) + v.mean(0)) for m, v in zip(means, variances, strict=True)])
        return LatentPrior(points, centres, spread)
    covariances = [
        np.cov(m, rowvar=False, bias=True) + np.diag(v.mean(0)) for m, v in zip(means, variances, strict=True)
    ]
    if min(len(m) for m in means) <= means[0].shape[1]:
        covariances = [np.mean(covariances, axis=0)] * len(means)
    small = 1e-9 * np.eye(centres.shape[1])
    return LatentPrior(points, centres, np.stack([np.linalg.cholesky(c + small) for c in covariances]))
