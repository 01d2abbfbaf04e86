"""Conditions that are proposed lie where they may."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.zones.constraints import parse_constraint
from napari_microgen.zones.proposals import Space, around, between, spread

NAMES = {"heat": "C", "flux": None}


def space(analytic, fixed=None, where=()):
    model = analytic()
    ranges = [parse_constraint(text, NAMES) for text in where]
    return Space(model.conditions, fixed or {}, ranges, model.support)


def test_they_fill_the_ranges(analytic):
    rows = spread(space(analytic), 64, 0)
    assert len(rows) == 64
    heat = np.array([row["heat"] for row in rows])
    assert np.histogram(heat, 4, (0, 100))[0].min() >= 10


def test_those_between_training_conditions_are_inside(analytic):
    where = space(analytic, where=["heat<60"])
    rows = between(where, 40, 0)
    assert len(rows) == 40
    assert all(where.inside(row) and row["heat"] < 60 for row in rows)


def test_those_around_one_are_near_it_and_in_range(analytic):
    rows = around(space(analytic), {"heat": 98.0, "flux": 20.0}, 0.05, 30, 0)
    heat = np.array([row["heat"] for row in rows])
    assert heat.max() <= 100
    assert abs(heat - 98).max() < 25


def test_what_is_fixed_stays(analytic):
    where = space(analytic, {"flux": 10.0})
    assert {row["flux"] for row in spread(where, 8, 0) + between(where, 8, 0)} == {10.0}


def test_nothing_free_and_nothing_left_are_said(analytic):
    with pytest.raises(ParameterError, match="nothing to search"):
        spread(space(analytic, {"heat": 1.0, "flux": 1.0}), 8, 0)
    with pytest.raises(ParameterError, match="fulfils heat < 10 C; heat > 90 C"):
        spread(space(analytic, where=["heat<10", "heat>90"]), 8, 0)


def test_labels_and_logarithmic_scales_go_there_and_back():
    entries = [
        {"name": "cooling", "kind": "categorical", "values": ["air", "oil", "water"]},
        {"name": "time", "kind": "continuous", "low": 1.0, "high": 100.0, "transform": "log"},
    ]
    where = Space(entries, {}, [], None)
    assert where.row(np.array([0.99, 0.5])) == {"cooling": "water", "time": 10.0}
    row = {"cooling": "oil", "time": 31.6228}
    assert where.row(where.places(row)) == row
    assert between(where, 4, 0) == []
    assert {row["cooling"] for row in spread(where, 30, 0)} == {"air", "oil", "water"}
