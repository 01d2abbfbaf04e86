"""Level the brightness along the rows of a slice, and from slice to slice.

In each band of 32 rows the most common grey of the bright phase is found; a parabola over
the rows is fitted to these modes and taken away. Slices are then brought to one mode.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

BAND = 32
"""Rows per band."""
BINS = 256
SMOOTHING = 4.0
"""Standard deviation of the blur of the histogram, in bins."""
DEGREE = 2
"""Of the polynomial over the rows; 1 where fewer than five bands have a mode."""


@dataclass(frozen=True, slots=True)
class Shading:
    """Grey of the bright phase along the rows of one slice."""

    profile: np.ndarray | None
    """Fitted grey of each row, shape (R,); None if it could not be found."""
    level: float
    """The median of the profile: the grey to which the slice is levelled."""
    bands: int
    """Bands whose mode was found."""
    reason: str = ""
    """Why there is no profile."""


def measure_shading(image: np.ndarray) -> Shading:
    """Fit the grey of the bright phase along the rows of a slice.

    Parameters
    ----------
    image : ndarray, shape (R, C)
        A slice, bright phase brighter than the other.

    Returns
    -------
    Shading
    """
    low, high = np.quantile(image[::2, ::2], (0.001, 0.999))
    grey_range = (float(low), float(high))
    n_bands = max(1, image.shape[0] // BAND)
    edges = np.linspace(0, image.shape[0], n_bands + 1).round().astype(int)
    found = []
    for first, last in pairwise(edges):
        mode = bright_mode(image[first:last], grey_range)
        if mode is not None:
            found.append(((first + last - 1) / 2, mode))
    if len(found) <= DEGREE:
        reason = f"the mode of the bright phase was found in {len(found)} of {n_bands} bands of {BAND} rows"
        return Shading(None, found[0][1] if found else float("nan"), len(found), reason)
    rows, modes = np.array(found).T
    profile = _huber_parabola(rows, modes, image.shape[0])
    return Shading(profile, float(np.median(profile)), len(found))


def bright_mode(band: np.ndarray, grey_range: tuple[float, float]) -> float | None:
    """Return the most common grey of the bright phase, or None if there is no clear one.

    It is the largest maximum of the smoothed histogram that lies above the median grey, or the
    largest of all where none above reaches a tenth of it. Grey values outside ``grey_range``
    count at its ends.
    """
    from scipy import ndimage

    low, high = grey_range
    if not high > low:
        return None
    scale = (BINS - 1) / (high - low)
    bins = np.clip(np.rint((band - low) * scale), 0, BINS - 1).astype(np.intp)
    counts = np.bincount(bins.ravel(), minlength=BINS).astype(np.float64)
    if np.count_nonzero(counts) < 2:
        return None
    smooth = ndimage.gaussian_filter1d(counts, SMOOTHING, mode="reflect")
    median = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
    padded = np.pad(smooth, 1, mode="constant", constant_values=-1.0)
    peaks = np.flatnonzero((smooth > padded[:-2]) & (smooth >= padded[2:]))
    above = peaks[(peaks > median) & (smooth[peaks] >= 0.1 * smooth.max())]
    candidates = above if above.size else peaks
    best = int(candidates[np.argmax(smooth[candidates])])
    return low + (best + _vertex(padded, best + 1)) / scale


def _vertex(values: np.ndarray, at: int) -> float:
    """Offset of the top of the parabola through three neighbouring values; 0 at the ends."""
    left, middle, right = values[at - 1], values[at], values[at + 1]
    bend = left - 2 * middle + right
    if min(left, right) < 0 or bend >= 0:
        return 0.0
    return float(0.5 * (left - right) / bend)


def _huber_parabola(rows: np.ndarray, modes: np.ndarray, n_rows: int) -> np.ndarray:
    """Parabola through the modes by Huber's weights (1.345 standard deviations), at every row."""
    middle, half = (n_rows - 1) / 2, max(1.0, (n_rows - 1) / 2)
    terms = 1 + min(DEGREE, (len(rows) - 1) // 2)
    design = np.vander((rows - middle) / half, terms)
    weights = np.ones(len(rows))
    coefficients = np.zeros(terms)
    for _ in range(30):
        root = np.sqrt(weights)
        coefficients = np.linalg.lstsq(design * root[:, None], modes * root, rcond=None)[0]
        rest = np.abs(modes - design @ coefficients)
        scale = 1.4826 * float(np.median(rest))
        if scale < 1e-9 * max(1.0, float(np.abs(modes).max())):
            break
        weights = np.minimum(1.0, 1.345 * scale / np.maximum(rest, 1e-12))
    return np.asarray(np.vander((np.arange(n_rows) - middle) / half, terms) @ coefficients)


def flatten(image: np.ndarray, shading: Shading, level: float, *, divide: bool = False) -> np.ndarray:
    """Bring the bright phase of every row to one grey.

    Parameters
    ----------
    image : ndarray of float, shape (R, C)
        A slice.
    shading : Shading
        Its measured shading. Without a profile the slice is only moved as a whole.
    level : float
        Grey of the bright phase afterwards, such as the median over the stack.
    divide : bool
        Divide by the ratio instead of subtracting the difference. A profile that is not above 0
        everywhere cannot be divided by; the slice is left as it is.

    Returns
    -------
    ndarray, shape (R, C)
    """
    if shading.profile is None and not np.isfinite(shading.level):
        return image
    profile = np.full(image.shape[0], shading.level) if shading.profile is None else shading.profile
    if not divide:
        return image - (profile - level).astype(image.dtype)[:, None]
    if profile.min() <= 0 or level <= 0:
        return image
    return image * (level / profile).astype(image.dtype)[:, None]
