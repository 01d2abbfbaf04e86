"""Feret diameters of particles: the largest and the smallest distance between parallel tangents.

Two passes over a label image find the leftmost and rightmost pixel of each particle in
each row; from these follow the convex hull and, by rotating calipers, both diameters
exactly. A pixel is not a point: the convention says which part of it belongs to the
outline, and is part of the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import njit

from ..errors import AxesError
from ..features import Feature
from ..progress import Progress, Steps
from .confidence import bootstrap_interval

NAMES = ("feret_diameter",)
NEEDS_LENGTH = True
DIMENSIONS = (2,)
BYTES_PER_VOXEL = 24.0
UNDEFINED_WHEN = "no particle lies wholly inside the image"

Convention = Literal["corners", "midway", "centres"]
_INSET = {"corners": 0.5, "midway": 0.25, "centres": 0.0}


@dataclass(frozen=True, kw_only=True)
class FeretDiameters:
    """Feret diameters of labels 1 to n, each array of shape (n,); 0 for a label that is absent."""

    largest: np.ndarray
    """Largest caliper, in micrometre."""
    smallest: np.ndarray
    """Smallest caliper."""
    angle: np.ndarray
    """Direction of the largest, in degrees from the column axis, counterclockwise, 0 to 180."""
    area: np.ndarray
    """Area of the pixels, in square micrometre."""
    hull_area: np.ndarray
    """Area of the convex hull."""


def feret_diameters(
    labels: np.ndarray, spacing: tuple[float, ...], *, convention: Convention = "corners"
) -> FeretDiameters:
    """Measure the Feret diameters of every particle of a label image.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        0 is background, each other value one particle.
    spacing : (float, float)
        Pixel edges along row and column, in micrometre.
    convention : {"corners", "midway", "centres"}
        The outline goes through the corners of the pixels (as ImageJ takes it; about
        0.9 pixel too large), half way to them (nearest to the true outline), or through
        their centres (about 0.5 pixel too small).

    Returns
    -------
    FeretDiameters
        Index 0 belongs to label 1.

    Raises
    ------
    AxesError
        If this is not a plane image.

    Examples
    --------
    A rectangle of 3 by 4 pixels of 1 um:

    >>> labels = np.zeros((7, 8), np.int32)
    >>> labels[2:5, 2:6] = 1
    >>> found = feret_diameters(labels, (1.0, 1.0))
    >>> float(found.largest[0]), float(found.smallest[0]), round(float(found.angle[0]), 1)
    (5.0, 3.0, 36.9)
    """
    if labels.ndim != 2:
        raise AxesError(
            f"Feret diameters are measured in a plane image; this array has shape {labels.shape}."
        )
    runs = _runs(np.ascontiguousarray(labels))
    rows, counts = _row_ranges(runs, int(runs[0].max(initial=0)))
    starts = np.concatenate([[0], np.cumsum(np.maximum(rows[1] - rows[0] + 1, 0))])
    extents = _row_extents(runs, rows[0], starts)
    result = np.zeros((4, len(counts)))
    _calipers(extents, rows[0], starts, np.asarray(spacing, float), _INSET[convention], result)
    return FeretDiameters(
        largest=result[0],
        smallest=result[1],
        angle=result[2],
        area=counts * float(np.prod(spacing)),
        hull_area=result[3],
    )


@njit(cache=True, nogil=True)
def _runs(labels):  # type: ignore[no-untyped-def]
    """Label, row, first and last column of each run of equal labels, background left out."""
    rows, columns = labels.shape
    runs = np.empty((4, 1024 + rows), np.int64)
    count = 0
    for y in range(rows):
        line = labels[y]
        if count + columns > runs.shape[1]:
            wider = np.empty((4, 2 * runs.shape[1] + columns), np.int64)
            wider[:, :count] = runs[:, :count]
            runs = wider
        first, last = 0, line[0]
        for x in range(1, columns):
            if line[x] != last:
                if last:
                    runs[0, count], runs[1, count], runs[2, count], runs[3, count] = last, y, first, x - 1
                    count += 1
                first, last = x, line[x]
        if last:
            runs[0, count], runs[1, count], runs[2, count], runs[3, count] = last, y, first, columns - 1
            count += 1
    return runs[:, :count]


@njit(cache=True, nogil=True)
def _row_ranges(runs, count):  # type: ignore[no-untyped-def]
    """First and last row, and number of pixels, of each label."""
    rows = np.empty((2, count), np.int64)
    rows[0], rows[1] = np.iinfo(np.int64).max - 1, -2
    counts = np.zeros(count, np.int64)
    for k in range(runs.shape[1]):
        n, y = runs[0, k] - 1, runs[1, k]
        rows[0, n], rows[1, n] = min(rows[0, n], y), max(rows[1, n], y)
        counts[n] += runs[3, k] - runs[2, k] + 1
    for n in range(count):
        if not counts[n]:
            rows[0, n], rows[1, n] = 0, -1
    return rows, counts


@njit(cache=True, nogil=True)
def _row_extents(runs, first, starts):  # type: ignore[no-untyped-def]
    """Leftmost and rightmost pixel of each label in each of its rows; -1 where it has none."""
    extents = np.full((starts[-1], 2), -1, np.int64)
    for k in range(runs.shape[1]):
        n = runs[0, k] - 1
        place = starts[n] + runs[1, k] - first[n]
        if extents[place, 0] < 0:
            extents[place, 0] = runs[2, k]
        extents[place, 1] = runs[3, k]
    return extents


@njit(cache=True, nogil=True)
def _calipers(extents, first, starts, spacing, inset, result):  # type: ignore[no-untyped-def]
    highest = 0
    for n in range(len(first)):
        highest = max(highest, starts[n + 1] - starts[n])
    hull, side = np.empty((4 * highest + 4, 2)), np.empty((2 * highest + 2, 2))
    for n in range(len(first)):
        if starts[n + 1] > starts[n]:
            count = _hull(extents[starts[n] : starts[n + 1]], first[n], spacing, inset, hull, side)
            result[0, n], result[1, n], result[2, n], result[3, n] = _diameters(hull[:count])


@njit(cache=True, nogil=True)
def _hull(extents, first, spacing, inset, hull, side):  # type: ignore[no-untyped-def]
    """Write the corners of the convex hull in order round it; return how many there are."""
    count = 0
    for which in range(2):
        sign = -1.0 if which == 0 else 1.0
        length = 0
        for k in range(len(extents)):
            if extents[k, 0] < 0:
                continue
            x = (extents[k, which] + sign * inset) * spacing[1]
            for edge in range(1 if inset == 0 else 2):
                y = (first + k + (2 * edge - 1) * inset) * spacing[0]
                while length >= 2 and sign * _turn(side[length - 2], side[length - 1], y, x) >= 0:
                    length -= 1
                side[length, 0], side[length, 1] = y, x
                length += 1
        for k in range(length):
            point = side[k] if which == 0 else side[length - 1 - k]
            if count and point[0] == hull[count - 1, 0] and point[1] == hull[count - 1, 1]:
                continue
            hull[count] = point
            count += 1
    if count > 1 and hull[count - 1, 0] == hull[0, 0] and hull[count - 1, 1] == hull[0, 1]:
        count -= 1
    return count


@njit(cache=True, nogil=True)
def _turn(a, b, y, x):  # type: ignore[no-untyped-def]
    return (b[0] - a[0]) * (x - b[1]) - (b[1] - a[1]) * (y - b[0])


@njit(cache=True, nogil=True)
def _diameters(hull):  # type: ignore[no-untyped-def]
    """Largest and smallest caliper, direction of the largest, and area of a convex polygon."""
    count = len(hull)
    if count == 1:
        return 0.0, 0.0, 0.0, 0.0
    largest, smallest, angle, area, far = -1.0, np.inf, 0.0, 0.0, 1
    for i in range(count):
        a, b = hull[i], hull[(i + 1) % count]
        area += 0.5 * (a[0] * b[1] - a[1] * b[0])
        edge = np.hypot(b[0] - a[0], b[1] - a[1])
        while abs(_turn(a, b, hull[(far + 1) % count, 0], hull[(far + 1) % count, 1])) > abs(
            _turn(a, b, hull[far, 0], hull[far, 1])
        ):
            far = (far + 1) % count
        smallest = min(smallest, abs(_turn(a, b, hull[far, 0], hull[far, 1])) / edge)
        for end in (a, b):
            for other in (hull[far], hull[(far + 1) % count]):
                dy, dx = other[0] - end[0], other[1] - end[1]
                length = np.hypot(dy, dx)
                turn = np.degrees(np.arctan2(-dy, dx)) % 180.0
                tie = abs(length - largest) <= 1e-12 * length
                if (length > largest and not tie) or (tie and turn < angle):
                    largest, angle = length, turn
    return largest, smallest, angle, abs(area)


def measure(
    phase: np.ndarray,
    spacing: tuple[float, ...] | None,
    *,
    separate: bool = False,
    edge: Literal["exclude", "include"] = "exclude",
    convention: Convention = "corners",
) -> Steps[list[Feature]]:
    """Measure the Feret diameter of the particles of a phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C)
        True where the particles are.
    spacing : (float, float) or None
        Pixel edges in micrometre.
    separate : bool
        Cut particles that touch at their necks (watershed of the distance map).
    edge : {"exclude", "include"}
        ``"exclude"`` leaves particles out that the edge of the image cuts, and weights
        the others by one over their chance of lying inside; ``"include"`` counts all alike.
    convention : {"corners", "midway", "centres"}
        See `feret_diameters`.

    Returns
    -------
    list of Feature
        ``feret_diameter``: the mean of the largest Feret diameter, in um.
    """
    from .particles import label_particles, particle_table

    yield Progress(0, 2, "separating particles")
    if spacing is None:
        return [Feature(name=NAMES[0], value=None, unit="um", reason="voxel size unknown")]
    labels = label_particles(phase, spacing, separate=separate)
    yield Progress(1, 2, "measuring particles")
    table = particle_table(labels, spacing, convention=convention)
    return [feature_of_table(table, edge=edge, convention=convention, method="")]


def measure_image(
    image: np.ndarray,
    spacing: tuple[float, ...] | None,
    *,
    recipe: Literal["default", "paper-000"] = "default",
    convention: Convention = "corners",
) -> Steps[list[Feature]]:
    """Measure the Feret diameter of bright particles in a grey image.

    Parameters
    ----------
    image : ndarray of number, shape (R, C)
        Grey values; particles are bright.
    spacing : (float, float) or None
        Pixel edges in micrometre.
    recipe : {"default", "paper-000"}
        ``"paper-000"``: contrast, blur, threshold and watershed on tiles of 64 pixels,
        cut particles included. ``"default"``: the same on the whole image, cut particles
        excluded, the others weighted by their chance of lying inside.
    convention : {"corners", "midway", "centres"}
        See `feret_diameters`.

    Returns
    -------
    list of Feature
        ``feret_diameter``: the mean of the largest Feret diameter, in um.
    """
    from .particle_recipe import particles_of_image

    if spacing is None:
        return [Feature(name=NAMES[0], value=None, unit="um", reason="voxel size unknown")]
    table = yield from particles_of_image(image, spacing, recipe=recipe, convention=convention)
    edge: Literal["exclude", "include"] = "include" if recipe == "paper-000" else "exclude"
    return [feature_of_table(table, edge=edge, convention=convention, method=f"recipe {recipe}, ")]


def feature_of_table(table: Mapping[str, np.ndarray], *, edge: str, convention: str, method: str) -> Feature:
    """Return the mean Feret diameter of a table of particles, with its distribution."""
    inside = np.ones(len(table["label"]), bool) if edge == "include" else ~table["touches_edge"]
    method = f"{method}mean largest caliper of pixel {convention}, edge particles {edge}d"
    details: dict[str, Any] = {
        "particles": int(inside.sum()),
        "cut_by_the_edge": int(table["touches_edge"].sum()),
    }
    if not inside.any():
        reason = "no particle" if not len(inside) else "every particle is cut by the edge of the image"
        return Feature(name=NAMES[0], value=None, unit="um", method=method, reason=reason, details=details)
    values = table["feret_diameter"][inside]
    weights = table["weight"][inside] if edge == "exclude" else np.ones(len(values))
    counts, bins = np.histogram(values, bins=min(30, 3 + len(values) // 5), weights=weights / weights.sum())
    details |= {
        "smallest_caliper_mean": float(np.average(table["smallest_feret_diameter"][inside], weights=weights)),
        "standard_deviation": float(np.sqrt(np.cov(values, aweights=weights))) if len(values) > 1 else None,
        "median": float(np.median(values)),
        "distribution": {"edges_um": bins.tolist(), "share": counts.tolist()},
    }
    low, high = bootstrap_interval(values, weights) if len(values) > 1 else (None, None)
    if low is not None:
        details["interval"] = "bootstrap over particles"
    mean = float(np.average(values, weights=weights))
    return Feature(name=NAMES[0], value=mean, unit="um", method=method, low=low, high=high, details=details)
