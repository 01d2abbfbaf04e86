"""How often a line through a material changes phase per length, averaged over all directions.

Surface area and perimeter follow from this rate by Cauchy's and Crofton's formulas. It
is counted between voxels one lattice step apart. A strongly curved interface may be
crossed twice between them; counting over two steps as well shows and removes that loss.
"""

from typing import Literal

import numpy as np

from ..errors import AxesError
from .lattice_directions import direction_weights, lattice_directions
from .voxel_configurations import Configuration, Counts

Window = Literal["stationary", "isolated"]
"""``"stationary"``: cut from a larger material. ``"isolated"``: a whole object with empty margins."""


def crossing_pairs(dimensions: int, reach: int, extrapolate: bool) -> tuple[Configuration, ...]:
    """Return the voxel pairs to count, over one step and, for the extrapolation, over two.

    Parameters
    ----------
    dimensions : int
        2 for images (held as one plane), 3 for volumes.
    reach : int
        Largest step along an axis, see `lattice_directions`.
    extrapolate : bool
        Add the pairs that are two steps apart.
    """
    steps = lattice_directions(dimensions, reach)
    lengths = (1, 2) if extrapolate else (1,)
    plane = (0,) * (3 - dimensions)
    return tuple(
        ((0, 0, 0), (*plane, *(length * s for s in step)))  # type: ignore[misc]
        for length in lengths
        for step in steps
    )


def crossing_rate(
    counts: Counts,
    shape: tuple[int, ...],
    spacing: tuple[float, ...],
    *,
    reach: int,
    correction: float,
    window: Window = "stationary",
) -> float:
    """Phase changes per length of line, from the counts of `crossing_pairs`.

    Parameters
    ----------
    counts : Counts
        Of the whole image; those of chunks may be added first.
    shape, spacing : tuple
        Shape of the image and its voxel edges.
    reach : int
        As given to `crossing_pairs`.
    correction : float
        Share of the loss at curved interfaces to put back, 0 to 1; over 0 it needs the
        pairs that are two steps apart.
    window : {"stationary", "isolated"}
        Divide by the pairs of each direction, or by all voxels.

    Returns
    -------
    float
        Crossings per unit of ``spacing``.

    Raises
    ------
    AxesError
        If a direction has no voxel pair.
    """
    directions = lattice_directions(len(shape), reach)
    if not counts.places.all():
        raise AxesError(
            f"An image of {' x '.join(map(str, shape))} voxels has no voxel pairs in some of the "
            f"{len(directions)} directions, so its interface cannot be measured. Give a larger one."
        )
    length = np.linalg.norm(np.asarray(directions) * np.asarray(spacing), axis=1)
    places = counts.places if window == "stationary" else float(np.prod(shape))
    rates = (counts.mixed / places).reshape(-1, len(directions)) / length
    rate = rates[0] + correction * (rates[0] - rates[1] / 2) / 3 if correction else rates[0]
    return max(0.0, float(direction_weights(directions, tuple(spacing)) @ rate))
