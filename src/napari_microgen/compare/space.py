"""The coordinates in which images are compared, fitted on real images only."""

from dataclasses import dataclass

import numpy as np

from .descriptors import NAMES, Descriptors
from .principal_components import PrincipalComponents


@dataclass(frozen=True, eq=False)
class Space:
    """Standardised descriptors and principal components of persistence images."""

    centre: np.ndarray
    """Median of each descriptor of the real images; stands in where one is undefined, shape (K,)."""
    mean: np.ndarray
    """Mean of each descriptor of the real images, shape (K,)."""
    deviation: np.ndarray
    """Standard deviation, 1 where a descriptor is constant, shape (K,)."""
    rings: PrincipalComponents
    """Of the persistence images of H1."""
    components: PrincipalComponents
    """Of those of H0."""
    ring_scale: np.ndarray
    """Standard deviation of the real images along each component."""
    component_scale: np.ndarray
    """The same for H0."""
    names: tuple[str, ...] = NAMES
    """Descriptors, in the order of ``mean``."""

    @classmethod
    def fit(cls, real: Descriptors) -> "Space":
        """Return the space of some real images."""
        values = real.values
        known = np.isfinite(values)
        empty = ~known.any(axis=0)
        filled = np.where(empty, 0.0, values)
        centre = np.nanmedian(filled, axis=0)
        filled = np.where(np.isfinite(filled), filled, centre)
        rings, components = (PrincipalComponents.fit(v) for v in (real.rings, real.components))
        return cls(
            centre,
            filled.mean(axis=0),
            _deviation(filled),
            rings,
            components,
            _deviation(rings.apply(real.rings)),
            _deviation(components.apply(real.components)),
            names=real.names,
        )

    def standardised(self, images: Descriptors) -> np.ndarray:
        """Return descriptors in real standard deviations from the real mean, shape (N, K)."""
        filled = np.where(np.isfinite(images.values), images.values, self.centre)
        result: np.ndarray = (filled - self.mean) / self.deviation
        return result

    def persistence(self, images: Descriptors) -> np.ndarray:
        """Return the principal components of the persistence images of H1, shape (N, 3)."""
        return self.rings.apply(images.rings) / self.ring_scale

    def points(self, images: Descriptors) -> np.ndarray:
        """Return all coordinates of each image: descriptors, then H1, then H0."""
        dark = self.components.apply(images.components) / self.component_scale
        return np.concatenate([self.standardised(images), self.persistence(images), dark], axis=1)


def with_squares(points: np.ndarray) -> np.ndarray:
    """Add the squares of coordinates, by which sets of equal means and other spreads are told apart."""
    clipped = np.clip(points, -10, 10)
    return np.concatenate([clipped, clipped**2], axis=1)


def within_conditions(points: list[np.ndarray], conditions: list[np.ndarray]) -> list[np.ndarray]:
    """Take away the mean of each condition over both sides: only differences between them are left.

    Without this, a classifier that leaves images out learns from the conditions that the others lack:
    equal sets would come out below an AUC of 0.5.

    Parameters
    ----------
    points : list of two ndarray of float, shape (n, d) and (m, d)
        Coordinates of both sides, with as many images per condition.
    conditions : list of two ndarray of int, shape (n,) and (m,)
        Condition of each image.
    """
    everything, codes = np.concatenate(points), np.concatenate(conditions)
    result = everything.copy()
    for code in np.unique(codes):
        result[codes == code] -= everything[codes == code].mean(axis=0)
    return [result[: len(points[0])], result[len(points[0]) :]]


def _deviation(values: np.ndarray) -> np.ndarray:
    deviation: np.ndarray = values.std(axis=0)
    return np.where(deviation > 1e-9 * (1 + np.abs(values).max(axis=0, initial=0.0)), deviation, 1.0)
