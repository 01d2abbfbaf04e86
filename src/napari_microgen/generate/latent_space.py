"""What latent vectors look like: components, normal laws of single numbers, and images of directions.

After Ji et al. 2024 (paper 003), Figs. 5 to 7. Vectors have shape (N, latent); a decoder is any function
from vectors to images of shape (N, R, C).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Decode = Callable[[np.ndarray], np.ndarray]
AT_ONCE = 16
"""Vectors decoded at a time."""


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components of latent vectors."""

    mean: np.ndarray
    """Shape (latent,)."""
    axes: np.ndarray
    """Directions of length 1, the one of most variance first, shape (components, latent)."""
    variances: np.ndarray
    """Of the vectors along each direction, shape (components,)."""
    total: float
    """Variance along all directions together."""

    @property
    def explained(self) -> np.ndarray:
        """Share of the variance along each direction."""
        return self.variances / max(self.total, 1e-300)

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """Return where vectors lie along the directions, shape (N, components)."""
        return (vectors - self.mean) @ self.axes.T

    def vectors(self, scores: np.ndarray) -> np.ndarray:
        """Return the vectors at places along the directions, shape (N, latent)."""
        return self.mean + scores @ self.axes


@dataclass(frozen=True, eq=False)
class NormalFit:
    """A normal law for each latent number, by itself."""

    mean: np.ndarray
    """Shape (latent,)."""
    deviation: np.ndarray
    """Shape (latent,)."""
    distance: np.ndarray
    """Largest difference between the cumulated shares of the numbers and of the law, shape (latent,)."""


def principal_components(vectors: np.ndarray, count: int) -> Components:
    """Return the directions along which vectors vary most.

    The largest entry of each direction is positive, so that equal data give equal signs.

    Parameters
    ----------
    vectors : ndarray, shape (N, latent)
        At least two.
    count : int
        Components wanted; no more than there are numbers or vectors less one.

    Examples
    --------
    >>> found = principal_components(np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]]), 1)
    >>> found.axes.round(3).tolist(), found.explained.round(3).tolist()
    ([[0.6, 0.8]], [1.0])
    """
    mean = vectors.mean(0)
    covariance = np.cov(vectors, rowvar=False, bias=True).reshape(len(mean), len(mean))
    values, directions = np.linalg.eigh(covariance)
    kept = np.argsort(values)[::-1][: max(1, min(count, len(vectors) - 1, len(mean)))]
    axes = directions.T[kept]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(1)]
    return Components(
        mean, axes * np.sign(largest)[:, None], np.maximum(values[kept], 0), float(np.trace(covariance))
    )


def normal_fit(vectors: np.ndarray) -> NormalFit:
    """Return the normal law of each latent number and how far it is from the numbers.

    Parameters
    ----------
    vectors : ndarray, shape (N, latent)
    """
    from scipy.special import ndtr

    mean, deviation = vectors.mean(0), vectors.std(0)
    ordered = ndtr((np.sort(vectors, axis=0) - mean) / np.maximum(deviation, 1e-300))
    below = np.arange(len(vectors))[:, None] / len(vectors)
    distance = np.maximum(np.abs(ordered - below), np.abs(ordered - below - 1 / len(vectors))).max(0)
    return NormalFit(mean, deviation, distance)


