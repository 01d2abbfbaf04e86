"""Persistent homology of grey images: at which grey value spots and rings appear and vanish.

While a threshold rises, dark regions appear at minima and merge (H0), and dark rings
close around bright spots and are filled at their peak (H1). A bright spot is a
component of the brighter part, so both dimensions are found by joining pixels: upwards
from the minima, and, by duality, downwards from the maxima, where everything outside
the image counts as one brightest maximum.

Most pixels join exactly one component of their neighbours and need no sorting; only
minima, maxima and saddles do. Two constructions differ in which neighbours touch:
``vertices`` (dark pixels by their edges, bright ones also by corners) and
``top_cells`` (the reverse).

References
----------
Garin, Heiss, Maggs, Bleile, Robins, Duality in persistent homology of images, SoCG 2020, arXiv 2005.04597.
Edelsbrunner, Harer, Computational Topology, AMS 2010, chapter VII.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numba import njit

from ..errors import AxesError, NonFiniteError
from .threads import available_threads

Construction = Literal["vertices", "top_cells"]

_RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""Neighbours of a pixel in a circle, starting above; even ones share an edge with it."""


@dataclass(frozen=True)
class Intervals:
    """Finite persistence intervals of an image, in its grey values."""

    components: np.ndarray
    """H0: birth and death of dark regions, float64, shape (n, 2)."""
    rings: np.ndarray
    """H1: birth and death of dark rings around bright spots, float64, shape (m, 2)."""


def persistence_intervals(image: np.ndarray, *, construction: Construction = "vertices") -> Intervals:
    """Find when dark regions and bright spots appear and vanish under a rising threshold.

    Parameters
    ----------
    image : ndarray of number, shape (R, C)
        Grey values, all finite.
    construction : {"vertices", "top_cells"}
        Whether pixels are the vertices or the squares of the cell complex. The two give
        different intervals: name the choice with the result.

    Returns
    -------
    Intervals
        In no particular order, without those of zero length. The region that never
        ends, born at the darkest pixel, is left out.

    Raises
    ------
    AxesError
        If this is not a plane image with at least one pixel.
    NonFiniteError
        If a value is not finite.

    Examples
    --------
    One bright pixel in a dark image is one ring, from dark to bright.

    >>> image = np.zeros((3, 3))
    >>> image[1, 1] = 5
    >>> persistence_intervals(image).rings
    array([[0., 5.]])
    """
    if image.ndim != 2 or image.size == 0:
        raise AxesError(f"Persistence is computed for one plane image; this array has shape {image.shape}.")
    values = np.ascontiguousarray(image, np.float64)
    if not np.isfinite(values).all():
        raise NonFiniteError("Persistence needs finite grey values; this image holds NaN or infinity.")
    dark, bright = (4, 8) if construction == "vertices" else (8, 4)
    lower, saddles_up, saddles_down, up, down = _joins(
        values, _representatives(dark), _representatives(bright)
    )
    flat = values.ravel()
    rising = saddles_up[np.argsort(flat[saddles_up])]
    falling = saddles_down[np.argsort(flat[saddles_down])[::-1]]
    columns = values.shape[1]
    components = _merge(flat, columns, rising, lower, _representatives(dark), up, True)
    rings = _merge(flat, columns, falling, ~lower, _representatives(bright), down, False)
    return Intervals(components, rings)


def persistence_of_patches(
    patches: Sequence[np.ndarray] | np.ndarray,
    *,
    construction: Construction = "vertices",
    threads: int | None = None,
) -> Iterator[Intervals]:
    """Yield the `persistence_intervals` of each patch, in order, working on several at a time.

    Parameters
    ----------
    patches : sequence of ndarray of number, shape (R, C)
        The images.
    construction : {"vertices", "top_cells"}
        See `persistence_intervals`.
    threads : int or None
        Patches worked on at the same time. None: one per core.
    """
    with ThreadPoolExecutor(threads or available_threads()) as pool:
        yield from pool.map(lambda patch: persistence_intervals(patch, construction=construction), patches)


@lru_cache
def _representatives(neighbours: int) -> np.ndarray:
    """One neighbour of each component among the present ones, as bits, for all 256 sets of neighbours."""
    table = np.zeros(256, np.uint8)
    for present in range(256):
        left = {k for k in range(8) if present >> k & 1}
        if neighbours == 4:
            # Two edge neighbours belong together if the corner between them is there as well.
            left -= {k for k in left if k % 2 and not {(k - 1) % 8, (k + 1) % 8} <= left}
        while left:
            start = min(left, key=lambda k: (k % 2, k))
            table[present] |= 1 << start
            reached = {start}
            while reached:
                left -= reached
                near = {k for k in left for r in reached if _touch(k, r, neighbours)}
                reached = near
    return table


