"""The border of a region of cells as closed rings on the corners of the cells."""

from collections import deque

import numpy as np


def largest_region(mask: np.ndarray) -> np.ndarray:
    """Return the largest 4-connected region of a mask; of equal ones the first in reading order.

    Examples
    --------
    >>> largest_region(np.array([[1, 0, 1], [0, 1, 1]], bool)).astype(int).tolist()
    [[0, 0, 1], [0, 1, 1]]
    """
    from scipy.ndimage import label

    regions, count = label(mask)
    if not count:
        return np.zeros(mask.shape, bool)
    sizes = np.bincount(regions.ravel(), minlength=count + 1)[1:]
    found: np.ndarray = regions == 1 + int(sizes.argmax())
    return found


def rings(mask: np.ndarray) -> list[np.ndarray]:
    """Return the borders of a region as rings of corners, without corners on straight stretches.

    Parameters
    ----------
    mask : ndarray of bool, shape (R, C)
        Cells of the region.

    Returns
    -------
    list of ndarray of int, shape (corners, 2)
        (row, column) of corners, 0 to R and 0 to C; the outer ring of the largest area first, holes
        after it. A ring is closed: its last corner joins its first.

    Examples
    --------
    >>> rings(np.array([[True, True]]))[0].tolist()
    [[0, 0], [0, 2], [1, 2], [1, 0]]
    """
    edges = _edges(np.pad(np.asarray(mask, bool), 1))
    found = []
    while edges:
        corner = first = min(edges)
        step = start = edges[first][0]
        ring = []
        while True:
            ring.append(corner)
            edges[corner].remove(step)
            if not edges[corner]:
                del edges[corner]
            corner = (corner[0] + step[0], corner[1] + step[1])
            ways = edges.get(corner, []) + ([start] if corner == first else [])
            step = _right_turn(ways, step)
            if corner == first and step == start:
                break
        found.append(_straightened(np.array(ring)))
    return sorted(found, key=lambda ring: -abs(_area(ring)))


def steps_inside(region: np.ndarray) -> np.ndarray:
    """Return how many steps over cell sides each cell of a region is from the nearest cell outside it.

    What lies beyond the diagram counts as outside: nothing is known there.
    """
    padded = np.pad(np.asarray(region, bool), 1)
    steps = np.where(padded, -1, 0)
    queue = deque((int(r), int(c)) for r, c in np.argwhere(~padded))
    while queue:
        row, column = queue.popleft()
        for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= place[0] < steps.shape[0] and 0 <= place[1] < steps.shape[1] and steps[place] < 0:
                steps[place] = steps[row, column] + 1
                queue.append(place)
    inner: np.ndarray = steps[1:-1, 1:-1]
    return inner


def _edges(padded: np.ndarray) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return the directed sides of the region by their first corner, the region on their right."""
    edges: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def add(cells: np.ndarray, down: int, right: int, step: tuple[int, int]) -> None:
        for row, column in np.argwhere(cells):
            edges.setdefault((int(row) + down, int(column) + right), []).append(step)

    core = padded[1:-1, 1:-1]
    add(core & ~padded[:-2, 1:-1], 0, 0, (0, 1))  # upper side, to the right
    add(core & ~padded[1:-1, 2:], 0, 1, (1, 0))  # right side, down
    add(core & ~padded[2:, 1:-1], 1, 1, (0, -1))  # lower side, to the left
    add(core & ~padded[1:-1, :-2], 1, 0, (-1, 0))  # left side, up
    return edges


def _right_turn(steps: list[tuple[int, int]], heading: tuple[int, int]) -> tuple[int, int]:
    """Return the step that turns right: two cells that touch at a corner only are kept apart."""
    right = (heading[1], -heading[0])
    return right if right in steps else steps[0]


def _straightened(ring: np.ndarray) -> np.ndarray:
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turns: np.ndarray = ring[(before != after).any(1)]
    return turns


def _area(ring: np.ndarray) -> float:
    row, column = ring.T.astype(float)
    return float(0.5 * (column * np.roll(row, -1) - row * np.roll(column, -1)).sum())
