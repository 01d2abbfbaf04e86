"""Folds keep groups whole and share classes out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.errors import TableError
from napari_microgen.zones.grouped_folds import grouped_folds, lonely


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_no_group_is_torn_and_no_fold_is_empty(seed, folds):
    random = np.random.default_rng(seed)
    groups = random.integers(0, 12, 60)
    labels = random.integers(0, 4, 60)
    found = grouped_folds(groups, labels, folds, seed)
    assert set(found) == set(range(folds))
    for group in np.unique(groups):
        assert len(set(found[groups == group])) == 1


def test_a_rare_class_is_shared_out():
    labels = np.repeat([0, 1, 2], [37, 29, 5])
    found = grouped_folds(np.arange(71), labels, 5)
    for number, count in enumerate((37, 29, 5)):
        each = np.bincount(found[labels == number], minlength=5)
        assert each.min() >= count // 5
        assert each.max() <= -(-count // 5)


def test_more_folds_than_groups_are_refused():
    with pytest.raises(TableError, match="2 groups for 3 folds"):
        grouped_folds(np.array([0, 0, 1]), np.zeros(3, int), 3)


def test_a_class_of_one_group_is_named():
    assert lonely(np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1]), ["a", "b"]) == ["a"]
