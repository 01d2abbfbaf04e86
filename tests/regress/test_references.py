import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import Ridge, RidgeCV

from napari_microgen.regress.references import (
    PENALTIES,
    best_penalty,
    fit_kernel,
    gaussian_process_error,
    predict_process,
    ridge_coefficients,
    ridge_error,
)


def standard(seed=0, rows=18, count=4):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, count))
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    target = features @ rng.normal(size=count) + rng.normal(size=rows)
    return features, target - target.mean()


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
def test_ridge_equals_scikit_learn(penalty):
    features, target = standard()
    peer = Ridge(alpha=penalty).fit(features, target)
    assert ridge_coefficients(features, target, penalty) == pytest.approx(peer.coef_, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_penalty_equals_scikit_learn_leave_one_out(seed):
    features, target = standard(seed)
    peer = RidgeCV(alphas=PENALTIES * 18).fit(features, target)
    assert best_penalty(features, target) == pytest.approx(peer.alpha_)


def test_ridge_error_refits_everything_without_the_row():
    features, target = standard(1)
    features = features * [1, 10, 100, 1000] + 5
    for row in (0, 7, 17):
        found = ridge_error(features, target, row)
        x, y = np.delete(features, row, axis=0), np.delete(target, row)
        z, mean, sd = (x - x.mean(axis=0)) / x.std(axis=0), x.mean(axis=0), x.std(axis=0)
        peer = RidgeCV(alphas=PENALTIES * 17).fit(z, y)
        assert found == pytest.approx(target[row] - peer.predict([(features[row] - mean) / sd])[0], abs=1e-8)


def test_process_predicts_as_scikit_learn_at_its_settings():
    features, target = standard(2)
    settings = fit_kernel(features, target, np.log([2.0, 1.0, 0.1]))
    length, amplitude, noise = np.exp(settings)
    kernel = ConstantKernel(amplitude**2) * RBF(length) + WhiteKernel(noise**2)
    peer = GaussianProcessRegressor(kernel, optimizer=None, alpha=1e-14).fit(features, target)
    new = features[:5] + 0.3
    assert predict_process(features, target, new, settings) == pytest.approx(peer.predict(new), abs=1e-8)


def test_process_settings_are_as_likely_as_those_of_scikit_learn():
    features, target = standard(3)
    settings = fit_kernel(features, target, np.log([2.0, 1.0, 0.1]))
    kernel = ConstantKernel(1.0, (0.05**2, 1e4)) * RBF(2.0, (0.1, 100)) + WhiteKernel(0.01, (1e-6, 9))
    peer = GaussianProcessRegressor(kernel, n_restarts_optimizer=5, random_state=0, alpha=1e-14).fit(
        features, target
    )
    mine = np.log([np.exp(settings[1]) ** 2, np.exp(settings[0]), np.exp(settings[2]) ** 2])
    assert peer.log_marginal_likelihood(mine) >= peer.log_marginal_likelihood_value_ - 0.01


def test_process_beats_lines_where_the_relation_bends():
    rng = np.random.default_rng(0)
    features = rng.uniform(-2, 2, size=(40, 1))
    target = np.sin(2 * features[:, 0]) + 0.05 * rng.normal(size=40)
    bent, straight = (
        np.mean([error(features, target, row) ** 2 for row in range(40)])
        for error in (gaussian_process_error, ridge_error)
    )
    assert bent < 0.1 * straight
