"""Kernel principal components with a Gaussian kernel: a flat map of latent vectors."""

from dataclasses import dataclass

import numpy as np

MOST = 5000
"""Points a map is made of at most."""


@dataclass(frozen=True, eq=False)
class KernelMap:
    """Places of points on a map, and how to place others."""

    points: np.ndarray
    """The vectors, shape (N, d)."""
    places: np.ndarray
    """Their places, shape (N, 2)."""
    vectors: np.ndarray
    """Eigenvectors over the roots of their eigenvalues, shape (N, 2)."""
    gamma: float
    """Of the kernel exp(-gamma r^2)."""
    row_means: np.ndarray
    """Mean kernel of each point with all, shape (N,)."""

    def place(self, others: np.ndarray) -> np.ndarray:
        """Return the places of other vectors, shape (M, 2)."""
        kernel = _kernel(others, self.points, self.gamma)
        own = kernel.mean(1, keepdims=True)
        return (kernel - own - self.row_means[None] + self.row_means.mean()) @ self.vectors


def kernel_map(points: np.ndarray, gamma: float | None = None) -> KernelMap:
    """Return the first two kernel principal components (Schoelkopf et al. 1998).

    Parameters
    ----------
    points : ndarray, shape (N, d)
        Vectors, 5000 at most.
    gamma : float, optional
        Of the kernel exp(-gamma r^2). Left out: 1 over the median squared distance.

    Examples
    --------
    >>> ring = np.stack([np.cos(np.arange(12.0)), np.sin(np.arange(12.0))], 1)
    >>> bool(np.allclose(kernel_map(ring).place(ring), kernel_map(ring).places))
    True
    """
    from scipy.linalg import eigh

    points = np.asarray(points, np.float64)[:MOST]
    count = len(points)
    if gamma is None:
        squared = _squared(points, points)
        apart = squared[np.triu_indices(count, 1)]
        gamma = 1 / float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
    kernel = _kernel(points, points, gamma)
    means = kernel.mean(1)
    centred = kernel - means[:, None] - means[None] + means.mean()
    shown = min(2, count)
    values, vectors = eigh(centred, subset_by_index=[count - shown, count - 1])
    values, vectors = np.maximum(values[::-1], 1e-12), vectors[:, ::-1]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(shown)])
    scaled = np.zeros((count, 2))
    scaled[:, :shown] = vectors / np.sqrt(values)
    places = np.zeros((count, 2))
    places[:, :shown] = vectors * np.sqrt(values)
    return KernelMap(points, places, scaled, gamma, means)


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0)


def _kernel(a: np.ndarray, b: np.ndarray, gamma: float) -> np.ndarray:
    return np.exp(-gamma * _squared(np.asarray(a, np.float64), b))
