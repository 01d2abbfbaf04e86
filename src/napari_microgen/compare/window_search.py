"""Which known images may be copies of which? A search of windows that leaves few pairs to compare in full.

Each known image is cut into overlapping windows at every shift, each image in question into the
windows at its four corners, in all eight symmetries; a shift by up to half an edge leaves at
least one corner inside. Windows are compared by a few principal components, which is one product
of matrices and much faster than correlating every pair of images.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..progress import Progress, Steps
from ..quantify.threads import available_threads
from .cross_correlation import SYMMETRIES, symmetric

EDGE = 48
"""Images are averaged down to about this edge, in pixels."""
COMPONENTS = 32
"""Principal components that describe a window."""

Candidates = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Place, symmetry and score."""

_SAMPLED = 4096
_BATCH = 16
_LEAST_CONTRAST = 0.2


@dataclass(frozen=True, eq=False)
class WindowBasis:
    """How windows are described."""

    directions: np.ndarray
    """Rows are principal directions of windows, float32, shape (components, edge * edge)."""
    contrast: float
    """Windows of a smaller deviation do not count."""
    factor: int
    """Pixels averaged along each axis."""
    edge: int
    """Of the windows, after averaging."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of known images, as unit vectors of principal components."""

    vectors: np.ndarray
    """float32, shape (images, positions, components); zeros for windows without contrast."""
    basis: WindowBasis
    """How they were described."""

    def take(self, rows: np.ndarray) -> "Windows":
        """Return those of some images."""
        return Windows(self.vectors[rows], self.basis)


def window_basis(images: np.ndarray, *, seed: int = 0) -> WindowBasis:
    """Find the principal components of windows.

    Parameters
    ----------
    images : ndarray of number, shape (N, R, C)
        Real images, all those that will be searched.
    seed : int
        Of the windows looked at.
    """
    from scipy.linalg import eigh

    factor = max(1, min(images.shape[1:]) // EDGE)
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(images))[:_SAMPLED]
    small = _averaged(images[chosen], factor)
    edge = min(small.shape[1:]) // 2
    sample = _sampled(small, edge, random)
    contrast = _LEAST_CONTRAST * float(np.median(sample.std(axis=1)))
    with _one_thread_each():
        covariance = sample.T @ sample / len(sample)
        last, count = len(covariance) - 1, min(COMPONENTS, len(covariance))
        _, vectors = eigh(covariance, subset_by_index=(last - count + 1, last))
    return WindowBasis(np.ascontiguousarray(vectors[:, ::-1].T.astype(np.float32)), contrast, factor, edge)


def window_index(known: np.ndarray, basis: WindowBasis) -> Steps[Windows]:
    """Describe the windows of known images.

    Parameters
    ----------
    known : ndarray of number, shape (N, R, C)
        Known images.
    basis : WindowBasis
        The components.

    Yields
    ------
    Progress
        One tick per batch of images.
    """
    yield Progress(0, len(known), "indexing known images")
    small = _averaged(known, basis.factor)
    rows, columns = (n - basis.edge + 1 for n in small.shape[1:])
    vectors = np.empty((len(small), rows * columns, len(basis.directions)), np.float32)

    def describe(place: int) -> None:
        windows = np.lib.stride_tricks.sliding_window_view(small[place], (basis.edge, basis.edge))
        vectors[place] = _unit(windows.reshape(rows * columns, -1), basis)

    with _one_thread_each(), ThreadPoolExecutor(available_threads()) as pool:
        for place, _ in enumerate(pool.map(describe, range(len(small)))):
            if place % _BATCH == 0:
                yield Progress(place, len(small), "indexing known images")
    return Windows(vectors, basis)


