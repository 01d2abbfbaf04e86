"""R2 over conditions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.compare.descriptors import NAMES
from napari_microgen.compare.series import mean_numbers, r_squared


@given(st.lists(st.integers(-100, 100), min_size=3, max_size=10, unique=True))
def test_perfect_means_give_one_and_the_mean_gives_zero(values):
    real = np.array(values, float)
    assert r_squared(real, real) == 1.0
    assert r_squared(real, np.full(len(real), real.mean())) == pytest.approx(0.0, abs=1e-9)


def test_scikit_learn_agrees():
    metrics = pytest.importorskip("sklearn.metrics")
    real, other = np.random.default_rng(0).normal(size=(2, 6))
    assert r_squared(real, other) == pytest.approx(metrics.r2_score(real, other))


def test_undefined_where_there_is_no_series():
    assert np.isnan(r_squared(np.array([1.0, 2.0]), np.array([1.0, 2.0])))
    assert np.isnan(r_squared(np.ones(4), np.arange(4.0)))
    assert r_squared(np.array([1.0, 2.0, np.nan, 3.0]), np.array([1.0, 2.0, 9.0, 3.0])) == 1.0


class Unit:
    """A space in which every standard deviation is 2."""

    names = NAMES
    deviation = np.full(len(NAMES), 2.0)


def test_mean_differences_are_in_standard_deviations():
    real = np.zeros((4, len(NAMES)))
    found = mean_numbers(real, real + 3.0, Unit())
    assert found["shape_index.mean"] == pytest.approx(1.5)
    assert np.isnan(found["shape_index.r2"])
    assert "shape_index.r2" not in mean_numbers(real[:2], real[:2], Unit())
