"""From a grey image of bright particles to a table of them: contrast, blur, threshold, watershed.

The steps and numbers are those of a published ImageJ macro for sputtered thin films
(contrast-limited histogram equalisation with blocks of 127 pixels, 256 bins and slope 3;
Gaussian of 2 pixels; "Default" threshold; watershed of the distance map; all sizes).

References
----------
Zuiderveld, Graphics Gems IV, Academic Press 1994, 474 (contrast-limited equalisation).
Ridler, Calvard, IEEE Trans. Syst. Man Cybern. 8 (1978) 630 (iterative threshold).
"""

from typing import Literal

import numpy as np
from numba import njit

from ..errors import AxesError
from ..progress import Progress, Steps
from .feret_diameter import Convention
from .particles import Outline, label_particles, particle_table

TILE = 64
"""Edge of the tiles of the published recipe, in pixels."""

_BINS = 256


def particles_of_image(
    image: np.ndarray,
    spacing: tuple[float, ...],
    *,
    recipe: Literal["default", "paper-000"] = "default",
    convention: Convention = "corners",
) -> Steps[dict[str, np.ndarray]]:
    """Find and measure bright particles in a grey image.

    Parameters
    ----------
    image : ndarray of number, shape (R, C)
        Grey values.
    spacing : (float, float)
        Pixel edges in micrometre.
    recipe : {"default", "paper-000"}
        ``"paper-000"`` works on each whole tile of 64 pixels by itself, as published;
        a small tile has its noise amplified; perimeters are those of ImageJ.
        ``"default"`` works on the whole image.
    convention : {"corners", "midway", "centres"}
        Of the Feret diameters.

    Yields
    ------
    Progress
        One tick per tile.

    Returns
    -------
    dict of str to ndarray
        As `particle_table` gives it; labels go on from tile to tile.
    """
    if image.ndim != 2 or image.size == 0:
        raise AxesError(f"Particles are found in a plane image; this array has shape {image.shape}.")
    grey = eight_bits(image)
    tiles = _tiles(grey) if recipe == "paper-000" else [grey]
    tables: list[dict[str, np.ndarray]] = []
    for index, tile in enumerate(tiles):
        yield Progress(index, len(tiles), "finding particles")
        labels = label_particles(particle_mask(tile), spacing, separate=True)
        outline: Outline = "imagej" if recipe == "paper-000" else "crofton"
        table = particle_table(labels, spacing, grey=tile, convention=convention, outline=outline)
        table["label"] = table["label"] + sum(len(t["label"]) for t in tables)
        table["tile"] = np.full(len(table["label"]), index)
        tables.append(table)
    yield Progress(len(tiles), len(tiles), "particles measured")
    return {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}


def particle_mask(grey: np.ndarray, *, block: int = 127, slope: float = 3.0, blur: float = 2.0) -> np.ndarray:
    """Tell bright particles from a dark background.

    Parameters
    ----------
    grey : ndarray of uint8, shape (R, C)
        The image.
    block : int
        Edge of the neighbourhood whose histogram is equalised, in pixels. 127 as published.
    slope : float
        Limit of the contrast. 3 as published.
    blur : float
        Standard deviation of the Gaussian, in pixels. 2 as published.

    Returns
    -------
    ndarray of bool, shape (R, C)
        True in particles. Empty if the image has one grey value.
    """
    from scipy.ndimage import gaussian_filter

    if grey.min() == grey.max():
        return np.zeros(grey.shape, bool)
    even = equalised(grey, block=block, slope=slope)
    smooth = np.rint(gaussian_filter(even.astype(np.float32), blur, mode="nearest")).astype(np.uint8)
    mask: np.ndarray = smooth > default_threshold(np.bincount(smooth.ravel(), minlength=_BINS))
    return mask


def eight_bits(image: np.ndarray) -> np.ndarray:
    """Return grey values as 8 bits; other types are stretched from their least to their largest."""
    if image.dtype == np.uint8:
        return image
    values = np.asarray(image, np.float64)
    low, high = values.min(), values.max()
    return np.rint((values - low) * (255 / (high - low) if high > low else 0.0)).astype(np.uint8)


