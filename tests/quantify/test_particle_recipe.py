"""From grey images of known spots to particles."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_microgen.progress import finish
from napari_microgen.quantify.feret_diameter import measure_image
from napari_microgen.quantify.particle_recipe import (
    default_threshold,
    eight_bits,
    equalised,
    particle_mask,
    particles_of_image,
)


def spots(shape, pitch, radius, seed=0):
    """Bright disks on a grid, with blur, uneven light and noise."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    near = [(a + pitch / 2) % pitch - pitch / 2 for a in (y - pitch / 2, x - pitch / 2)]
    disks = (np.hypot(*near) <= radius).astype(float)
    image = 60 + 110 * gaussian_filter(disks, 1.0) + 20 * x / shape[1]
    return np.clip(image + np.random.default_rng(seed).normal(0, 5, shape), 0, 255).astype(np.uint8)


def test_known_spots_are_found_with_their_diameter():
    image = spots((320, 384), 32, 9.0)
    table = finish(particles_of_image(image, (1.0, 1.0)))
    large = table["area"] > 50
    assert large.sum() == 120
    # Pixel corners add 0.9; the recipe blurs by 2 pixels and thresholds below half the height.
    assert np.median(table["feret_diameter"][large]) == pytest.approx(18.9, abs=2)
    assert (table["mean_grey"][large] > 120).all()


def test_paper_recipe_works_tile_by_tile_and_keeps_cut_particles():
    image = spots((150, 200), 32, 9.0)
    table = finish(particles_of_image(image, (1.0, 1.0), recipe="paper-000"))
    assert set(table["tile"]) == set(range(6))
    assert len(set(table["label"])) == len(table["label"])
    (published,) = finish(measure_image(image, (1.0, 1.0), recipe="paper-000"))
    assert published.details["particles"] == len(table["label"])
    assert "paper-000" in published.method
    assert "included" in published.method


def test_equalisation_without_limit_is_histogram_equalisation():
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    even = equalised(grey, block=99, slope=256.0)
    assert even.ravel()[[0, -1]].tolist() == [0, 255]
    assert np.abs(np.diff(even.ravel().astype(int)) - 255 / 63).max() <= 1


def test_limited_equalisation_bounds_the_contrast():
    random = np.random.default_rng(0)
    grey = np.clip(random.normal(100, 2, (64, 64)), 0, 255).astype(np.uint8)
    low, high = (equalised(grey, block=127, slope=s).astype(float).std() for s in (2.0, 20.0))
    assert grey.std() < low < high


def test_equalisation_is_local():
    grey = np.full((20, 200), 10, np.uint8)
    grey[:, 100:] = 200
    grey[5, 20], grey[5, 180] = 14, 204
    even = equalised(grey, block=31, slope=256.0)
    assert even[5, 20] == even[5, 180] == 255


@pytest.mark.parametrize(("low", "high"), [(40, 200), (10, 90)])
def test_threshold_lies_between_two_peaks(low, high):
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(low, 3, 5000), random.normal(high, 3, 3000)])
    threshold = default_threshold(np.bincount(np.clip(values, 0, 255).astype(int), minlength=256))
    assert threshold == pytest.approx((low + high) / 2, abs=3)


def test_threshold_does_not_count_erased_areas():
    histogram = np.bincount([60] * 500 + [70] * 500 + [180] * 400 + [190] * 300, minlength=256)
    flooded = histogram.copy()
    flooded[0] = flooded[255] = 400
    assert default_threshold(flooded) == default_threshold(histogram)


def test_flat_images_have_no_particles():
    assert not particle_mask(np.full((70, 70), 9, np.uint8)).any()
    assert default_threshold(np.zeros(256, int)) == 128


def test_other_depths_are_stretched():
    grey = np.array([[0, 1000], [500, 2000]], np.uint16)
    assert eight_bits(grey).tolist() == [[0, 128], [64, 255]]
    assert eight_bits(np.zeros((2, 2))).max() == 0
