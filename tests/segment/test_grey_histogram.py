import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_microgen.segment.grey_histogram import added, grey_histogram, grey_range


@given(arrays(np.uint8, (6, 7)))
def test_levels_of_a_whole_number_image_are_counted_one_by_one(plane):
    histogram = grey_histogram(plane)
    values, counts = np.unique(plane, return_counts=True)
    held = histogram.counts > 0
    np.testing.assert_array_equal(histogram.centres[held], values)
    np.testing.assert_array_equal(histogram.counts[held], counts)


@given(arrays(np.int16, (5, 5)), st.floats(0, 1))
def test_quantile_is_a_grey_value_of_the_image(plane, share):
    found = grey_histogram(plane).quantile(share)
    ordered = np.sort(plane.ravel())
    assert found == ordered[max(0, int(np.ceil(share * plane.size - 1e-9)) - 1)]


def test_float_image_keeps_its_range_in_fine_bins():
    plane = np.linspace(-1, 3, 10000).reshape(100, 100)
    histogram = grey_histogram(plane)
    assert histogram.counts.sum() == 10000
    assert histogram.quantile(0.5) == pytest.approx(1, abs=1e-3)
    assert histogram.low == -1
    assert histogram.low + histogram.counts.size * histogram.width == pytest.approx(3)


def test_trimming_puts_outliers_into_the_end_bins():
    plane = np.full((100, 100), 100, np.uint16)
    plane[:50] = 200
    plane[0, 0] = 65535
    histogram = grey_histogram(plane)
    coarse = histogram.trimmed(256, trim=0.001)
    assert coarse.counts.sum() == plane.size
    assert coarse.centres[0] == 100
    assert coarse.centres[-1] == 200
    assert histogram.trimmed(256, trim=0).counts.size == 256


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_planes_counted_with_the_same_limits_add_up(dtype):
    stack = (np.random.default_rng(0).random((3, 20, 20)) * 200).astype(dtype)
    limits = grey_range(stack)
    parts = added(grey_histogram(plane, limits) for plane in stack)
    whole = grey_histogram(stack.reshape(60, 20), limits)
    np.testing.assert_array_equal(parts.counts, whole.counts)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint32, np.float64])
def test_constant_planes_are_known_as_such(dtype):
    assert grey_histogram(np.ones((4, 4), dtype)).is_constant
