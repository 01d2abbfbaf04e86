"""Boxes by index and by length, and their overlap."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError, UnknownVoxelSizeError
from napari_microgen.prepare.crop import Box, box_by_index, box_by_length, overlaps
from napari_microgen.volume import Volume


def volume(shape, **options):
    data = np.broadcast_to(np.uint8(0), shape)
    return Volume(data, "ZYX"[-len(shape) :], **options)


PAPER = {"voxel_size": (25.0, 18.6, 18.6), "unit": "nm"}


def test_a_ten_micrometre_cube_has_the_voxels_of_the_paper():
    box = box_by_length((10.0, 10.0, 10.0), "um", volume((450, 640, 1120), **PAPER))
    assert box.shape == (400, 538, 538)
    assert box.start == (25, 51, 291)


def test_position_and_unit():
    box = box_by_length(
        (1000.0, 1860.0, 186.0), "nm", volume((450, 640, 1120), **PAPER), (500.0, 0.0, 1860.0)
    )
    assert box == Box((20, 0, 100), (60, 100, 110))


def test_three_cubes_of_the_paper_cannot_be_apart():
    boxes = [Box((0, 0, x), (400, 538, x + 538)) for x in (0, 291, 582)]
    found = overlaps(boxes)
    assert [(o["first"], o["second"]) for o in found] == [(0, 1), (1, 2)]
    assert found[0]["share"] == pytest.approx((538 - 291) / 538)
    assert found[0]["voxels"] == 400 * 538 * (538 - 291)
    assert overlaps([boxes[0], boxes[2]]) == []


@pytest.mark.parametrize(
    ("numbers", "word"),
    [([0, 5, 0, 10, 0, 10], "plane"), ([0, 4, -1, 10, 0, 10], "row"), ([0, 4, 0, 10, 5, 5], "column")],
)
def test_a_box_outside_or_empty_is_refused_by_axis(numbers, word):
    with pytest.raises(ParameterError, match=f"takes {word}s"):
        box_by_index(numbers, (4, 10, 10))


def test_a_box_must_lie_in_the_frame():
    with pytest.raises(ParameterError, match="2 to 8"):
        box_by_index([0, 1, 0, 8, 0, 10], (1, 10, 10), Box((0, 2, 0), (1, 8, 10)))


@pytest.mark.parametrize("count", [0, 3, 5, 7])
def test_six_numbers_are_needed(count):
    with pytest.raises(ParameterError, match="give six"):
        box_by_index([0] * count, (4, 10, 10))


def test_four_numbers_do_for_one_plane():
    assert box_by_index([1, 3, 2, 7], (1, 10, 10)).shape == (1, 2, 5)


def test_lengths_need_a_voxel_size():
    with pytest.raises(UnknownVoxelSizeError, match="plane edge"):
        box_by_length((1.0, 1.0, 1.0), "um", volume((10, 10, 10)))
    with pytest.raises(UnknownVoxelSizeError, match="plane edge"):
        box_by_length((1.0, 1.0, 1.0), "um", volume((10, 10, 10), voxel_size=(None, 5.0, 5.0), unit="nm"))
    flat = volume((100, 100), voxel_size=(5.0, 5.0), unit="nm")
    assert box_by_length((9.0, 100.0, 50.0), "nm", flat).shape == (1, 20, 10)


@pytest.mark.parametrize("size", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, float("nan"))])
def test_lengths_must_be_lengths(size):
    with pytest.raises(ParameterError, match="above 0"):
        box_by_length(size, "um", volume((10, 10, 10), **PAPER))


def test_a_box_that_is_too_large_is_refused_not_padded():
    with pytest.raises(ParameterError, match="Nothing is padded"):
        box_by_length((10.0, 10.0, 10.0), "um", volume((10, 10, 10), **PAPER))
