"""Grains from a map of distances to their boundaries, by watershed from its peaks."""

from typing import Literal

import numpy as np

from ..errors import NothingToSegmentError, ParameterError
from ..progress import Progress, Steps, finish

Trimming = Literal["saddles", "peaks"]
_BLOCK = 1 << 20


def watershed_grains(
    distance: np.ndarray,
    *,
    trimming: Trimming = "saddles",
    depth: float = 0.5,
    smoothing: float = 0.0,
    periodic: bool = False,
) -> np.ndarray:
    """Find the grains of a distance map.

    Water falls from the peaks; basins grow from them until they touch. Not every peak is a grain:
    ridges have several, and noise has many.

    Parameters
    ----------
    distance : ndarray, shape (R, C)
        Distance of each pixel to the nearest boundary, in px, exact or nearly so; at most 0 on
        boundaries.
    trimming : {"saddles", "peaks"}
        ``saddles``: two basins are one grain if the saddle between them is at least ``depth`` times as
        high as the lower peak. ``peaks``: the published way (Gostick 2017, as used for grains by Ji et
        al. 2024), which drops peaks that are saddles, and the lower of two that are nearer to each
        other than to a boundary.
    depth : float
        Height of a saddle over that of the lower peak, 0 to 1, above which both are one grain.
    smoothing : float
        Standard deviation in px by which the map is smoothed first; the published way takes 0.4.
    periodic : bool
        Whether grains go on through the edges.

    Returns
    -------
    ndarray of int32, shape (R, C)
        Grains from 1, in reading order. A boundary pixel belongs to the grain on its left or above,
        since boundaries are drawn where the right or lower neighbour is another grain.

    Raises
    ------
    NothingToSegmentError
        If all distances are the same.
    ParameterError
        If ``depth`` or ``smoothing`` is out of range, or a value is not finite.
    """
    return finish(
        watershed_steps(distance, trimming=trimming, depth=depth, smoothing=smoothing, periodic=periodic)
    )


def watershed_steps(
    distance: np.ndarray, *, trimming: Trimming, depth: float, smoothing: float, periodic: bool
) -> Steps[np.ndarray]:
    """Do what `watershed_grains` does, with ticks."""
    from .watershed_kernels import fill_boundaries, flood, join_corners, number_basins

    if not (0 < depth <= 1 and 0 <= smoothing < 1000):
        raise ParameterError(
            f"depth is {depth:g} and smoothing {smoothing:g}; expected 0 to 1, and 0 or more px."
        )
    height = np.ascontiguousarray(distance, np.float32)
    if height.ndim != 2 or not np.isfinite(height).all():
        raise ParameterError(f"A distance map of shape {height.shape} with finite values is needed.")
    if height.size == 0 or height.max() <= 0 or height.min() == height.max():
        raise NothingToSegmentError(
            "The distance map is the same everywhere: there are no boundaries between grains. Give the map "
            "of distances to the boundaries, or a label map."
        )
    yield Progress(0, 100, "looking for peaks")
    if smoothing:
        from scipy.ndimage import gaussian_filter

        height = gaussian_filter(height, smoothing, mode="wrap" if periodic else "nearest")
    marked = np.zeros(height.shape, bool)
    if trimming == "peaks":
        from .grain_peaks import trimmed_peaks

        marked = trimmed_peaks(height, distance, periodic=periodic)
        depth = 2.0
    order = np.argsort(-height, axis=None, kind="stable")[: np.count_nonzero(height > 0)]
    yield Progress(30, 100, "flooding")
    labels = np.zeros(height.shape, np.int32)
    parent, peak = np.zeros(height.size + 1, np.int32), np.zeros(height.size + 1, np.float32)
    count = 0
    for first in range(0, order.size, _BLOCK):
        last = min(first + _BLOCK, order.size)
        count = flood(height, order, marked, depth, 0.0, periodic, labels, parent, peak, first, last, count)
        yield Progress(30 + 60 * last // order.size, 100, "flooding")
    if trimming == "saddles":
        join_corners(height, labels, parent, peak, depth, periodic)
    fill_boundaries(height, labels, parent, periodic)
    number_basins(labels, parent, np.zeros(count + 1, np.int32))
    return labels
