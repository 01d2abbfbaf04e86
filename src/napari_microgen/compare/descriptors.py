"""What each image measures: the quantities of ``quantify``, for many patches at a time.

The same functions that ``microgen quantify`` runs; a patch is one work item of a pool of threads.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from ..progress import Progress, Steps
from ..quantify import lineal_path
from ..quantify.area_fraction import area_fractions
from ..quantify.image_numbers import (
    IMAGE_NUMBERS,
    PARTICLE_MEANS,
    Particles,
    grey_numbers,
    particle_means,
    phase_features,
    plain,
)
from ..quantify.image_numbers import unit_of as _unit_of
from ..quantify.persistence import persistence_intervals
from ..quantify.persistence_image import persistence_images
from ..quantify.run_lengths import run_lengths
from ..quantify.threads import available_threads
from .grain_numbers import distance_transform, grain_numbers
from .image_set import ImageSet

__all__ = ["GRAIN_NAMES", "NAMES", "PARTICLE_MEANS", "Descriptors", "Particles", "describe_images", "unit_of"]

NAMES = IMAGE_NUMBERS
"""Numbers of each image, in the order of the columns of `Descriptors.values`."""

GRAIN_NAMES = ("grain_count", "grain_radius", "grain_slope", "grain_neighbours", "largest_grain")
"""Further numbers of each image of grains: per area, mean radius, slope of radius over neighbours, mean
number of neighbours, largest radius over the mean."""

_GRAIN_UNITS = {"grain_count": "1/{unit}^2", "grain_radius": "{unit}", "grain_slope": "{unit}"}

ARRAYS = ("values", "correlation", "path", "chords", "area", "rings", "components", "depths")
"""Fields of `Descriptors` with one row per image."""

_BATCH = 16


@dataclass(frozen=True, eq=False)
class Descriptors:
    """Descriptors of N images."""

    values: np.ndarray
    """One row per image, one column per name in `names`; NaN where undefined."""
    correlation: np.ndarray
    """Two-point correlation by distance, shape (N, lags)."""
    path: np.ndarray
    """Lineal path by length, mean of both axes, shape (N, lengths)."""
    chords: np.ndarray
    """Whole chords by length in pixels, both axes, shape (N, lengths)."""
    area: np.ndarray
    """Area fraction at ten thresholds, shape (N, 10)."""
    rings: np.ndarray
    """Persistence image of H1, shape (N, 100)."""
    components: np.ndarray
    """Persistence image of H0, shape (N, 100)."""
    depths: np.ndarray
    """Pixels of the phase by their distance to its edge in pixels, shape (N, distances); of grains, all
    pixels by the distance that the image states."""
    distance: np.ndarray = field(kw_only=True)
    """Distances of ``correlation``, in `unit`."""
    unit: str = field(kw_only=True)
    """``um``, or ``px`` where the pixel size is unknown."""
    pixel: float = field(kw_only=True)
    """Pixel edge in `unit`."""
    names: tuple[str, ...] = field(default=NAMES, kw_only=True)
    """Numbers of each image, in the order of the columns of `values`."""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> "Descriptors":
        """Return those of some images; rows may repeat."""
        return self.with_arrays([getattr(self, name)[rows] for name in ARRAYS])

    def with_arrays(self, arrays: Sequence[np.ndarray]) -> "Descriptors":
        """Return other values of the same kind, in the order of `ARRAYS`."""
        return Descriptors(
            *arrays,
            distance=self.distance,
            unit=self.unit,
            pixel=self.pixel,
            names=self.names,
        )

    def column(self, name: str) -> np.ndarray:
        """Return one number of every image, NaN where undefined."""
        column: np.ndarray = self.values[:, self.names.index(name)]
        return column


def unit_of(name: str, unit: str) -> str:
    """Return the unit of a number where lengths are in ``unit``.

    Examples
    --------
    >>> unit_of("specific_perimeter", "um"), unit_of("grain_count", "um"), unit_of("circularity", "um")
    ('1/um', '1/um^2', '1')
    """
    return _GRAIN_UNITS[name].format(unit=unit) if name in _GRAIN_UNITS else _unit_of(name, unit)


def describe_images(
    images: ImageSet,
    threshold: float,
    *,
    dark: bool = False,
    pixel_size: float | None = None,
    particles: Particles = "phase",
    grains: bool = False,
) -> Steps[Descriptors]:
    """Measure every image of a set.

    Parameters
    ----------
    images : ImageSet
        Grey images or phase maps.
    threshold : float
        Share of white above which a pixel is of the bright phase.
    dark : bool
        Measure the dark phase instead of the bright one.
    pixel_size : float or None
        Pixel edge in micrometre; None measures lengths in pixels.
    particles : {"phase", "image", "paper-000"}
        Particles of the phase; or those that `quantify.particle_recipe` finds in the grey image,
        as a whole or in the published way.
    grains : bool
        The images are distances to the boundaries of grains, in pixels; measure these, too.

    Yields
    ------
    Progress
        One tick per batch.
    """
    edge = 1.0 if pixel_size is None else pixel_size
    white, rows = images.white, []

    def work(picture: np.ndarray) -> tuple[Any, ...]:
        distance = picture if grains else None
        grey = np.minimum(picture / white, 1.0) if grains else picture / white
        return _of_one(grey, threshold, dark, edge, particles, distance)

    with ThreadPoolExecutor(available_threads()) as pool:
        results: Iterator[tuple[Any, ...]] = pool.map(work, images.images)
        try:
            while batch := list(islice(results, _BATCH)):
                rows += batch
                yield Progress(len(rows), len(images), f"measuring {images.name} images")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    values, correlation, path, chords, area, h1, h0, depths, distance = zip(*rows, strict=True)
    arrays = [np.array(column) for column in (values, correlation, path, chords, area)]
    arrays += [persistence_images(intervals).reshape(len(rows), -1) for intervals in (h1, h0)]
    arrays.append(np.array(depths))
    unit, names = "px" if pixel_size is None else "um", (*NAMES, *(GRAIN_NAMES if grains else ()))
    return Descriptors(*arrays, distance=np.array(distance[0]), unit=unit, pixel=edge, names=names)


def _of_one(
    grey: np.ndarray,
    threshold: float,
    dark: bool,
    edge: float,
    particles: Particles,
    grains: np.ndarray | None,
) -> tuple[Any, ...]:
    phase, spacing = (grey > threshold) != dark, (edge, edge)
    found = phase_features(phase, spacing)
    values = {name: plain(feature) for name, feature in found.items()}
    values |= particle_means(grey, phase, spacing, particles) | grey_numbers(grey)
    curve = found["two_point_correlation"].details
    shortest = min(phase.shape)
    path = np.mean([curve[:shortest] for curve in lineal_path.lineal_paths(phase)], axis=0)
    chords = sum(runs.whole[:shortest] for runs in run_lengths(phase))
    intervals = persistence_intervals(grey)
    row = [values[name] for name in NAMES]
    row += [] if grains is None else grain_numbers(grains, edge)
    inside = distance_transform(phase) if grains is None else grains
    depths = np.bincount(np.minimum(inside.ravel(), shortest - 1).astype(int), minlength=shortest)
    depths[0] = 0 if grains is None else depths[0]
    return (
        np.array(row),
        np.array(curve["probability"]),
        path,
        chords,
        area_fractions(grey),
        intervals.rings,
        intervals.components,
        depths,
        curve["distance_um"],
    )
