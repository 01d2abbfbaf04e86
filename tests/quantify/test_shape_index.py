"""Shape index of landscapes whose shape is known."""

import numpy as np
import pytest
from skimage.feature import shape_index as published

from napari_microgen.progress import finish
from napari_microgen.quantify.shape_index import measure, shape_index


def test_spot_is_a_cap_hole_a_cup_and_stripe_a_ridge():
    spot = np.zeros((21, 21), bool)
    spot[10, 10] = True
    stripe = np.zeros((21, 21), bool)
    stripe[:, 10] = True
    assert shape_index(spot)[0][10, 10] == pytest.approx(1)
    assert shape_index(~spot)[0][10, 10] == pytest.approx(-1)
    assert shape_index(stripe)[0][10, 10] == pytest.approx(0.5)
    assert shape_index(~stripe)[0][10, 10] == pytest.approx(-0.5)


def test_crossing_of_checks_is_a_saddle():
    checks = np.add.outer(np.arange(40) // 10, np.arange(40) // 10) % 2 == 0
    index = shape_index(checks)[0]
    assert index[19:21, 19:21].mean() == pytest.approx(0, abs=1e-12)


def test_the_other_phase_has_the_opposite_index(level_cut):
    phase = level_cut((80, 80), 3.0).phase
    assert shape_index(~phase)[0] == pytest.approx(-shape_index(phase)[0], abs=1e-7)


def test_agrees_with_scikit_image_where_the_landscape_is_not_flat(level_cut):
    from scipy.ndimage import gaussian_filter

    phase = level_cut((80, 80), 4.0).phase
    index, norm = shape_index(phase)
    inside = np.zeros(phase.shape, bool)
    inside[10:-10, 10:-10] = True
    clear = inside & (norm > 0.05 * norm.max())
    theirs = published(gaussian_filter(phase.astype(float), 1), sigma=1)
    assert np.median(np.abs(theirs - index)[clear]) < 0.05


def test_straight_edge_averages_to_a_ridge():
    phase = np.zeros((60, 60), bool)
    phase[:, :30] = True
    (feature,) = finish(measure(phase, (1.0, 1.0)))
    assert feature.value == pytest.approx(0.5)
    assert feature.details["classes"]["ridge"] == 1
    assert "1 px" in feature.method


@pytest.mark.parametrize("average", ["near", "paper"])
def test_small_spots_are_more_cap_like_than_large_ones(average):
    y, x = np.mgrid[:120, :120] % 30 - 15
    small, large = (finish(measure(np.hypot(y, x) <= r, average=average))[0] for r in (2, 10))
    assert small.value > 0.7 > large.value > 0.4
    assert small.reason == "square pixels assumed"


def test_pixels_that_are_not_square_give_the_same_index():
    y, x = np.mgrid[:200, :200]
    field = np.sin(x / 15) + np.sin(y / 11) + 0.3 * np.sin((x + y) / 17)
    phase = field > 0.2
    (fine,) = finish(measure(phase, (1.0, 1.0)))
    (coarse,) = finish(measure(phase[::2], (2.0, 1.0)))
    assert coarse.value == pytest.approx(fine.value, abs=0.05)


def test_degenerate_images_are_named(degenerate_image):
    for average in ("near", "paper"):
        (feature,) = finish(measure(degenerate_image, average=average))
        assert feature.value is not None or feature.reason
