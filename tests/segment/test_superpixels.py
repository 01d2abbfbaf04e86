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
    np.testing.assert_allclose(superpixel_means(grey, labels), grey, atol=1e-12)


def test_means_keep_the_sum_and_are_constant_in_a_patch():
    grey = np.random.default_rng(1).random((50, 70))
    labels = superpixels(grey, 30.0)
    means = superpixel_means(grey, labels)
    assert means.sum() == pytest.approx(grey.sum())
    for patch in (0, 5, labels.max()):
        inside = labels == patch
        np.testing.assert_allclose(means[inside], grey[inside].mean())


def test_a_large_plane_is_cut_in_blocks_without_sharing_patches():
    grey = np.zeros((1100, 2000), np.float32)
    labels = superpixels(grey, 4000.0)
    assert labels.min() == 0
    assert np.unique(labels).size == labels.max() + 1
    assert grey.size / (labels.max() + 1) == pytest.approx(4000, rel=0.2)


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
