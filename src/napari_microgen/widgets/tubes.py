"""Lines as thin tubes of triangles, so that a surface layer can show them."""

import numpy as np


def tubes(
    places: np.ndarray, lines: np.ndarray, values: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make a three-sided tube of each line; its colour is the mean of the values at its ends.

    Parameters
    ----------
    places : ndarray, shape (n, 3)
        Ends of the lines, in a space with equal lengths along all axes.
    lines : ndarray of int, shape (k, 2)
        Which places are joined.
    values : ndarray, shape (n,)
        NaN where there is none; a line without a value at both ends is left out.
    radius : float
        Of a tube.

    Returns
    -------
    places : ndarray of float32, shape (6 k, 3)
    faces : ndarray of int32, shape (6 k, 3)
    values : ndarray of float32, shape (6 k,)
    """
    known = np.isfinite(values)
    lines = lines[known[lines].any(axis=1)]
    filled = np.where(known, values, 0.0)
    share = filled[lines].sum(axis=1) / np.maximum(known[lines].sum(axis=1), 1)
    start, end = places[lines[:, 0]], places[lines[:, 1]]
    along = end - start
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-30)
    aside = np.eye(3)[np.abs(along).argmin(axis=1)]
    one = np.cross(along, aside)
    one /= np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-30)
    two = np.cross(along, one)
    angles = 2 * np.pi * np.arange(3) / 3
    ring = radius * (np.cos(angles)[:, None, None] * one + np.sin(angles)[:, None, None] * two)
    corners = np.concatenate([start + ring, end + ring]).transpose(1, 0, 2)
    sides = [[(k, (k + 1) % 3, k + 3), ((k + 1) % 3, (k + 1) % 3 + 3, k + 3)] for k in range(3)]
    pattern = np.array(sides, np.int32).reshape(1, 6, 3)
    faces = pattern + 6 * np.arange(len(lines), dtype=np.int32)[:, None, None]
    return (
        corners.reshape(-1, 3).astype(np.float32),
        faces.reshape(-1, 3),
        np.repeat(share, 6).astype(np.float32),
    )


def fewer_lines(
    places: np.ndarray, lines: np.ndarray, values: np.ndarray, *, most: int, start: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Join places in cells until there are few enough lines to draw.

    Parameters
    ----------
    places, lines, values : ndarray
        As in `tubes`.
    most : int
        Most lines.
    start : float
        Edge of the first cells that are tried, in the unit of ``places``.

    Returns
    -------
    places, lines, values : ndarray
        What was given, if it is little enough; else the means of each cell, and each pair of cells once.
    """
    given, cell = lines, start
    while len(lines) > most:
        grid = np.floor((places - places.min(axis=0)) / cell).astype(np.int64)
        extent = grid.max(axis=0) + 1
        key = (grid[:, 0] * extent[1] + grid[:, 1]) * extent[2] + grid[:, 2]
        _, member = np.unique(key, return_inverse=True)
        pairs = np.sort(member[given], axis=1)
        lines = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
        cell *= 1.3
    if lines is given:
        return places, lines, values
    count, known = np.bincount(member), np.isfinite(values)
    middle = np.stack([np.bincount(member, places[:, axis]) / count for axis in range(3)], axis=1)
    with_value = np.bincount(member, known)
    total = np.bincount(member, np.where(known, values, 0.0))
    mean = np.where(with_value > 0, total / np.maximum(with_value, 1), np.nan)
    return middle, lines, mean
