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
    unit_of,
)
from ..quantify.persistence import persistence_intervals
from ..quantify.persistence_image import persistence_images
from ..quantify.run_lengths import run_lengths
from ..quantify.threads import available_threads
from .image_set import ImageSet

__all__ = ["NAMES", "PARTICLE_MEANS", "Descriptors", "Particles", "describe_images", "unit_of"]

NAMES = IMAGE_NUMBERS
"""Numbers of each image, in the order of the columns of `Descriptors.values`."""

ARRAYS = ("values", "correlation", "path", "chords", "area", "rings", "components")
"""Fields of `Descriptors` with one row per image."""

_BATCH = 16


@dataclass(frozen=True, eq=False)
class Descriptors:
    """Descriptors of N images."""

    values: np.ndarray
    """One row per image, one column per name in `NAMES`; NaN where undefined."""
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
    distance: np.ndarray = field(kw_only=True)
    """Distances of ``correlation``, in `unit`."""
    unit: str = field(kw_only=True)
    """``um``, or ``px`` where the pixel size is unknown."""
    pixel: float = field(kw_only=True)
    """Pixel edge in `unit`."""

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
        )

    def column(self, name: str) -> np.ndarray:
        """Return one number of every image, NaN where undefined."""
        column: np.ndarray = self.values[:, NAMES.index(name)]
        return column


def describe_images(
    images: ImageSet,
    threshold: float,
    *,
    dark: bool = False,
    pixel_size: float | None = None,
    particles: Particles = "phase",
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

    Yields
    ------
    Progress
        One tick per batch.
    """
    edge = 1.0 if pixel_size is None else pixel_size
    white, rows = images.white, []

    def work(picture: np.ndarray) -> tuple[Any, ...]:
        return _of_one(picture / white, threshold, dark, edge, particles)

    with ThreadPoolExecutor(available_threads()) as pool:
        results: Iterator[tuple[Any, ...]] = pool.map(work, images.images)
        try:
            while batch := list(islice(results, _BATCH)):
                rows += batch
                yield Progress(len(rows), len(images), f"measuring {images.name} images")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    values, correlation, path, chords, area, h1, h0, distance = zip(*rows, strict=True)
    arrays = [np.array(column) for column in (values, correlation, path, chords, area)]
    arrays += [persistence_images(intervals).reshape(len(rows), -1) for intervals in (h1, h0)]
    unit = "px" if pixel_size is None else "um"
    return Descriptors(*arrays, distance=np.array(distance[0]), unit=unit, pixel=edge)


def _of_one(
    grey: np.ndarray, threshold: float, dark: bool, edge: float, particles: Particles
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
    row = np.array([values[name] for name in NAMES])
    return (
        row,
        np.array(curve["probability"]),
        path,
        chords,
        area_fractions(grey),
        intervals.rings,
        intervals.components,
        curve["distance_um"],
    )
