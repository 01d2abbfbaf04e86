"""Otsu's threshold: the grey value that separates two classes best."""

import numpy as np

from ..errors import NothingToSegmentError
from .grey_histogram import GreyHistogram


def otsu_threshold(histogram: GreyHistogram) -> float:
    """Threshold of largest between-class variance (Otsu 1979, doi 10.1109/TSMC.1979.4310076).

    Taken over 256 bins between the 0.1 % and the 99.9 % quantile, so that a few hot
    pixels do not widen the bins.

    Parameters
    ----------
    histogram : GreyHistogram
        Grey values of a slice or a stack.

    Returns
    -------
    float
        The dark class is ``value <= threshold``. Where several thresholds are equally
        good, the middle of their range.

    Raises
    ------
    NothingToSegmentError
        If there is one grey value only.

    Examples
    --------
    Two grey values: the threshold lies midway.

    >>> from .grey_histogram import grey_histogram
    >>> otsu_threshold(grey_histogram(np.array([[10, 10, 200]], np.uint8)))
    105.0
    """
    coarse, between, _ = _between_class_variance(histogram)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    return float(coarse.low + (best[0] + best[-1] + 2) / 2 * coarse.width)


def separability(histogram: GreyHistogram) -> float:
    """Between-class variance at Otsu's threshold as a share of the whole variance.

    Returns
    -------
    float
        1 for two sharp grey values; 0.64 for one Gaussian peak and 0.75 for an even
        spread, where the threshold has no meaning.
    """
    _, between, total = _between_class_variance(histogram)
    return float(between.max() / total)


def _between_class_variance(histogram: GreyHistogram) -> tuple[GreyHistogram, np.ndarray, float]:
    if histogram.is_constant:
        raise NothingToSegmentError(
            f"There is one grey value only ({histogram.quantile(0.5):g}), so there is no threshold. "
            f"Check that the right channel and crop were chosen."
        )
    coarse = histogram.trimmed(256, trim=0.001)
    grey = coarse.centres - coarse.centres.mean()
    share = coarse.counts / coarse.counts.sum()
    dark = np.cumsum(share)[:-1]
    moment = np.cumsum(share * grey)
    mean = moment[-1]
    between = np.zeros_like(dark)
    both = (dark > 0) & (dark < 1)
    between[both] = (mean * dark - moment[:-1])[both] ** 2 / (dark * (1 - dark))[both]
    return coarse, between, float(np.sum(share * (grey - mean) ** 2))
