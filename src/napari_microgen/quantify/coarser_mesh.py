"""A mesh with fewer triangles: places that lie in one cell of a grid become one."""

import numpy as np


def coarser_mesh(
    places: np.ndarray, faces: np.ndarray, values: dict[str, np.ndarray], *, most: int
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], float]:
    """Join places in cells until a mesh has few enough triangles.

    Places and values of a cell are averaged; triangles that lose a corner are left out. The
    mesh keeps its shape to about one cell, and its topology where features are larger.

    Parameters
    ----------
    places : ndarray of float32, shape (n, 3)
        Corners of the triangles.
    faces : ndarray of int32, shape (m, 3)
        Triangles, as rows of ``places``.
    values : dict of str to ndarray, each of shape (n,)
        Values at the corners.
    most : int
        Most triangles.

    Returns
    -------
    places, faces, values
        The coarser mesh, or what was given if it is small enough.
    cell : float
        Edge of a cell, in the unit of ``places``; 0.0 if nothing was joined.
    """
    if len(faces) <= most:
        return places, faces, values, 0.0
    corners = places[faces[:: -(-len(faces) // 100_000)]]
    edge = float(np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1).mean())
    cell = edge * max(1.2, np.sqrt(len(faces) / most))
    while True:
        found = _joined(places, faces, values, cell)
        if len(found[1]) <= most:
            return *found, cell
        cell *= 1.15


def _joined(
    places: np.ndarray, faces: np.ndarray, values: dict[str, np.ndarray], cell: float
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    low = places.min(axis=0)
    grid = ((places - low) / cell).astype(np.int64)
    extent = grid.max(axis=0) + 1
    key = (grid[:, 0] * extent[1] + grid[:, 1]) * extent[2] + grid[:, 2]
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    mean = [np.bincount(place, places[:, axis]) / count for axis in range(3)]
    fewer = {name: np.bincount(place, column) / count for name, column in values.items()}
    kept = place[faces]
    whole = (kept[:, 0] != kept[:, 1]) & (kept[:, 1] != kept[:, 2]) & (kept[:, 2] != kept[:, 0])
    kept = kept[whole].astype(np.int32)
    _, first = np.unique(np.sort(kept, axis=1), axis=0, return_index=True)
    return (
        np.stack(mean, axis=1).astype(np.float32),
        kept[np.sort(first)],
        {name: column.astype(np.float32) for name, column in fewer.items()},
    )
