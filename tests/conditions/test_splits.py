import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.conditions import ConditionTable, leave_one_out, split
from napari_microgen.errors import ParameterError, TableError


def table(libraries):
    values = [float(ord(name[-1])) for name in libraries]
    return ConditionTable.from_columns({"T": values}, libraries=libraries)


@given(
    st.lists(st.integers(0, 12), min_size=3, max_size=60).filter(lambda v: len(set(v)) >= 3),
    st.integers(0, 99),
)
def test_parts_cover_all_rows_and_tear_no_library(groups, seed):
    libraries = [f"library {number:02d}" for number in groups]
    parts = split(table(libraries), "library", seed=seed)
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(len(groups)))
    members = [{libraries[row] for row in rows} for rows in parts.values()]
    assert all(members)
    assert sum(map(len, members)) == len(set(groups))


def test_shares_are_met_where_groups_are_small():
    images = ConditionTable.from_columns({"T": np.arange(1000.0)})
    assert {name: len(rows) for name, rows in images.split("image").items()} == {
        "train": 800,
        "validation": 100,
        "test": 100,
    }


def test_the_seed_decides():
    images = ConditionTable.from_columns({"T": np.arange(50.0)})
    one, same, other = (images.split("condition", seed=seed)["test"].tolist() for seed in (1, 1, 2))
    assert one == same != other


def test_micrographs_are_kept_whole():
    patches = ConditionTable.from_columns(
        {"T": [1, 1, 1, 2, 2, 2]}, micrographs=["a", "a", "b", "c", "c", "d"]
    )
    parts = patches.split("micrograph", fractions={"train": 0.5, "test": 0.5}, seed=3)
    assert not {patches.micrographs[r] for r in parts["train"]} & {
        patches.micrographs[r] for r in parts["test"]
    }


def test_leaving_out_each_condition_once():
    rows = list(leave_one_out(ConditionTable.from_columns({"T": [1, 2, 1, 3]})))
    assert [(name, train.tolist(), out.tolist()) for name, train, out in rows] == [
        ("T=1", [1, 3], [0, 2]),
        ("T=2", [0, 2, 3], [1]),
        ("T=3", [0, 1, 2], [3]),
    ]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"by": "library", "fractions": {"train": 0.5, "test": 0.4}}, ParameterError, "sum 1"),
        ({"by": "library", "fractions": {"train": 1.5, "test": -0.5}}, ParameterError, "above 0"),
        ({"by": "library"}, TableError, "2 groups by library for 3 parts"),
        ({"by": "library", "held_out": ["C"]}, TableError, "no library C. There are: A; B"),
        ({"by": "library", "held_out": ["A", "B"]}, TableError, "Everything"),
        ({"by": "library", "held_out": ["A"], "fractions": {"train": 1.0}}, ParameterError, "not both"),
    ],
)
def test_splits_that_cannot_be_are_named(options, error, words):
    with pytest.raises(error, match=words):
        split(table(["A", "A", "B"]), **options)
