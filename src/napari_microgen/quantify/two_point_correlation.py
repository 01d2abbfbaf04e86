"""Two-point correlation S2(r): the chance that two points a distance r apart both lie in the phase.

Pairs are counted exactly by fast Fourier transform, and only pairs inside the image
count. A volume is worked in slabs, each against itself and the planes above it; the
counts are whole numbers, so slabs add up to the whole exactly and memory stays bounded.

References
----------
Torquato, Random Heterogeneous Materials, Springer 2002, chapter 2.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..correlation import PairSums, correlation_length, radial_probability
from ..features import Feature
from ..progress import Progress, Steps, finish, scaled, waited
from .chunk import Chunk
from .threads import available_threads

NAMES = ("two_point_correlation",)
NEEDS_LENGTH = True
DIMENSIONS = (2, 3)
BYTES_PER_VOXEL = 8.0
UNDEFINED_WHEN = "the phase is absent or fills everything, or its covariance never falls below 5 %"

LEVEL = 0.05
"""The structure has forgotten itself where the covariance has fallen to this share."""

Curve = tuple[np.ndarray, np.ndarray]
_MOST_LAGS = 64
_TRANSFORM_POINTS = 12_000_000
_SMALL = 1 << 18
"""Points up to which a transform takes some milliseconds and is not worth a thread."""


def default_reach(shape: tuple[int, ...], spacing: tuple[float, ...]) -> float:
    """Return a quarter of the shortest side, at most 64 of the finest voxels, in micrometre."""
    sides = [n * s for n, s in zip(shape, spacing, strict=True) if n > 1] or [0.0]
    return min(min(sides) / 4, _MOST_LAGS * min(spacing))


def pair_counts(phase: np.ndarray, lags: tuple[int, ...]) -> PairSums:
    """Count pairs of phase voxels at every lag up to ``lags`` along each axis.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    lags : tuple of int
        Largest lag along each axis, in voxels, less than its length.

    Returns
    -------
    PairSums
        Whole numbers; lags run from minus to plus the largest.

    Examples
    --------
    >>> sums = pair_counts(np.array([[True, True, False]]), (0, 2))
    >>> sums.hits.astype(int).tolist()
    [[0, 1, 2, 1, 0]]
    """
    return finish(counting_pairs(phase, lags))


def counting_pairs(phase: np.ndarray, lags: tuple[int, ...]) -> Steps[PairSums]:
    """Run `pair_counts` slab by slab, with progress."""
    return _sums((yield from _counting_upper(Chunk.whole(phase), lags)), phase.shape, lags)


def _counting_upper(chunk: Chunk, lags: tuple[int, ...]) -> Steps[np.ndarray]:
    """Count pairs whose first voxel lies in a chunk of planes, at lags that do not point up."""
    from scipy import fft

    up = lags[0]
    phase, first, last = chunk.phase, chunk.start - chunk.low, chunk.stop - chunk.low
    sides = [fft.next_fast_len(n + lag, real=True) for n, lag in zip(phase.shape[1:], lags[1:], strict=True)]
    planes = max(8, _TRANSFORM_POINTS // int(np.prod(sides)) - up)
    planes = min(planes, last - first)
    padded = (fft.next_fast_len(planes + up, real=True), *sides)
    small = np.prod(padded) <= _SMALL
    workers, run = (1, _at_once) if small else (available_threads(), waited)
    spectrum: Any = 0.0
    for start in range(first, last, planes):

        def product(start: int = start) -> np.ndarray:
            slab = phase[start : min(start + planes, last)].astype(np.float64)
            beyond = phase[start : min(start + planes, last) + up].astype(np.float64)
            result = np.conj(fft.rfftn(slab, padded, workers=workers))
            result *= fft.rfftn(beyond, padded, workers=workers)
            return np.asarray(result)

        spectrum = spectrum + (yield from run(product, start - first, last - first, "counting pairs"))
    counts = yield from run(
        lambda: fft.irfftn(spectrum, padded, workers=workers), last - first, last - first, "counting pairs"
    )
    window = np.ix_(np.arange(up + 1), *(np.arange(-lag, lag + 1) for lag in lags[1:]))
    return np.rint(counts[window])


def _at_once(work: Callable[[], np.ndarray], done: int, total: int, message: str) -> Steps[np.ndarray]:
    """Run a short piece of work in the calling thread."""
    yield Progress(done, total, message)
    return work()


def _sums(upper: np.ndarray, shape: tuple[int, ...], lags: tuple[int, ...]) -> PairSums:
    """Add the lags that point up, which mirror the others, and the number of all pairs."""
    hits = np.concatenate([np.flip(upper[1:]), upper])
    pairs = np.ones((1,) * len(shape))
    for axis, (n, lag) in enumerate(zip(shape, lags, strict=True)):
        along = n - np.abs(np.arange(-lag, lag + 1.0))
        pairs = pairs * along.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return PairSums(hits, pairs)


def two_point_correlation(
    phase: np.ndarray, spacing: tuple[float, ...], *, reach: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Chance that both ends of a randomly placed segment lie in the phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float
        Voxel edges, in micrometre.
    reach : float or None
        Largest distance, in micrometre. None: a quarter of the shortest side, at most 64
        of the finest voxels.

    Returns
    -------
    distance : ndarray of float64, shape (n,)
        Mean length of the pairs in each shell of one finest voxel; the first is 0.
    probability : ndarray of float64, shape (n,)
        S2; its first value is the phase fraction.

    Examples
    --------
    >>> stripes = np.tile(np.arange(64) % 8 < 4, (64, 1))
    >>> distance, probability = two_point_correlation(stripes, (1.0, 1.0), reach=2.0)
    >>> float(probability[0])
    0.5
    """
    return finish(_steps(phase, spacing, reach))


