"""Superpixels: small patches of like grey, so that noise is averaged before a threshold."""

from collections.abc import Iterable
from itertools import pairwise, product

import numpy as np

from ..correlation import PairSums, correlation_length, pair_sums, radial_probability

SMALLEST_AREA = 20.0
"""Superpixels are never asked to be smaller than this, in px."""
_BLOCK = 1000


def superpixels(grey: np.ndarray, area: float, compactness: float = 0.2) -> np.ndarray:
    """Cut a slice into superpixels by simple linear iterative clustering (SLIC).

    Achanta et al. 2012, doi 10.1109/TPAMI.2012.120.

    Parameters
    ----------
    grey : ndarray of float, shape (R, C)
        Grey values from 0 to 1.
    area : float
        Mean area of a superpixel, in px.
    compactness : float
        Weight of nearness against likeness of grey; larger gives squarer patches.

    Returns
    -------
    ndarray of int64, shape (R, C)
        Patches numbered from 0.
    """
    from skimage.segmentation import slic

    number = max(1, round(grey.size / area))
    if number == 1:
        return np.zeros(grey.shape, np.int64)
    return np.asarray(slic(grey, number, compactness, channel_axis=None, start_label=0))


def superpixel_means(grey: np.ndarray, area: float, compactness: float = 0.2) -> np.ndarray:
    """Replace each pixel by the mean grey of its superpixel.

    Parameters
    ----------
    grey : ndarray of float, shape (R, C)
        Grey values from 0 to 1.
    area, compactness : float
        As for `superpixels`.

    Returns
    -------
    ndarray of float32, shape (R, C)
        Means. Planes above a million pixels are clustered in blocks of about that size.
    """
    means = np.empty(grey.shape, np.float32)
    rows, columns = (_blocks(n) for n in grey.shape)
    for place in product(rows, columns):
        block = grey[place]
        labels = superpixels(block, area, compactness).ravel()
        count = np.bincount(labels)
        means[place] = (np.bincount(labels, block.ravel()) / np.maximum(count, 1))[labels].reshape(
            block.shape
        )
    return means


def superpixel_area(masks: Iterable[np.ndarray]) -> float:
    """Area of a superpixel that suits the structure: as many pixels as its finest feature holds.

    Parameters
    ----------
    masks : iterable of ndarray of bool, shape (R, C)
        A phase on some planes of the stack.

    Returns
    -------
    float
        (0.85 x correlation length)², in px, and at least 20. The correlation length is
        where the covariance of the masks falls to 1/e; for a level-cut Gaussian field
        that makes 1.3 smoothing lengths along an edge.
    """
    sums: PairSums | None = None
    for mask in masks:
        found = pair_sums(mask, 64)
        sums = found if sums is None else sums + found
    if sums is None:
        return SMALLEST_AREA
    length = correlation_length(*radial_probability(sums))
    return max(SMALLEST_AREA, (0.85 * length) ** 2 if length else SMALLEST_AREA)


def _blocks(size: int) -> list[slice]:
    """Cut an edge into equal parts of about a thousand pixels."""
    parts = max(1, round(size / _BLOCK))
    return [slice(a, b) for a, b in pairwise(round(i * size / parts) for i in range(parts + 1))]
