import json
import math

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.spatial import Delaunay

from napari_microgen.conditions import ConditionTable, Support, interior
from napari_microgen.conditions.support import distance_to_hull
from napari_microgen.errors import ModelFileError, TableError


def square(step=0.25):
    side = np.arange(0, 1 + step / 2, step)
    x, y = (axis.ravel() for axis in np.meshgrid(side, side))
    return ConditionTable.from_columns({"x": 100 * x, "y": y})


@pytest.mark.parametrize("dimensions", [1, 2, 4])
def test_inside_agrees_with_delaunay_and_linear_programming(dimensions):
    rng = np.random.default_rng(dimensions)
    known, asked = rng.random((40, dimensions)), rng.uniform(-0.1, 1.1, (150, dimensions))
    ours = np.array([distance_to_hull(point, known) for point in asked]) < 1e-9
    rows = np.vstack([known.T, np.ones(len(known))])
    lp = [linprog(np.zeros(40), A_eq=rows, b_eq=[*p, 1], bounds=(0, None)).status == 0 for p in asked]
    assert ours.tolist() == lp
    if dimensions > 1:
        assert ours.tolist() == (Delaunay(known).find_simplex(asked) >= 0).tolist()
    assert 5 < ours.sum() < 145


def test_distance_to_a_cube_is_that_to_its_clipped_point():
    corners = np.array(np.meshgrid(*[[0.0, 1.0]] * 3)).reshape(3, -1).T
    asked = np.random.default_rng(0).uniform(-2, 3, (100, 3))
    expected = np.linalg.norm(asked - asked.clip(0, 1), axis=1)
    np.testing.assert_allclose([distance_to_hull(p, corners) for p in asked], expected, atol=1e-9)


def test_flat_and_repeated_points_have_a_hull_too():
    line = np.array([[0.0, 0.0, 0.0], [1, 1, 0], [1, 1, 0]])
    assert distance_to_hull(np.array([0.5, 0.5, 0.0]), line) == pytest.approx(0, abs=1e-12)
    assert distance_to_hull(np.array([0.5, 0.5, 0.3]), line) == pytest.approx(0.3)
    assert distance_to_hull(np.array([2.0, 2.0, 0.0]), line) == pytest.approx(math.sqrt(2))


def test_the_four_flags():
    table = square()
    asked = [{"x": 50, "y": 0.5}, {"x": 60, "y": 0.4}, {"x": 120, "y": 0.5}]
    found = table.support().of(asked)
    assert [s.flag for s in found] == ["seen", "interpolated", "extrapolated"]
    assert found[2].out_of_range == ("x",)
    assert found[2].hull_distance == pytest.approx(0.2)
    assert found[1].distance == pytest.approx(math.hypot(0.1, 0.1))
    assert found[1].ratio == pytest.approx(math.hypot(0.1, 0.1) / 0.25)
    assert found[0].nearest == table.images[12]
    hole = table.select((np.abs(table["x"] - 50) > 30) | (np.abs(table["y"] - 0.5) > 0.3))
    assert hole.support().flags([{"x": 50, "y": 0.5}]) == ["gap"]


def test_inside_every_range_may_still_be_extrapolation():
    triangle = ConditionTable.from_columns({"x": [0, 1, 0], "y": [0, 0, 1]})
    (found,) = triangle.support().of([{"x": 0.9, "y": 0.9}])
    assert found.flag == "extrapolated"
    assert found.out_of_range == ()
    assert found.hull_distance == pytest.approx(0.8 / math.sqrt(2))


def test_distances_are_on_the_declared_scale():
    times = ConditionTable.from_columns({"t": [1, 10, 100, 1000]}, transforms={"t": "log"})
    found = times.support().of([{"t": math.sqrt(10)}])[0]
    assert found.distance == pytest.approx(1 / 6)
    assert found.ratio == pytest.approx(0.5)


def test_labels_have_hulls_of_their_own():
    table = ConditionTable.from_columns({"T": [0, 50, 100, 0, 10], "gas": ["Ar", "Ar", "Ar", "N2", "N2"]})
    support = table.support()
    assert support.flags([{"T": 60, "gas": "Ar"}, {"T": 60, "gas": "N2"}]) == ["interpolated", "extrapolated"]
    unknown = ConditionTable.from_columns({"T": [5], "gas": ["He"]})
    (found,) = support.of(unknown)
    assert (found.flag, found.distance, found.nearest, found.out_of_range) == (
        "extrapolated",
        math.inf,
        "",
        ("gas",),
    )


def test_a_constant_condition_must_be_the_same():
    support = ConditionTable.from_columns({"T": [0, 1, 2], "p": [0.5, 0.5, 0.5]}).support()
    assert support.flags([{"T": 0.7, "p": 0.5}, {"T": 0.7, "p": 0.6}]) == ["interpolated", "extrapolated"]


def test_images_of_one_condition_do_not_shrink_the_reference():
    once = square()
    twice = once.select(np.repeat(np.arange(len(once)), 3))
    assert twice.support().reference == once.support().reference == pytest.approx(0.25)


def test_rows_with_missing_values_support_nothing():
    table = ConditionTable.from_columns({"T": [0, 1, None], "p": [0, 1, 5]})
    assert table.support().flags([{"T": 0.5, "p": 5}]) == ["extrapolated"]
    with pytest.raises(TableError, match="missing"):
        table.support().of(table)
    with pytest.raises(TableError, match="Every row"):
        ConditionTable.from_columns({"T": [0, None], "p": [None, 1]}).support()


def test_interior_conditions_are_those_left_out_that_stay_inside():
    table = square(0.5)
    assert list(interior(table).values()) == [
        False, True, False, True, True, True, False, True, False,
    ]  # fmt: skip


def test_support_survives_json():
    table = ConditionTable.from_columns({"T": [0, 1, 2, 5], "gas": ["Ar", "Ar", "N2", "N2"]})
    support = table.support()
    again = Support.from_dict(json.loads(json.dumps(support.to_dict())))
    asked = [{"T": 0.5, "gas": "Ar"}, {"T": 9, "gas": "N2"}]
    assert again.of(asked) == support.of(asked)


@pytest.mark.parametrize(
    "damage",
    [
        lambda c: c.update(points=[[0.0]]),
        lambda c: c.update(points=[[math.nan], [0.0]]),
        lambda c: c.update(labels=[]),
        lambda c: c.update(labels=[["a"], ["b"]]),
        lambda c: c.update(reference=-1),
        lambda c: c.update(reference="far"),
        lambda c: c.pop("scaler"),
        lambda c: c.update(images=[]),
    ],
)
def test_a_damaged_support_is_refused(damage):
    content = ConditionTable.from_columns({"T": [0, 1]}).support().to_dict()
    damage(content)
    with pytest.raises(ModelFileError):
        Support.from_dict(content)
