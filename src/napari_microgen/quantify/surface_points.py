"""Curvature at points spread over the interface of a phase, each with the area it stands for.

The points are where the edges of the voxel lattice cross the smoothed interface. A
point on an edge along one axis stands for the face of a voxel across that axis, times
the component of the normal along it; the three families of points together then cover
the area once. No mesh is needed, and only a few planes are held at a time.

Smoothing by sigma moves a curved interface inward by sigma^2 times its mean curvature.
Curvatures and areas are those of the parallel surface where it was before.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from ..progress import Progress, Steps, finish
from .blurred_planes import TRUNCATE, blurred_planes
from .chunk import Chunk
from .level_set_curvature import curvature_in_cell

MARGIN = 3.0
"""Points nearer to a face of the volume than this many smoothing lengths are left out."""


@dataclass(frozen=True, kw_only=True)
class SurfacePoints:
    """Curvatures of a sampled interface."""

    mean: np.ndarray
    """Mean curvature in 1/micrometre, float32, shape (n,); positive where the phase is convex."""
    gaussian: np.ndarray
    """Gaussian curvature in 1/micrometre squared."""
    area: np.ndarray
    """Area that each point stands for, in square micrometre."""
    clipped: int
    """Points at which a curvature was beyond one over two voxels, and was cut to that."""
    smoothing: float
    """Standard deviation of the Gaussian, in micrometre."""

    def __add__(self, other: "SurfacePoints") -> "SurfacePoints":
        return SurfacePoints(
            mean=np.concatenate([self.mean, other.mean]),
            gaussian=np.concatenate([self.gaussian, other.gaussian]),
            area=np.concatenate([self.area, other.area]),
            clipped=self.clipped + other.clipped,
            smoothing=self.smoothing,
        )


def default_smoothing(spacing: tuple[float, ...]) -> float:
    """Return 1.5 times the largest voxel edge, the least that gives curvatures a meaning."""
    return 1.5 * max(spacing)


def surface_points(
    phase: np.ndarray, spacing: tuple[float, ...], *, smoothing: float | None = None
) -> SurfacePoints:
    """Sample the curvature of an interface.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is.
    spacing : (float, float, float)
        Voxel edges, in micrometre.
    smoothing : float or None
        Standard deviation of the Gaussian, in micrometre. None: 1.5 times the largest
        voxel edge. Values depend on it and mean nothing without it.

    Returns
    -------
    SurfacePoints
        Empty if no interface lies far enough inside the volume.

    Examples
    --------
    >>> z, y, x = np.ogrid[-30:31, -30:31, -30:31]
    >>> found = surface_points(z**2 + y**2 + x**2 <= 15.3**2, (1.0, 1.0, 1.0), smoothing=3.0)
    >>> bool(abs(np.median(found.mean) * 15.3 - 1) < 0.02)
    True
    """
    return finish(sampling_steps(phase, spacing, smoothing=smoothing))


def planes_around(spacing: tuple[float, ...], smoothing: float | None = None) -> tuple[int, int]:
    """Return how many planes above and below a chunk its points depend on."""
    smoothing = default_smoothing(spacing) if smoothing is None else smoothing
    reach = int(TRUNCATE * smoothing / spacing[0] + 0.5)
    return reach + 1, reach + 2


def sampling_steps(
    phase: np.ndarray | Chunk, spacing: tuple[float, ...], *, smoothing: float | None = None
) -> Steps[SurfacePoints]:
    """Run `surface_points` with progress, on a volume or on a chunk of one."""
    chunk = phase if isinstance(phase, Chunk) else Chunk.whole(phase)
    smoothing = default_smoothing(spacing) if smoothing is None else smoothing
    edges = np.asarray(spacing, float)
    sigma = smoothing / edges
    margin = np.maximum(1, np.ceil(MARGIN * sigma)).astype(np.int64)
    window = np.zeros((4, *chunk.shape[1:]), np.float32)
    found = [np.zeros((3, 0), np.float32)]
    clipped = 0
    thick = bool((np.array(chunk.shape) > 2 * margin + 1).all())
    for index, plane in enumerate(blurred_planes(chunk.phase, tuple(sigma)) if thick else ()):
        window[:-1] = window[1:]
        window[-1] = plane - np.float32(0.5)
        low = chunk.low + index - 2
        if max(margin[0], chunk.start) <= low < min(chunk.shape[0] - 1 - margin[0], chunk.stop):
            room = np.empty((3, _count(window, margin)), np.float32)
            clipped += _sample(window, margin, 1 / edges, smoothing**2, room)
            found.append(room)
        yield Progress(index + 1, len(chunk.phase), "sampling curvature")
    mean, gaussian, area = np.concatenate(found, axis=1)
    return SurfacePoints(mean=mean, gaussian=gaussian, area=area, clipped=clipped, smoothing=smoothing)


@njit(cache=True, nogil=True)
def _count(window, margin):  # type: ignore[no-untyped-def]
    """Count the crossings on edges that start in plane 1 of the window."""
    total = 0
    for y in range(margin[1], window.shape[1] - 1 - margin[1]):
        for x in range(margin[2], window.shape[2] - 1 - margin[2]):
            inside = window[1, y, x] > 0
            total += (window[2, y, x] > 0) != inside
            total += (window[1, y + 1, x] > 0) != inside
            total += (window[1, y, x + 1] > 0) != inside
    return total


@njit(cache=True, nogil=True)
def _sample(window, margin, inverse, variance, room):  # type: ignore[no-untyped-def]
    """Write mean and Gaussian curvature and area of each crossing; return how many were clipped."""
    work, normal = np.empty(108), np.empty(3)
    corner, share, step = np.zeros(3, np.int64), np.zeros(3), np.eye(3, dtype=np.int64)
    voxel = 1 / (inverse[0] * inverse[1] * inverse[2])
    limit = 0.5 * inverse.max()
    n = clipped = 0
    for y in range(margin[1], window.shape[1] - 1 - margin[1]):
        for x in range(margin[2], window.shape[2] - 1 - margin[2]):
            here = window[1, y, x]
            for axis in range(3):
                there = window[1 + step[axis, 0], y + step[axis, 1], x + step[axis, 2]]
                if (here > 0) == (there > 0):
                    continue
                corner[1], corner[2] = y - 1, x - 1
                share[:] = 0.0
                share[axis] = here / (here - there)
                mean, gaussian = curvature_in_cell(window, corner, share, inverse, work, normal)
                k1, k2, growth, cut = _unsmoothed(mean, gaussian, variance, limit)
                room[0, n], room[1, n] = 0.5 * (k1 + k2), k1 * k2
                room[2, n] = abs(normal[axis]) * voxel * inverse[axis] * growth
                clipped += cut
                n += 1
    return clipped


def unsmooth(mean: np.ndarray, gaussian: np.ndarray, smoothing: float, spacing: tuple[float, ...]) -> None:
    """Turn curvatures of the smoothed surface into those before it moved, in place; clip beyond 1 / (2 h)."""
    _unsmooth(mean, gaussian, smoothing**2, 0.5 / min(spacing))


@njit(cache=True, nogil=True)
def _unsmooth(mean, gaussian, variance, limit):  # type: ignore[no-untyped-def]
    for n in range(len(mean)):
        first, second, _, _ = _unsmoothed(mean[n], gaussian[n], variance, limit)
        mean[n], gaussian[n] = 0.5 * (first + second), first * second


@njit(cache=True, nogil=True)
def _unsmoothed(mean, gaussian, variance, limit):  # type: ignore[no-untyped-def]
    """Principal curvatures and growth of area on the surface as it was before smoothing moved it."""
    root = math.sqrt(max(mean * mean - gaussian, 0.0))
    first, second = mean + root, mean - root
    cut = first > limit or second < -limit
    first, second = min(max(first, -limit), limit), min(max(second, -limit), limit)
    shift = 0.5 * (first + second) * variance
    # Where the shift nears the radius of curvature the surface before smoothing is unknown.
    one, two = min(max(1 + shift * first, 0.5), 2.0), min(max(1 + shift * second, 0.5), 2.0)
    return first / one, second / two, one * two, cut
