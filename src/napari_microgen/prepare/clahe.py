"""Contrast-limited adaptive histogram equalisation, with the parameters ImageJ users know.

References
----------
Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV (1994) 474.
"""

import numpy as np


def clahe(
    image: np.ndarray,
    grey_range: tuple[float, float],
    *,
    block: int = 127,
    bins: int = 256,
    slope: float = 3.0,
) -> np.ndarray:
    """Even out the contrast of a slice, block by block.

    Parameters
    ----------
    image : ndarray of float, shape (R, C)
        A slice.
    grey_range : (float, float)
        Grey values between which contrast is spread; values outside are cut to it. Give the
        same for all slices of a stack.
    block : int
        Side of a block in px. Between the centres of blocks the result is interpolated.
    bins : int
        Bins of each histogram.
    slope : float
        Largest slope of a grey transfer curve; 1 leaves the image as it is.

    Returns
    -------
    ndarray of float, shape (R, C)

    Examples
    --------
    >>> grey = np.arange(64.0 * 64).reshape(64, 64)
    >>> bool(np.allclose(clahe(grey, (0.0, 4095.0), block=16, slope=1.0), grey))
    True
    """
    low, high = grey_range
    if not high > low:
        return image.copy()
    kept = image if image.dtype == np.float64 else image.astype(np.float32, copy=False)
    place = (np.clip(kept, low, high) - low) * kept.dtype.type((bins - 1) / (high - low))
    lower = np.minimum(place.astype(np.intp), bins - 2)
    curves = _transfer_curves(np.rint(place).astype(np.intp), block, bins, slope).astype(kept.dtype)
    part = place - lower
    rows, columns = (_between_blocks(n, count) for n, count in zip(kept.shape, curves.shape, strict=False))
    result = np.zeros_like(kept)
    for row_block, row_weight in rows:
        for column_block, column_weight in columns:
            where = (row_block[:, None], column_block[None, :])
            weight = (row_weight[:, None] * column_weight[None, :]).astype(kept.dtype)
            below = curves[(*where, lower)]
            result += weight * (below + part * (curves[(*where, lower + 1)] - below))
    return np.asarray(low + (high - low) * result, dtype=kept.dtype)


def _transfer_curves(bin_of: np.ndarray, block: int, bins: int, slope: float) -> np.ndarray:
    """Grey transfer curve of each block, shape (blocks down, blocks across, bins), 0 to 1."""
    cuts = [np.linspace(0, n, max(1, round(n / block)) + 1).round().astype(int) for n in bin_of.shape]
    curves = np.empty((len(cuts[0]) - 1, len(cuts[1]) - 1, bins))
    for i in range(curves.shape[0]):
        for j in range(curves.shape[1]):
            cell = bin_of[cuts[0][i] : cuts[0][i + 1], cuts[1][j] : cuts[1][j + 1]]
            counts = np.bincount(cell.ravel(), minlength=bins).astype(np.float64)
            curves[i, j] = _curve(_limited(counts, slope))
    return curves


def _limited(counts: np.ndarray, slope: float) -> np.ndarray:
    """Cut a histogram at ``slope`` times its mean and spread what was cut evenly under that limit."""
    total = float(counts.sum())
    limit = max(1.0, slope) * total / counts.size
    low, high = 0.0, limit
    for _ in range(60):
        middle = (low + high) / 2
        if np.minimum(counts + middle, limit).sum() < total:
            low = middle
        else:
            high = middle
    return np.minimum(counts + high, limit)


def _curve(counts: np.ndarray) -> np.ndarray:
    total = np.cumsum(counts)
    return (
        (total - total[0]) / (total[-1] - total[0])
        if total[-1] > total[0]
        else np.linspace(0, 1, counts.size)
    )


def _between_blocks(size: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each pixel the two blocks whose centres it lies between, with their weights."""
    place = (np.arange(size) + 0.5) * count / size - 0.5
    first = np.floor(place).astype(np.intp)
    part = place - first
    return [(np.clip(first, 0, count - 1), 1 - part), (np.clip(first + 1, 0, count - 1), part)]
