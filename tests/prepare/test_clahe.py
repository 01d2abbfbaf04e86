"""Contrast limited equalisation against what its definition implies."""

import numpy as np
import pytest
from skimage.filters import threshold_otsu

from napari_microgen.prepare.clahe import clahe

FULL = (0.0, 255.0)


def test_slope_one_changes_nothing(face):
    image, _ = face((200, 260))
    image = image.clip(0, 255)
    assert np.allclose(clahe(image, FULL, slope=1.0), image, atol=1e-3)


def test_a_large_slope_in_one_block_is_histogram_equalisation():
    grey = np.random.default_rng(0).normal(100, 10, (128, 128)).round().clip(0, 255)
    result = clahe(grey, FULL, block=1000, slope=1e9)
    order = np.sort(grey.ravel())
    counts = np.searchsorted(order, grey, side="right") - np.searchsorted(order, 0, side="right")
    expected = 255 * counts / (order.size - np.searchsorted(order, 0, side="right"))
    assert np.abs(result - expected).max() < 0.05


@pytest.mark.parametrize("slope", [2.0, 3.0, 10.0])
def test_no_transfer_curve_is_steeper_than_the_limit(slope):
    grey = np.random.default_rng(0).normal(128, 4, (128, 128)).round().clip(0, 255)
    result = clahe(grey, FULL, block=1000, slope=slope)
    values, first = np.unique(grey, return_index=True)
    steps = np.diff(result.ravel()[first]) / np.diff(values)
    assert steps.min() >= 0
    assert steps.max() <= slope * 1.01
    assert steps.max() >= slope * 0.9


def test_local_contrast_is_evened_out(face):
    image, solid = face((400, 400), noise=4.0)
    weak = image.copy()
    weak[:, :200] = 100 + 0.15 * (image[:, :200] - 100)

    def contrasts(picture):
        halves = ((picture[:, :200], solid[:, :200]), (picture[:, 200:], solid[:, 200:]))
        return [half[phase].mean() - half[~phase].mean() for half, phase in halves]

    before, after = contrasts(weak), contrasts(clahe(weak, FULL, block=100, slope=20.0))
    assert before[1] / before[0] > 5
    assert after[1] / after[0] < before[1] / before[0] / 2.5
    assert ((image > threshold_otsu(image)) == solid).mean() > 0.99


def test_turning_the_image_turns_the_result(face):
    image = face((130, 170))[0].clip(0, 255)
    plain = clahe(image, FULL, block=40)
    assert np.allclose(clahe(image[::-1], FULL, block=40)[::-1], plain, atol=1e-2)
    assert np.allclose(clahe(image.T, FULL, block=40).T, plain, atol=1e-2)


def test_scaling_the_grey_values_scales_the_result(face):
    image = face((100, 100))[0].clip(0, 255).round()
    high = clahe(image.astype(np.float64) * 257, (0.0, 65535.0))
    assert np.allclose(high / 257, clahe(image, FULL), atol=0.01)


def test_degenerate_images_come_back():
    constant = np.full((5, 7), 12.0)
    assert np.array_equal(clahe(constant, (12.0, 12.0)), constant)
    assert np.isfinite(clahe(constant, FULL)).all()
