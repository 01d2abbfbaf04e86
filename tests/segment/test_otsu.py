import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_microgen.errors import NothingToSegmentError
from napari_microgen.segment.grey_histogram import grey_histogram
from napari_microgen.segment.otsu import otsu_threshold, separability


def threshold(plane):
    return otsu_threshold(grey_histogram(plane))


def between_variance(plane, value):
    """Between-class variance by its definition."""
    dark, bright = plane[plane <= value], plane[plane > value]
    if not dark.size or not bright.size:
        return 0.0
    share = dark.size / plane.size
    return share * (1 - share) * (dark.mean() - bright.mean()) ** 2


@given(arrays(np.uint8, (5, 6), elements=st.integers(0, 40)).filter(lambda a: a.min() < a.max()))
def test_no_other_threshold_separates_better(plane):
    best = max(between_variance(plane.astype(float), value) for value in range(41))
    assert between_variance(plane.astype(float), threshold(plane)) == pytest.approx(best, rel=1e-9)


@given(st.integers(0, 100), st.integers(1, 100), st.integers(1, 24))
def test_two_grey_values_are_parted_midway(low, gap, count):
    plane = np.full(25, low, np.uint8)
    plane[:count] = low + gap
    assert threshold(plane.reshape(5, 5)) == low + gap / 2


def test_agrees_with_scikit_image_on_two_peaks():
    from skimage.filters import threshold_otsu

    random = np.random.default_rng(0)
    plane = np.where(
        random.random((200, 200)) < 0.4, random.normal(60, 12, (200, 200)), random.normal(160, 15, (200, 200))
    )
    plane = np.clip(plane, 0, 255).astype(np.uint8)
    assert threshold(plane) == pytest.approx(threshold_otsu(plane) + 0.5, abs=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.float64])
def test_type_of_values_does_not_matter(dtype):
    plane = np.random.default_rng(1).choice([20, 30, 90, 110], (50, 50))
    assert threshold(plane.astype(dtype)) == pytest.approx(60, abs=0.2)


def test_threshold_scales_with_the_grey_values():
    plane = np.random.default_rng(2).choice([1.0, 1.2, 4.0], (40, 40))
    assert threshold(plane * 1000 + 7) == pytest.approx(threshold(plane) * 1000 + 7, rel=1e-3)


def test_hot_pixels_do_not_move_it():
    random = np.random.default_rng(3)
    plane = np.where(random.random((200, 200)) < 0.5, 1000, 1400) + random.integers(0, 100, (200, 200))
    clean = threshold(plane.astype(np.uint16))
    plane[0, :5] = 60000
    assert threshold(plane.astype(np.uint16)) == pytest.approx(clean, abs=5)


def test_a_rare_second_value_is_still_found():
    plane = np.zeros((100, 100), np.uint8)
    plane[0, 0] = 10
    assert threshold(plane) == 5


@pytest.mark.parametrize("plane", [np.full((4, 4), 7, np.uint8), np.zeros((3, 3)), np.ones((2, 2), bool)])
def test_one_grey_value_has_no_threshold(plane):
    with pytest.raises(NothingToSegmentError, match="one grey value only"):
        threshold(plane)


def test_separability_of_known_distributions():
    random = np.random.default_rng(4)
    assert separability(grey_histogram(np.array([[0, 9]], np.uint8))) == pytest.approx(1)
    assert separability(grey_histogram(random.normal(0, 1, (500, 500)))) == pytest.approx(2 / np.pi, abs=0.01)
    assert separability(grey_histogram(random.random((500, 500)))) == pytest.approx(0.75, abs=0.01)
