"""Superpixels: small patches of like grey, so that noise is averaged before a threshold."""

import math
from collections.abc import Iterable

import numpy as np

from ..correlation import PairSums, correlation_length, pair_sums, radial_probability

SMALLEST_AREA = 20.0
"""Superpixels are never asked to be smaller than this, in px."""
SWEEPS = 10
"""Passes of the clustering; more change nothing that can be seen."""


def superpixels(grey: np.ndarray, area: float, compactness: float = 0.2) -> np.ndarray:
    """Cut a slice into connected superpixels by simple linear iterative clustering (SLIC).

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
        Patches numbered from 0, each in one piece.
    """
    from skimage.segmentation import slic

    number = max(1, round(grey.size / area))
    if number == 1:
        return np.zeros(grey.shape, np.int64)
    return np.asarray(slic(grey, number, compactness, channel_axis=None, start_label=0))


def superpixel_means(grey: np.ndarray, area: float, compactness: float = 0.2) -> np.ndarray:
    """Replace each pixel by the mean grey of its superpixel.

    The same clustering as `superpixels`, compiled, and without making each patch one
    piece, which means do not need.

    Parameters
    ----------
    grey : ndarray of float, shape (R, C)
        Grey values from 0 to 1.
    area, compactness : float
        As for `superpixels`.

    Returns
    -------
    ndarray of float32, shape (R, C)
        Means.
    """
    from .clustering import clustered

    rows, columns = (max(1, min(n, round(n / math.sqrt(area)))) for n in grey.shape)
    labels, means = clustered(np.ascontiguousarray(grey, np.float32), rows, columns, compactness, SWEEPS)
    return np.asarray(means[labels])


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
