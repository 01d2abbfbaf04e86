import numpy as np
import pytest

from napari_microgen.segment.superpixels import SMALLEST_AREA, superpixel_area, superpixel_means, superpixels
from napari_microgen.simulate.gaussian_field import gaussian_field, level_cut_field


def test_mean_area_is_as_asked():
    grey = gaussian_field((120, 140), 5.0, seed=0) / 8 + 0.5
    for area in (16.0, 25.0, 100.0):
        labels = superpixels(grey, area)
        assert grey.size / (labels.max() + 1) == pytest.approx(area, rel=0.2)


def test_patches_respect_a_sharp_edge():
    grey = np.zeros((60, 60))
    grey[:, 33:] = 1
    labels = superpixels(grey, 25.0)
    assert not set(labels[:, :33].ravel()) & set(labels[:, 33:].ravel())
    np.testing.assert_allclose(superpixel_means(grey, 25.0), grey, atol=1e-6)


def test_means_keep_the_sum_and_are_constant_in_a_patch():
    grey = np.random.default_rng(1).random((50, 70))
    labels, means = superpixels(grey, 30.0), superpixel_means(grey, 30.0)
    assert means.sum(dtype=float) == pytest.approx(grey.sum(), rel=1e-6)
    for patch in (0, 5, labels.max()):
        inside = labels == patch
        np.testing.assert_allclose(means[inside], grey[inside].mean(), rtol=1e-6)


def test_a_large_plane_is_worked_on_in_blocks():
    """Two blocks of 800 columns give what each gives alone."""
    grey = gaussian_field((600, 1600), 8.0, seed=2) / 8 + 0.5
    means = superpixel_means(grey, 400.0)
    np.testing.assert_array_equal(means[:, :800], superpixel_means(grey[:, :800], 400.0))
    np.testing.assert_array_equal(means[:, 800:], superpixel_means(grey[:, 800:], 400.0))


def test_fewer_pixels_than_a_patch():
    assert (superpixels(np.random.default_rng(0).random((3, 3)), 100.0) == 0).all()
    assert superpixels(np.array([[0.5]]), 20.0).tolist() == [[0]]


def test_area_follows_the_structure():
    """1.3 smoothing lengths along an edge, for a level-cut Gaussian field."""
    for smoothing in (5.0, 8.0):
        field = level_cut_field((400, 400), smoothing, 0.5, seed=1)
        assert superpixel_area([field]) == pytest.approx((1.32 * smoothing) ** 2, rel=0.15)


def test_area_has_a_floor():
    random = np.random.default_rng(0).random((100, 100)) < 0.5
    assert superpixel_area([random]) == SMALLEST_AREA
    assert superpixel_area([]) == SMALLEST_AREA
    assert superpixel_area([np.ones((9, 9), bool)]) == SMALLEST_AREA
