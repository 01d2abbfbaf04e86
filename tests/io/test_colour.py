"""Colour that is none becomes grey; a colour found later is named."""

import numpy as np
import pytest

from napari_microgen.errors import AxesError
from napari_microgen.io.colour import grey_where_equal, is_grey, resolve_palette
from napari_microgen.io.lazy import LazyPlanes
from napari_microgen.io.opened import Opened

GREY = np.random.default_rng(0).integers(0, 255, (9, 4, 5)).astype(np.uint8)


def test_indices_stand_for_colours():
    table = np.array([[0, 0, 0], [10, 20, 30]], np.uint8)
    assert resolve_palette(np.array([[1, 0]], np.uint8), table).tolist() == [[[10, 20, 30], [0, 0, 0]]]
    assert resolve_palette(np.array([[True, False]]), table)[0, 0].tolist() == [10, 20, 30]
    assert resolve_palette(np.array([[200]], np.uint8), table)[0, 0].tolist() == [0, 0, 0]
    deep = table.astype(np.uint16) * 257
    assert resolve_palette(np.array([[1]], np.uint16), deep)[0, 0].tolist() == [10, 20, 30]


def test_grey_is_told_by_its_channels_not_by_alpha():
    same = np.repeat(GREY[0][..., None], 3, axis=2)
    assert is_grey(same)
    assert is_grey(np.concatenate([same, same[..., :1] + 1], axis=2))
    with_alpha = np.stack([GREY[0], np.full_like(GREY[0], 255)], axis=-1)
    assert is_grey(with_alpha)
    assert not is_grey(np.stack([GREY[0], GREY[1]], axis=-1))  # two detectors, perhaps
    other = same.copy()
    other[3, 4, 2] += 1
    assert not is_grey(other)


def test_a_colour_found_in_a_later_plane_is_named():
    colour = np.repeat(GREY[..., None], 3, axis=3)
    colour[5, 0, 0, 1] ^= 1
    planes = LazyPlanes(colour.shape, colour.dtype, colour.__getitem__, 3)
    opened = grey_where_equal(Opened(planes, "ZYXS", "TIFF"), "run.tif")
    assert opened.axes == "ZYX"
    assert np.array_equal(opened.data[4], GREY[4])
    with pytest.raises(AxesError, match=r"Plane 5 of run\.tif is in colour"):
        opened.data[5]
    assert grey_where_equal(Opened(colour, "ZYXS", "TIFF"), "run.tif").axes == "ZYXS"
