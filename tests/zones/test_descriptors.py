"""Descriptors of images whose numbers are known."""

import numpy as np
import pytest

from napari_microgen.errors import AxesError, ParameterError
from napari_microgen.generate.grey import GreyScale
from napari_microgen.progress import finish
from napari_microgen.zones.descriptors import Measure, Measured, joined, measure_images, otsu_share

GREY = GreyScale(0.0, 255.0, "uint8")


def disks(radii, size=96):
    """One bright disk per image, in its middle."""
    row, column = np.mgrid[:size, :size] - (size - 1) / 2
    return np.array([np.where(row**2 + column**2 <= r**2, 230, 20) for r in radii]).astype(np.uint8)


def test_feret_of_disks_is_their_diameter_in_the_unit_of_the_model():
    measure = Measure.of(["mean_feret", "density"], particles="phase", pixel_size=2.0, length="nm")
    found = finish(measure_images(disks([12, 20]), measure, GREY))
    assert measure.units == ("nm", "1")
    np.testing.assert_allclose(found.values[:, 0], [48, 80], rtol=0.06)
    np.testing.assert_allclose(found.values[:, 1], np.pi * np.array([12, 20]) ** 2 / 96**2, rtol=0.02)


def test_means_of_particles_are_over_all_particles():
    measure = Measure(("feret_diameter", "mean_grey"))
    values = np.array([[10.0, 0.2], [40.0, 0.4], [np.nan, 0.6]])
    found = Measured(measure, values, np.array([[3.0, 1], [1.0, 1], [0.0, 1]]))
    np.testing.assert_allclose(found.means(), [(3 * 10 + 40) / 4, 0.4])
    assert found.counts().tolist() == [2, 3]
    np.testing.assert_allclose(found.spreads(), [np.std([10, 40], ddof=1), 0.2])


def test_the_standard_error_is_that_of_repeated_draws():
    random = np.random.default_rng(0)
    measure = Measure(("mean_grey",))
    sets = [Measured(measure, random.normal(3, 2, (50, 1)), np.ones((50, 1))) for _ in range(400)]
    scatter = np.std([part.means()[0] for part in sets])
    stated = np.mean([part.standard_errors()[0] for part in sets])
    assert stated == pytest.approx(scatter, rel=0.1)
    assert joined(sets).standard_errors()[0] == pytest.approx(2 / np.sqrt(50 * 400), rel=0.05)


def test_numbers_of_no_image_are_undefined():
    measure = Measure.of(["feret_diameter"])
    found = finish(measure_images(np.zeros((3, 32, 32), np.uint8), measure, GREY))
    assert np.isnan(found.means()).all()
    assert np.isnan(found.spreads()).all()
    assert found.counts().tolist() == [0]


def test_otsu_of_two_grey_values_lies_between_them():
    assert 20 / 255 < otsu_share(disks([30]), GREY) < 230 / 255
    assert otsu_share(np.zeros((1, 4, 4), np.uint8), GREY) == 0.5


def test_the_threshold_matters_for_phases_only():
    assert Measure.of(["density"]).needs_threshold
    assert Measure.of(["mean_feret"], particles="phase").needs_threshold
    assert not Measure.of(["mean_feret", "mean_grey"]).needs_threshold


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["hardness"], {}, "hardness cannot be measured"),
        (["mean_feret", "feret_diameter"], {}, "stands twice"),
        (["density"], {"threshold": 1.5}, "share of white"),
    ],
)
def test_what_cannot_be_measured_is_said(names, options, words):
    with pytest.raises(ParameterError, match=words):
        Measure.of(names, **options)


def test_one_image_is_no_stack():
    with pytest.raises(AxesError, match="N, R, C"):
        finish(measure_images(np.zeros((8, 8), np.uint8), Measure.of(["mean_grey"]), GREY))
