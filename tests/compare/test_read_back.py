"""Ridge regression with its penalty chosen on rows left out."""

import numpy as np
import pytest

from napari_microgen.compare.read_back import PENALTIES, ridge_regression


def test_scikit_learn_chooses_the_same_penalty():
    linear_model = pytest.importorskip("sklearn.linear_model")
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 12))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    targets = x[:, :1] + random.normal(size=(40, 1))
    targets -= targets.mean()
    theirs = linear_model.RidgeCV(alphas=PENALTIES).fit(x, targets[:, 0])
    np.testing.assert_allclose(ridge_regression(x, targets)[:, 0], theirs.coef_, atol=1e-9)


def test_nothing_is_read_from_noise():
    random = np.random.default_rng(1)
    x, targets = random.normal(size=(60, 40)), random.normal(size=(60, 1))
    assert np.abs(ridge_regression(x, targets)).max() < 0.05


def test_more_coordinates_than_rows():
    random = np.random.default_rng(2)
    x = random.normal(size=(20, 50))
    assert np.isfinite(ridge_regression(x, x[:, :2])).all()
