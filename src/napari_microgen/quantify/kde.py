"""Joint density of two quantities by Gaussian kernels, in time that hardly depends on the number of points.

Points are spread over a fine grid (each over its four nearest nodes), and the grid is
convolved with the kernel by Fourier transform. The bandwidth is Scott's, with the full
covariance. The grid is at least eight times finer than the kernel, and the small
widening by the spreading is taken off the kernel, so the result is that of summing a
kernel at each point.

References
----------
Scott, Multivariate Density Estimation, Wiley 1992.
Silverman, Algorithm AS 176, Appl. Stat. 31 (1982) 93, doi 10.2307/2347084.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from ..errors import ParameterError

_FINENESS = 8.0
_REACH = 6.0
_LARGEST = 4096


@dataclass(frozen=True, kw_only=True)
class JointDensity:
    """A density on a regular grid."""

    x: np.ndarray
    """First quantity at the grid points, shape (n,)."""
    y: np.ndarray
    """Second quantity, shape (m,)."""
    density: np.ndarray
    """Probability per unit of x and y, shape (n, m)."""
    bandwidth: np.ndarray
    """Covariance of the kernel, shape (2, 2)."""


def joint_density(
    x: np.ndarray,
    y: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    bins: tuple[int, int] = (200, 200),
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
    share: float = 0.99,
) -> JointDensity:
    """Estimate the joint density of two quantities from points.

    Parameters
    ----------
    x, y : ndarray of float, shape (N,)
        The points; not all on a line.
    weights : ndarray of float, shape (N,), or None
        Weight of each point, such as the area it stands for. None: all alike.
    bins : (int, int)
        Points of the grid along x and y, at least 2 each.
    limits : ((float, float), (float, float)) or None
        Ranges of the grid. None: the ranges that hold the central ``share`` of each
        quantity.
    share : float
        See ``limits``. 0.99 leaves the tails out that would flatten the picture.

    Returns
    -------
    JointDensity
        The density on the grid. It integrates to the weight inside the grid, which is
        less than 1.

    Raises
    ------
    ParameterError
        If there are fewer than three points, or they lie on a line.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> x, y = random.standard_normal((2, 100_000))
    >>> found = joint_density(x, y, limits=((-1, 1), (-1, 1)), bins=(3, 3))
    >>> bool(abs(found.density[1, 1] - 1 / (2 * np.pi)) < 0.01)
    True
    """
    covariance = _scott_covariance(x, y, weights)
    spread = np.sqrt(np.diag(covariance))
    if limits is None:
        tails = [50 * (1 - share), 50 * (1 + share)]
        limits = tuple(tuple(np.percentile(values, tails)) for values in (x, y))  # type: ignore[assignment]
    assert limits is not None
    axes = [_fine_axis(*limits[k], bins[k], spread[k]) for k in (0, 1)]
    shape = (axes[0].size, axes[1].size)
    grid = np.zeros(shape)
    plain = np.empty(0) if weights is None else np.ascontiguousarray(weights, np.float64)
    _spread_points(
        np.ascontiguousarray(x, np.float64),
        np.ascontiguousarray(y, np.float64),
        plain,
        np.array([[a.start, 1 / a.step] for a in axes]),
        grid,
    )
    total = float(len(x)) if weights is None else float(plain.sum())
    smooth = _convolved(grid, covariance, axes[0].step, axes[1].step)
    coarse = smooth[axes[0].kept, axes[1].kept] / (total * axes[0].step * axes[1].step)
    return JointDensity(
        x=np.linspace(*limits[0], bins[0]),
        y=np.linspace(*limits[1], bins[1]),
        density=np.maximum(coarse, 0.0),
        bandwidth=covariance,
    )


@dataclass(frozen=True)
class _FineAxis:
    start: float
    step: float
    size: int
    kept: slice


def _fine_axis(low: float, high: float, bins: int, spread: float) -> _FineAxis:
    """Nodes that include those of the result, and reach six bandwidths beyond them."""
    if bins < 2 or not high > low:
        raise ParameterError(f"A grid of {bins} points from {low:g} to {high:g} is empty; give a wider one.")
    coarse = (high - low) / (bins - 1)
    factor = max(1, int(np.ceil(_FINENESS * coarse / spread)))
    step = coarse / factor
    margin = int(np.ceil(_REACH * spread / step)) + 1
    inner = (bins - 1) * factor + 1
    from scipy.fft import next_fast_len

    if inner > _LARGEST:
        raise ParameterError(
            f"The range {low:g} to {high:g} is {(high - low) / spread:.0f} bandwidths wide; give a narrower "
            f"one with limits, or a smaller share."
        )
    size = next_fast_len(inner + 2 * margin, real=True)
    return _FineAxis(low - margin * step, step, size, slice(margin, margin + inner, factor))


def _scott_covariance(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    if len(x) < 3:
        raise ParameterError(f"A joint density needs at least 3 points; there are {len(x)}.")
    effective = len(x) if weights is None else weights.sum() ** 2 / (weights**2).sum()
    covariance: np.ndarray = np.cov(x, y, aweights=weights) * effective ** (-1 / 3)
    if not np.linalg.det(covariance) > 1e-20 * covariance[0, 0] * covariance[1, 1]:
        raise ParameterError("The points lie on a line, so they have no joint density.")
    return covariance


def _convolved(grid: np.ndarray, covariance: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """Convolve with the Gaussian kernel, less the variance (step^2 / 6) that spreading has added."""
    from scipy.fft import irfft2, rfft2

    p = np.fft.fftfreq(grid.shape[0], dx)[:, None]
    q = np.fft.rfftfreq(grid.shape[1], dy)[None]
    xx, yy, xy = covariance[0, 0] - dx**2 / 6, covariance[1, 1] - dy**2 / 6, covariance[0, 1]
    spectrum = rfft2(grid, workers=2, overwrite_x=True)
    spectrum *= np.exp(-2 * np.pi**2 * (xx * p**2 + yy * q**2 + 2 * xy * p * q))
    result: np.ndarray = irfft2(spectrum, s=grid.shape, workers=2, overwrite_x=True)
    return result


@njit(cache=True, nogil=True)
def _spread_points(x, y, weights, axes, grid):  # type: ignore[no-untyped-def]
    """Add each point to its four nearest nodes, with shares that keep its place."""
    rows, columns = grid.shape
    for n in range(len(x)):
        u, v = (x[n] - axes[0, 0]) * axes[0, 1], (y[n] - axes[1, 0]) * axes[1, 1]
        if not (0 <= u < rows - 1 and 0 <= v < columns - 1):
            continue
        i, j = int(u), int(v)
        s, t = u - i, v - j
        weight = weights[n] if len(weights) else 1.0
        grid[i, j] += weight * (1 - s) * (1 - t)
        grid[i, j + 1] += weight * (1 - s) * t
        grid[i + 1, j] += weight * s * (1 - t)
        grid[i + 1, j + 1] += weight * s * t
