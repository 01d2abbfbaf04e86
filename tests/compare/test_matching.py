"""Conditions of several tables: what is shared, what is equal, how far it lies."""

import pytest

from napari_microgen.compare.matching import UNKNOWN, shared_conditions
from napari_microgen.conditions import ConditionTable
from napari_microgen.errors import TableError


def table(units=None, **columns):
    return ConditionTable.from_columns(columns, units=units)


def test_rows_are_matched_whatever_their_order():
    real = table(T=[1.0, 1.0, 2.0, 3.0], p=[5.0, 5.0, 6.0, 5.0])
    conditions, notes = shared_conditions([("real", real), ("synthetic", table(p=[5.0], T=[3.0]))])
    assert len(conditions) == 3
    assert conditions.names == ("T=1, p=5", "T=2, p=6", "T=3, p=5")
    assert conditions.codes(real).tolist() == [0, 0, 1, 2]
    assert conditions.codes(table(T=[3.0, 2.0, 9.0], p=[5.0, 6.0, 5.0])).tolist() == [2, 1, -1]
    assert notes == []


def test_labels_and_missing_values():
    real = table(T=[1.0, 2.0, None], cooling=["air", "water", "air"])
    conditions, notes = shared_conditions([("real", real), ("synthetic", real)])
    assert conditions.codes(real).tolist() == [0, 1, -1]
    assert conditions.codes(table(T=[1.0], cooling=["oil"])).tolist() == [-1]
    assert notes == ["1 real images lack a condition and are left out"]


def test_columns_that_one_side_lacks_are_named():
    conditions, notes = shared_conditions(
        [
            ("real", table(T=[1.0], p=[2.0])),
            ("synthetic", table(T=[1.0])),
            ("training", table(T=[1.0], p=[2.0])),
        ]
    )
    assert conditions.table.names == ("T",)
    assert "p are not stated for the synthetic images" in notes[0]


def test_no_shared_condition_is_one_pool():
    conditions, _ = shared_conditions([("real", table(T=[1.0, 2.0])), ("synthetic", table(p=[1.0]))])
    assert conditions.names == ("all images",)
    assert conditions.codes(table(p=[1.0, 4.0])).tolist() == [0, 0]
    assert conditions.flags(None) == (UNKNOWN,)


def test_units_must_agree():
    sides = [("real", table({"T": "C"}, T=[1.0])), ("synthetic", table({"T": "K"}, T=[1.0]))]
    with pytest.raises(TableError, match=r"T \[C\] .* for the real images and T \[K\]"):
        shared_conditions(sides)


def test_flags_are_those_of_the_training():
    real = table(T=[10.0, 15.0, 40.0])
    conditions, _ = shared_conditions([("real", real), ("synthetic", real)])
    assert conditions.flags(table(T=[10.0, 20.0])) == ("seen", "interpolated", "extrapolated")
    assert conditions.flags(None) == (UNKNOWN,) * 3