def _steps(phase: np.ndarray, spacing: tuple[float, ...], reach: float | None) -> Steps[Curve]:
    sums = yield from counting_pairs(phase, _lags(phase.shape, spacing, reach))
    return radial_probability(sums, tuple(spacing))


def _lags(shape: tuple[int, ...], spacing: tuple[float, ...], reach: float | None = None) -> tuple[int, ...]:
    reach = default_reach(shape, spacing) if reach is None else reach
    return tuple(min(n - 1, int(reach / s + 1e-9)) for n, s in zip(shape, spacing, strict=True))


def measure(
    phase: np.ndarray, spacing: tuple[float, ...] | None, *, reach: float | None = None
) -> Steps[list[Feature]]:
    """Measure the two-point correlation and the distance over which it fades.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Voxel edges in micrometre.
    reach : float or None
        Largest distance in micrometre. None: a quarter of the shortest side, at most 64
        of the finest voxels.

    Yields
    ------
    Progress
        Several per slab.

    Returns
    -------
    list of Feature
        ``two_point_correlation``: the first distance, in um, at which the covariance is
        below 5 % of its value at zero; the curve is in the details.
    """
    if spacing is None or phase.size < 2:
        return features(None, phase.shape, spacing)
    found: np.ndarray = yield from scaled(count(Chunk.whole(phase), spacing, reach=reach), 0, 100, 100)
    yield Progress(100, 100, "pairs counted")
    return features(found, phase.shape, spacing, reach=reach)


def halo(shape: tuple[int, ...], spacing: tuple[float, ...]) -> tuple[int, int]:
    """Return how many planes a chunk needs above and below its own."""
    return 0, _lags(shape, spacing)[0]


def count(chunk: Chunk, spacing: tuple[float, ...], *, reach: float | None = None) -> Steps[np.ndarray]:
    """Count pairs that begin in a chunk of planes; those of all chunks add up to those of the whole."""
    return _counting_upper(chunk, _lags(chunk.shape, spacing, reach))


def features(
    found: np.ndarray | None,
    shape: tuple[int, ...],
    spacing: tuple[float, ...] | None,
    *,
    reach: float | None = None,
) -> list[Feature]:
    """Return the feature that follows from the pairs of the whole volume."""
    method = "exact pair count by Fourier transform, first distance with covariance below 5 %"
    name: dict[str, Any] = {"name": NAMES[0], "unit": "um", "method": method}
    if spacing is None:
        return [Feature(value=None, reason="voxel size unknown", **name)]
    if found is None:
        return [Feature(value=None, reason="a single voxel has no pairs", **name)]
    sums = _sums(found, shape, _lags(shape, spacing, reach))
    distance, probability = radial_probability(sums, tuple(spacing))
    details = {"distance_um": distance.tolist(), "probability": probability.tolist()}
    value = correlation_length(distance, probability, LEVEL)
    reason = None
    if value is None:
        single = probability[0] in (0.0, 1.0)
        reach_um = float(distance[-1])
        reason = "there is one phase only" if single else f"no fall below 5 % up to {reach_um:.4g} um"
    return [Feature(value=value, reason=reason, details=details, **name)]
