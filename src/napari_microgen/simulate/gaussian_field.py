"""Level-cut Gaussian random fields: two-phase structures whose geometry is known in closed form."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..io.limits import require_memory


def gaussian_field(
    shape: tuple[int, ...],
    smoothing: float,
    seed: int | Sequence[int],
    spacing: tuple[float, ...] | None = None,
) -> np.ndarray:
    """White noise smoothed by a Gaussian, periodic along every axis, mean 0 and variance 1.

    Parameters
    ----------
    shape : tuple of int
        Voxels along each axis (two or three axes; plane, row, column).
    smoothing : float
        Standard deviation of the Gaussian, in the unit of ``spacing``.
    seed : int or sequence of int
        The same seed gives the same values.
    spacing : tuple of float, optional
        Voxel edge along each axis; 1 voxel if left out.

    Returns
    -------
    ndarray of float32
        The field.

    Raises
    ------
    ParameterError
        If the smoothing length is not positive or reaches a quarter of an edge: such a
        field has too few independent places to mean anything.
    """
    from scipy import fft

    spacing = spacing or (1.0,) * len(shape)
    shortest = min(n * h for n, h in zip(shape, spacing, strict=True))
    if not 0 < smoothing < shortest / 4:
        raise ParameterError(
            f"The smoothing length is {smoothing:g} for a shortest edge of {shortest:g}; it must be above 0 "
            f"and below a quarter of that edge ({shortest / 4:g}). Enlarge the shape or smooth less."
        )
    require_memory(
        16 * math.prod(shape), f"A Gaussian field of shape {tuple(shape)}", "Ask for a smaller shape."
    )
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    spectrum = fft.rfftn(noise, workers=-1)
    del noise
    for axis, (n, h) in enumerate(zip(shape, spacing, strict=True)):
        last = axis == len(shape) - 1
        cycles = (fft.rfftfreq(n) if last else fft.fftfreq(n)) / h
        damping = np.exp(-2 * (np.pi * smoothing * cycles) ** 2).astype(np.float32)
        spectrum *= damping.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    spectrum[(0,) * len(shape)] = 0
    field = fft.irfftn(spectrum, shape, workers=-1, overwrite_x=True)
    return np.asarray(field / field.std(dtype=np.float64), np.float32)


def level_cut_field(
    shape: tuple[int, ...],
    smoothing: float,
    solid_fraction: float,
    seed: int | Sequence[int],
    spacing: tuple[float, ...] | None = None,
) -> np.ndarray:
    """Solid where a Gaussian field is high: a smooth, bicontinuous two-phase structure.

    The level is the quantile of the field itself, so that the solid fraction is met to
    one voxel.

    Parameters
    ----------
    shape : tuple of int
        Voxels along each axis (plane, row, column).
    smoothing : float
        Standard deviation of the Gaussian, in the unit of ``spacing``.
    solid_fraction : float
        Wanted share of solid voxels, between 0 and 1.
    seed : int or sequence of int
        The same seed gives the same structure.
    spacing : tuple of float, optional
        Voxel edge along each axis; 1 voxel if left out.

    Returns
    -------
    ndarray of bool
        True where solid; periodic along every axis.

    Raises
    ------
    ParameterError
        If a parameter is out of its range.

    Examples
    --------
    >>> solid = level_cut_field((32, 32, 32), 2.0, 0.6, seed=0)
    >>> round(float(solid.mean()), 3)
    0.6
    """
    if not 0 < solid_fraction < 1:
        raise ParameterError(f"The solid fraction is {solid_fraction:g}; it must lie between 0 and 1.")
    field = gaussian_field(shape, smoothing, seed, spacing)
    return above_share(field, solid_fraction)


def above_share(field: np.ndarray, share: float) -> np.ndarray:
    """Return where ``field`` is among the highest ``share`` of its values, to one voxel."""
    keep = round(share * field.size)
    if keep <= 0 or keep >= field.size:
        return np.full(field.shape, keep > 0)
    level = np.partition(field.ravel(), field.size - keep)[field.size - keep]
    return np.asarray(field >= level)


def level_cut_truth(smoothing: float, solid_fraction: float) -> dict[str, float]:
    """Exact mean geometry of a level-cut Gaussian field (Adler and Taylor 2007, chapter 15).

    Parameters
    ----------
    smoothing : float
        Standard deviation s of the Gaussian, as a length.
    solid_fraction : float
        Share D of the solid.

    Returns
    -------
    dict of float
        ``level`` u (in standard deviations), ``specific_surface_area`` per sample volume
        (1/length), ``mean_curvature`` averaged over the surface (1/length; positive where
        the solid is convex), ``gaussian_curvature`` averaged over the surface (1/length²)
        and ``euler_density`` of the solid per sample volume (1/length³).

    Examples
    --------
    A symmetric field has a mean curvature of zero.

    >>> level_cut_truth(1.0, 0.5)["mean_curvature"]
    0.0
    """
    u = -NormalDist().inv_cdf(solid_fraction)
    lambda2 = 1 / (2 * smoothing**2)
    surface = 2 / math.pi * math.sqrt(lambda2) * math.exp(-(u**2) / 2)
    gaussian = lambda2 * (u**2 - 1) / 2
    return {
        "level": u,
        "specific_surface_area": surface,
        "mean_curvature": u * math.sqrt(math.pi * lambda2 / 8) if solid_fraction != 0.5 else 0.0,
        "gaussian_curvature": gaussian,
        "euler_density": gaussian * surface / (4 * math.pi),
    }


def union_truth(
    first: dict[str, float], second: dict[str, float], fractions: tuple[float, float]
) -> dict[str, float]:
    """Exact mean geometry of the union of two independent isotropic solids (Blaschke's kinematic formula).

    Parameters
    ----------
    first, second : dict of float
        Geometry of each solid, as `level_cut_truth` gives it.
    fractions : (float, float)
        Their solid fractions.

    Returns
    -------
    dict of float
        ``specific_surface_area``, ``mean_curvature``, ``gaussian_curvature`` and
        ``euler_density`` of the union.

    Examples
    --------
    A solid united with almost nothing stays what it is.

    >>> solid, little = level_cut_truth(1.0, 0.4), level_cut_truth(1.0, 1e-9)
    >>> union = union_truth(solid, little, (0.4, 1e-9))
    >>> all(abs(union[k] - solid[k]) < 1e-6 for k in union)
    True
    """
    pores = [1 - fraction for fraction in fractions]
    surfaces = [solid["specific_surface_area"] for solid in (first, second)]
    # integrals over the surface per volume, of the pores: the mean curvature changes its sign
    means = [-solid["mean_curvature"] * s for solid, s in zip((first, second), surfaces, strict=True)]
    eulers = [solid["euler_density"] for solid in (first, second)]
    surface = surfaces[0] * pores[1] + surfaces[1] * pores[0]
    mean = means[0] * pores[1] + means[1] * pores[0] + math.pi**2 / 16 * surfaces[0] * surfaces[1]
    crossed = means[0] * surfaces[1] + means[1] * surfaces[0]
    euler = eulers[0] * pores[1] + eulers[1] * pores[0] + crossed / (4 * math.pi)
    return {
        "specific_surface_area": surface,
        "mean_curvature": -mean / surface,
        "gaussian_curvature": 4 * math.pi * euler / surface,
        "euler_density": euler,
    }


def unite(first: np.ndarray, second: np.ndarray, solid_fraction: float) -> np.ndarray:
    """Return ``first`` plus the highest places of the field ``second``, up to ``solid_fraction``.

    Parameters
    ----------
    first : ndarray of bool
        A structure of a smaller solid fraction.
    second : ndarray of float
        A field of the same shape.
    solid_fraction : float
        Wanted share of the union.
    """
    free = ~first
    missing = solid_fraction - first.mean()
    solid: Any = first.copy()
    solid[free] = above_share(second[free], missing * first.size / max(1, np.count_nonzero(free)))
    return np.asarray(solid)
