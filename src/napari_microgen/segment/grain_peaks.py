"""Peaks of a distance map that stand for grains, trimmed as in the SNOW algorithm (Gostick 2017)."""

import numpy as np

RADIUS = 4
"""A peak is the highest within so many px."""


def trimmed_peaks(height: np.ndarray, distance: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Return one pixel for each peak that is no saddle and not too near to a higher one.

    Parameters
    ----------
    height : ndarray of float32, shape (R, C)
        Distances, perhaps smoothed: here peaks are looked for.
    distance : ndarray, shape (R, C)
        Distances as they are.
    periodic : bool
        Whether the map goes on through its edges.

    Returns
    -------
    ndarray of bool, shape (R, C)
    """
    from scipy import ndimage

    mode = "wrap" if periodic else "nearest"
    across = np.arange(-RADIUS, RADIUS + 1)
    disk = across[:, None] ** 2 + across**2 <= RADIUS**2
    peaks = (ndimage.maximum_filter(height, footprint=disk, mode=mode) == height) & (height > 0)
    numbers = _components(peaks, periodic=periodic)
    places = [None, *ndimage.find_objects(numbers)]
    kept = np.zeros(height.shape, bool)
    wide = np.pad(height, 2, mode="wrap" if periodic else "edge")
    for number in np.unique(numbers[numbers > 0]):
        rows, columns = places[number]
        grown = (slice(rows.start, rows.stop + 4), slice(columns.start, columns.stop + 4))
        plateau = np.pad(numbers[rows, columns] == number, 2)
        values = wide[grown]
        if _is_saddle(plateau, values):
            continue
        middle = np.argwhere(plateau)
        middle = middle[np.argmin(((middle - middle.mean(0)) ** 2).sum(1))] - 2
        kept[rows.start + middle[0], columns.start + middle[1]] = True
    return _far_apart(kept, distance, periodic=periodic)


def _components(peaks: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Give peaks that touch one number, also at corners and through the edges."""
    from scipy import ndimage

    numbers: np.ndarray = ndimage.label(peaks, np.ones((3, 3)))[0]
    if periodic:
        for one, other in ((numbers[0], numbers[-1]), (numbers[:, 0], numbers[:, -1])):
            for a, b in {(int(a), int(b)) for a, b in zip(one, other, strict=True) if a and b and a != b}:
                numbers[numbers == max(a, b)] = min(a, b)
    return numbers


def _is_saddle(plateau: np.ndarray, values: np.ndarray) -> bool:
    """Grow a plateau pixel by pixel over values as high as itself; a saddle meets a higher one."""
    from scipy import ndimage

    level, touching = values[plateau].max(), np.ones((3, 3))
    while True:
        ring = ndimage.binary_dilation(plateau, touching) & ~plateau
        if (values[ring] > level).any():
            return True
        same = ring & (values == level)
        if not same.any():
            return False
        plateau = plateau | same


def _far_apart(peaks: np.ndarray, distance: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Drop the lower of two peaks that are nearer to each other than to a boundary, from the highest on."""
    from scipy.spatial import cKDTree

    places = np.argwhere(peaks)
    heights = np.asarray(distance, np.float32)[peaks]
    order = np.argsort(-heights, kind="stable")
    tree = cKDTree(places, boxsize=peaks.shape if periodic else None)
    kept = np.ones(len(places), bool)
    for number in order:
        if not kept[number]:
            continue
        near = tree.query_ball_point(places[number], float(heights[number]))
        for other in near:
            gap = np.abs(places[number] - places[other])
            gap = np.minimum(gap, peaks.shape - gap) if periodic else gap
            lower = heights[other] < heights[number] or (heights[other] == heights[number] and other > number)
            if lower and np.hypot(*gap) < heights[other]:
                kept[other] = False
    result = np.zeros_like(peaks)
    result[tuple(places[kept].T)] = True
    return result
