"""Particles of a plane phase map: separate, label and measure them one by one."""

import math
from typing import Any, Literal

import numpy as np
from numba import njit

from .dividing_lines import divided
from .feret_diameter import Convention, feret_diameters
from .lattice_directions import direction_weights, lattice_directions
from .traced_perimeter import traced_perimeters

Outline = Literal["crofton", "imagej"]

MEASURES = (
    "label",
    "area",
    "perimeter",
    "circularity",
    "centroid_row",
    "centroid_column",
    "bounding_box_height",
    "bounding_box_width",
    "ellipse_major",
    "ellipse_minor",
    "ellipse_angle",
    "aspect_ratio",
    "roundness",
    "solidity",
    "equivalent_diameter",
    "feret_diameter",
    "smallest_feret_diameter",
    "feret_angle",
    "touches_edge",
    "weight",
)
"""Columns of `particle_table`; with a grey image also mean_grey and integrated_grey."""


def label_particles(phase: np.ndarray, spacing: tuple[float, ...], *, separate: bool = False) -> np.ndarray:
    """Give each particle of a phase its number.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C)
        True where the particles are.
    spacing : (float, float)
        Pixel edges, in any unit.
    separate : bool
        Cut particles that touch: watershed of the distance map from its peaks, each at
        least half a pixel higher than the saddle to the next.

    Returns
    -------
    ndarray of int32, shape (R, C)
        0 is background. Pixels that touch at a corner belong together.
    """
    from scipy.ndimage import distance_transform_edt, label

    touching = np.ones((3, 3), bool)
    if not separate:
        return np.asarray(label(phase, touching, output=np.int32)[0])
    from skimage.morphology import h_maxima

    distance = distance_transform_edt(phase, sampling=spacing) / min(spacing)
    peaks = label(h_maxima(distance, 0.5) > 0, touching)[0] if phase.any() else np.zeros(phase.shape, int)
    return divided(-distance, peaks, phase)


def particle_table(
    labels: np.ndarray,
    spacing: tuple[float, ...],
    *,
    grey: np.ndarray | None = None,
    convention: Convention = "corners",
    outline: Outline = "crofton",
) -> dict[str, np.ndarray]:
    """Measure every particle of a label image.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        0 is background, each other value one particle.
    spacing : (float, float)
        Pixel edges along row and column, in micrometre.
    grey : ndarray of number, shape (R, C), or None
        Image to average over each particle.
    convention : {"corners", "midway", "centres"}
        Of the Feret diameters, see `feret_diameters`.
    outline : {"crofton", "imagej"}
        How the perimeter, and with it the circularity, is measured: by Crofton's formula, which
        is nearest to the true length, or as ImageJ traces it (`traced_perimeters`).

    Returns
    -------
    dict of str to ndarray
        The `MEASURES`, one row per particle that is present. Lengths in micrometre,
        angles in degrees counterclockwise from the column axis. The ellipse has the area
        and the second moments of the particle (as in ImageJ); ``weight`` is one over the
        chance of the particle to lie wholly inside.
    """
    count = int(labels.max(initial=0))
    sums, boxes, changes = _moments(labels, count)
    here = np.flatnonzero(sums[0])
    sums, boxes, changes = sums[:, here], boxes[:, here], changes[:, here]
    feret = feret_diameters(labels, spacing, convention=convention)
    hull = feret if convention == "corners" else feret_diameters(labels, spacing)
    shape = np.asarray(labels.shape)
    sizes = boxes[1::2] - boxes[::2] + 1
    edge = (boxes[::2] == 0).any(0) | (boxes[1::2] == shape[:, None] - 1).any(0)
    room = np.prod(shape[:, None] - sizes, axis=0)
    weight = np.where(edge, 0.0, np.prod(shape) / np.maximum(room, 1))
    area = feret.area[here]
    traced = outline == "imagej"
    perimeter = traced_perimeters(labels, spacing)[here] if traced else _crofton_lengths(changes, spacing)
    major, minor, angle = _ellipses(sums, spacing)
    table: dict[str, np.ndarray] = {
        "label": here + 1,
        "area": area,
        "perimeter": perimeter,
        "circularity": _circularity(area, perimeter),
        "centroid_row": sums[1] / sums[0] * spacing[0],
        "centroid_column": sums[2] / sums[0] * spacing[1],
        "bounding_box_height": sizes[0] * spacing[0],
        "bounding_box_width": sizes[1] * spacing[1],
        "ellipse_major": major,
        "ellipse_minor": minor,
        "ellipse_angle": angle,
        "aspect_ratio": major / minor,
        "roundness": 4 * area / (math.pi * major**2),
        "solidity": area / hull.hull_area[here],
        "equivalent_diameter": 2 * np.sqrt(area / math.pi),
        "feret_diameter": feret.largest[here],
        "smallest_feret_diameter": feret.smallest[here],
        "feret_angle": feret.angle[here],
        "touches_edge": edge,
        "weight": weight,
    }
    if grey is not None:
        total = np.bincount(labels.ravel(), np.asarray(grey, float).ravel(), count + 1)[here + 1]
        table |= {"mean_grey": total / sums[0], "integrated_grey": total}
    return table


