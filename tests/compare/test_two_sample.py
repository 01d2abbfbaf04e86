"""Two-sample tests against known distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from napari_microgen.compare.two_sample import (
    area_under_curve,
    classifier_auc,
    energy_distance,
    energy_test,
    logistic_regression,
)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=30), st.lists(st.integers(0, 9), min_size=1, max_size=30)
)
def test_area_under_curve_counts_pairs(negative, positive):
    a, b = np.array(negative, float), np.array(positive, float)
    pairs = (b[:, None] > a) + 0.5 * (b[:, None] == a)
    assert area_under_curve(a, b) == pytest.approx(pairs.mean())
    assert area_under_curve(b, a) == pytest.approx(1 - pairs.mean())


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_auc_of_shifted_normals_is_that_of_theory(shift):
    """Best AUC for two unit normals: Phi(shift / sqrt 2)."""
    groups = np.arange(1000)
    found = classifier_auc(normal(0, 1000, 1), normal(1, 1000, 1) + shift, groups, groups)
    assert found == pytest.approx(norm.cdf(shift / np.sqrt(2)), abs=0.025)


def test_logistic_regression_agrees_with_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, target = normal(2, 200, 3), (normal(3, 200) > 0).astype(float)
    x[:, 0] += target
    ours = logistic_regression(x, target, np.ones(200), 1.0)
    theirs = linear_model.LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(x, target)
    np.testing.assert_allclose(ours, [theirs.intercept_[0], *theirs.coef_[0]], atol=1e-5)


def test_patches_of_one_micrograph_never_straddle_a_fold():
    """Micrographs that differ at random look like a difference of the sides, unless folds hold whole ones."""
    level = np.repeat(5 * normal(4, 12, 8), 25, axis=0)
    points = level + 0.1 * normal(5, 300, 8)
    group = np.repeat(np.arange(12), 25)
    first, second = group < 6, group >= 6
    whole = classifier_auc(points[first], points[second], group[first], group[second])
    torn = classifier_auc(points[first], points[second], np.arange(150), np.arange(150))
    assert torn > 0.99
    assert whole < 0.8


def test_one_micrograph_cannot_be_judged():
    points, group = normal(6, 20, 2), np.zeros(20, int)
    assert np.isnan(classifier_auc(points, points, group, group))


def test_energy_distance_of_shifted_points():
    """Two tight clusters a distance d apart: 2 d."""
    a = 1e-6 * normal(7, 50, 2)
    assert energy_distance(a, a[::-1] + np.array([3.0, 4.0])) == pytest.approx(10.0, rel=1e-4)


def test_p_is_uniform_for_equal_sets_and_small_for_others():
    groups = np.arange(40)
    same = [
        energy_test(normal(s, 40, 2), normal(100 + s, 40, 2), groups, groups, permutations=199)[1]
        for s in range(60)
    ]
    assert 0.3 < np.mean(same) < 0.7
    assert 0 <= np.mean(np.array(same) <= 0.05) <= 0.15
    value, p = energy_test(normal(1, 40, 2), normal(2, 40, 2) + 1, groups, groups)
    assert p == pytest.approx(0.001)
    assert value == pytest.approx(energy_distance(normal(1, 40, 2), normal(2, 40, 2) + 1))


def test_whole_micrographs_change_sides():
    """Five micrographs a side that differ among themselves: no evidence, however many patches there are."""
    level = np.repeat(3 * normal(8, 10, 2), 30, axis=0)
    points, group = level + 0.1 * normal(9, 300, 2), np.repeat(np.arange(10), 30)
    a, b = points[group < 5], points[group >= 5]
    honest = energy_test(a, b, group[group < 5], group[group >= 5])[1]
    torn = energy_test(a, b, np.arange(150), np.arange(150))[1]
    assert torn < 0.01 < 0.05 < honest


def test_a_single_group_has_a_distance_but_no_significance():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(24, 2)), random.normal(3, 1, (24, 2))
    value, p = energy_test(first, second, np.zeros(24, int), np.arange(24))
    assert value == pytest.approx(energy_distance(first, second))
    assert np.isnan(p)
    lopsided = np.array([0] * 23 + [1])
    assert energy_test(first, second, lopsided, np.arange(24))[1] <= 1.0
