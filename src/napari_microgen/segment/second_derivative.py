"""Threshold at the dark foot of the solid's peak, from the second derivative of the histogram."""

import numpy as np

from .grey_histogram import GreyHistogram


def second_derivative_threshold(histogram: GreyHistogram, smoothing: float = 4.0) -> float | None:
    """Grey value where the dark flank of the brightest main peak begins (Wijaya et al. 2024).

    The peak of the solid is the highest bin among those brighter than 0.8 times the
    median grey. From it downward, the first local maximum of the second derivative that
    reaches a tenth of the largest one is taken.

    Parameters
    ----------
    histogram : GreyHistogram
        Grey values of a slice or a stack.
    smoothing : float
        Standard deviation of the Gaussian that smooths the histogram, in 1/256 of the
        grey range.

    Returns
    -------
    float or None
        The threshold; None if there is no such maximum.
    """
    from scipy import ndimage as ndi

    coarse = histogram.trimmed(256, trim=0)
    counts = ndi.gaussian_filter1d(coarse.counts.astype(np.float64), smoothing * coarse.counts.size / 256)
    curvature = np.gradient(np.gradient(counts)) if counts.size > 2 else np.zeros_like(counts)
    grey = coarse.centres - coarse.low
    bright = grey > 0.8 * (histogram.quantile(0.5) - coarse.low)
    mode = int(np.argmax(np.where(bright, counts, -1)))
    inner = curvature[1:-1]
    peaks = 1 + np.flatnonzero((inner > curvature[:-2]) & (inner >= curvature[2:]))
    peaks = peaks[peaks < mode - 1]
    if not peaks.size:
        return None
    strong = peaks[curvature[peaks] > 0.1 * curvature[:mode].max()]
    return float(coarse.centres[strong[-1]]) if strong.size else None