def _touch(one: int, other: int, neighbours: int) -> bool:
    (a, b), (c, d) = _RING[one], _RING[other]
    rows, columns = abs(a - c), abs(b - d)
    return rows + columns == 1 if neighbours == 4 else max(rows, columns) == 1


@njit(cache=True, nogil=True)
def _lower_neighbours(values):  # type: ignore[no-untyped-def]
    """Bits of the neighbours that come before each pixel, by value and then by place."""
    rows, columns = values.shape
    lower = np.zeros((rows, columns), np.uint8)
    for k in range(8):
        dy, dx = _RING[k]
        earlier = dy < 0 or (dy == 0 and dx < 0)
        bit = np.uint8(1 << k)
        for y in range(max(0, -dy), rows - max(0, dy)):
            first, last = max(0, -dx), columns - max(0, dx)
            here, there, out = (
                values[y, first:last],
                values[y + dy, first + dx : last + dx],
                lower[y, first:last],
            )
            if earlier:
                for x in range(len(here)):
                    out[x] |= bit if there[x] <= here[x] else np.uint8(0)
            else:
                for x in range(len(here)):
                    out[x] |= bit if there[x] < here[x] else np.uint8(0)
    return lower


@njit(cache=True, nogil=True)
def _joins(values, dark, bright):  # type: ignore[no-untyped-def]
    """Link each pixel to a neighbour it joins (or to itself at an extremum) and list the saddles.

    Index n, one past the last pixel, stands for everything outside the image.
    """
    rows, columns = values.shape
    n = rows * columns
    lower = _lower_neighbours(values).ravel()
    up, down = np.empty(n + 1, np.int32), np.empty(n + 1, np.int32)
    up[n] = down[n] = n
    saddles_up, saddles_down = np.empty(n, np.int32), np.empty(n, np.int32)
    ups = downs = 0
    for y in range(rows):
        for x in range(columns):
            p = y * columns + x
            some = dark[lower[p]]
            up[p] = p if some == 0 else _neighbour(p, y, x, some, rows, columns)
            if some & (some - 1):
                saddles_up[ups] = p
                ups += 1
            some = bright[~lower[p] & 255]
            down[p] = p if some == 0 else _neighbour(p, y, x, some, rows, columns)
            if some & (some - 1):
                saddles_down[downs] = p
                downs += 1
    return lower, saddles_up[:ups], saddles_down[:downs], up, down


@njit(cache=True, nogil=True)
def _neighbour(p, y, x, bits, rows, columns):  # type: ignore[no-untyped-def]
    """Index of the neighbour of the lowest set bit; n outside the image."""
    k = 0
    while not bits >> k & 1:
        k += 1
    dy, dx = _RING[k]
    if 0 <= y + dy < rows and 0 <= x + dx < columns:
        return p + dy * columns + dx
    return rows * columns


@njit(cache=True, nogil=True)
def _root(parent, p):  # type: ignore[no-untyped-def]
    while parent[p] != p:
        parent[p] = parent[parent[p]]
        p = parent[p]
    return p


@njit(cache=True, nogil=True)
def _merge(flat, columns, saddles, present, table, parent, rising):  # type: ignore[no-untyped-def]
    """Join the components that meet at each saddle, oldest first; return birth and death of the others."""
    n = len(flat)
    rows = n // columns
    found = np.empty((3 * len(saddles) + 1, 2))
    count = 0
    for saddle in saddles:
        y = saddle // columns
        x = saddle - y * columns
        bits = table[present[saddle] & 255]
        root = _root(parent, _neighbour(saddle, y, x, bits, rows, columns))
        bits &= bits - 1
        while bits:
            other = _root(parent, _neighbour(saddle, y, x, bits, rows, columns))
            bits &= bits - 1
            if other == root:
                continue
            if _younger(flat, root, other, n, rising):
                root, other = other, root
            parent[other] = root
            if flat[other] != flat[saddle]:
                found[count, 0] = flat[other] if rising else flat[saddle]
                found[count, 1] = flat[saddle] if rising else flat[other]
                count += 1
    return found[:count].copy()


@njit(cache=True, nogil=True)
def _younger(flat, one, other, n, rising):  # type: ignore[no-untyped-def]
    """Whether component ``one`` was born after ``other``; the outside is older than all."""
    if one == n or other == n:
        return other == n
    if flat[one] == flat[other]:
        return one > other if rising else one < other
    return flat[one] > flat[other] if rising else flat[one] < flat[other]
