"""Undo the foreshortening of a face that was seen at an angle."""

import math

import numpy as np

from ..errors import ParameterError


def stretched_rows(n_rows: int, angle: float) -> int:
    """Return how many rows a slice has after the tilt is undone.

    Examples
    --------
    >>> stretched_rows(640, 36.0)
    791
    """
    require_tilt(angle)
    return max(1, round(n_rows / math.cos(math.radians(angle))))


def require_tilt(angle: float) -> None:
    """Refuse an angle that is no tilt.

    Raises
    ------
    ParameterError
        If the angle is not between 0 and 80 degree.
    """
    if not 0 < angle <= 80:
        raise ParameterError(
            f"A tilt of {angle:g} degree was given; it must be above 0 and at most 80. It is the angle "
            f"between the beam and the normal of the face: 36 where the two columns are 54 degree apart."
        )


def correct_tilt(image: np.ndarray, angle: float) -> np.ndarray:
    """Stretch the rows by 1 / cos(angle), by linear interpolation.

    Parameters
    ----------
    image : ndarray of float, shape (R, C)
        A slice, foreshortened along its rows.
    angle : float
        Angle between the beam and the normal of the face, in degree.

    Returns
    -------
    ndarray, shape (R / cos(angle) rounded, C)
        The edge of a row is the same length as before, now true.
    """
    n_rows = image.shape[0]
    count = stretched_rows(n_rows, angle)
    place = np.clip((np.arange(count) + 0.5) * n_rows / count - 0.5, 0, n_rows - 1)
    first = np.minimum(place.astype(np.intp), max(0, n_rows - 2))
    part = (place - first).astype(image.dtype)[:, None]
    second = np.minimum(first + 1, n_rows - 1)
    return np.asarray(image[first] + part * (image[second] - image[first]))
