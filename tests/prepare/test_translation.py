"""Linear resampling and the common frame, against formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.prepare.translation import common_frame, pixels_without_data, translate

SHIFTS = st.tuples(*[st.integers(-30_000, 30_000).map(lambda n: n / 1000)] * 2)


@given(SHIFTS)
def test_a_plane_stays_a_plane(shift):
    rows, columns = np.mgrid[:20, :25].astype(float)
    ramp = 3 * rows - 2 * columns + 100
    moved = translate(ramp, shift)
    expected = 3 * (rows + shift[0]) - 2 * (columns + shift[1]) + 100
    inside = (rows + shift[0] >= 0) & (rows + shift[0] <= 19)
    inside &= (columns + shift[1] >= 0) & (columns + shift[1] <= 24)
    assert np.allclose(moved[inside], expected[inside])
    assert (moved[~inside] == 0).all()
    assert pixels_without_data(np.array([shift]), (20, 25)) == np.count_nonzero(~inside)


@given(st.lists(SHIFTS, min_size=1, max_size=6))
def test_common_frame_is_where_every_slice_has_data(shifts):
    path = np.array(shifts)
    data = np.ones((12, 40, 50))
    covered = np.all([translate(data[0] + 1, tuple(shift)) > 0 for shift in path], axis=0)
    down, right = common_frame(path, (40, 50))
    expected = np.zeros((40, 50), bool)
    if down.stop > down.start and right.stop > right.start:
        expected[down, right] = True
    assert np.array_equal(covered, expected)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_no_shift_changes_nothing_and_type_stays(kind):
    image = np.random.default_rng(0).normal(size=(8, 9)).astype(kind)
    moved = translate(image, (0.0, 0.0))
    assert moved.dtype == kind
    assert np.array_equal(moved, image)
