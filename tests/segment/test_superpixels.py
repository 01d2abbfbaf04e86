import numpy as np
import pytest

from napari_microgen.segment.clustering import clustered
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


def test_means_keep_the_sum():
    grey = np.random.default_rng(1).random((50, 70))
    assert superpixel_means(grey, 30.0).sum(dtype=float) == pytest.approx(grey.sum(), rel=1e-5)


def test_clusters_are_the_best_of_their_neighbours():
    """After the last sweep each pixel is with the nearest of its nine centres; one more changes little."""
    grey = (gaussian_field((48, 60), 4.0, seed=3) / 8 + 0.5).astype(np.float32)
    labels, means = clustered(grey, 8, 10, 0.2, 10)
    assert np.unique(labels).size == 80
    counts = np.bincount(labels.ravel(), minlength=80)
    np.testing.assert_allclose(np.bincount(labels.ravel(), grey.ravel()) / counts, means, rtol=1e-5)
    rows, columns = np.indices(grey.shape)
    place = [np.bincount(labels.ravel(), axis.ravel()) / counts for axis in (rows, columns)]
    weight = 0.2**2 / 36
    distance = (grey[..., None] - means) ** 2 + weight * (
        (rows[..., None] - place[0]) ** 2 + (columns[..., None] - place[1]) ** 2
    )
    near = (abs(rows[..., None] // 6 - np.arange(80) // 10) <= 1) & (
        abs(columns[..., None] // 6 - np.arange(80) % 10) <= 1
    )
    best = np.where(near, distance, np.inf).argmin(-1)
    assert (best == labels).mean() > 0.97


def test_flat_grey_gives_the_grid():
    labels, _ = clustered(np.zeros((12, 18), np.float32), 2, 3, 0.2, 5)
    np.testing.assert_array_equal(labels, np.indices((12, 18))[0] // 6 * 3 + np.indices((12, 18))[1] // 6)


def test_means_agree_with_those_of_connected_patches():
    """Two ways to the same clustering: the means differ far less than the grey values they average."""
    grey = gaussian_field((120, 140), 4.0, seed=4) / 8 + 0.5
    noisy = grey + np.random.default_rng(0).normal(0, 0.05, grey.shape)
    labels = superpixels(noisy, 25.0).ravel()
    connected = (np.bincount(labels, noisy.ravel()) / np.bincount(labels))[labels].reshape(grey.shape)
    ours = superpixel_means(noisy, 25.0)
    assert np.abs(ours - connected).mean() < 0.3 * np.abs(noisy - connected).mean() + 0.01
    assert np.std(ours - grey) < np.std(noisy - grey)


def test_fewer_pixels_than_a_patch():
    assert (superpixels(np.random.default_rng(0).random((3, 3)), 100.0) == 0).all()
    assert superpixels(np.array([[0.5]]), 20.0).tolist() == [[0]]
    assert superpixel_means(np.array([[0.5]]), 20.0).tolist() == [[0.5]]
    np.testing.assert_allclose(superpixel_means(np.eye(3), 100.0), 1 / 3)


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
