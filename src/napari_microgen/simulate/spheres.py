"""Overlapping spheres: a solid made of particles, with its geometry in closed form."""

import math
from collections.abc import Sequence

import numpy as np

from ..errors import ParameterError
from ..progress import Progress, Steps


def place_spheres(
    solid: np.ndarray,
    diameter: float,
    spread: float,
    solid_fraction: float,
    seed: int | Sequence[int],
    spacing: tuple[float, float, float],
) -> Steps[int]:
    """Add spheres at random places, periodic, until the solid fills its share.

    Parameters
    ----------
    solid : ndarray of bool, shape (P, R, C)
        What is there already; spheres are drawn into it.
    diameter : float
        Median diameter, in the unit of ``spacing``.
    spread : float
        Standard deviation of the logarithm of the diameter; 0 for equal spheres.
    solid_fraction : float
        Share of solid voxels at which to stop.
    seed : int or sequence of int
        The same seed gives the same spheres.
    spacing : (float, float, float)
        Voxel edges.

    Returns
    -------
    int
        How many spheres were drawn.
    """
    random = np.random.default_rng(seed)
    edges = np.array(solid.shape) * spacing
    if diameter * math.exp(3 * spread) > min(edges):
        raise ParameterError(
            f"Spheres of {diameter:g} do not fit a box of {tuple(float(e) for e in edges)}; "
            f"enlarge the shape."
        )
    wanted = round(solid_fraction * solid.size)
    filled, number = int(np.count_nonzero(solid)), 0
    while filled < wanted:
        centre = random.random(3) * edges
        radius = min(diameter / 2 * math.exp(spread * random.standard_normal()), min(edges) / 2 * 0.999)
        filled += draw_sphere(solid, centre, radius, spacing)
        number += 1
        if number % 500 == 0:
            yield Progress(filled, wanted, f"{number} particles")
    return number


def draw_sphere(
    solid: np.ndarray, centre: np.ndarray, radius: float, spacing: tuple[float, float, float]
) -> int:
    """Fill the voxels whose centre lies in a sphere, periodic; return how many became solid."""
    places, squares = [], []
    for axis, (c, h, n) in enumerate(zip(centre, spacing, solid.shape, strict=True)):
        index = np.arange(math.ceil((c - radius) / h - 0.5), math.floor((c + radius) / h - 0.5) + 1)
        places.append(index % n)
        squares.append((((index + 0.5) * h - c) ** 2).reshape([-1 if a == axis else 1 for a in range(3)]))
    box = np.ix_(*places)
    before = solid[box]
    after = before | (squares[0] + squares[1] + squares[2] <= radius**2)
    solid[box] = after
    return int(np.count_nonzero(after) - np.count_nonzero(before))


def overlapping_spheres_truth(radius: float, solid_fraction: float) -> dict[str, float]:
    """Exact mean geometry of overlapping equal spheres at random places (Mecke and Stoyan 2000).

    Parameters
    ----------
    radius : float
        Radius of the spheres.
    solid_fraction : float
        Share D of the solid, 1 - exp(-eta).

    Returns
    -------
    dict of float
        ``specific_surface_area`` per sample volume, ``mean_curvature`` and
        ``gaussian_curvature`` averaged over the surface, ``euler_density`` per sample
        volume; all in powers of the unit of ``radius``.

    Examples
    --------
    Few spheres are convex, many leave concave pores.

    >>> [overlapping_spheres_truth(1.0, d)["mean_curvature"] > 0 for d in (0.1, 0.9)]
    [True, False]
    """
    eta = -math.log(1 - solid_fraction)
    c = 3 * math.pi**2 / 32
    surface = 3 * eta / radius * math.exp(-eta)
    gaussian = (1 - 3 * eta + c * eta**2) / radius**2
    return {
        "specific_surface_area": surface,
        "mean_curvature": (1 - c * eta) / radius,
        "gaussian_curvature": gaussian,
        "euler_density": gaussian * surface / (4 * math.pi),
    }
