"""Directions of a voxel lattice and the share of all directions that each stands for.

Line and plane counts along a few lattice directions become averages over all
directions by weights: the areas of the spherical Voronoi cells of the directions in
physical space (angles in an image). Voxels need not be cubes.
"""

import math
from functools import lru_cache
from itertools import product

import numpy as np

Direction = tuple[int, ...]


@lru_cache
def lattice_directions(dimensions: int, reach: int = 1) -> tuple[Direction, ...]:
    """Directions between a voxel and its neighbours, one of each opposite pair.

    Parameters
    ----------
    dimensions : int
        2 for images, 3 for volumes.
    reach : int
        Largest step along an axis. 1 gives 4 directions in an image and 13 in a volume;
        2 gives 8 and 37 (of the 49 in a volume, those with two steps of 2 are left out).

    Returns
    -------
    tuple of tuple of int
        Steps (plane, row, column), or (row, column), without common factor.

    Examples
    --------
    >>> lattice_directions(2)
    ((0, 1), (1, -1), (1, 0), (1, 1))
    >>> [len(lattice_directions(d, reach)) for d in (2, 3) for reach in (1, 2)]
    [4, 8, 13, 37]
    """
    zero = (0,) * dimensions
    return tuple(
        step
        for step in product(range(-reach, reach + 1), repeat=dimensions)
        if step > zero and math.gcd(*step) == 1 and sum(abs(s) > 1 for s in step) <= 1
    )


def direction_weights(directions: tuple[Direction, ...], spacing: tuple[float, ...]) -> np.ndarray:
    """Share of all directions in space that is nearest to each lattice direction.

    Parameters
    ----------
    directions : tuple of tuple of int
        Lattice steps, none parallel to another.
    spacing : tuple of float
        Voxel edges in any unit.

    Returns
    -------
    ndarray of float64, shape (n,)
        Shares that sum to 1.

    Examples
    --------
    >>> direction_weights(lattice_directions(2), (1.0, 1.0))
    array([0.25, 0.25, 0.25, 0.25])
    """
    smallest = min(spacing)
    return _weights(directions, tuple(edge / smallest for edge in spacing)).copy()


@lru_cache
def _weights(directions: tuple[Direction, ...], ratios: tuple[float, ...]) -> np.ndarray:
    vectors = np.asarray(directions, float) * ratios
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    if units.shape[1] == 2:
        return _shares_of_half_circle(units)
    from scipy.spatial import SphericalVoronoi

    areas = SphericalVoronoi(np.concatenate([units, -units])).calculate_areas()
    shares: np.ndarray = areas[: len(units)] / (2 * np.pi)
    return shares


def _shares_of_half_circle(units: np.ndarray) -> np.ndarray:
    angles = np.arctan2(units[:, 0], units[:, 1]) % np.pi
    order = np.argsort(angles)
    gaps = np.diff(angles[order], append=angles[order[0]] + np.pi)
    shares = np.empty(len(angles))
    shares[order] = (gaps + np.roll(gaps, 1)) / (2 * np.pi)
    return shares
