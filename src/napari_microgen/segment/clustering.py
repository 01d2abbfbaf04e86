"""The compiled loop of superpixel clustering."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def clustered(
    grey: np.ndarray, rows: int, columns: int, compactness: float, sweeps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cluster pixels by place and grey around a grid of ``rows`` x ``columns`` centres.

    Each pixel goes to the nearest of the nine centres whose cells surround it, at the
    squared distance (difference of grey)² + compactness² (distance)² / (area of a cell);
    then each centre moves to the mean of its pixels.

    Parameters
    ----------
    grey : ndarray of float32, shape (R, C)
        Grey values.
    rows, columns : int
        Centres along each axis, at most R and C.
    compactness : float
        Weight of nearness against likeness of grey.
    sweeps : int
        How often pixels are assigned and centres moved.

    Returns
    -------
    labels : ndarray of int32, shape (R, C)
        Number of the centre, row by row.
    means : ndarray of float32, shape (rows x columns,)
        Mean grey of each cluster.
    """
    height, width = grey.shape
    high, wide = height / rows, width / columns
    weight = np.float32(compactness * compactness / (high * wide))
    centre = np.empty((3, rows * columns), np.float32)
    for row in range(rows):
        for column in range(columns):
            y, x = (row + 0.5) * high - 0.5, (column + 0.5) * wide - 0.5
            index = row * columns + column
            centre[0, index], centre[1, index] = y, x
            centre[2, index] = grey[int(y + 0.5), int(x + 0.5)]
    cell = ((np.arange(width) + 0.5) / wide).astype(np.int64)
    labels = np.zeros((height, width), np.int32)
    for _ in range(sweeps):
        total = np.zeros((4, rows * columns))
        for r in range(height):
            row = int((r + 0.5) / high)
            for c in range(width):
                column = cell[c]
                value, best, nearest = grey[r, c], np.float32(np.inf), 0
                for i in range(max(row - 1, 0), min(row + 2, rows)):
                    for j in range(max(column - 1, 0), min(column + 2, columns)):
                        index = i * columns + j
                        down = centre[0, index] - np.float32(r)
                        along = centre[1, index] - np.float32(c)
                        unlike = centre[2, index] - value
                        distance = unlike * unlike + weight * (down * down + along * along)
                        if distance < best:
                            best, nearest = distance, index
                labels[r, c] = nearest
                total[0, nearest] += r
                total[1, nearest] += c
                total[2, nearest] += value
                total[3, nearest] += 1
        for index in range(rows * columns):
            if total[3, index] > 0:
                for k in range(3):
                    centre[k, index] = total[k, index] / total[3, index]
    return labels, centre[2]
