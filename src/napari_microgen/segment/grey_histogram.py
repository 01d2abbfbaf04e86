"""A histogram of grey values of any type, in one form for one slice and for a whole stack."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

FINE_BINS = 65536


@dataclass(frozen=True, slots=True)
class GreyHistogram:
    """Counts in bins of equal width; whole-number images of up to 65536 levels have one bin per level."""

    counts: np.ndarray
    """int64, shape (n,)."""
    low: float
    """Left edge of the first bin."""
    width: float
    """Width of a bin, in grey values."""

    @property
    def centres(self) -> np.ndarray:
        """Grey value in the middle of each bin."""
        return self.low + (np.arange(self.counts.size) + 0.5) * self.width

    @property
    def is_constant(self) -> bool:
        """True if one grey value occurs only."""
        return int(np.count_nonzero(self.counts)) < 2

    def quantile(self, share: float) -> float:
        """Grey value below which this share of the pixels lies, to one bin."""
        cumulative = np.cumsum(self.counts)
        index = int(np.searchsorted(cumulative, share * cumulative[-1], side="left"))
        return float(self.centres[min(index, self.counts.size - 1)])

    def trimmed(self, bins: int = 256, trim: float = 0.001) -> "GreyHistogram":
        """Return at most ``bins`` bins between two quantiles; what lies outside goes into the end bins.

        Parameters
        ----------
        bins : int
            Largest number of bins. Levels of whole-number images are kept apart if they fit.
        trim : float
            Share of the pixels cut off at either end of the range. If nothing but one
            value is left, the whole range is taken.
        """
        held = np.flatnonzero(self.counts)
        first, last = int(held[0]), int(held[-1])
        if trim:
            low = round((self.quantile(trim) - self.low) / self.width - 0.5)
            high = round((self.quantile(1 - trim) - self.low) / self.width - 0.5)
            first, last = (low, high) if low < high else (first, last)
        levels = last - first + 1
        place = np.clip(np.arange(self.counts.size) - first, 0, levels - 1)
        if levels > bins:
            place = place * bins // levels
        counts = np.bincount(place, self.counts, minlength=min(levels, bins)).astype(np.int64)
        return GreyHistogram(counts, self.low + first * self.width, self.width * levels / counts.size)


def grey_range(planes: Iterable[np.ndarray]) -> tuple[float, float]:
    """Return the lowest and the highest grey value of some planes."""
    ranges = [(float(plane.min()), float(plane.max())) for plane in planes]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def grey_histogram(plane: np.ndarray, limits: tuple[float, float] | None = None) -> GreyHistogram:
    """Count the grey values of one plane.

    Parameters
    ----------
    plane : ndarray of bool, int or float, shape (R, C)
        Grey values, all finite.
    limits : (float, float), optional
        Lowest and highest value to provide for; those of the plane if left out. Planes
        counted with the same limits may be added.
    """
    low, high = limits or grey_range([plane])
    whole = plane.dtype.kind in "biu"
    if whole and high - low < FINE_BINS:
        levels = int(high - low) + 1
        return GreyHistogram(
            _counted(plane, levels, lambda part: part.astype(np.int64) - int(low)), low - 0.5, 1.0
        )
    if high == low:
        return GreyHistogram(np.array([plane.size]), low, 0.0)
    width = (high - low) / FINE_BINS

    def place(part: np.ndarray) -> np.ndarray:
        return np.minimum((part.astype(np.float64) - low) / width, FINE_BINS - 1).astype(np.intp)

    return GreyHistogram(_counted(plane, FINE_BINS, place), low, width)


def _counted(plane: np.ndarray, bins: int, place: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Count a plane a million pixels at a time, so that the bin numbers take little memory."""
    flat, part = plane.reshape(-1), 1 << 20
    counts = np.zeros(bins, np.int64)
    for start in range(0, flat.size, part):
        counts += np.bincount(place(flat[start : start + part]), minlength=bins)
    return counts


def added(histograms: Iterable[GreyHistogram]) -> GreyHistogram:
    """Add histograms that were counted with the same limits."""
    first, *others = histograms
    return GreyHistogram(sum((h.counts for h in others), first.counts), first.low, first.width)
