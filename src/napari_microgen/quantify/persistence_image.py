"""Persistence image: a fixed-length picture of the spots, rings and contrasts of a grey image.

Each persistence interval becomes a Gaussian at (birth, persistence), weighted by its
persistence and integrated exactly over each cell of a 10 x 10 grid.

References
----------
Adams et al., J. Mach. Learn. Res. 18 (2017) 1, arXiv 1507.06217.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit

from ..errors import ParameterError
from ..features import Feature
from ..progress import Progress, Steps
from .persistence import Construction, persistence_intervals

NAMES = ("persistence_image",)
NEEDS_LENGTH = False
DIMENSIONS = (2,)
BYTES_PER_VOXEL = 60.0
UNDEFINED_WHEN = "never: an image without intervals gives an image of zeros"

LEAST_PERSISTENCE = 1 / 255
"""Shorter intervals are noise of one grey level and are left out."""

_NODES = 4096


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
    if len(intervals) and (intervals.min() < 0 or intervals.max() > 1):
        raise ParameterError(
            f"Intervals run from {intervals.min():g} to {intervals.max():g}; scale the grey values to "
            f"[0, 1] first."
        )
    result = np.zeros((bins, bins))
    _add(np.ascontiguousarray(intervals, np.float64), _cell_shares(bins, sigma), LEAST_PERSISTENCE, result)
    return result


@lru_cache
def _cell_shares(bins: int, sigma: float) -> np.ndarray:
    """Share of a Gaussian in each cell, and its slope, for centres at the nodes of [0, 1].

    Between nodes, cubic interpolation is exact to about 1e-11.
    """
    from scipy.special import erf

    centre = np.linspace(0, 1, _NODES + 1)[:, None]
    scaled = (np.linspace(0, 1, bins + 1)[None] - centre) / (sigma * np.sqrt(2))
    share = 0.5 * np.diff(erf(scaled), axis=1)
    slope = -np.diff(np.exp(-(scaled**2)), axis=1) / (sigma * np.sqrt(2 * np.pi)) / _NODES
    return np.ascontiguousarray(np.stack([share, slope], axis=1))


@njit(cache=True, nogil=True)
def _add(intervals, shares, least, result):  # type: ignore[no-untyped-def]
    bins = len(result)
    across, up = np.empty(bins), np.empty(bins)
    for n in range(len(intervals)):
        birth, persistence = intervals[n, 0], intervals[n, 1] - intervals[n, 0]
        if persistence < least * (1 - 1e-9):
            continue
        _interpolate(shares, birth, across)
        _interpolate(shares, persistence, up)
        for j in range(bins):
            weight = persistence * up[j]
            for k in range(bins):
                result[j, k] += weight * across[k]


@njit(cache=True, nogil=True)
def _interpolate(shares, place, out):  # type: ignore[no-untyped-def]
    """Cubic Hermite interpolation of the shares of all cells."""
    i = min(int(place * (len(shares) - 1)), len(shares) - 2)
    t = place * (len(shares) - 1) - i
    s = 1 - t
    one, other = (1 + 2 * t) * s * s, t * t * (3 - 2 * t)
    slope_one, slope_other = t * s * s, -t * t * s
    low, high = shares[i], shares[i + 1]
    for j in range(len(out)):
        out[j] = one * low[0, j] + other * high[0, j] + slope_one * low[1, j] + slope_other * high[1, j]


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
    h1, h0 = (persistence_image(found, bins=bins, sigma=sigma) for found in (rings, components))
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
