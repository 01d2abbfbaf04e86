"""Lines of equal value on a diagram, and values as colours."""

import numpy as np

from ..regress.svg import nice_ticks

STOPS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Colours from the lowest to the highest value; their brightness rises evenly."""
NOTHING = (255, 255, 255)
"""Colour where there is no value."""


def contour_lines(values: np.ndarray, wanted: int = 6) -> list[tuple[float, np.ndarray]]:
    """Return lines of equal value between cells.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        Value of each cell, row 0 at the low end of the ordinate; NaN where there is none.
    wanted : int
        About how many levels; they are round numbers.

    Returns
    -------
    list of (float, ndarray of shape (points, 2))
        Level, and the line as (column, row), both counted from the middle of the first cell.

    Examples
    --------
    >>> (level, line), *_ = contour_lines(np.array([[0.0, 1.0], [0.0, 1.0]]), 2)
    >>> level, line.tolist()
    (0.5, [[0.5, 1.0], [0.5, 0.0]])
    """
    from skimage.measure import find_contours

    known = values[np.isfinite(values)]
    if min(values.shape) < 2 or not known.size or known.min() == known.max():
        return []
    lines = []
    for level in nice_ticks(float(known.min()), float(known.max()), wanted):
        if known.min() < level < known.max():
            lines += [(level, line[:, ::-1]) for line in find_contours(values, level)]
    return lines


def coloured(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return values as colours from ``low`` to ``high``, uint8 (R, C, 3); white where there is no value."""
    share = np.clip((np.nan_to_num(values, nan=low) - low) / ((high - low) or 1.0), 0, 1)
    at = np.linspace(0, 1, len(STOPS))
    rgb = np.stack([np.interp(share, at, [stop[k] for stop in STOPS]) for k in range(3)], axis=-1)
    rgb = np.rint(rgb).astype(np.uint8)
    rgb[~np.isfinite(values)] = NOTHING
    return rgb
