"""Distances to the grain boundaries of an etched micrograph, on which they are thin dark or bright lines."""

import numpy as np

from ..errors import NothingToSegmentError, ParameterError


def line_strength(grey: np.ndarray, width: float, *, dark: bool = True) -> np.ndarray:
    """Return how much each pixel lies on a line of about this width.

    Parameters
    ----------
    grey : ndarray, shape (R, C)
        Grey values.
    width : float
        Width of the lines in px.
    dark : bool
        Lines darker than the grains; else brighter.

    Returns
    -------
    ndarray of float32, shape (R, C)
        The larger curvature of the smoothed grey values, 0 where that is negative.
    """
    from scipy.ndimage import gaussian_filter

    image = np.asarray(grey, np.float32) * (1 if dark else -1)
    sigma = max(width / 2, 0.7)
    down, across, mixed = (
        gaussian_filter(image, sigma, order, mode="nearest") for order in ((2, 0), (0, 2), (1, 1))
    )
    largest = (down + across) / 2 + np.sqrt(((down - across) / 2) ** 2 + mixed**2)
    return np.maximum(largest * sigma**2, 0, dtype=np.float32)


def etched_distance(grey: np.ndarray, *, width: float = 3.0, dark: bool = True) -> np.ndarray:
    """Return the distance of each pixel to the nearest line of an etched micrograph.

    Gaps in the lines leave saddles, which the watershed closes where they are narrow.

    Parameters
    ----------
    grey : ndarray, shape (R, C)
        Grey values.
    width : float
        Width of the lines in px.
    dark : bool
        Lines darker than the grains; else brighter.

    Returns
    -------
    ndarray of float32, shape (R, C)
        In px; 0 on lines.

    Raises
    ------
    NothingToSegmentError
        If the image has one grey value only, or no lines.
    ParameterError
        If the width is not a length of 0.5 px or more that fits the image.
    """
    from scipy.ndimage import distance_transform_edt, label, uniform_filter
    from skimage.filters import threshold_otsu

    if not 0.5 <= width <= min(grey.shape) / 4:
        raise ParameterError(
            f"The width of the boundaries is {width:g} px; expected 0.5 to {min(grey.shape) / 4:g} in an "
            f"image of {grey.shape[0]} x {grey.shape[1]}."
        )
    strength = line_strength(grey, width, dark=dark)
    if strength.max() <= 0 or np.ptp(grey) == 0:
        raise NothingToSegmentError("The image is the same grey everywhere: there are no grain boundaries.")
    ground = uniform_filter(strength, int(20 * width) | 1, mode="reflect")
    evened = strength / (ground + 0.05 * float(strength.mean()) + 1e-12)
    lines = evened > threshold_otsu(np.minimum(evened, np.quantile(evened, 0.999)))
    parts, count = label(lines, np.ones((3, 3)))
    if count:
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        lines = (sizes >= 6 * width)[parts]  # specks are no boundaries
    if not lines.any() or lines.all():
        raise NothingToSegmentError(
            "No grain boundaries were found. Give the width of the lines in px, and whether they are dark."
        )
    return np.asarray(distance_transform_edt(~lines), np.float32)
