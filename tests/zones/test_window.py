"""Process windows of probability fields whose window is known."""

import json

import numpy as np
import pytest

from napari_microgen.errors import ParameterError, ShapeMismatchError
from napari_microgen.zones.constraints import (
    Demand,
    class_demand,
    parse_constraint,
    range_demands,
    support_demand,
)
from napari_microgen.zones.window import process_window

TEMPERATURE = np.linspace(0, 800, 9)  # every 100
ALUMINIUM = np.linspace(0, 60, 7)  # every 10
NAMES = ("temperature", "aluminium")


def diagram(constraints=("temperature<450", "aluminium<50"), least=0.5, flags=None, **options):
    """A class that is likely below 550 C and from 10 at.% on, and sure far inside."""
    t, al = np.meshgrid(TEMPERATURE, ALUMINIUM)
    probability = np.where((t < 550) & (al >= 10), 0.9, 0.1)
    sd = np.full(t.shape, 0.2)
    flags = np.full(t.shape, "interpolated") if flags is None else flags
    names = dict.fromkeys(NAMES)
    ranges = [parse_constraint(text, names) for text in constraints]
    demands = [
        class_demand("fine", probability, sd, least=least),
        support_demand(flags),
        *range_demands(ranges, dict(zip(NAMES, (t, al), strict=True)), t.shape),
    ]
    return process_window(demands, TEMPERATURE, ALUMINIUM, names=NAMES, **options)


def test_the_window_is_the_known_rectangle():
    window = diagram()
    assert window.cells.sum() == 5 * 4  # 0 to 400 C, 10 to 40 at.%
    assert window.area == pytest.approx(450 * 40)  # borders midway to the next cells
    assert window.polygon == [[(0.0, 5.0), (450.0, 5.0), (450.0, 45.0), (0.0, 45.0)]]
    assert window.share == pytest.approx(20 / 63)
    json.dumps(window.to_dict(), allow_nan=False)


def test_the_best_cell_follows_the_direction_and_knows_what_stops_it():
    best = diagram(direction=["max aluminium", "max temperature"]).best
    assert (best["x"], best["y"]) == (400.0, 40.0)
    safety = best["safety"]
    assert safety["temperature"]["up"] == pytest.approx(50)
    assert safety["temperature"]["up_stopped_by"] == ["temperature < 450"]
    assert safety["temperature"]["down"] == pytest.approx(400)
    assert safety["temperature"]["down_stopped_by"] == ["end of the diagram"]
    assert safety["aluminium"]["down"] == pytest.approx(35)
    assert safety["aluminium"]["down_stopped_by"] == ["P(fine) - 1 sd >= 0.5"]


def test_without_direction_the_best_cell_is_the_safest():
    best = diagram().best
    assert best["steps"] == 2
    assert 100 <= best["x"] <= 300
    assert 20 <= best["y"] <= 30


def test_minimum_comes_before_maximum_if_asked():
    best = diagram(direction=["min temperature", "max aluminium"]).best
    assert (best["x"], best["y"]) == (0.0, 40.0)


def test_of_two_regions_the_larger_is_the_window():
    flags = np.full((7, 9), "interpolated")
    flags[:, 1] = "extrapolated"
    window = diagram(flags=flags)
    assert window.cells.sum() == 3 * 4
    assert window.cells[:, :2].sum() == 0
    assert "4 more cells" in window.notes[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"least": 0.8}, r"no cell fulfils P\(fine\) - 1 sd >= 0.8"),
        ({"constraints": ("temperature>550",)}, "^temperature > 550: 36 cells fulfil all the rest, and none"),
        ({"constraints": ("temperature<100", "temperature>700")}, "temperature . .*none of them this"),
        (
            {"constraints": ("temperature>700", "aluminium<10", "aluminium>40")},
            "leaving out any one constraint does not help",
        ),
    ],
)
def test_an_empty_window_names_what_emptied_it(options, words):
    import re

    window = diagram(**options)
    assert window.best is None
    assert window.polygon == []
    assert re.search(words, window.emptied_by), window.emptied_by


def test_support_may_empty_it():
    window = diagram(flags=np.full((7, 9), "extrapolated"))
    assert window.emptied_by == "no cell fulfils not extrapolated"
    assert window.counts["not extrapolated"] == 0


def test_what_does_not_fit_is_said():
    cells = Demand("x", np.ones((2, 3), bool))
    with pytest.raises(ShapeMismatchError, match="axes have"):
        process_window([cells], np.arange(2), np.arange(2))
    with pytest.raises(ParameterError, match="at least one constraint"):
        process_window([], np.arange(3), np.arange(2))
    with pytest.raises(ParameterError, match="must ascend"):
        process_window([cells], np.array([1, 1, 2]), np.arange(2))
    with pytest.raises(ParameterError, match="max NAME or min NAME"):
        diagram(direction=["most aluminium"])


def test_one_cell_is_a_window():
    window = process_window([Demand("x", np.ones((1, 1), bool))], np.array([2.0]), np.array([3.0]))
    assert window.best["steps"] == 1
    assert window.area == 0.0
