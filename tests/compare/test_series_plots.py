"""Condition means over one condition with a line per series, or against each other where several vary."""

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from napari_microgen.compare.frame import metric_of
from napari_microgen.compare.matching import shared_conditions
from napari_microgen.compare.series_plots import series_legend, series_plots
from napari_microgen.conditions import ConditionTable

NAMES = ("shape_index", "feret_diameter")


def sides_of(**columns):
    units = {name: "C" for name, values in columns.items() if not isinstance(values[0], str)}
    table = ConditionTable.from_columns(columns, units=units)
    conditions = shared_conditions([("real", table)])[0]
    real = SimpleNamespace(descriptors=SimpleNamespace(names=NAMES, unit="um"))
    return SimpleNamespace(conditions=conditions, real=real)


def rows_of(sides, unknown=()):
    rows = []
    for k, name in enumerate(sides.conditions.names):
        entry = {"real": k + 1.0, "real_95": [k + 0.8, k + 1.2], "synthetic": k + 1.1, "synthetic_95": None}
        empty = entry | ({"real": None} if k in unknown else {})
        descriptors = {"shape_index": entry, "feret_diameter": empty}
        rows.append({"condition": name, "support": "seen", "descriptors": descriptors})
    return rows


def drawn(plot, tag):
    return ElementTree.fromstring(plot).findall(f"{{http://www.w3.org/2000/svg}}{tag}")


def test_each_material_has_a_line_of_its_own():
    sides = sides_of(material=["a"] * 3 + ["b"] * 3, T=[3.0, 1.0, 2.0] * 2)
    plots = series_plots(sides, rows_of(sides))
    assert list(plots) == list(NAMES)
    assert len(drawn(plots["shape_index"], "circle")) == 12
    joined = [e for e in drawn(plots["shape_index"], "line") if e.get("stroke-opacity") == "0.6"]
    assert len(joined) == 2 * 2 * 2, "two sides, two materials, two steps"
    assert all(float(e.get("x2")) > float(e.get("x1")) for e in joined), "in the order of the condition"
    assert "solid: material=a, dashed: material=b" in series_legend(sides)
    assert "feret diameter (µm)" in plots["feret_diameter"]


def test_several_conditions_that_vary_are_drawn_against_each_other():
    sides = sides_of(T=[1.0, 2.0, 3.0], p=[1.0, 3.0, 2.0])
    plots = series_plots(sides, rows_of(sides, unknown=(1,)))
    assert len(drawn(plots["shape_index"], "circle")) == 3
    assert len(drawn(plots["feret_diameter"], "circle")) == 2
    assert "real shape index" in plots["shape_index"]
    assert "mean of synthetic over mean of real" in series_legend(sides)


def test_one_condition_has_no_plot():
    sides = sides_of(T=[1.0])
    assert series_plots(sides, rows_of(sides)) == {}


@pytest.mark.parametrize(
    ("name", "values", "ends"),
    [
        ("area_fraction.points", [0.5, 3.0], [0.0, None]),
        ("coverage", [0.9, 1.0], [None, 1.0]),
        ("shape_index.r2[worst]", [0.9, 0.99], [None, 1.0]),
        ("feret_diameter.bias[seen]", [-3.0, 3.0], [None, None]),
    ],
)
def test_intervals_end_where_numbers_do(name, values, ends):
    sides = ("value", "floor", "nearest_condition_copy", "linear_interpolation", "paper_model")
    metric = metric_of(name, {side: [{name: value} for value in values] for side in sides})
    mean = sum(values) / 2
    assert metric.low < mean < metric.high
    for found, end in zip((metric.low, metric.high), ends, strict=True):
        assert end is None or found == end
    if "bias" in name:
        assert metric.low < 0
        assert (metric.loses_to, metric.within_floor) == ((), None)
