"""Distances against scipy, formulas and symmetries."""

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.errors import ParameterError
from napari_microgen.quantify.distance_transform import distance_transform


@pytest.mark.parametrize("solid", [0.1, 0.6, 0.99, 0.9995])
@pytest.mark.parametrize(
    ("shape", "spacing"),
    [
        ((23, 31, 70), (1.0, 1.0, 1.0)),
        ((40, 20, 129), (25.0, 18.6, 18.6)),
        ((1, 30, 30), (1.0, 0.3, 2.0)),
        ((300, 3, 5), (1e-3, 1e-3, 5e-3)),
        ((80, 90), (2.0, 1.0)),
        ((1, 50), (1.0, 1.0)),
    ],
)
def test_equals_the_exact_transform(shape, spacing, solid):
    phase = np.random.default_rng(int(1000 * solid)).random(shape) < solid
    phase.flat[phase.size // 2] = False
    exact = ndimage.distance_transform_edt(phase, sampling=spacing)
    found = distance_transform(phase, spacing)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=0)


def test_distance_to_one_far_voxel_is_a_formula():
    phase = np.ones((40, 50, 130), bool)
    phase[3, 7, 100] = False
    z, y, x = np.ogrid[:40, :50, :130]
    exact = np.sqrt((2.0 * (z - 3)) ** 2 + (y - 7) ** 2 + (0.5 * (x - 100)) ** 2)
    np.testing.assert_allclose(distance_transform(phase, (2.0, 1.0, 0.5)), exact, rtol=1e-6)


def test_the_edge_of_the_image_is_not_a_border_of_the_phase():
    phase = np.ones((8, 8, 8), bool)
    phase[0] = False
    found = distance_transform(phase, (1.0, 1.0, 1.0))
    np.testing.assert_allclose(found[:, 4, 4], np.arange(8))


def test_degenerate_images():
    assert not distance_transform(np.zeros((4, 4, 4), bool), (1.0, 1.0, 1.0)).any()
    assert np.isinf(distance_transform(np.ones((4, 4, 4), bool), (1.0, 1.0, 1.0))).all()
    assert distance_transform(np.ones((0, 4), bool), (1.0, 1.0)).shape == (0, 4)
    assert distance_transform(np.zeros((1, 1, 1), bool), (1.0, 1.0, 1.0)).item() == 0


def test_threads_and_views_change_nothing():
    phase = np.random.default_rng(1).random((30, 40, 50)) < 0.9
    one, many = (distance_transform(phase, (1.0, 2.0, 3.0), threads=n) for n in (1, 5))
    np.testing.assert_array_equal(one, many)
    turned = distance_transform(phase.transpose(2, 0, 1)[::-1], (3.0, 1.0, 2.0))
    np.testing.assert_allclose(turned[::-1].transpose(1, 2, 0), one, rtol=1e-6)


def test_spacing_must_fit():
    for spacing in ((1.0, 1.0), (1.0, 1.0, 0.0), (1.0, 1.0, np.nan)):
        with pytest.raises(ParameterError, match="one finite length above 0 per axis"):
            distance_transform(np.ones((3, 3, 3), bool), spacing)
