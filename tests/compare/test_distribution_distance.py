"""Distances of distributions against scipy and formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from napari_microgen.compare.distribution_distance import (
    holm,
    kolmogorov_smirnov,
    wasserstein,
    wasserstein_of_counts,
)

SAMPLES = st.lists(st.integers(-50, 50), min_size=1, max_size=40)


@given(SAMPLES, SAMPLES)
def test_distances_are_those_of_their_definitions(first, second):
    a, b = np.array(first, float) / 7, np.array(second, float) / 7
    assert wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a, b), abs=1e-12)
    places = np.concatenate([a, b])
    below = [(v[:, None] <= places).mean(axis=0) for v in (a, b)]
    assert kolmogorov_smirnov(a, b) == pytest.approx(np.abs(below[0] - below[1]).max())


@given(
    st.lists(st.integers(0, 5), min_size=4, max_size=4), st.lists(st.integers(0, 5), min_size=4, max_size=4)
)
def test_counts_are_samples(first, second):
    if not sum(first) or not sum(second):
        assert np.isnan(wasserstein_of_counts(np.array(first), np.array(second)))
        return
    a, b = (np.repeat(np.arange(4.0), v) for v in (first, second))
    assert wasserstein_of_counts(np.array(first), np.array(second)) == pytest.approx(wasserstein(a, b))


def test_missing_values_are_left_out():
    a = np.array([1.0, np.nan, 2.0])
    assert wasserstein(a, a + 3) == 3.0
    assert np.isnan(wasserstein(a, np.array([np.nan])))
    assert np.isnan(kolmogorov_smirnov(np.array([]), a))


def test_holm_keeps_the_error_of_the_family():
    """Under ten true hypotheses, any is rejected at 5 % in at most 5 % of the families."""
    random = np.random.default_rng(0)
    alarms = [min(holm(dict(enumerate(random.random(10)))).values()) < 0.05 for _ in range(2000)]
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.015)