def distributions(vectors: np.ndarray, bins: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return the distribution of each latent number over common bins.

    Returns
    -------
    edges : ndarray, shape (bins + 1,)
    densities : ndarray, shape (latent, bins)
        Each integrates to 1.
    """
    reach = float(np.abs(vectors).max()) or 1.0
    edges = np.linspace(-reach, reach, bins + 1)
    counts = np.stack([np.histogram(column, edges)[0] for column in vectors.T])
    return edges, counts / (len(vectors) * np.diff(edges))


def correlation_left_out(vectors: np.ndarray) -> float:
    """Return the root mean square correlation of two latent numbers, less what chance gives.

    Independent sampling leaves these correlations out.
    """
    count, latent = vectors.shape
    if latent < 2 or count < 3:
        return 0.0
    varying = vectors[:, vectors.std(0) > 0]
    if varying.shape[1] < 2:
        return 0.0
    r = np.corrcoef(varying, rowvar=False)
    squared = float((r[np.triu_indices(len(r), 1)] ** 2).mean())
    return math.sqrt(max(squared - 1 / (count - 1), 0.0))


def probed_scores(
    components: Components, means: Sequence[float], deviations: Sequence[float], count: int, seed: int
) -> list[dict[str, float | list[list[float]]]]:
    """Return where random vectors of given mean and deviation lie along the components (Fig. 7).

    Parameters
    ----------
    components : Components
        Directions learned from images.
    means, deviations : sequence of float
        Of all latent numbers; each mean with the first deviation, then each further deviation with
        mean 0.
    count : int
        Vectors of each.
    seed : int
        Of the random numbers.

    Returns
    -------
    list of dict
        ``mean``, ``deviation`` and ``scores``: for each component the quantiles 0, 25, 50, 75 and 100 %.
    """
    random = np.random.default_rng((seed, 0xF167))
    asked = [(mean, deviations[0]) for mean in means] + [(0.0, deviation) for deviation in deviations[1:]]
    rows: list[dict[str, float | list[list[float]]]] = []
    for mean, deviation in asked:
        drawn = mean + deviation * random.standard_normal((count, len(components.mean)))
        quantiles = np.quantile(components.scores(drawn), [0, 0.25, 0.5, 0.75, 1], axis=0).T
        rows.append({"mean": float(mean), "deviation": float(deviation), "scores": quantiles.tolist()})
    return rows


def decoded(decode: Decode, vectors: np.ndarray) -> np.ndarray:
    """Return the images of vectors, a few at a time, shape (N, R, C)."""
    parts = [decode(vectors[start : start + AT_ONCE]) for start in range(0, len(vectors), AT_ONCE)]
    return np.concatenate(parts)


def activation_maps(
    decode: Decode, latent: int, numbers: Sequence[int], amplitude: float = 1.0
) -> np.ndarray:
    """Return how an image changes from that of the zero vector when one latent number is set (Fig. 6b, c).

    Parameters
    ----------
    decode : callable
        Vectors to images.
    latent : int
        Length of a vector.
    numbers : sequence of int
        Latent numbers, counted from 0.
    amplitude : float
        What they are set to.

    Returns
    -------
    ndarray, shape (len(numbers), R, C)
    """
    vectors = np.zeros((len(numbers), latent))
    vectors[np.arange(len(numbers)), list(numbers)] = amplitude
    return decoded(decode, vectors) - decode(np.zeros((1, latent)))


def cumulated_maps(decode: Decode, latent: int, counts: Sequence[int], amplitude: float = 1.0) -> np.ndarray:
    """Return images with the first so many latent numbers set, the others 0 (Fig. 6d to g)."""
    return decoded(decode, amplitude * np.array([np.arange(latent) < count for count in counts], float))


def level_maps(decode: Decode, latent: int, levels: Sequence[float]) -> np.ndarray:
    """Return images with all latent numbers set to each level (Fig. 6g to i and S2)."""
    return decoded(decode, np.array([np.full(latent, level) for level in levels], float))


def eigenmode_maps(decode: Decode, components: Components) -> np.ndarray:
    """Return how an image changes along each principal component, by one standard deviation.

    Half the difference of the images one standard deviation before and behind the mean: for a decoder
    that is a matrix, this is the matrix times the eigenvector of the covariance times the root of its
    eigenvalue.

    Returns
    -------
    ndarray, shape (components, R, C)
    """
    steps = np.sqrt(components.variances)[:, None] * components.axes
    return (decoded(decode, components.mean + steps) - decoded(decode, components.mean - steps)) / 2
