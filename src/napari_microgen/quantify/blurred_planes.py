"""A phase blurred by a Gaussian, plane by plane, so that no volume of decimal numbers is ever held."""

from collections.abc import Iterator, Sequence

import numpy as np
from numba import njit

TRUNCATE = 4.0
"""The Gaussian ends at this many standard deviations."""


def blurred_planes(
    phase: Sequence[np.ndarray] | np.ndarray, sigma: tuple[float, float, float]
) -> Iterator[np.ndarray]:
    """Yield the planes of a blurred phase in order.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C), or a sequence of planes
        True where the phase is. Beyond its faces it is taken to go on as it ends there.
    sigma : (float, float, float)
        Standard deviation along plane, row and column, in voxels.

    Yields
    ------
    ndarray of float32, shape (R, C)
        Between 0 and 1. The array is used again for the next plane: copy what you keep.
        The values do not depend on where a chunk starts, once it overlaps the chunk
        before it by four standard deviations.
    """
    from scipy.ndimage import gaussian_filter

    weights = _gaussian(sigma[0])
    reach = len(weights) // 2
    last = len(phase) - 1
    ring = np.empty((len(weights), *np.shape(phase[0])), np.float32)

    def store(index: int) -> None:
        plane = np.asarray(phase[min(max(index, 0), last)], np.float32)
        gaussian_filter(plane, sigma[1:], mode="nearest", truncate=TRUNCATE, output=ring[index % len(ring)])

    for index in range(-reach, reach):
        store(index)
    result = np.empty(ring.shape[1:], np.float32)
    for index in range(len(phase)):
        store(index + reach)
        _weighted_sum(ring, weights, (index - reach) % len(ring), result)
        yield result


def _gaussian(sigma: float) -> np.ndarray:
    reach = int(TRUNCATE * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2)
    return (weights / weights.sum()).astype(np.float32)


@njit(cache=True, nogil=True)
def _weighted_sum(ring, weights, first, result):  # type: ignore[no-untyped-def]
    """Sum the planes of the ring, oldest first, in an order that never changes."""
    result[:] = 0
    for k in range(len(weights)):
        plane = ring[(first + k) % len(weights)]
        for y in range(plane.shape[0]):
            for x in range(plane.shape[1]):
                result[y, x] += weights[k] * plane[y, x]
