"""Area fractions of masks and grey images."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.progress import finish
from napari_microgen.quantify.area_fraction import (
    THRESHOLDS,
    area_fractions,
    condition_scaled,
    measure,
    measure_image,
)


def test_fractions_are_counts_at_each_threshold():
    image = np.random.default_rng(0).integers(0, 10, (40, 50)) / 9
    expected = [np.mean(image >= t) for t in THRESHOLDS]
    assert area_fractions(image) == pytest.approx(expected)


def test_ramp_has_a_straight_curve():
    ramp = np.tile(np.linspace(0, 1, 9001), (3, 1))
    assert area_fractions(ramp) == pytest.approx(1 - np.array(THRESHOLDS), abs=2e-4)


def test_eight_bits_and_decimals_agree():
    grey = np.random.default_rng(0).integers(0, 256, (30, 30)).astype(np.uint8)
    (one,), (other,) = finish(measure_image(grey)), finish(measure_image(grey / 255))
    assert one.details == other.details
    assert one.value == pytest.approx(np.mean(one.details["fractions"]))


def test_mask_has_its_share(degenerate_image):
    (feature,) = finish(measure(degenerate_image))
    assert feature.value == degenerate_image.mean()
    (feature,) = finish(measure(np.zeros((0, 4), bool)))
    assert feature.reason == "the image has no pixels"


def test_scaling_takes_out_brightness_and_uses_the_range_of_the_reference():
    real = np.random.default_rng(0).normal(100, 10, (5, 20, 20))
    brighter = real + np.arange(5)[:, None, None] * 30
    assert np.allclose(condition_scaled(real), condition_scaled(brighter))
    scaled = condition_scaled(real)
    assert (scaled.min(), scaled.max()) == (0, 1)
    strong = condition_scaled(100 + 3 * (real - 100), reference=real)
    assert (strong.min(), strong.max()) == (0, 1)
    assert strong.std() > 2 * scaled.std()
    with pytest.raises(ParameterError, match="one grey value"):
        condition_scaled(np.ones((2, 3, 3)))
