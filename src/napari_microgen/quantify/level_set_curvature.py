"""Mean and Gaussian curvature of the level set of a field, from its first and second derivatives.

Derivatives are central differences of the 4 x 4 x 4 voxels about a point, interpolated
linearly to it. Curvature counts positive where the inside (high values) is convex.

References
----------
Goldman, Comput. Aided Geom. Des. 22 (2005) 632, doi 10.1016/j.cagd.2005.06.005.
"""

import math

import numpy as np
from numba import njit


def curvature_at(
    field: np.ndarray, points: np.ndarray, spacing: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Curvature of the level sets of a field at given points.

    Parameters
    ----------
    field : ndarray of float32, shape (P, R, C)
        At least four voxels along each axis.
    points : ndarray of float, shape (n, 3)
        Places in voxels. Those in the outermost layer of cells are taken one cell inward.
    spacing : (float, float, float)
        Voxel edges, in micrometre.

    Returns
    -------
    mean, gaussian : ndarray of float64, shape (n,)
        In 1/micrometre and 1/micrometre squared.

    Examples
    --------
    >>> z, y, x = np.ogrid[-9:10, -9:10, -9:10]
    >>> field = (8.0 - np.sqrt(z**2 + y**2 + x**2)).astype(np.float32)
    >>> mean, gaussian = curvature_at(field, np.array([[9.0, 9.0, 14.0]]), (1.0, 1.0, 1.0))
    >>> bool(abs(mean[0] - 1 / 5) < 0.01), bool(abs(gaussian[0] - 1 / 25) < 0.002)
    (True, True)
    """
    result = np.empty((2, len(points)))
    _at_points(field, np.ascontiguousarray(points, np.float64), 1 / np.asarray(spacing, float), result)
    return result[0], result[1]


@njit(cache=True, nogil=True)
def _at_points(field, points, inverse, result):  # type: ignore[no-untyped-def]
    work = np.empty(36 + 48 + 24)
    corner = np.empty(3, np.int64)
    share = np.empty(3)
    normal = np.empty(3)
    for n in range(len(points)):
        for a in range(3):
            cell = min(max(math.floor(points[n, a]), 1), field.shape[a] - 3)
            corner[a] = cell - 1
            share[a] = min(max(points[n, a] - cell, 0.0), 1.0)
        result[0, n], result[1, n] = curvature_in_cell(field, corner, share, inverse, work, normal)


@njit(cache=True, nogil=True)
def curvature_in_cell(field, corner, share, inverse, work, normal):  # type: ignore[no-untyped-def]
    """Mean and Gaussian curvature at ``corner + 1 + share`` voxels; ``normal`` takes the unit gradient.

    ``inverse`` holds 1 / voxel edge, ``work`` is room for 108 numbers.
    """
    weight = work[:36].reshape(3, 3, 4)
    for a in range(3):
        _weights(share[a], inverse[a], weight[a])
    rows = work[36:84].reshape(3, 4, 4)
    for z in range(4):
        for y in range(4):
            line = field[corner[0] + z, corner[1] + y, corner[2] : corner[2] + 4]
            for k in range(3):
                w = weight[2, k]
                rows[k, z, y] = w[0] * line[0] + w[1] * line[1] + w[2] * line[2] + w[3] * line[3]
    plane = work[84:].reshape(6, 4)
    _sum_rows(rows, weight[1], plane)
    w = weight[0]
    fz, zz = _dot(w[1], plane[0]), _dot(w[2], plane[0])
    fy, zy, yy = _dot(w[0], plane[1]), _dot(w[1], plane[1]), _dot(w[0], plane[2])
    fx, zx, yx, xx = _dot(w[0], plane[3]), _dot(w[1], plane[3]), _dot(w[0], plane[4]), _dot(w[0], plane[5])
    square = fz * fz + fy * fy + fx * fx
    if square < 1e-30:
        normal[:] = 0.0
        return 0.0, 0.0
    length = math.sqrt(square)
    normal[0], normal[1], normal[2] = fz / length, fy / length, fx / length
    along = fz * fz * zz + fy * fy * yy + fx * fx * xx + 2 * (fz * fy * zy + fz * fx * zx + fy * fx * yx)
    mean = (along - square * (zz + yy + xx)) / (2 * square * length)
    gaussian = (
        fz * fz * (yy * xx - yx * yx)
        + fy * fy * (zz * xx - zx * zx)
        + fx * fx * (zz * yy - zy * zy)
        + 2 * (fz * fy * (zx * yx - zy * xx) + fz * fx * (zy * yx - zx * yy) + fy * fx * (zy * zx - yx * zz))
    ) / (square * square)
    return mean, gaussian


@njit(cache=True, nogil=True)
def _weights(share, inverse, weight):  # type: ignore[no-untyped-def]
    """Weights of four voxels for the value, first and second derivative between the middle two."""
    rest = 1.0 - share
    weight[0, 0], weight[0, 1], weight[0, 2], weight[0, 3] = 0.0, rest, share, 0.0
    half = 0.5 * inverse
    weight[1, 0], weight[1, 1], weight[1, 2], weight[1, 3] = (
        -rest * half,
        -share * half,
        rest * half,
        share * half,
    )
    square = inverse * inverse
    weight[2, 0], weight[2, 1] = rest * square, (share - 2 * rest) * square
    weight[2, 2], weight[2, 3] = (rest - 2 * share) * square, share * square


@njit(cache=True, nogil=True)
def _sum_rows(rows, weight, plane):  # type: ignore[no-untyped-def]
    """Contract the rows: value, d/dy, d2/dy2 of the values; value, d/dy of d/dx; value of d2/dx2."""
    for z in range(4):
        plane[0, z] = _dot(weight[0], rows[0, z])
        plane[1, z] = _dot(weight[1], rows[0, z])
        plane[2, z] = _dot(weight[2], rows[0, z])
        plane[3, z] = _dot(weight[0], rows[1, z])
        plane[4, z] = _dot(weight[1], rows[1, z])
        plane[5, z] = _dot(weight[0], rows[2, z])


@njit(cache=True, nogil=True)
def _dot(a, b):  # type: ignore[no-untyped-def]
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]
