import numpy as np
import pytest

from napari_microgen.regress.importance import (
    brute_force_shap,
    global_importance,
    linear_shap,
    permutation_importance,
)
from napari_microgen.regress.linear import fit


def case(seed=0, rows=18, count=4):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, count)) @ rng.normal(size=(count, count)) + 3
    target = features @ rng.normal(size=count) + rng.normal(size=rows)
    return fit(features, target), features, target


@pytest.mark.parametrize("seed", range(5))
def test_closed_form_equals_the_mean_over_coalitions(seed):
    model, features, _ = case(seed)
    brute = brute_force_shap(model.predict, features, features)
    assert linear_shap(model, features, features) == pytest.approx(brute, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_the_shap_package(seed):
    shap = pytest.importorskip("shap")
    model, features, _ = case(seed)
    masker = shap.maskers.Independent(features, max_samples=len(features))
    peer = shap.LinearExplainer((model.slopes, model.constant), masker).shap_values(features)
    assert np.abs(linear_shap(model, features, features) - peer).max() <= 1e-9


def test_values_add_up_to_the_prediction():
    model, features, _ = case()
    new = features + 1.0
    total = linear_shap(model, new, features).sum(axis=1)
    assert total + model.predict(features).mean() == pytest.approx(model.predict(new))


def test_brute_force_on_a_product_shares_the_interaction():
    def product(x):
        return x[:, 0] * x[:, 1]

    values = brute_force_shap(product, np.array([[2.0, 3.0]]), np.array([[0.0, 0.0]]))
    assert values.tolist() == [[3.0, 3.0]]


def test_permutation_agrees_on_the_order():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 4))
    target = features @ [5.0, 2.0, 1.0, 0.0] + 0.1 * rng.normal(size=200)
    model = fit(features, target, ["a", "b", "c", "d"])
    rises = permutation_importance(model, features, target)
    assert list(np.argsort(-rises)) == [0, 1, 2, 3]
    # shuffling adds 2 b^2 var(x) to the mean squared error
    assert rises[0] == pytest.approx(np.sqrt(2 * 25), rel=0.1)
    assert rises[3] == pytest.approx(0, abs=1e-3)
    assert global_importance(model.features, linear_shap(model, features, features)).names == tuple("abcd")


def test_permutation_is_seeded():
    model, features, target = case()
    one, other = (permutation_importance(model, features, target, seed=3) for _ in range(2))
    assert (one == other).all()
