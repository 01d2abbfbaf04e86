"""Area fraction: the share of an image that is of a phase, or at least as bright as a threshold.

A curve over ten thresholds tells more of a grey image than one number. Counts are
exactly additive over images and tiles of equal weight.
"""

from collections.abc import Sequence

import numpy as np

from ..errors import ParameterError
from ..features import Feature
from ..progress import Progress, Steps
from .persistence_image import white_level

NAMES = ("area_fraction",)
NEEDS_LENGTH = False
DIMENSIONS = (2,)
BYTES_PER_VOXEL = 8.0
UNDEFINED_WHEN = "the image has no pixels"

THRESHOLDS = tuple(k / 9 for k in range(10))
"""Ten evenly spaced thresholds; the first is trivial (every pixel is at least 0)."""


def area_fractions(image: np.ndarray, thresholds: Sequence[float] = THRESHOLDS) -> np.ndarray:
    """Share of the pixels at or above each threshold.

    Parameters
    ----------
    image : ndarray of float, any shape
        Grey values scaled to [0, 1].
    thresholds : sequence of float
        In any order. Ten evenly spaced ones are customary.

    Returns
    -------
    ndarray of float64, shape (n,)

    Examples
    --------
    >>> area_fractions(np.array([[0.0, 0.4, 0.6, 1.0]]), [0.0, 0.5, 1.0]).tolist()
    [1.0, 0.5, 0.25]
    """
    ordered = np.sort(image, axis=None)
    below = np.searchsorted(ordered, np.asarray(thresholds, float), side="left")
    fractions: np.ndarray = 1 - below / ordered.size
    return fractions


def condition_scaled(images: np.ndarray, reference: np.ndarray | None = None) -> np.ndarray:
    """Scale the images of one condition to [0, 1] after taking out each one's mean.

    Parameters
    ----------
    images : ndarray of number, shape (N, R, C)
        Images of one condition.
    reference : ndarray of number, shape (M, R, C), or None
        Images whose range becomes [0, 1], such as the real ones when ``images`` are
        generated; what lies outside is clipped. None: the images themselves.

    Returns
    -------
    ndarray of float64, shape (N, R, C)

    Raises
    ------
    ParameterError
        If the reference has one grey value only.
    """
    centred = _centred(images)
    range_of = centred if reference is None else _centred(reference)
    low, high = range_of.min(), range_of.max()
    if low == high:
        raise ParameterError("The images of this condition have one grey value, so they cannot be scaled.")
    return np.clip((centred - low) / (high - low), 0.0, 1.0)


def _centred(images: np.ndarray) -> np.ndarray:
    values = np.asarray(images, np.float64)
    centred: np.ndarray = values - values.mean(axis=(-2, -1), keepdims=True)
    return centred


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None = None) -> Steps[list[Feature]]:
    """Measure the area fraction of a phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C)
        True where the phase is.
    spacing : (float, float) or None
        Not needed.

    Returns
    -------
    list of Feature
        ``area_fraction``, dimensionless.
    """
    yield Progress(0, 1, "counting pixels")
    if phase.size == 0:
        return [Feature(name=NAMES[0], value=None, reason="the image has no pixels")]
    return [Feature(name=NAMES[0], value=np.count_nonzero(phase) / phase.size, method="pixel count")]


def measure_image(
    image: np.ndarray, spacing: tuple[float, ...] | None = None, *, white: float | None = None
) -> Steps[list[Feature]]:
    """Measure the area fraction of a grey image at ten thresholds.

    Parameters
    ----------
    image : ndarray of number, shape (R, C)
        Grey values from 0 to ``white``.
    spacing : (float, float) or None
        Not needed.
    white : float or None
        Grey value of white. None: the largest of the type, and 1 for decimal numbers.

    Returns
    -------
    list of Feature
        ``area_fraction``: its value is the mean over the ten thresholds; the curve is in
        the details.
    """
    yield Progress(0, 1, "counting pixels")
    if image.size == 0:
        return [Feature(name=NAMES[0], value=None, reason="the image has no pixels")]
    fractions = area_fractions(image / (white_level(image) if white is None else white))
    details = {"thresholds": list(THRESHOLDS), "fractions": fractions.tolist()}
    method = "mean of the shares of pixels at or above ten thresholds from black to white"
    return [Feature(name=NAMES[0], value=float(fractions.mean()), method=method, details=details)]
