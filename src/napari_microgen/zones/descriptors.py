"""What the images of a cell measure: numbers of `quantify.image_numbers`, mean and spread over the draws."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ..errors import AxesError, ParameterError
from ..generate.grey import GreyScale
from ..progress import Progress, Steps
from ..quantify.image_numbers import (
    IMAGE_NUMBERS,
    PARTICLE_MEANS,
    PHASE_NUMBERS,
    Particles,
    image_numbers,
    unit_of,
)
from ..quantify.threads import available_threads
from ..units import convert_length

ALIASES = {
    "mean_feret": "feret_diameter",
    "density": "relative_density",
    "perimeter": "specific_perimeter",
}
"""Other names for the same."""
_BATCH = 16


@dataclass(frozen=True)
class Measure:
    """What is measured on every image, and how."""

    names: tuple[str, ...]
    """Numbers, in the order of the columns."""
    threshold: float = 0.5
    """Share of white above which a pixel is of the bright phase."""
    dark: bool = False
    """True to measure the dark phase."""
    particles: Particles = "image"
    """Particles of the phase, or those found in the grey image."""
    pixel_size: float | None = None
    """Pixel edge in `length`; lengths are in px if None."""
    length: str | None = None
    """Unit of lengths."""

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        *,
        threshold: float | None = None,
        dark: bool = False,
        particles: Particles = "image",
        pixel_size: float | None = None,
        length: str | None = None,
    ) -> "Measure":
        """Return what a user asks for, with other names resolved and lengths in a readable unit.

        Raises
        ------
        ParameterError
            If a name is unknown or stands twice, or a number makes no sense.

        Examples
        --------
        >>> Measure.of(["mean_feret"], pixel_size=0.0037, length="um").units
        ('nm',)
        """
        found = tuple(ALIASES.get(name, name) for name in names)
        unknown = [n for n in found if n not in IMAGE_NUMBERS]
        if unknown:
            known = ", ".join((*ALIASES, *IMAGE_NUMBERS))
            raise ParameterError(f"{', '.join(unknown)} cannot be measured on an image; there are {known}.")
        if len(set(found)) < len(found):
            raise ParameterError(f"A descriptor stands twice in {', '.join(names)}; name each once.")
        if threshold is not None and not 0 <= threshold < 1:
            raise ParameterError(f"threshold is {threshold:g}; expected a share of white from 0 to below 1.")
        edge, unit = readable_edge(pixel_size, length)
        return cls(found, 0.5 if threshold is None else threshold, dark, particles, edge, unit)

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each number."""
        return tuple(unit_of(name, self.length or "px") for name in self.names)

    @property
    def needs_threshold(self) -> bool:
        """True if a number is of the phase, so that the threshold matters."""
        phase = self.particles == "phase" and any(
            n == "particle_count" or n in PARTICLE_MEANS for n in self.names
        )
        return phase or any(name in PHASE_NUMBERS for name in self.names)

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return {
            "names": list(self.names),
            "units": list(self.units),
            "threshold": self.threshold,
            "dark": self.dark,
            "particles": self.particles,
        }


