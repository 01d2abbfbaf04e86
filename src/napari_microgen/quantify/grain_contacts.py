"""Which grains of a plane label map touch, and where three of them meet."""

import numpy as np


def grain_contacts(
    labels: np.ndarray, *, periodic: bool = False, background: int | None = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of grains that touch, and the length of each contact.

    Four grains that meet at a corner of pixels are two corners of three so close that the boundary
    between them is lost. It belonged to the opposite two with the sharper corners (fewer pixels within
    3 px), which are given with length 0 where they do not touch elsewhere; so that grains on a torus
    have six neighbours in the mean, as they must (Euler). Where both pairs are alike none is given.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each pixel.
    periodic : bool
        Whether the last row and column touch the first.
    background : int or None
        Label that is no grain, such as pixels without an orientation; None if all are grains.

    Returns
    -------
    pairs : ndarray of int64, shape (n, 2)
        The smaller label first; sorted.
    lengths : ndarray of int64, shape (n,)
        Pixel edges along the contact; 0 for a contact at a corner.

    Examples
    --------
    >>> pairs, lengths = grain_contacts(np.array([[1, 1, 2], [3, 3, 2]]))
    >>> pairs.tolist(), lengths.tolist()
    ([[1, 2], [1, 3], [2, 3]], [1, 2, 1])
    """
    values, index = np.unique(labels, return_inverse=True)
    index = index.reshape(labels.shape).astype(np.int64)
    keys = []
    for axis in (0, 1):
        if labels.shape[axis] < 2:
            continue
        other = np.roll(index, -1, axis)
        apart = index != other
        if not periodic:
            apart[(-1,) if axis == 0 else (slice(None), -1)] = False
        one, two = index[apart], other[apart]
        keys.append(np.minimum(one, two) * len(values) + np.maximum(one, two))
    found, lengths = np.unique(np.concatenate([*keys, np.empty(0, np.int64)]), return_counts=True)
    corners = np.setdiff1d(_corner_pairs(index, periodic=periodic), found)
    found = np.concatenate([found, corners])
    order = np.argsort(found, kind="stable")
    found, lengths = found[order], np.concatenate([lengths, np.zeros(len(corners), np.int64)])[order]
    pairs = np.stack([values[found // len(values)], values[found % len(values)]], 1).astype(np.int64)
    if background is not None:
        inside = (pairs != background).all(1)
        pairs, lengths = pairs[inside], lengths[inside]
    return pairs, lengths.astype(np.int64)


def _corner_pairs(index: np.ndarray, *, periodic: bool) -> np.ndarray:
    """Return the keys of the pairs that meet at corners of four grains by their sharper corners."""
    places, number = triple_points(index, periodic=periodic, background=None)
    count, keys = int(index.max(initial=0)) + 1, []
    for row, column in places[number == 4]:
        at = [np.arange(int(middle) - 2, int(middle) + 4) for middle in (row, column)]
        if periodic:
            at = [line % n for line, n in zip(at, index.shape, strict=True)]
        else:
            at = [line[(line >= 0) & (line < n)] for line, n in zip(at, index.shape, strict=True)]
        around = index[np.ix_(*at)]
        y, x = int(row), int(column)
        down, right = (y + 1) % index.shape[0], (x + 1) % index.shape[1]
        pairs = ((index[y, x], index[down, right]), (index[y, right], index[down, x]))
        sizes = [np.count_nonzero((around == a) | (around == b)) for a, b in pairs]
        if sizes[0] != sizes[1]:
            a, b = pairs[int(np.argmin(sizes))]
            keys.append(min(a, b) * count + max(a, b))
    return np.array(keys, np.int64)


def triple_points(
    labels: np.ndarray, *, periodic: bool = False, background: int | None = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of pixels at which three or four grains meet.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each pixel.
    periodic : bool
        Whether the last row and column touch the first.
    background : int or None
        Label that is no grain; corners that touch it do not count.

    Returns
    -------
    places : ndarray of float64, shape (n, 2)
        Row and column, in px, of the corners (pixel centres are whole numbers).
    grains : ndarray of int64, shape (n,)
        3 or 4.

    Examples
    --------
    >>> triple_points(np.array([[1, 1, 2], [3, 3, 2]]))
    (array([[0.5, 1.5]]), array([3]))
    """
    if min(labels.shape) < 2:
        return np.empty((0, 2)), np.empty(0, np.int64)
    below, right = np.roll(labels, -1, 0), np.roll(labels, -1, 1)
    corners = np.sort(np.stack([labels, right, below, np.roll(below, -1, 1)]).astype(np.int64), 0)
    number = 1 + (np.diff(corners, axis=0) != 0).sum(0)
    if background is not None:
        number[(corners == background).any(0)] = 0
    if not periodic:
        number[-1], number[:, -1] = 0, 0
    places = np.argwhere(number >= 3)
    return places + 0.5, number[number >= 3].astype(np.int64)
