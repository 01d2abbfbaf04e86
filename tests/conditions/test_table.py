import math

import numpy as np
import pytest

from napari_microgen.conditions import Condition, ConditionTable
from napari_microgen.errors import TableError


def steel():
    return ConditionTable.from_columns(
        {"T": [800, 800, 900, 970], "time": [1, 1, None, 85], "cooling": ["Q", "Q", "", "AR"]},
        images=["a.png", "b.png", "c.png", "d.png"],
        units={"T": "C", "time": "h"},
        transforms={"time": "log"},
        libraries=["s1", "s1", "s2", "s3"],
        pixel_sizes=[0.1, 0.1, math.nan, 0.2],
    )


def test_kinds_follow_the_values_unless_declared():
    table = steel()
    assert [c.kind for c in table.conditions] == ["continuous", "continuous", "categorical"]
    numbered = ConditionTable.from_columns({"paste": [1, 2, 1]}, categorical=["paste"])
    assert numbered["paste"].tolist() == ["1", "2", "1"]


def test_missing_values_stay_missing():
    table = steel()
    assert table.row(2) == {"T": 900.0, "time": None, "cooling": None}
    assert table.complete.tolist() == [True, True, False, True]


def test_rows_and_columns_are_two_views_of_one_table():
    table = steel()
    again = ConditionTable.from_rows(list(table.rows()), images=table.images, transforms={"time": "log"})
    assert list(again.rows()) == list(table.rows())


def test_select_keeps_everything_of_a_row():
    part = steel().select([3, 0], ["time"])
    assert part.images == ("d.png", "a.png")
    assert part.libraries == ("s3", "s1")
    assert part.pixel_sizes.tolist() == [0.2, 0.1]
    assert part.names == ("time",)
    assert part["time"].tolist() == [85.0, 1.0]
    assert steel().select(steel()["cooling"] == "Q").images == ("a.png", "b.png")


def test_groups_are_numbered_in_order_of_appearance():
    table = steel()
    assert table.groups("library")[0].tolist() == [0, 0, 1, 2]
    group, names = table.groups("condition")
    assert group.tolist() == [0, 0, 1, 2]
    assert names[1] == "T=900, time=missing, cooling=missing"
    assert table.groups("micrograph")[1] == table.images
    assert table.distinct().images == ("a.png", "c.png", "d.png")


def test_a_hash_tells_tables_apart():
    table = steel()
    assert table.content_hash() == steel().content_hash()
    assert table.content_hash() != table.declared("time", transform="log1p").content_hash()
    assert table.content_hash() != table.select([0, 1, 2]).content_hash()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ConditionTable.from_columns({"T": [1, 2], "p": [1]}), "p has 1 values for 2 images"),
        (lambda: ConditionTable.from_columns({"T": [1]}, units={"x": "C"}), "no column x"),
        (lambda: ConditionTable.from_columns({"T": [1]}, libraries=["a", "b"]), "one per image"),
        (lambda: ConditionTable.from_columns({"T": ["hot"]}, categorical=[]), "no numbers"),
        (
            lambda: ConditionTable.from_columns({"t": [1, 0]}, transforms={"t": "log"}),
            r"above 0.*row 2 \(0\)",
        ),
        (lambda: ConditionTable.from_columns({"t": [1, np.inf]}), "finite"),
        (lambda: steel()["p"], "no condition 'p'; there are T, time, cooling"),
        (lambda: steel().declared("cooling", transform="log"), "labels"),
        (lambda: steel().declared("cooling", kind="continuous"), "fixed by its values"),
        (lambda: ConditionTable.from_columns({"T": [1]}).groups("library"), "libraries=..."),
        (lambda: steel().groups("colour"), "no way to group"),
        (lambda: Condition(""), "no name"),
        (lambda: Condition("T", kind="ordinal"), "continuous or categorical"),
        (lambda: Condition("T", transform="sqrt"), "identity, log or log1p"),
    ],
)
def test_what_makes_no_sense_is_named(make, words):
    with pytest.raises(TableError, match=words):
        make()
