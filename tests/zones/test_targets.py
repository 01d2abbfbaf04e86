"""Targets as a user writes them, and how far off a microstructure is."""

import math

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.zones.descriptors import Measure, Measured
from napari_microgen.zones.targets import in_units, misfit, parse_target, targets_of_image


@pytest.mark.parametrize(
    ("text", "low", "high", "tolerance", "unit"),
    [
        ("mean_feret=45nm", 45, 45, 2.25, "nm"),
        ("mean_feret = 45 +- 3 nm", 45, 45, 3, "nm"),
        ("mean_feret=45±3", 45, 45, 3, ""),
        ("relative_density=0.5:0.6", 0.5, 0.6, 0.1, ""),
        ("specific_perimeter=1e-2:2e-2 1/nm", 0.01, 0.02, 0.01, "1/nm"),
    ],
)
def test_targets(text, low, high, tolerance, unit):
    found = parse_target(text)
    assert (found.low, found.high) == (low, high)
    assert found.tolerance == pytest.approx(tolerance)
    assert found.unit == unit


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mean_feret", "is no target"),
        ("mean_feret<45", "is no target"),
        ("hardness=3", "cannot be measured"),
        ("mean_grey=0", "gives no room"),
        ("mean_feret=50:45", "gives no room"),
    ],
)
def test_what_is_none_is_said(text, words):
    with pytest.raises(ParameterError, match=words):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("feret_diameter=abc", "feret_diameter=45nm, feret_diameter=45+-3nm or feret_diameter=40:50nm"),
        ("mean_feret<45", "mean_feret=45nm"),
        ("density=half", "density=0.5, density=0.5+-0.1 or density=0.5:0.6"),
        ("particle_count=many", "mean_feret=45nm"),
        ("hard", "mean_feret=45nm, mean_feret=45+-3nm or relative_density=0.5:0.6"),
    ],
)
def test_examples_are_of_what_was_meant_and_are_targets(text, example):
    with pytest.raises(ParameterError, match="is no target") as caught:
        parse_target(text)
    assert example in str(caught.value)
    for word in str(caught.value).partition("such as ")[2].rstrip(".").replace(" or ", ", ").split(", "):
        parse_target(word)


def test_lengths_are_brought_to_the_unit_of_the_model():
    (found,) = in_units([parse_target("mean_feret=0.045+-0.002um")], {"feret_diameter": "nm"})
    assert (found.low, found.tolerance, found.unit) == (45.0, 2.0, "nm")


@pytest.mark.parametrize(("text", "unit"), [("mean_feret=45nm", "px"), ("mean_feret=45kg", "nm")])
def test_units_that_do_not_fit_are_refused(text, unit):
    with pytest.raises(ParameterError, match=f"images of the model give feret_diameter in {unit}"):
        in_units([parse_target(text)], {"feret_diameter": unit})


def test_the_misfit_is_the_root_mean_square_of_what_is_off():
    targets = [parse_target("mean_grey=0.5+-0.1"), parse_target("circularity=0.5:0.7")]
    means = {"mean_grey": 0.8, "circularity": 0.6}
    off, parts = misfit(targets, means)
    assert parts == {"mean_grey": pytest.approx(3), "circularity": 0}
    assert off == pytest.approx(3 / math.sqrt(2))
    off, parts = misfit([], {}, 0.25)
    assert (off, parts) == (2.0, {"class": 2.0})
    assert misfit(targets, means | {"circularity": math.nan})[0] == math.inf


def test_an_image_gives_its_numbers_with_their_spread():
    measure = Measure(("mean_grey", "circularity", "grey_step"))
    values = np.array([[0.4, np.nan, 0.1], [0.6, np.nan, 0.1]])
    (found,) = targets_of_image(Measured(measure, values, np.ones_like(values)))
    assert (found.name, found.low) == ("mean_grey", 0.5)
    assert found.tolerance == pytest.approx(np.std([0.4, 0.6], ddof=1))
