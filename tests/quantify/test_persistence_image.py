"""Persistence images against sums of error functions."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import erf

from napari_microgen.errors import ParameterError
from napari_microgen.progress import finish
from napari_microgen.quantify.persistence_image import (
    measure,
    measure_image,
    persistence_image,
    persistence_images,
)


def summed(intervals, bins, sigma):
    """Integrate each Gaussian over each cell with error functions."""
    edges = np.linspace(0, 1, bins + 1)

    def share(centre):
        return 0.5 * np.diff(erf((edges - centre) / (sigma * np.sqrt(2))))

    return sum((d - b) * np.outer(share(d - b), share(b)) for b, d in intervals if d - b >= 1 / 255)


@pytest.mark.parametrize(("bins", "sigma"), [(10, 0.05), (7, 0.03), (20, 0.1)])
def test_exact_integrals_over_the_cells(bins, sigma):
    intervals = np.sort(np.random.default_rng(0).random((500, 2)), axis=1)
    found = persistence_image(intervals, bins=bins, sigma=sigma)
    assert np.abs(found - summed(intervals, bins, sigma)).max() < 1e-9 * found.max()


def test_ends_of_the_scale_are_included():
    intervals = np.array([[0.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.5, 0.502]])
    assert np.allclose(persistence_image(intervals), summed(intervals, 10, 0.05), atol=1e-10)


@pytest.mark.parametrize("threads", [1, 2, None])
def test_many_at_a_time_are_those_one_by_one(threads):
    random = np.random.default_rng(1)
    sets = [np.sort(random.random((n, 2)), axis=1) for n in (50, 0, 1, 200, 30)]
    images = persistence_images(sets, threads=threads)
    assert all(np.array_equal(i, persistence_image(s)) for i, s in zip(images, sets, strict=True))
    assert persistence_images([]).shape == (0, 10, 10)


def test_no_intervals_no_image():
    assert not persistence_image(np.zeros((0, 2))).any()


def test_grey_values_must_be_scaled():
    with pytest.raises(ParameterError, match="scale the grey values"):
        persistence_image(np.array([[0.0, 200.0]]))


def spots(count, seed=0):
    image = np.zeros((128, 128))
    random = np.random.default_rng(seed)
    for y, x in random.integers(12, 116, (count, 2)):
        image[y, x] = 1
    image = gaussian_filter(image, 2.0)
    return image / image.max()


def test_more_spots_more_persistence():
    few, many = (finish(measure_image(spots(n)))[0] for n in (5, 20))
    assert many.value > 2 * few.value
    assert many.details["rings"] > few.details["rings"]


@pytest.mark.parametrize("construction", ["vertices", "top_cells"])
def test_eight_bits_and_decimals_agree(construction):
    grey = np.round(spots(10) * 255).astype(np.uint8)
    one = finish(measure_image(grey, construction=construction))[0]
    other = finish(measure_image(grey / 255, construction=construction))[0]
    assert np.allclose(one.details["h1"], other.details["h1"], atol=1e-9)
    assert construction in one.method
    assert len(one.details["h0"]) == 100


def test_degenerate_images_have_an_image_of_zeros_or_more(degenerate_image):
    (feature,) = finish(measure(degenerate_image))
    assert feature.value >= 0
    assert feature.value > 0 or feature.reason
