# mypy: disable-error-code="no-untyped-def"
"""Where grains start: a periodic Voronoi tessellation of random points."""

from collections.abc import Sequence

import numpy as np
from numba import njit

from ..errors import ParameterError
from ..io.limits import allocate
from ..progress import Progress, Steps

_BLOCK = 64


def voronoi_start(shape: tuple[int, int], grains: int, seed: int | Sequence[int]) -> Steps[np.ndarray]:
    """Fill a periodic domain with the Voronoi cells of points thrown at random.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    grains : int
        Number of points.
    seed : int or sequence of int
        The same seed gives the same cells.

    Returns
    -------
    ndarray of uint16 or uint32, shape (R, C)
        Number of the nearest point, from 0, by the distance through the periodic edges.

    Raises
    ------
    ParameterError
        If there are less than four cells of the grid for a grain, or less than two grains.
    """
    rows, columns = shape
    if min(shape) < 1 or grains < 2 or 4 * grains > rows * columns:
        raise ParameterError(
            f"{grains} grains on {rows} x {columns} cells were asked for; give at least 2 grains and at "
            f"least 4 cells for each."
        )
    points = np.random.default_rng(seed).random((grains, 2)) * shape
    size = max(1.0, np.sqrt(2 * rows * columns / grains))
    buckets = tuple(max(1, int(n / size)) for n in shape)
    place = np.minimum((points / np.array(shape) * buckets).astype(np.int64), np.array(buckets) - 1)
    flat = place[:, 0] * buckets[1] + place[:, 1]
    order = np.argsort(flat, kind="stable")
    begin = np.searchsorted(flat[order], np.arange(buckets[0] * buckets[1] + 1))
    labels = allocate(shape, number_type(grains))
    for first in range(0, rows, _BLOCK):
        last = min(first + _BLOCK, rows)
        _nearest(points, order, begin, buckets, labels, first, last)
        yield Progress(last, rows, "placing grains")
    return labels


def number_type(grains: int) -> type:
    """Return the type that holds so many grain numbers and one more."""
    return np.uint16 if grains < np.iinfo(np.uint16).max else np.uint32


@njit(nogil=True, cache=True)
def _nearest(points, order, begin, buckets, labels, first, last):
    rows, columns = labels.shape
    down, across = buckets
    edge = min(rows / down, columns / across)
    for y in range(first, last):
        for x in range(columns):
            row, column = y + 0.5, x + 0.5
            at, to = int(row / rows * down), int(column / columns * across)
            best, found, ring = np.inf, 0, 0
            while best > (max(ring - 1, 0) * edge) ** 2 and ring <= max(down, across):
                for i in range(-ring, ring + 1):
                    step = 1 if abs(i) == ring else 2 * ring
                    for j in range(-ring, ring + 1, max(step, 1)):
                        bucket = ((at + i) % down) * across + (to + j) % across
                        for n in range(begin[bucket], begin[bucket + 1]):
                            k = order[n]
                            dy, dx = abs(points[k, 0] - row), abs(points[k, 1] - column)
                            dy, dx = min(dy, rows - dy), min(dx, columns - dx)
                            distance = dy * dy + dx * dx
                            if distance < best or (distance == best and k < found):
                                best, found = distance, k
                ring += 1
            labels[y, x] = found
