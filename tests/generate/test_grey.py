"""Grey values go to -1 to 1 and come back exactly."""

import numpy as np
import pytest

from napari_microgen.errors import ModelFileError
from napari_microgen.generate.grey import GreyScale, scale_of


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_whole_numbers_come_back_exactly(dtype):
    values = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    scale = scale_of(float(values[0]), float(values[-1]), values.dtype, {0.0, 1.0, 2.0})
    np.testing.assert_array_equal(scale.inverse(scale.forward(values)), values)
    assert scale.forward(values).min() == -1
    assert scale.forward(values).max() == 1


def test_saturated_values_do_not_wrap_around():
    assert GreyScale(0, 255, "uint8").inverse(np.array([-9.0, 9.0])).tolist() == [0, 255]


@pytest.mark.parametrize(
    ("low", "high", "dtype"), [(0, 1, bool), (0, 255, np.uint8), (1, 3, np.uint8), (-2.0, 5.0, np.float32)]
)
def test_two_values_are_binary(low, high, dtype):
    scale = scale_of(low, high, np.dtype(dtype), {float(low), float(high)})
    assert scale.binary
    assert set(scale.inverse(np.array([-0.4, 0.1])).tolist()) == {low, high}


@pytest.mark.parametrize(
    "change",
    [
        {"low": 5, "high": 5},
        {"dtype": "O"},
        {"binary": "yes"},
        {"high": 300},
        {"low": "x"},
        {"low": -1},
        {"high": 1e300},
    ],
)
def test_damaged_scales_are_refused(change):
    with pytest.raises(ModelFileError):
        GreyScale.from_dict({"low": 0, "high": 255, "dtype": "uint8", "binary": False} | change)
