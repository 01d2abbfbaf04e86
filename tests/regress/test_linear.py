import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_microgen.errors import RegressionError
from napari_microgen.regress.cross_validation import leave_one_out
from napari_microgen.regress.linear import fit


def random_table(seed):
    """Rows, features and a property of any scale, offset and correlation."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 9))
    rows = int(rng.integers(count + 3, 40))
    features = rng.normal(size=(rows, count)) @ rng.normal(size=(count, count))
    features = features * 10.0 ** rng.uniform(-3, 3, count) + 10.0 ** rng.uniform(-3, 2, count)
    return features, rng.normal(size=rows) * 10.0 ** rng.uniform(-2, 4)


def close(found, expected):
    return np.abs(found - expected).max() <= 1e-10 * max(1.0, np.abs(expected).max())


def test_equal_to_scikit_learn_on_200_tables():
    for seed in range(200):
        features, target = random_table(seed)
        mine = fit(features, target)
        peer = make_pipeline(StandardScaler(), LinearRegression()).fit(features, target)
        assert close(mine.coefficients, peer[-1].coef_), seed
        assert close(mine.intercept, peer[-1].intercept_), seed
        assert close(mine.predict(features), peer.predict(features)), seed
        left_out = cross_val_predict(
            make_pipeline(StandardScaler(), LinearRegression()), features, target, cv=LeaveOneOut()
        )
        assert close(target - leave_one_out(mine), left_out), seed


def test_exact_relation_is_found():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(10, 3))
    model = fit(features, 4 + features @ [1.0, -2.0, 0.5])
    assert model.slopes == pytest.approx([1, -2, 0.5])
    assert model.constant == pytest.approx(4)
    assert np.abs(leave_one_out(model)).max() < 1e-12


def test_units_do_not_matter():
    features, target = random_table(3)
    scale = 10.0 ** np.arange(features.shape[1])
    one, other = fit(features, target), fit(features * scale, target)
    assert one.coefficients == pytest.approx(other.coefficients)
    assert one.slopes == pytest.approx(other.slopes * scale)
    assert one.predict(features) == pytest.approx(other.predict(features * scale))


def test_leverage_of_the_fitted_rows_and_beyond():
    features, target = random_table(4)
    model = fit(features, target)
    assert model.leverage_of(features) == pytest.approx(model.leverage)
    assert model.leverage.sum() == pytest.approx(features.shape[1] + 1)
    far = features.mean(axis=0) + 10 * features.std(axis=0)
    assert model.leverage_of(far[None])[0] > model.leverage.max()


def test_standard_errors_are_those_of_the_textbook():
    features, target = random_table(5)
    model = fit(features, target)
    z = np.column_stack([np.ones(len(target)), model.standardised(features)])
    free = len(target) - z.shape[1]
    covariance = np.linalg.inv(z.T @ z) * np.sum(model.residuals**2) / free
    assert model.standard_errors() == pytest.approx(np.sqrt(np.diag(covariance))[1:])


def test_no_freedom_no_standard_error():
    rng = np.random.default_rng(0)
    assert np.isnan(fit(rng.normal(size=(4, 3)), rng.normal(size=4)).standard_errors()).all()


def test_fewer_rows_than_features():
    with pytest.raises(RegressionError, match=r"3 rows cannot determine 4 features .*D, SA, phi, tau"):
        fit(np.eye(3, 4), np.arange(3), ["D", "SA", "phi", "tau"])


def test_constant_feature_is_named_with_its_value():
    with pytest.raises(RegressionError, match=r"tau \(always 1\.5\)"):
        fit(np.column_stack([np.arange(5.0), np.full(5, 1.5)]), np.arange(5.0), ["D", "tau"])


def test_collinear_features_are_named():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 9))
    with pytest.raises(RegressionError, match="porosity is a linear combination of D, so"):
        fit(np.column_stack([a, b, 1 - a]), c, ["D", "SA", "porosity"])
    with pytest.raises(RegressionError, match="s is a linear combination of D, SA"):
        fit(np.column_stack([a, b, a + 2 * b]), c, ["D", "SA", "s"])


def test_a_row_that_alone_determines_a_coefficient():
    features = np.column_stack([np.arange(6.0), [0, 0, 0, 0, 0, 1.0]])
    with pytest.raises(RegressionError, match="Row 6 cannot be predicted"):
        leave_one_out(fit(features, np.arange(6.0) ** 2))