@njit(cache=True, nogil=True)
def _moments(labels, count):  # type: ignore[no-untyped-def]
    """Pixel count, sums of y, x, yy, xx, yx; bounding box; label changes along four directions."""
    rows, columns = labels.shape
    sums = np.zeros((6, count))
    boxes = np.empty((4, count), np.int64)
    boxes[0], boxes[1], boxes[2], boxes[3] = rows, -1, columns, -1
    changes = np.zeros((4, count))
    for y in range(rows):
        for x in range(columns):
            here = np.int64(labels[y, x])
            if here:
                n = here - 1
                sums[0, n] += 1
                sums[1, n] += y
                sums[2, n] += x
                sums[3, n] += y * y
                sums[4, n] += x * x
                sums[5, n] += y * x
                boxes[0, n], boxes[1, n] = min(boxes[0, n], y), max(boxes[1, n], y)
                boxes[2, n], boxes[3, n] = min(boxes[2, n], x), max(boxes[3, n], x)
            # Steps in the order of lattice_directions(2).
            for k, dy, dx in ((0, 0, 1), (1, 1, -1), (2, 1, 0), (3, 1, 1)):
                if y + dy < rows and 0 <= x + dx < columns:
                    there = np.int64(labels[y + dy, x + dx])
                    if there != here:
                        if here:
                            changes[k, here - 1] += 1
                        if there:
                            changes[k, there - 1] += 1
    return sums, boxes, changes


def _crofton_lengths(changes: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    steps = lattice_directions(2)
    length = np.linalg.norm(np.asarray(steps) * np.asarray(spacing), axis=1)
    weights = direction_weights(steps, tuple(spacing)) * np.prod(spacing) / length
    perimeters: np.ndarray = math.pi / 2 * (weights @ changes)
    return perimeters


def _circularity(area: np.ndarray, perimeter: np.ndarray) -> np.ndarray:
    """Return 4 pi area / perimeter^2, at most 1; NaN for a particle that fills the image."""
    whole = np.full(len(area), np.nan)
    np.divide(4 * math.pi * area, perimeter**2, out=whole, where=perimeter > 0)
    return np.minimum(whole, 1.0)


def _ellipses(sums: np.ndarray, spacing: tuple[float, ...]) -> tuple[Any, Any, Any]:
    """Axes and angle of the ellipse with the area and second moments of each particle."""
    n = sums[0]
    y, x = sums[1] / n, sums[2] / n
    # A pixel is a square: its own second moment is edge^2 / 12.
    yy = (sums[3] / n - y * y + 1 / 12) * spacing[0] ** 2
    xx = (sums[4] / n - x * x + 1 / 12) * spacing[1] ** 2
    yx = (sums[5] / n - y * x) * spacing[0] * spacing[1]
    root = np.sqrt(((yy - xx) / 2) ** 2 + yx**2)
    ratio = np.sqrt(((yy + xx) / 2 + root) / np.maximum((yy + xx) / 2 - root, 1e-300))
    minor = 2 * np.sqrt(n * np.prod(spacing) / (math.pi * ratio))
    angle = np.degrees(0.5 * np.arctan2(-2 * yx, xx - yy)) % 180.0
    return minor * ratio, minor, angle
