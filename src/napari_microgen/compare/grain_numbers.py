"""Grains in images that are distances to the boundaries: their numbers, found by the watershed."""

import numpy as np

from ..errors import NothingToSegmentError
from ..progress import finish
from ..quantify.grain_laws import radius_by_neighbours, size_distributions
from ..quantify.grain_table import grain_table
from ..segment.watershed_grains import watershed_steps
from ..simulate.grain_maps import boundary_distance, grain_boundaries

__all__ = ["distance_of_labels", "distance_transform", "grain_numbers"]


def grain_numbers(distance: np.ndarray, edge: float) -> list[float]:
    """Return number per area, mean radius, slope of radius over neighbours, mean neighbours, largest radius.

    Grains at the edge do not count, and the others the more the larger they are, which makes means unbiased
    (see `quantify.grain_table`).

    Parameters
    ----------
    distance : ndarray, shape (R, C)
        Distance of each pixel to the next boundary, in pixels.
    edge : float
        Pixel edge.

    Returns
    -------
    list of float
        In the order of `descriptors.GRAIN_NAMES`; NaN where undefined.
    """
    try:
        labels = finish(
            watershed_steps(distance, trimming="saddles", depth=0.5, smoothing=0.0, periodic=False)
        )
    except NothingToSegmentError:
        return [0.0] + [float("nan")] * 4
    grains = grain_table(labels, (edge, edge))
    counted = grains.measured()
    total = float(counted.weight.sum())
    if not total:
        return [0.0] + [float("nan")] * 4
    weight, line, sizes = counted.weight / total, radius_by_neighbours(grains), size_distributions(grains)
    return [
        total / (distance.size * edge**2),
        float(weight @ counted.radius),
        float("nan") if line is None else line.slope,
        float(weight @ counted.neighbours),
        float("nan") if sizes is None else sizes["largest"],
    ]


def distance_of_labels(labels: np.ndarray) -> np.ndarray:
    """Return the distance of each pixel to the next boundary between grains, in pixels; not periodic."""
    return boundary_distance(grain_boundaries(labels, periodic=False), periodic=False)


def distance_transform(phase: np.ndarray) -> np.ndarray:
    """Return the distance of each pixel of a phase to the nearest pixel outside it, in pixels; 0 outside."""
    from scipy.ndimage import distance_transform_edt

    found: np.ndarray = distance_transform_edt(phase)
    return found
