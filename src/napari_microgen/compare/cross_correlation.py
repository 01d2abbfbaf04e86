"""Largest normalised cross-correlation of two images over all shifts up to half their edge.

Only the part in which they overlap counts, with its own mean and variance, so that a copy cut
from another place gives 1 and a change of brightness or contrast does not matter.

References
----------
Padfield, IEEE Trans. Image Process. 21 (2012) 2706, doi 10.1109/TIP.2011.2181402.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

SYMMETRIES = 8
"""Rotations by quarter turns, each with its mirror image."""

_LEAST = 1e-6


def symmetric(image: np.ndarray, which: int) -> np.ndarray:
    """Return one of the eight symmetric images; 0 is the image itself.

    Examples
    --------
    >>> symmetric(np.array([[1, 2], [3, 4]]), 1).tolist(), symmetric(np.array([[1, 2], [3, 4]]), 4).tolist()
    ([[2, 4], [1, 3]], [[2, 1], [4, 3]])
    """
    turned = np.rot90(image, which % 4, axes=(-2, -1))
    return np.ascontiguousarray(turned[..., ::-1] if which >= 4 else turned)


@dataclass(frozen=True, eq=False)
class Prepared:
    """An image with its spectrum and running sums."""

    image: np.ndarray
    """Grey values less their mean, float64, shape (R, C)."""
    spectrum: np.ndarray
    """Of the image padded to one and a half times its size."""
    sums: np.ndarray
    """Running sums of values and of squares, shape (2, R + 1, C + 1)."""


def prepare(image: np.ndarray) -> Prepared:
    """Compute what each pair of images needs once."""
    from scipy import fft

    values = image.astype(np.float64) - image.mean()
    sums = np.zeros((2, values.shape[0] + 1, values.shape[1] + 1))
    sums[0, 1:, 1:] = values.cumsum(0).cumsum(1)
    sums[1, 1:, 1:] = (values**2).cumsum(0).cumsum(1)
    spectrum = np.asarray(fft.rfft2(values.astype(np.float32), _padded(values.shape)))
    return Prepared(values, spectrum, sums)


def best_correlation(first: Prepared, second: Prepared) -> tuple[float, int, int]:
    """Largest correlation over all shifts up to half an edge, and the shift.

    Parameters
    ----------
    first, second : Prepared
        Images of equal shape.

    Returns
    -------
    correlation : float
        Between -1 and 1, over the overlap. Overlaps in which an image has hardly any contrast
        (under a millionth of the variance, or under a fifth of its whole deviation) do not count.
    row, column : int
        ``first[y + row, x + column]`` lies over ``second[y, x]``.

    Examples
    --------
    >>> large = np.random.default_rng(0).normal(size=(80, 80))
    >>> value, row, column = best_correlation(prepare(large[:64, :64]), prepare(large[9:73, 16:]))
    >>> round(value, 3), row, column
    (1.0, 9, 16)
    """
    from scipy import fft

    shape = first.image.shape
    padded = _padded(shape)
    products = fft.irfft2(first.spectrum * np.conj(second.spectrum), padded)
    value, row, column = _largest(products, first.sums, second.sums, shape[0] // 2, shape[1] // 2)
    return float(value), int(row), int(column)


def _padded(shape: tuple[int, ...]) -> tuple[int, ...]:
    from scipy import fft

    return tuple(fft.next_fast_len(n + n // 2, real=True) for n in shape)


@njit(cache=True, nogil=True)
def _largest(products, first, second, reach_rows, reach_columns):  # type: ignore[no-untyped-def]
    """Normalise the products by the overlap of each shift and find the largest."""
    rows, columns = first.shape[1] - 1, first.shape[2] - 1
    whole_first = first[1, rows, columns] / (rows * columns)
    whole_second = second[1, rows, columns] / (rows * columns)
    best, best_row, best_column = -1.0, 0, 0
    for dy in range(-reach_rows, reach_rows + 1):
        y1, y2 = max(0, dy), min(rows, rows + dy)
        for dx in range(-reach_columns, reach_columns + 1):
            x1, x2 = max(0, dx), min(columns, columns + dx)
            count = (y2 - y1) * (x2 - x1)
            a, aa = _rectangle(first, y1, y2, x1, x2)
            b, bb = _rectangle(second, y1 - dy, y2 - dy, x1 - dx, x2 - dx)
            va, vb = aa / count - (a / count) ** 2, bb / count - (b / count) ** 2
            if va <= max(_LEAST, 0.04 * whole_first) or vb <= max(_LEAST, 0.04 * whole_second):
                continue
            covariance = products[dy % products.shape[0], dx % products.shape[1]] / count - a * b / count**2
            value = covariance / np.sqrt(va * vb)
            if value > best:
                best, best_row, best_column = value, dy, dx
    return best, best_row, best_column


@njit(cache=True, nogil=True)
def _rectangle(sums, y1, y2, x1, x2):  # type: ignore[no-untyped-def]
    value = sums[0, y2, x2] - sums[0, y1, x2] - sums[0, y2, x1] + sums[0, y1, x1]
    square = sums[1, y2, x2] - sums[1, y1, x2] - sums[1, y2, x1] + sums[1, y1, x1]
    return value, square
