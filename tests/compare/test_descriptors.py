"""Descriptors of many images are those that quantify gives for each."""

import numpy as np
import pytest

from napari_microgen.compare.descriptors import ARRAYS, NAMES, describe_images
from napari_microgen.compare.image_set import of_arrays
from napari_microgen.progress import finish
from napari_microgen.quantify.area_fraction import area_fractions
from napari_microgen.quantify.feret_diameter import measure_image as feret_of_image
from napari_microgen.quantify.particles import label_particles, particle_table
from napari_microgen.quantify.persistence_image import measure_image
from napari_microgen.quantify.table import quantify
from napari_microgen.volume import Volume

QUANTIFIED = (
    "relative_density",
    "specific_perimeter",
    "shape_index",
    "two_point_correlation",
    "lineal_path",
    "chord_length",
)


@pytest.fixture(scope="module")
def described(precipitates):
    images = of_arrays("real", precipitates(np.random.default_rng(0), 5))
    return images, finish(describe_images(images, 0.4, pixel_size=0.05))


def test_numbers_are_those_of_quantify(described):
    images, found = described
    for row, image in enumerate(images.images):
        labels = Volume((image > 102).astype(np.uint8), "YX", (0.05, 0.05), "um", kind="labels")
        table = quantify(labels, features=QUANTIFIED)
        for name in QUANTIFIED:
            value = table[name].value
            assert found.column(name)[row] == pytest.approx(np.nan if value is None else value, nan_ok=True)


def test_persistence_images_and_area_fractions_are_those_of_quantify(described):
    images, found = described
    for row, image in enumerate(images.images):
        details = finish(measure_image(image))[0].details
        np.testing.assert_allclose(found.rings[row], details["h1"], atol=1e-12)
        np.testing.assert_allclose(found.components[row], details["h0"], atol=1e-12)
        np.testing.assert_array_equal(found.area[row], area_fractions(image / 255))


def test_particles_are_those_of_quantify(described):
    images, found = described
    phase = images.images[0] > 102
    table = particle_table(label_particles(phase, (0.05, 0.05)), (0.05, 0.05))
    whole = ~table["touches_edge"]
    expected = np.average(table["feret_diameter"][whole], weights=table["weight"][whole])
    assert found.column("feret_diameter")[0] == pytest.approx(expected)


def test_particles_of_the_grey_image_and_as_published(described):
    images, _ = described
    image = images.images[0]
    for kind, recipe in (("image", "default"), ("paper-000", "paper-000")):
        found = finish(describe_images(images.take(np.array([0])), 0.4, pixel_size=0.05, particles=kind))
        expected = finish(feret_of_image(image, (0.05, 0.05), recipe=recipe))[0]
        assert found.column("feret_diameter")[0] == pytest.approx(expected.value)


def test_the_number_of_particles_is_that_of_whole_and_cut_ones():
    """Spots at random places of a torus: the weighted count per area is the true density."""
    random = np.random.default_rng(3)
    images = np.zeros((300, 64, 64), np.uint8)
    for image in images:
        for row, column in random.integers(64, size=(3, 2)):
            rows, columns = (row + np.arange(5)) % 64, (column + np.arange(5)) % 64
            image[np.ix_(rows, columns)] = 1
    found = finish(describe_images(of_arrays("real", images), 0.5))
    assert found.unit == "px"
    # Spots that touch merge: about 4 % of the pairs.
    assert found.column("particle_count").mean() * 64**2 == pytest.approx(3.0, rel=0.06)


def test_lengths_scale_with_the_pixel(described):
    images, found = described
    twice = finish(describe_images(images, 0.4, pixel_size=0.1))
    for name in ("two_point_correlation", "chord_length", "feret_diameter"):
        np.testing.assert_allclose(twice.column(name), 2 * found.column(name))
    np.testing.assert_allclose(2 * twice.column("specific_perimeter"), found.column("specific_perimeter"))


def test_the_dark_phase_is_the_rest(described):
    images, found = described
    dark = finish(describe_images(images, 0.4, dark=True, pixel_size=0.05))
    np.testing.assert_allclose(dark.column("relative_density"), 1 - found.column("relative_density"))


def test_rows_do_not_depend_on_each_other(described):
    images, found = described
    alone = finish(describe_images(images.take(np.array([3])), 0.4, pixel_size=0.05))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(alone, name)[0], getattr(found, name)[3])
    taken = found.take(np.array([3, 3]))
    assert len(taken) == 2
    assert taken.unit == "um"


@pytest.mark.parametrize("value", [0, 255])
def test_images_of_one_phase_give_missing_values_not_wrong_ones(value):
    images = np.full((2, 32, 32), value, np.uint8)
    images[0, 0, 0] = 128  # so that white is that of the type
    found = finish(describe_images(of_arrays("real", images), 0.5))
    assert found.column("relative_density")[1] == (value == 255)
    for name in ("shape_index", "chord_length", "feret_diameter"):
        assert np.isnan(found.column(name)[1])
    assert np.isfinite(found.values[:, [NAMES.index("mean_grey"), NAMES.index("grey_step")]]).all()