def candidates(index: Windows, images: np.ndarray, count: int) -> Steps[Candidates]:
    """Find for each image the known ones that resemble it most.

    Parameters
    ----------
    index : Windows
        Of the known images.
    images : ndarray of float, shape (M, R, C)
        Images in question.
    count : int
        Known images to return for each, or all if there are fewer.

    Yields
    ------
    Progress
        One tick per batch of images.

    Returns
    -------
    place : ndarray of int, shape (M, count)
        Known images, most similar first.
    symmetry : ndarray of int, shape (M, count)
        The symmetry of the image in question that fits.
    score : ndarray of float32, shape (M, count)
        Similarity of the best windows.
    """
    small = _averaged(images, index.basis.factor)
    known = len(index.vectors)
    count = min(count, known)
    found = []
    with _one_thread_each(), ThreadPoolExecutor(available_threads()) as pool:
        for start in range(0, len(small), _BATCH):
            yield Progress(start, len(small), "searching for copies")
            part = small[start : start + _BATCH]
            windows = [_corners(symmetric(part, s), index.basis.edge) for s in range(SYMMETRIES)]
            queries = _unit(np.concatenate(windows), index.basis)
            best = np.stack(list(pool.map(lambda v, q=queries: (q @ v.T).max(axis=1), index.vectors)), axis=1)
            # Queries run over symmetries, then images, then corners.
            scores = best.reshape(SYMMETRIES, len(part), 4, known).max(axis=2)
            which, value = scores.argmax(axis=0), scores.max(axis=0)
            place = np.argsort(-value, axis=1, kind="stable")[:, :count]
            rows = np.arange(len(part))[:, None]
            found.append((place, which[rows, place], value[rows, place]))
    places, symmetries, scores = (np.concatenate(column) for column in zip(*found, strict=True))
    return places, symmetries, scores


def _one_thread_each() -> AbstractContextManager[Any]:
    """Let each product of matrices run in one thread: the pool keeps the cores busy without them waiting."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")  # type: ignore[no-any-return]


def _averaged(images: np.ndarray, factor: int) -> np.ndarray:
    rows, columns = (n // factor * factor for n in images.shape[1:])
    blocks = images[:, :rows, :columns].astype(np.float32)
    blocks = blocks.reshape(len(images), rows // factor, factor, columns // factor, factor)
    result: np.ndarray = blocks.mean(axis=(2, 4))
    return result


def _sampled(images: np.ndarray, edge: int, random: np.random.Generator) -> np.ndarray:
    each = -(-_SAMPLED // len(images))
    room = [n - edge + 1 for n in images.shape[1:]]
    windows = []
    for image in images:
        view = np.lib.stride_tricks.sliding_window_view(image, (edge, edge))
        windows.append(view[random.integers(room[0], size=each), random.integers(room[1], size=each)])
    flat = np.concatenate(windows).reshape(-1, edge * edge)
    result: np.ndarray = flat - flat.mean(axis=1, keepdims=True)
    return result


def _corners(images: np.ndarray, edge: int) -> np.ndarray:
    """Return the four corner windows of each image, shape (4 N, edge * edge), corners fastest."""
    rows, columns = images.shape[1:]
    parts = [
        images[:, y : y + edge, x : x + edge].reshape(len(images), -1)
        for y in (0, rows - edge)
        for x in (0, columns - edge)
    ]
    return np.stack(parts, axis=1).reshape(4 * len(images), -1)


def _unit(windows: np.ndarray, basis: WindowBasis) -> np.ndarray:
    """Project windows on the components and scale them to length 1; zeros where there is no contrast."""
    mean = windows.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.maximum((windows**2).mean(axis=1) - mean[:, 0] ** 2, 0))
    # Less its own mean a window is orthogonal to constants: subtract that share from the projection.
    constant = basis.directions.sum(axis=1)
    projected = windows @ basis.directions.T - mean * constant
    length = np.linalg.norm(projected, axis=1)
    length[(spread < basis.contrast) | (length == 0)] = np.inf
    result: np.ndarray = (projected / length[:, None]).astype(np.float32)
    return result
