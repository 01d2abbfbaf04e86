"""Numbers of one image: those of `quantify`, in the unit of the pixel edge, and particles by hand."""

import math

import numpy as np
import pytest

from napari_microgen import quantify
from napari_microgen.errors import ParameterError
from napari_microgen.quantify.image_numbers import (
    GREY_NUMBERS,
    IMAGE_NUMBERS,
    PARTICLE_MEANS,
    PHASE_NUMBERS,
    image_numbers,
    unit_of,
)
from napari_microgen.volume import Volume


def discs(places, radius, shape=(128, 160)):
    r, c = np.indices(shape)
    return sum((np.hypot(r - a, c - b) <= radius).astype(float) for a, b in places)


@pytest.fixture
def blobs():
    from scipy import ndimage

    field = ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(96, 128)), 3, mode="wrap")
    return (field - field.min()) / (field.max() - field.min())


def test_the_phase_is_measured_as_quantify_does(blobs):
    found = image_numbers(blobs, PHASE_NUMBERS, threshold=0.5, edge=0.25)
    labels = Volume((blobs > 0.5).astype(np.uint8), "YX", voxel_size=(0.25, 0.25), unit="um", kind="labels")
    table = quantify(labels, features=list(PHASE_NUMBERS))
    values = {row.name: row for row in table}
    for name, value in found.items():
        assert value == pytest.approx(values[name].value), name
        assert values[name].unit == unit_of(name, "um")


def test_the_dark_phase_is_the_rest(blobs):
    bright, dark = (image_numbers(blobs, ["relative_density"], dark=dark) for dark in (False, True))
    assert bright["relative_density"] + dark["relative_density"] == pytest.approx(1)
    assert image_numbers(blobs, ["specific_perimeter"]) == pytest.approx(
        image_numbers(1 - blobs, ["specific_perimeter"])
    )


def test_lengths_are_in_the_unit_of_the_pixel_edge(blobs):
    small, large = (image_numbers(blobs, IMAGE_NUMBERS, edge=edge) for edge in (1.0, 4.0))
    for name in IMAGE_NUMBERS:
        power = {"1": 0, "um": 1, "1/um": -1, "1/um^2": -2}[unit_of(name, "um")]
        assert large[name] == pytest.approx(small[name] * 4.0**power), name


def test_discs_are_counted_and_measured():
    image = discs([(30, 40), (30, 110), (90, 40), (90, 110)], 10)
    found = image_numbers(image, ["particle_count", *PARTICLE_MEANS], edge=0.5)
    assert found["feret_diameter"] == pytest.approx(10.5, abs=0.3)
    assert found["equivalent_diameter"] == pytest.approx(10, abs=0.2)
    assert found["circularity"] == pytest.approx(1, abs=0.08)
    seen = (1 - 20.5 / 128) * (1 - 20.5 / 160)  # the chance that a disc of this size lies inside
    assert found["particle_count"] == pytest.approx(4 / seen / (64 * 80), rel=0.02)


def test_a_disc_that_is_cut_by_the_edge_does_not_count():
    whole, cut = discs([(64, 80)], 12), discs([(64, 80), (64, 0)], 12)
    names = ["particle_count", *PARTICLE_MEANS]
    assert image_numbers(cut, names) == pytest.approx(image_numbers(whole, names))


def test_the_published_recipe_counts_particles_that_are_cut(blobs):
    names = ["particle_count"]
    published = image_numbers(blobs, names, particles="paper-000")["particle_count"] * blobs.size
    assert published == pytest.approx(round(published))
    assert published > image_numbers(blobs, names, particles="image")["particle_count"] * blobs.size


def test_an_image_without_a_phase_has_no_lengths_but_grey_values():
    found = image_numbers(np.full((32, 32), 0.25), IMAGE_NUMBERS)
    assert found["relative_density"] == 0
    assert found["particle_count"] == 0
    assert all(math.isnan(found[name]) for name in ("chord_length", *PARTICLE_MEANS))
    assert [found[name] for name in GREY_NUMBERS] == pytest.approx([0.25, 0, 0])


def test_grey_values_of_a_ramp():
    ramp = np.tile(np.linspace(0, 1, 11), (5, 1))
    found = image_numbers(ramp, GREY_NUMBERS)
    assert found["mean_grey"] == pytest.approx(0.5)
    assert found["grey_deviation"] == pytest.approx(np.sqrt(0.1))
    assert found["grey_step"] == pytest.approx(0.05), "0.1 along the ramp, 0 across"


def test_an_unknown_number_is_refused_by_name():
    with pytest.raises(ParameterError, match=r"roundness cannot be measured; there are relative_density"):
        image_numbers(np.zeros((8, 8)), ["roundness"])
