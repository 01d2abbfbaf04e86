import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_microgen.errors import NothingToSegmentError, ParameterError
from napari_microgen.progress import finish
from napari_microgen.segment.etched_grains import etched_distance, line_strength
from napari_microgen.segment.watershed_grains import watershed_grains
from napari_microgen.simulate.grain_maps import grain_boundaries
from napari_microgen.simulate.grain_start import voronoi_start


def micrograph(dark=True, seed=0):
    """Cells with etched lines of 3 px, a shade across the image, grains of unlike grey, and noise."""
    random = np.random.default_rng(seed)
    whole = finish(voronoi_start((480, 600), 180, seed))
    labels = np.unique(whole[:240, :300], return_inverse=True)[1].reshape(240, 300)
    lines = gaussian_filter(grain_boundaries(labels).astype(float), 1.2)
    lines /= lines.max()
    grains = random.uniform(-8, 8, 180)[labels]
    grey = 150 + grains + np.linspace(0, 40, 300) + (-70 if dark else 70) * lines
    return labels, np.clip(grey + random.normal(0, 5, grey.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("dark", [True, False])
def test_grains_between_etched_lines_are_found(dark):
    labels, grey = micrograph(dark)
    found = watershed_grains(etched_distance(grey, width=3, dark=dark))
    count = labels.max() + 1
    both = np.bincount((labels * 1000 + found).ravel(), minlength=count * 1000).reshape(count, 1000)
    overlap = both / (both.sum(1)[:, None] + both.sum(0) - both).clip(1)
    names, sizes = np.unique(labels, return_counts=True)
    inside = names[sizes > 100]
    assert (overlap.max(1)[inside] > 0.5).mean() > 0.9
    assert found.max() == pytest.approx(count, rel=0.1)


def test_strength_is_that_of_lines_of_one_sign():
    grey = np.full((41, 41), 100.0)
    grey[20] = 50
    dark, bright = line_strength(grey, 2), line_strength(grey, 2, dark=False)
    assert dark[20].min() > 5 * dark[10].max() + 1
    assert bright[20].max() < 0.001 * dark[20].max()
    turned = line_strength(grey.T, 2)
    np.testing.assert_allclose(turned, dark.T, atol=1e-3)


def test_images_without_lines_are_refused():
    with pytest.raises(NothingToSegmentError, match="same grey"):
        etched_distance(np.full((30, 30), 7))
    with pytest.raises(ParameterError, match="width"):
        etched_distance(micrograph()[1], width=0.1)
