"""R2 within each material, and per cent by support, from means known exactly."""

import numpy as np
import pytest

from napari_microgen.compare.condition_groups import ALL, condition_groups, group_numbers
from napari_microgen.compare.matching import shared_conditions
from napari_microgen.conditions import ConditionTable

NAMES = ("relative_density", "specific_perimeter", "shape_index", "feret_diameter")


def conditions_of(materials, temperatures):
    table = ConditionTable.from_columns(
        {"material": list(materials), "temperature": [float(t) for t in temperatures]},
        units={"temperature": "C"},
    )
    return shared_conditions([("real", table)])[0]


def means(first, others=1.0):
    return np.column_stack([first, *[np.asarray(first) * others] * 3])


@pytest.fixture
def conditions():
    return conditions_of("aaabbbc", (1, 2, 3, 1, 2, 3, 1))


def test_a_series_is_a_material_with_three_conditions(conditions):
    groups = condition_groups(conditions, ("seen",) * 7)
    assert {k: v.tolist() for k, v in groups.series.items()} == {
        "material=a": [0, 1, 2],
        "material=b": [3, 4, 5],
    }
    plain = ConditionTable.from_columns({"T": [1.0, 2.0, 3.0]}, units={"T": "C"})
    alone = condition_groups(shared_conditions([("real", plain)])[0], ("seen",) * 3)
    assert list(alone.series) == [ALL]


def test_r2_is_taken_within_each_series(conditions):
    """Materials far apart would hide that the second series is turned around."""
    groups = condition_groups(conditions, ("seen",) * 7)
    real = means([1.0, 2.0, 3.0, 11.0, 12.0, 13.0, 5.0])
    other = means([1.0, 2.0, 3.0, 13.0, 12.0, 11.0, 5.0])
    found = group_numbers(real, other, NAMES, groups)
    assert found["relative_density.r2[material=a]"] == 1
    assert found["relative_density.r2[material=b]"] == pytest.approx(1 - 8 / 2)
    assert found["relative_density.r2[worst]"] == pytest.approx(-3)
    assert found["shape_index.r2[mean]"] == pytest.approx(-1)
    assert found["three_descriptors.r2[worst]"] == pytest.approx(-3)
    assert found[f"relative_density.error[{ALL}]"] == pytest.approx(4 / 7)


def test_per_cent_is_taken_by_support(conditions):
    flags = ("seen", "seen", "interpolated", "gap", "extrapolated", "extrapolated", "extrapolated")
    groups = condition_groups(conditions, flags)
    assert groups.supports["inside"].tolist() == [2, 3]
    real = means(np.full(7, 10.0))
    other = means([11.0, 9.6, 10.2, 9.4, np.nan, 10.0, 10.0])
    found = group_numbers(real, other, NAMES, groups)
    assert found["feret_diameter.mape[seen]"] == pytest.approx(7)
    assert found["feret_diameter.worst[seen]"] == pytest.approx(10)
    assert found["feret_diameter.bias[seen]"] == pytest.approx(3)
    assert found["feret_diameter.bias[inside]"] == pytest.approx(-2)
    assert found["feret_diameter.mape[extrapolated]"] == 0
    assert np.isnan(found["feret_diameter.r2[seen]"])
