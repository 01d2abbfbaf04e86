"""Persistence image: a fixed-length picture of the spots, rings and contrasts of a grey image.

Each persistence interval becomes a Gaussian at (birth, persistence), weighted by its
persistence and integrated exactly over each cell of a 10 x 10 grid.

References
----------
Adams et al., J. Mach. Learn. Res. 18 (2017) 1, arXiv 1507.06217.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit, uint64

from ..errors import ParameterError
from ..features import Feature
from ..progress import Progress, Steps
from .persistence import Construction, persistence_intervals
from .threads import available_threads

NAMES = ("persistence_image",)
NEEDS_LENGTH = False
DIMENSIONS = (2,)
BYTES_PER_VOXEL = 60.0
UNDEFINED_WHEN = "never: an image without intervals gives an image of zeros"

LEAST_PERSISTENCE = 1 / 255
"""Shorter intervals are noise of one grey level and are left out."""

_NODES = 5120
_WIDTH = 4
_PER_THREAD = 200_000


def persistence_image(intervals: np.ndarray, *, bins: int = 10, sigma: float = 0.05) -> np.ndarray:
    """Picture of persistence intervals with birth and death between 0 and 1.

    Parameters
    ----------
    intervals : ndarray of float, shape (n, 2)
        Birth and death, in grey values scaled to [0, 1].
    bins : int
        Cells along birth and along persistence. 10 as in the published comparison.
    sigma : float
        Standard deviation of the Gaussians; 0.05 is half a cell.

    Returns
    -------
    ndarray of float64, shape (bins, bins)
        First axis persistence, second axis birth, both from 0 to 1. Weights are the
        persistences; intervals shorter than 1/255 do not count.

    Raises
    ------
    ParameterError
        If a birth or death is outside [0, 1].

    Examples
    --------
    A single interval far from the border: its whole weight is in the image.

    >>> image = persistence_image(np.array([[0.3, 0.8]]))
    >>> round(float(image.sum()), 6), np.unravel_index(image.argmax(), image.shape)[1] in (2, 3)
    (0.5, True)
    """
    return persistence_images([intervals], bins=bins, sigma=sigma, threads=1)[0]


def persistence_images(
    intervals: Sequence[np.ndarray], *, bins: int = 10, sigma: float = 0.05, threads: int | None = None
) -> np.ndarray:
    """Make the persistence images of many sets of intervals, as `persistence_image` does for one.

    Parameters
    ----------
    intervals : sequence of ndarray of float, each of shape (n, 2)
        Births and deaths, in grey values scaled to [0, 1].
    bins, sigma
        See `persistence_image`.
    threads : int or None
        Sets worked on at the same time, if there is enough work. None: one per core.

    Returns
    -------
    ndarray of float64, shape (len(intervals), bins, bins)
    """
    shares = _cell_shares(bins, sigma)
    images = np.zeros((len(intervals), bins, bins))

    def fill(start: int) -> None:
        for index in range(start, len(images), workers):
            _add(_scaled(intervals[index]), shares, LEAST_PERSISTENCE, reach, images[index])

    reach = int(8 * sigma * bins) + 1
    worth = -(-sum(len(found) for found in intervals) // _PER_THREAD)
    workers = min(available_threads() if threads is None else threads, len(images), max(worth, 1))
    if workers < 2:
        for start in range(workers):
            fill(start)
        return images
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(fill, range(workers)))
    return images


def _scaled(intervals: np.ndarray) -> np.ndarray:
    if len(intervals) and (intervals.min() < 0 or intervals.max() > 1):
        raise ParameterError(
            f"Intervals run from {intervals.min():g} to {intervals.max():g}; scale the grey values to "
            f"[0, 1] first."
        )
    return np.ascontiguousarray(intervals, np.float64)


@lru_cache
def _cell_shares(bins: int, sigma: float) -> np.ndarray:
    """Share of a Gaussian in each cell, and its slope, for centres at nodes within one cell.

    Cells are all alike, so a row holds the shares of the cells from ``bins`` before to
    ``bins`` after the one with the centre. Between nodes, cubic interpolation is exact
    to about 1e-13.
    """
    from scipy.special import erf

    nodes = max(8, _NODES // bins)
    centre = np.arange(nodes + 1)[:, None] / nodes
    edges = np.arange(-bins, bins + 1 + _WIDTH)[None]
    scaled = (edges - centre) / (bins * sigma * np.sqrt(2))
    share = 0.5 * np.diff(erf(scaled), axis=1)
    slope = -np.diff(np.exp(-(scaled**2)), axis=1) / (bins * sigma * np.sqrt(2 * np.pi) * nodes)
    return np.ascontiguousarray(np.stack([share, slope], axis=1))


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add(intervals, shares, least, reach, result):  # type: ignore[no-untyped-def]
    """Add a Gaussian per interval; rows further than ``reach`` cells from it get less than 1e-14."""
    bins, nodes, len_row = len(result), len(shares) - 1, shares.shape[2]
    length = uint64(len_row)
    width = uint64(-(-bins // _WIDTH) * _WIDTH)  # whole vectors; the rest is thrown away
    table = shares.ravel()
    across, total = np.empty(width), np.zeros(uint64(bins) * width)
    for n in range(len(intervals)):
        birth, persistence = intervals[n, 0] * bins, intervals[n, 1] - intervals[n, 0]
        if persistence < least * (1 - 1e-9):
            continue
        row, a, b, c, d = _hermite(birth, bins, nodes, 2 * len_row)
        p, q, r, s = row, row + length, row + length + length, row + length + length + length
        for k in range(width):
            across[k] = a * table[p + k] + c * table[q + k] + b * table[r + k] + d * table[s + k]
        up = persistence * bins
        row, a, b, c, d = _hermite(up, bins, nodes, 2 * len_row)
        p, q, r, s = row, row + length, row + length + length, row + length + length + length
        cell = min(int(up), bins - 1)
        first, last = uint64(max(0, cell - reach)), uint64(min(bins, cell + reach + 1))
        start = first * width
        for j in range(first, last):
            weight = a * table[p + j] + c * table[q + j] + b * table[r + j] + d * table[s + j]
            weight *= persistence
            for k in range(width):
                total[start + k] += weight * across[k]
            start += width
    result += total.reshape(bins, -1)[:, :bins]


@njit(cache=True, nogil=True, inline="always")
def _hermite(centre, bins, nodes, stride):  # type: ignore[no-untyped-def]
    """Place in the table for a centre (in cells), and weights: value here and there, slope here and there."""
    cell = min(int(centre), bins - 1)
    node = (centre - cell) * nodes
    place = min(int(node), nodes - 1)
    t = node - place
    s = 1 - t
    first = uint64(place * stride + bins - cell)
    return first, (1 + 2 * t) * s * s, t * t * (3 - 2 * t), t * s * s, -t * t * s


def measure(
    phase: np.ndarray, spacing: tuple[float, ...] | None = None, *, construction: Construction = "vertices"
) -> Steps[list[Feature]]:
    """Make the persistence image of a phase map: the phase is bright (1), the rest dark (0).

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C)
        True where the phase is.
    spacing : tuple of float or None
        Not needed.
    construction : {"vertices", "top_cells"}
        See `persistence_intervals`.

    Returns
    -------
    list of Feature
        ``persistence_image``, as `measure_image` gives it.
    """
    return (yield from measure_image(phase.astype(np.uint8), spacing, white=1.0, construction=construction))


def measure_image(
    image: np.ndarray,
    spacing: tuple[float, ...] | None = None,
    *,
    white: float | None = None,
    construction: Construction = "vertices",
    bins: int = 10,
    sigma: float = 0.05,
) -> Steps[list[Feature]]:
    """Make the persistence image of a grey image.

    Parameters
    ----------
    image : ndarray of number, shape (R, C)
        Grey values from 0 to ``white``.
    spacing : tuple of float or None
        Not needed.
    white : float or None
        Grey value of white. None: the largest of the type, and 1 for decimal numbers.
    construction : {"vertices", "top_cells"}
        See `persistence_intervals`; it changes the result and is recorded with it.
    bins : int
        Cells along each axis. 10 as published.
    sigma : float
        Standard deviation of the Gaussians. 0.05 is half a cell of ten.

    Returns
    -------
    list of Feature
        ``persistence_image``: its value is the sum of the image of the rings (H1), the
        total persistence; the images of rings and of dark components (H0) are in the
        details, row by row.
    """
    yield Progress(0, 1, "persistence intervals")
    scale = white_level(image) if white is None else white
    intervals = persistence_intervals(image, construction=construction)
    rings, components = intervals.rings / scale, intervals.components / scale
    h1, h0 = persistence_images([rings, components], bins=bins, sigma=sigma, threads=1)
    long = (rings[:, 1] - rings[:, 0] >= LEAST_PERSISTENCE * (1 - 1e-9)).sum()
    details: dict[str, Any] = {
        "construction": construction,
        "bins": bins,
        "sigma": sigma,
        "rings": int(long),
        "h1": h1.ravel().tolist(),
        "h0": h0.ravel().tolist(),
    }
    method = f"sub-level rings (H1), {construction} construction, {bins} x {bins} cells, sigma {sigma:g}"
    remark = None if long else "no ring lasts over 1/255 of the grey scale"
    return [Feature(name=NAMES[0], value=float(h1.sum()), method=method, reason=remark, details=details)]


def white_level(image: np.ndarray) -> float:
    """Return the grey value of white: the largest of a whole-number type, 1 for decimals and masks.

    Examples
    --------
    >>> white_level(np.zeros((2, 2), np.uint8)), white_level(np.zeros((2, 2)))
    (255.0, 1.0)
    """
    return float(np.iinfo(image.dtype).max) if image.dtype.kind in "iu" else 1.0
