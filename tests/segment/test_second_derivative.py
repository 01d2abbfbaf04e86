import numpy as np
import pytest

from napari_microgen.segment.grey_histogram import grey_histogram
from napari_microgen.segment.second_derivative import second_derivative_threshold


def image(mean, spread, dark=40.0, share=0.3, seed=0):
    random = np.random.default_rng(seed)
    grey = random.normal(mean, spread, (400, 400))
    pores = random.random((400, 400)) < share
    grey[pores] = random.normal(dark, 8, np.count_nonzero(pores))
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def test_foot_of_a_gaussian_peak_lies_at_root_three_spreads():
    """The second derivative of a Gaussian is largest at sqrt(3) spreads from its mean."""
    mean, spread = 180.0, 12.0
    widened = np.hypot(spread, 4 * 255 / 256)
    found = second_derivative_threshold(grey_histogram(image(mean, spread)))
    assert found == pytest.approx(mean - np.sqrt(3) * widened, abs=4)


def test_foot_moves_with_the_peak():
    found = [second_derivative_threshold(grey_histogram(image(mean, 10))) for mean in (150, 170, 190)]
    assert np.diff(found) == pytest.approx([20, 20], abs=4)


def test_it_is_counted_from_the_bright_peak_downward():
    """A weak peak of half-dark pixels between pore and solid must not be skipped to."""
    random = np.random.default_rng(1)
    grey = image(190, 8).astype(float)
    middle = random.random(grey.shape) < 0.15
    grey[middle] = random.normal(110, 8, np.count_nonzero(middle))
    found = second_derivative_threshold(grey_histogram(grey.astype(np.uint8)))
    assert 150 < found < 185


def test_threshold_scales_with_the_grey_values():
    plane = image(170, 10)
    small = second_derivative_threshold(grey_histogram(plane))
    large = second_derivative_threshold(grey_histogram(plane.astype(np.uint16) * 200 + 50))
    assert large == pytest.approx(small * 200 + 50, abs=600)


@pytest.mark.parametrize("values", [[10, 200], [10, 11], [5, 6, 7]])
def test_a_few_sharp_values_give_none_or_a_value_between(values):
    plane = np.random.default_rng(0).choice(values, (20, 20)).astype(np.uint8)
    found = second_derivative_threshold(grey_histogram(plane))
    assert found is None or values[0] <= found <= values[-1]


def test_bright_peak_at_the_dark_end_has_no_foot():
    plane = np.zeros((50, 50), np.uint8)
    plane[0, :3] = 255
    assert second_derivative_threshold(grey_histogram(plane)) is None
