"""Colour pictures of grey things: colour maps resolved, equal channels made one."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import AxesError
from .lazy import LazyPlanes
from .opened import Opened

COLOUR_LENGTHS = (2, 3, 4)
"""Grey with alpha, RGB, RGB with alpha."""


def resolve_palette(indices: np.ndarray, colour_map: np.ndarray) -> np.ndarray:
    """Return the colours that palette indices stand for.

    Parameters
    ----------
    indices : ndarray of unsigned integers, any shape
        Palette indices.
    colour_map : ndarray of uint8 or uint16, shape (N, 3)
        Red, green and blue of each index; 16-bit values are scaled to 8 bits.

    Returns
    -------
    ndarray of uint8, shape ``indices.shape + (3,)``
    """
    indices = indices.astype(np.uint8) if indices.dtype == bool else indices
    table = (
        colour_map >> 8 if colour_map.dtype.itemsize == 2 and colour_map.max(initial=0) > 255 else colour_map
    )
    full = np.zeros((max(len(table), int(indices.max(initial=0)) + 1), 3), np.uint8)  # unknown ones are black
    full[: len(table)] = table
    return full[indices]


def is_grey(plane: np.ndarray) -> bool:
    """Say whether the colour channels of a plane, shape (..., S), are equal; alpha is left out.

    Two samples are grey with alpha if the second is the same everywhere; else they may be
    two detectors.
    """
    if plane.shape[-1] == 2:
        second = plane[..., 1]
        return bool(second.size == 0 or (second == second.flat[0]).all())
    return bool(np.array_equal(plane[..., 0], plane[..., 1]) and np.array_equal(plane[..., 0], plane[..., 2]))


def grey_where_equal(opened: Opened, name: str) -> Opened:
    """Return one grey channel if all colour channels are equal, else the picture as it is.

    A large stack is judged by its first, middle and last plane; a later plane that is
    coloured after all raises when it is read.
    """
    if not opened.axes.endswith("S") or opened.data.shape[-1] not in COLOUR_LENGTHS:
        return opened
    note = "stored in colour with equal channels; read as grey values"
    data = opened.data
    if isinstance(data, LazyPlanes):
        looked_at = sorted({0, data.n_planes // 2, data.n_planes - 1})
        if not all(is_grey(data.read_plane(k)) for k in looked_at):
            return opened
        grey: Any = data.each(_GreyOrError(name), data.plane_shape[:-1], data.dtype)
    else:
        if not is_grey(data):
            return opened
        grey = np.ascontiguousarray(data[..., 0])
    return replace(opened, data=grey, axes=opened.axes[:-1], notes=(*opened.notes, note))


class _GreyOrError:
    """Take the grey channel of a plane that has been promised to be grey."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, plane: np.ndarray, k: int) -> np.ndarray:
        if not is_grey(plane):
            raise AxesError(
                f"Plane {k} of {self.name} is in colour while its first plane is grey. Choose one channel: "
                f"--channel 0, or in the Load dock."
            )
        return np.ascontiguousarray(plane[..., 0])
