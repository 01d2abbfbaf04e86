"""Our own entry in a file is believed only if every part of it has the right form."""

import numpy as np
import pytest

from napari_microgen import Volume
from napari_microgen.io.description import describe, from_text, is_description, scale_of, to_text

GOOD = describe(Volume(np.zeros((2, 3, 4), np.uint8), "ZYX", (None, 0.1, 1 / 3), "um", notes=("a",)))


def test_it_comes_back_exactly():
    volume = Volume(np.zeros((3, 4), np.uint8), "YX", (0.1, 1 / 3), "nm", name="µ")
    assert from_text(to_text(volume)) == describe(volume)
    assert to_text(volume).isascii()
    assert dict(scale_of(GOOD).edges) == {"Y": 0.1, "X": 1 / 3}


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"axes": "ZY"},
        {"axes": "ZZX"},
        {"axes": 3},
        {"shape": [2, 3]},
        {"shape": [2, 3, -4]},
        {"shape": [2, 3, 4.0]},
        {"shape": "234"},
        {"unit": 5},
        {"voxel_size": [1.0, 2.0]},
        {"voxel_size": [1.0, 2.0, "3"]},
        {"voxel_size": 5},
    ],
)
def test_anything_else_is_passed_over(change):
    assert is_description(GOOD)
    assert not is_description(GOOD | change)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "5", '{"format": 1}', "[" * 100_000])
def test_other_texts_are_passed_over(text):
    assert from_text(text) is None
