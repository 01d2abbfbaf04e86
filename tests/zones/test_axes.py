"""Axes as users write them: spacing by scale, places, and every bad word in clear words."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.zones.axes import Axis, parse_axes, parse_axis

KNOWN = [
    {
        "name": "temperature",
        "unit": "C",
        "kind": "continuous",
        "low": 20.0,
        "high": 800.0,
        "transform": "identity",
    },
    {"name": "time", "unit": "h", "kind": "continuous", "low": 0.1, "high": 100.0, "transform": "log"},
    {
        "name": "pressure",
        "unit": "Pa",
        "kind": "continuous",
        "low": 0.5,
        "high": 0.5,
        "transform": "identity",
    },
    {"name": "cooling", "unit": None, "kind": "categorical", "values": ["air", "water"]},
    {
        "name": "ratio N2:Ar",
        "unit": None,
        "kind": "continuous",
        "low": 0.0,
        "high": 1.0,
        "transform": "identity",
    },
]


def test_cells_lie_on_both_ends_and_evenly_between():
    axis = parse_axis("temperature:20:600:5", KNOWN, "--x")
    np.testing.assert_allclose(axis.values(), [20, 165, 310, 455, 600], rtol=1e-12)
    assert axis.label == "temperature [C]"
    assert axis.beyond == ""


def test_a_logarithmic_condition_is_spaced_by_factors():
    values = parse_axis("time:0.1:100:4", KNOWN, "--x").values()
    np.testing.assert_allclose(values[1:] / values[:-1], 10, rtol=1e-9)
    assert values[0] == 0.1
    assert values[-1] == 100.0


@pytest.mark.parametrize("axis", [Axis("a", None, -3.0, 5.0, 7), Axis("t", "h", 0.2, 700.0, 9, "log")])
def test_places_and_values_are_inverse(axis):
    places = np.linspace(0, 1, 23)
    np.testing.assert_allclose(axis.place(axis.at(places)), places, atol=1e-9)


@pytest.mark.parametrize(("low", "high"), [(20, 600), (0.001, 0.0042), (-5, 5), (1, 1e6)])
@pytest.mark.parametrize("transform", ["identity", "log", "log1p"])
def test_ticks_lie_on_the_axis(low, high, transform):
    if low <= {"identity": -np.inf, "log": 0, "log1p": -1}[transform]:
        return
    ticks = Axis("a", None, float(low), float(high), 8, transform).ticks()
    assert 2 <= len(ticks) <= 22
    assert min(ticks) >= low * (1 - 1e-9) - 1e-12
    assert max(ticks) <= high * (1 + 1e-9)


def test_a_name_may_hold_a_colon():
    assert parse_axis("ratio N2:Ar:0:1:3", KNOWN, "--x").name == "ratio N2:Ar"


def test_an_axis_beyond_the_training_says_so():
    axis = parse_axis("temperature:0:900:4", KNOWN, "--x")
    assert axis.beyond == (
        "temperature from 0 to 900 C reaches beyond the 20 to 800 of the training; cells out there are "
        "extrapolated"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("temperature", r"expected NAME:LO:HI:N, such as temperature:20:800:8"),
        ("temperature:20:600", r"expected NAME:LO:HI:N"),
        ("temperature:20::8", r"expected NAME:LO:HI:N"),
        ("temperature:cold:600:8", r"'cold' is no number"),
        ("temperature:nan:600:8", r"'nan' is no number"),
        ("temperature:600:20:8", r"the first must be the smaller"),
        ("temperature:20:20:8", r"the first must be the smaller"),
        ("temperature:20:600:1", r"from 2 to 256"),
        ("temperature:20:600:2.5", r"from 2 to 256"),
        ("temperature:20:600:9999", r"from 2 to 256"),
        ("temperature:900:1200:8", r"lies wholly beyond the 20 to 800"),
        (
            "speed:1:2:8",
            r"no condition 'speed'; it has temperature, time, pressure.*Axes can be temperature \(20",
        ),
        ("cooling:0:1:8", r"cooling holds labels \(air, water\).*--set cooling=air"),
        ("pressure:0.1:1:8", r"pressure was always 0.5 in the training"),
        ("time:0:10:8", r"its log scale needs values above 0"),
    ],
)
def test_bad_axes_are_named(text, words):
    with pytest.raises(ParameterError, match=words):
        parse_axis(text, KNOWN, "--x")


def test_the_same_condition_twice_is_named_with_a_way_out():
    with pytest.raises(
        ParameterError, match=r"both temperature; a diagram needs two.*Take time, ratio N2:Ar"
    ):
        parse_axes("temperature:20:600:4", "temperature:20:600:4", KNOWN)


def test_a_pure_number_is_said_without_a_unit():
    pure = KNOWN[0] | {"name": "ionisation", "unit": "1", "low": 0.1, "high": 1.2}
    with pytest.raises(ParameterError, match=r"ionisation \(0\.1 to 1\.2\)"):
        parse_axis("nothing:1:2:3", [pure], "--x")
