"""Constraints as a user writes them, and what is none."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.zones.constraints import class_demand, parse_constraint, range_demands

NAMES = {"temperature": "C", "ion energy": "eV", "cooling": None, "feret_diameter": "nm"}


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("temperature<450", 449.9, 450.0),
        ("temperature <= 450 C", 450.0, 450.1),
        ("ion energy>1e2", 101.0, 100.0),
        ("ion energy >= .5", 0.5, 0.4),
        ("feret_diameter=20:45nm", 45.0, 45.1),
        ("feret_diameter=:45", -3.0, 46.0),
        ("feret_diameter=20:", 1e9, 19.0),
    ],
)
def test_numbers(text, inside, outside):
    constraint = parse_constraint(text, NAMES)
    assert constraint.holds([inside, outside, np.nan]).tolist() == [True, False, False]
    again = parse_constraint(constraint.text.replace(" from ", "=").replace(" to ", ":"), NAMES)
    assert (again.low, again.high) == (constraint.low, constraint.high)


def test_a_label_may_be_fixed():
    constraint = parse_constraint("cooling=air", NAMES)
    (demand,) = range_demands([constraint], {"cooling": "air"}, (2, 3))
    assert demand.passed.shape == (2, 3)
    assert demand.passed.all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("temperature", "is no constraint"),
        ("temperature=:", "is no constraint"),
        ("heat<450", "there are temperature, ion energy"),
        ("temperature<450K", "its unit is C"),
        ("cooling<4h", "it has no unit"),
        ("feret_diameter=45:20", "empty range"),
    ],
)
def test_what_is_none_is_said(text, words):
    with pytest.raises(ParameterError, match=words):
        parse_constraint(text, NAMES)


def test_the_spread_is_taken_off_the_probability():
    demand = class_demand("fine", np.array([[0.7, 0.7]]), np.array([[0.1, 0.3]]))
    assert demand.passed.tolist() == [[True, False]]
    assert demand.text == "P(fine) - 1 sd >= 0.5"
    with pytest.raises(ParameterError, match="between 0 and 1"):
        class_demand("fine", np.zeros((1, 1)), np.zeros((1, 1)), least=50)