def default_threshold(histogram: np.ndarray) -> int:
    """Return ImageJ's "Default" threshold: the mean of the means below and above it, found by iteration.

    The first and last bins do not count, and one bin that towers over all others is
    cut to half as much again as the second.

    Parameters
    ----------
    histogram : ndarray of int, shape (256,)
        Pixels per grey value.

    Returns
    -------
    int
        Objects are brighter than this.

    Examples
    --------
    >>> default_threshold(np.bincount([50] * 100 + [51] * 90 + [200] * 50 + [201] * 45, minlength=256))
    125
    """
    counts = histogram.astype(np.float64)
    first, second = np.sort(counts)[-1], np.sort(counts)[-2]
    if first > 2 * second > 0:
        counts[counts.argmax()] = int(1.5 * second)
    counts[[0, -1]] = 0
    used = np.flatnonzero(counts)
    if len(used) < 2:
        return len(counts) // 2
    level = np.arange(len(counts))
    below, weighted = np.cumsum(counts), np.cumsum(counts * level)
    low, high = used[0], used[-1]
    result = float(low)
    for split in range(low, high):
        rest = below[-1] - below[split]
        result = (weighted[split] / below[split] + (weighted[-1] - weighted[split]) / rest) / 2
        if split + 2 > result or split + 1 >= high - 1:
            break
    return int(result + 0.5)


def equalised(grey: np.ndarray, *, block: int, slope: float) -> np.ndarray:
    """Equalise the histogram about each pixel, with limited contrast.

    Parameters
    ----------
    grey : ndarray of uint8, shape (R, C)
        The image.
    block : int
        Edge of the neighbourhood, in pixels; it is cut at the edge of the image.
    slope : float
        Counts above ``slope`` times the mean count per bin are spread over all bins.

    Returns
    -------
    ndarray of uint8, shape (R, C)
    """
    result = np.empty_like(grey)
    _equalise(np.ascontiguousarray(grey), block // 2, slope, result)
    return result


@njit(cache=True, nogil=True)
def _equalise(grey, reach, slope, result):  # type: ignore[no-untyped-def]
    rows, columns = grey.shape
    counts, clipped = np.empty(_BINS), np.empty(_BINS)
    for y in range(rows):
        top, bottom = max(0, y - reach), min(rows, y + reach + 1)
        counts[:] = 0.0
        for x in range(min(columns, reach)):
            for v in range(top, bottom):
                counts[grey[v, x]] += 1
        for x in range(columns):
            if x + reach < columns:
                for v in range(top, bottom):
                    counts[grey[v, x + reach]] += 1
            if x - reach - 1 >= 0:
                for v in range(top, bottom):
                    counts[grey[v, x - reach - 1]] -= 1
            wide = min(columns, x + reach + 1) - max(0, x - reach)
            _clip(counts, slope * (bottom - top) * wide / _BINS, clipped)
            result[y, x] = _mapped(clipped, grey[y, x])


@njit(cache=True, nogil=True)
def _clip(counts, limit, clipped):  # type: ignore[no-untyped-def]
    """Cut counts at the limit and spread what is above evenly, until nothing is."""
    clipped[:] = counts
    for _ in range(20):
        excess = 0.0
        for k in range(_BINS):
            if clipped[k] > limit:
                excess += clipped[k] - limit
                clipped[k] = limit
        if excess < 0.5:
            return
        for k in range(_BINS):
            clipped[k] += excess / _BINS


@njit(cache=True, nogil=True)
def _mapped(counts, value):  # type: ignore[no-untyped-def]
    """Place of a grey value in the cumulative histogram, from 0 to 255."""
    lowest = 0
    while counts[lowest] == 0:
        lowest += 1
    below = total = 0.0
    for k in range(lowest + 1, _BINS):
        total += counts[k]
        if k <= value:
            below += counts[k]
    return np.uint8(255 * below / total + 0.5) if total > 0 else np.uint8(value)


def _tiles(grey: np.ndarray) -> list[np.ndarray]:
    """Whole tiles of an image, or the image if it is smaller than one."""
    rows, columns = (max(1, n // TILE) for n in grey.shape)
    if min(grey.shape) < TILE:
        return [grey]
    return [
        grey[TILE * r : TILE * (r + 1), TILE * c : TILE * (c + 1)]
        for r in range(rows)
        for c in range(columns)
    ]
