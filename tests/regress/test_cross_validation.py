import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

from napari_microgen.regress.cross_validation import (
    leave_group_out,
    nested_selection,
    single_rows,
    whole_groups,
)
from napari_microgen.regress.linear import fit
from napari_microgen.regress.subsets import every_subset

GROUPS = ["HPA"] * 6 + ["HPB"] * 6 + ["NPC"] * 6


def table(seed=0, count=4):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(18, count))
    return features, features[:, 0] + 0.5 * features[:, 1] + 0.7 * rng.normal(size=18)


def test_leave_group_out_equals_scikit_learn():
    features, target = table()
    expected = cross_val_predict(LinearRegression(), features, target, groups=GROUPS, cv=LeaveOneGroupOut())
    assert target - leave_group_out(features, target, GROUPS) == pytest.approx(expected, abs=1e-10)


def test_a_group_that_alone_determines_a_feature_has_no_prediction():
    features, target = table()
    features[:, 3] = [1.0, 2, 3, 4, 5, 6] + [0.0] * 12
    errors = leave_group_out(features, target, GROUPS)
    assert np.isnan(errors[:6]).all()
    assert np.isfinite(errors[6:]).all()


@pytest.mark.parametrize("folds", [single_rows(18), whole_groups(GROUPS)], ids=["rows", "groups"])
def test_nested_selection_is_the_search_on_the_rest(folds):
    features, target = table()
    for held, fold in zip(folds, nested_selection(features, target, folds), strict=True):
        rest = ~held
        searched = every_subset(features[rest], target[rest])
        best = min(searched, key=lambda s: np.sum(s.left_out**2))
        assert fold.columns == best.columns
        assert fold.inner_rmse == pytest.approx(np.sqrt(np.mean(best.left_out**2)))
        model = fit(features[rest][:, best.columns], target[rest])
        assert fold.held_out == tuple(np.flatnonzero(held))
        assert fold.errors == pytest.approx(target[held] - model.predict(features[held][:, best.columns]))


def test_nested_score_is_that_on_new_samples_and_the_best_score_is_not():
    """Eight features of pure noise: the best of 247 models looks better than it is."""
    praised, honest, true = [], [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        features, target = rng.normal(size=(18, 8)), rng.normal(size=18)
        best = min(every_subset(features, target), key=lambda s: np.sum(s.left_out**2))
        praised.append(np.mean(best.left_out**2))
        honest.append(
            np.mean([f.errors[0] ** 2 for f in nested_selection(features, target, single_rows(18))])
        )
        new = rng.normal(size=(500, 8))[:, best.columns]
        true.append(
            np.mean((fit(features[:, best.columns], target).predict(new) - rng.normal(size=500)) ** 2)
        )
    assert np.mean(honest) == pytest.approx(np.mean(true), rel=0.1)
    assert np.mean(praised) < 0.75 * np.mean(true)


def test_folds():
    assert whole_groups(["b", "a", "b"]).tolist() == [[True, False, True], [False, True, False]]
    assert single_rows(2).tolist() == [[True, False], [False, True]]
