"""Move a slice by a part of a pixel, once, and find the frame that all slices cover."""

import math

import numpy as np

DECIMALS = 6
"""Shifts are rounded to a millionth of a pixel, so that whole ones are whole."""


def translate(image: np.ndarray, shift: tuple[float, float]) -> np.ndarray:
    """Return ``image`` read at x + shift, by linear interpolation between pixels.

    Parameters
    ----------
    image : ndarray of float, shape (R, C)
        A slice.
    shift : (float, float)
        Rows and columns in px.

    Returns
    -------
    ndarray, shape (R, C)
        0 where x + shift lies outside the slice: there is no data.

    Examples
    --------
    >>> translate(np.array([[0.0, 10.0, 20.0]]), (0.0, 0.5))
    array([[ 5., 15.,  0.]])
    """
    result = image
    for axis, distance in enumerate(shift):
        result = _translate_along(result, axis, distance)
    return result


def _translate_along(image: np.ndarray, axis: int, distance: float) -> np.ndarray:
    size = image.shape[axis]
    distance = round(float(distance), DECIMALS)
    whole = math.floor(distance)
    part = image.dtype.type(distance - whole)
    start, stop = _covered(size, distance)
    result = np.zeros_like(image)
    if start >= stop:
        return result
    pick = [slice(None), slice(None)]
    pick[axis] = slice(start + whole, stop + whole)
    low = image[tuple(pick)]
    if part:
        pick[axis] = slice(start + whole + 1, stop + whole + 1)
        low = low + part * (image[tuple(pick)] - low)
    pick[axis] = slice(start, stop)
    result[tuple(pick)] = low
    return result


def _covered(size: int, distance: float) -> tuple[int, int]:
    """First and last-plus-one index x with x + distance inside [0, size - 1]."""
    distance = round(float(distance), DECIMALS)
    return max(0, math.ceil(-distance)), min(size, math.floor(size - 1 - distance) + 1)


def common_frame(shifts: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns that every slice covers after its shift.

    Parameters
    ----------
    shifts : ndarray, shape (P, 2)
        Shift of each slice in px.
    shape : (int, int)
        Rows and columns of a slice.

    Returns
    -------
    (slice, slice)
        Empty (stop <= start) if the slices share nothing.

    Examples
    --------
    >>> common_frame(np.array([[0.0, 0.0], [1.5, -2.0]]), (10, 10))
    (slice(0, 8, None), slice(2, 10, None))
    """
    frames = []
    for axis, size in enumerate(shape):
        covered = [_covered(size, float(shift)) for shift in shifts[:, axis]]
        frames.append(slice(max(c[0] for c in covered), min(c[1] for c in covered)))
    return frames[0], frames[1]


def pixels_without_data(shifts: np.ndarray, shape: tuple[int, int]) -> int:
    """Return how many pixels no slice reaches when each keeps its frame.

    Examples
    --------
    >>> pixels_without_data(np.array([[0.0, 0.0], [1.5, -2.0]]), (10, 10))
    36
    """
    lacking = 0
    for shift in shifts:
        spans = [_covered(size, float(distance)) for size, distance in zip(shape, shift, strict=True)]
        lacking += shape[0] * shape[1] - math.prod(max(0, stop - start) for start, stop in spans)
    return lacking
