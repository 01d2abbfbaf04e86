import numpy as np
import pytest

from napari_microgen.regress.diagnostics import (
    condition_number,
    correlation_matrix,
    fitted_range,
    outside,
    variance_inflation,
)
from napari_microgen.regress.linear import fit


def test_variance_inflation_is_one_over_one_minus_r_squared():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 4))
    features[:, 3] += 3 * features[:, 1]
    model = fit(features, rng.normal(size=30))
    for j, found in enumerate(variance_inflation(model)):
        others = fit(np.delete(features, j, axis=1), features[:, j])
        r2 = 1 - np.sum(others.residuals**2) / np.sum((features[:, j] - features[:, j].mean()) ** 2)
        assert found == pytest.approx(1 / (1 - r2))


def test_orthogonal_features_have_condition_one():
    features = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]])
    assert condition_number(fit(features, np.arange(4.0))) == pytest.approx(1)


def test_correlation():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(12, 3))
    assert correlation_matrix(features) == pytest.approx(np.corrcoef(features.T))
    features[:, 1] = 4.0
    found = correlation_matrix(features)
    assert np.isnan(found[1]).all()
    assert found[0, 0] == 1


def test_range():
    features = np.array([[1.0, 5], [3, 4], [2, 8], [2, 5]])
    limits = fitted_range(fit(features, np.array([1.0, 2, 3, 5])), features)
    assert limits.low.tolist() == [1, 4]
    assert limits.high.tolist() == [3, 8]
    assert 0.25 < limits.leverage <= 1


def test_sentences_on_values_outside():
    low, high = {"D": 0.4, "tau": 1.0}, {"D": 0.8, "tau": 1.1}
    assert outside(["D", "tau"], {"D": 0.8, "tau": 1.0}, low, high) == []
    (text,) = outside(["D", "tau"], {"D": 0.3, "tau": 1.05}, low, high)
    assert text == "D = 0.3 lies below the fitted range 0.4 to 0.8"
