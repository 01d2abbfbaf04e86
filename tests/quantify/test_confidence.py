"""Intervals of means cover the truth as often as they claim."""

import numpy as np
import pytest

from napari_microgen.quantify.confidence import bootstrap_interval, t_interval


def coverage(interval, count, draws):
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(draws):
        low, high = interval(random.normal(3.0, 2.0, count))
        hits += low <= 3.0 <= high
    return hits / draws


def test_t_interval_of_five_samples_covers_95_percent():
    assert coverage(t_interval, 5, 2000) == pytest.approx(0.95, abs=0.015)


def test_bootstrap_of_many_objects_covers_95_percent():
    assert coverage(lambda v: bootstrap_interval(v, draws=400), 200, 300) == pytest.approx(0.95, abs=0.035)


def test_bootstrap_is_the_same_each_time_and_follows_the_weights():
    values, weights = np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 0.0])
    assert bootstrap_interval(values) == bootstrap_interval(values)
    low, high = bootstrap_interval(np.repeat(values, 50), np.repeat(weights, 50))
    assert 1 < low < 1.5 < high < 2
