"""Label one slice: pore by Otsu, shine-through by superpixels below the foot of the solid's peak."""

from dataclasses import dataclass

import numpy as np

from .grey_histogram import GreyHistogram
from .otsu import otsu_threshold
from .second_derivative import second_derivative_threshold
from .superpixels import superpixel_means

UNLABELLED, SOLID, PORE, SHINE_THROUGH = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The two grey values that separate a slice."""

    otsu: float
    """Pore is ``grey <= otsu``."""
    foot: float | None = None
    """A superpixel darker than this is pore or shine-through; None where Otsu stands alone."""
    fallback: bool = False
    """True if a foot was looked for and the histogram shows none."""


def find_thresholds(histogram: GreyHistogram, *, hybrid: bool) -> Thresholds:
    """Return Otsu's threshold and, for the hybrid method, the foot of the solid's peak.

    Raises
    ------
    NothingToSegmentError
        If there is one grey value only.
    """
    otsu = otsu_threshold(histogram)
    if not hybrid:
        return Thresholds(otsu)
    foot = second_derivative_threshold(histogram)
    return Thresholds(otsu, foot, fallback=foot is None)


def label_plane(grey: np.ndarray, thresholds: Thresholds, area: float, compactness: float) -> np.ndarray:
    """Label solid, pore and shine-through in one slice (Wijaya et al. 2024, with Otsu winning).

    Parameters
    ----------
    grey : ndarray of int or float, shape (R, C)
        A slice with dark pores.
    thresholds : Thresholds
        The grey values to separate at.
    area : float
        Mean area of a superpixel, in px.
    compactness : float
        Weight of nearness against likeness of grey in a superpixel.

    Returns
    -------
    ndarray of uint8, shape (R, C)
        1 solid, 2 pore (Otsu says so), 3 shine-through (only the superpixel says so).
    """
    labels = np.where(grey <= thresholds.otsu, PORE, SOLID).astype(np.uint8)
    low, high = float(grey.min()), float(grey.max())
    if thresholds.foot is not None and high > low:
        scaled = (grey.astype(np.float32) - np.float32(low)) / np.float32(high - low)
        means = superpixel_means(scaled, area, compactness)
        behind = means < (thresholds.foot - low) / (high - low)
        labels[behind & (labels == SOLID)] = SHINE_THROUGH
    return labels