@dataclass(frozen=True, eq=False)
class Measured:
    """Numbers of the images of one cell."""

    measure: Measure
    values: np.ndarray
    """Shape (N, names); NaN where undefined."""
    weights: np.ndarray
    """How much an image counts in the mean of each number: its particles for means over particles."""

    def means(self) -> np.ndarray:
        """Return the mean of each number, for particles over all of them; NaN where no image has it."""
        return _average(self.values, self.weights)

    def spreads(self) -> np.ndarray:
        """Return the standard deviation of each number over the images; NaN for fewer than two."""
        known = np.isfinite(self.values).sum(0)
        filled = np.where(np.isfinite(self.values), self.values, 0.0)
        mean = filled.sum(0) / np.maximum(known, 1)
        squares = (np.where(np.isfinite(self.values), self.values - mean, 0.0) ** 2).sum(0)
        return np.where(known > 1, np.sqrt(squares / np.maximum(known - 1, 1)), np.nan)

    def counts(self) -> np.ndarray:
        """Return in how many images each number is defined."""
        count: np.ndarray = np.isfinite(self.values).sum(0)
        return count

    def standard_errors(self) -> np.ndarray:
        """Return the standard error of each mean: how far another set of as many draws may differ."""
        known = np.isfinite(self.values) & (self.weights > 0)
        weights = np.where(known, self.weights, 0.0)
        total = weights.sum(0)
        mean = self.means()
        off = np.where(known, self.values - mean, 0.0)
        count = known.sum(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.sqrt((weights**2 * off**2).sum(0) * count / (count - 1)) / total
        return np.where(count > 1, error, np.nan)


def measure_images(images: np.ndarray, measure: Measure, grey: GreyScale) -> Steps[Measured]:
    """Measure every image.

    Parameters
    ----------
    images : ndarray, shape (N, R, C)
        Grey values.
    measure : Measure
        What, and how.
    grey : GreyScale
        What black and white are.

    Yields
    ------
    Progress
        One tick per batch.
    """
    if images.ndim != 3:
        raise AxesError(f"A stack of grey images has shape (N, R, C), and this one {images.shape}.")
    edge = 1.0 if measure.pixel_size is None else measure.pixel_size
    particles = any(name in PARTICLE_MEANS for name in measure.names)
    names = [*measure.names, *(["particle_count"] if particles else [])]
    names = list(dict.fromkeys(names))

    def work(image: np.ndarray) -> Mapping[str, float]:
        share = (grey.forward(image).astype(float) + 1) / 2
        return image_numbers(
            np.clip(share, 0, 1),
            names,
            threshold=measure.threshold,
            dark=measure.dark,
            edge=edge,
            particles=measure.particles,
        )

    rows: list[Mapping[str, float]] = []
    with ThreadPoolExecutor(available_threads()) as pool:
        results: Iterator[Mapping[str, float]] = pool.map(work, images)
        try:
            while batch := list(islice(results, _BATCH)):
                rows += batch
                yield Progress(len(rows), len(images), "measuring images")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    values = np.array([[row[name] for name in measure.names] for row in rows]).reshape(
        len(rows), len(measure.names)
    )
    weights = np.ones_like(values)
    for column, name in enumerate(measure.names):
        if name in PARTICLE_MEANS:
            weights[:, column] = [row["particle_count"] for row in rows]
    return Measured(measure, values, weights)


def readable_edge(pixel_size: float | None, length: str | None) -> tuple[float | None, str | None]:
    """Return a pixel edge in nm, um or mm, whichever gives objects of some pixels a readable number.

    Examples
    --------
    >>> readable_edge(0.0037, "um"), readable_edge(0.5, "um"), readable_edge(None, None)
    ((3.7, 'nm'), (0.5, 'um'), (None, None))
    """
    if pixel_size is None or length is None:
        return None, None
    micrometres = float(convert_length(pixel_size, length, "um"))
    unit = "nm" if micrometres < 0.1 else "um" if micrometres < 100 else "mm"
    return float(f"{float(convert_length(pixel_size, length, unit)):.12g}"), unit


def joined(parts: Sequence[Measured]) -> Measured:
    """Return the numbers of several sets of images as those of one."""
    return Measured(
        parts[0].measure,
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def otsu_share(images: np.ndarray, grey: GreyScale) -> float:
    """Return Otsu's threshold of images as a share of white; 0.5 for binary ones or a single grey value."""
    from ..segment.grey_histogram import grey_histogram
    from ..segment.otsu import otsu_threshold

    histogram = grey_histogram(np.clip((grey.forward(images) + 1) / 2, 0, 1))
    return 0.5 if grey.binary or histogram.is_constant else otsu_threshold(histogram)


def _average(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    known = np.isfinite(values) & (weights > 0)
    used = np.where(known, weights, 0.0)
    total = used.sum(0)
    sums = (used * np.where(known, values, 0.0)).sum(0)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan)
