from itertools import combinations

import numpy as np
import pytest

from napari_microgen.errors import RegressionError
from napari_microgen.regress.cross_validation import leave_one_out
from napari_microgen.regress.linear import fit
from napari_microgen.regress.subsets import count_subsets, every_subset


def table(rows=18, count=6, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, count)) * 10.0 ** np.arange(count) + 100
    return features, features[:, 0] - 0.01 * features[:, 2] + rng.normal(size=rows)


@pytest.mark.parametrize(("smallest", "largest"), [(1, None), (2, None), (2, 3), (4, 5), (6, 6)])
def test_every_subset_comes_once(smallest, largest):
    found = [s.columns for s in every_subset(*table(), smallest=smallest, largest=largest)]
    expected = [c for size in range(smallest, (largest or 6) + 1) for c in combinations(range(6), size)]
    assert sorted(found) == sorted(expected)
    assert len(found) == count_subsets(6, smallest, largest)


def test_each_subset_equals_its_own_fit():
    features, target = table()
    for subset in every_subset(features, target):
        model = fit(features[:, subset.columns], target)
        assert subset.fitted[0] == pytest.approx(model.residuals, abs=1e-10)
        assert subset.left_out[0] == pytest.approx(leave_one_out(model), abs=1e-10)


def test_a_resample_equals_the_fit_to_repeated_rows_without_all_copies_of_a_row():
    features, target = table(count=3, seed=2)
    weights = np.random.default_rng(5).multinomial(18, np.full(18, 1 / 18), size=4).astype(float)
    assert (weights == 0).any()
    assert (weights > 1).any()
    for subset in every_subset(features, target, weights):
        x = features[:, subset.columns]
        for b, counts in enumerate(weights.astype(int)):
            full = fit(np.repeat(x, counts, axis=0), np.repeat(target, counts))
            assert subset.fitted[b] == pytest.approx(target - full.predict(x), abs=1e-9)
            for row in range(18):
                rest = np.where(np.arange(18) == row, 0, counts)
                model = fit(np.repeat(x, rest, axis=0), np.repeat(target, rest))
                error = target[row] - model.predict(x[[row]])[0]
                assert subset.left_out[b, row] == pytest.approx(error, abs=1e-8)


def test_a_row_of_weight_zero_is_never_seen():
    features, target = table()
    weights = np.ones((1, 18))
    weights[0, 4] = 0
    changed = target.copy()
    changed[4] = 1e6
    for one, other in zip(
        every_subset(features, target, weights), every_subset(features, changed, weights), strict=True
    ):
        assert one.left_out[0, :4] == pytest.approx(other.left_out[0, :4], abs=1e-6)
        assert other.left_out[0, 4] - one.left_out[0, 4] == pytest.approx(1e6 - target[4])


def test_collinear_subsets_are_undetermined_and_the_others_are_not():
    features, target = table(count=4)
    features[:, 3] = 2 * features[:, 1] - 5
    for subset in every_subset(features, target):
        assert np.isnan(subset.left_out).all() == ({1, 3} <= set(subset.columns))


def test_a_resample_of_two_rows_is_undetermined_by_itself():
    features, target = table(count=3)
    weights = np.ones((2, 18))
    weights[0] = 0
    weights[0, :2] = 9
    for subset in every_subset(features, target, weights):
        assert np.isnan(subset.left_out[0]).all()
        assert np.isfinite(subset.left_out[1]).all()


def test_constant_feature_is_undetermined():
    features, target = table(count=3)
    features[:, 1] = 7.0
    for subset in every_subset(features, target):
        assert np.isnan(subset.left_out).all() == (1 in subset.columns)


def test_too_many_candidates():
    with pytest.raises(RegressionError, match="17 candidate features have 131072 subsets"):
        next(every_subset(np.zeros((30, 17)), np.zeros(30)))


def test_numbers_of_subsets():
    assert count_subsets(8) == 247
    assert count_subsets(3, 1) == 7
