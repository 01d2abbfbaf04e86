"""Joint density against scipy's sum over points and a closed form."""

import numpy as np
import pytest
from scipy.stats import gaussian_kde, multivariate_normal

from napari_microgen.errors import ParameterError
from napari_microgen.quantify.kde import joint_density


def banana(count, seed=0):
    random = np.random.default_rng(seed)
    x = random.standard_normal(count)
    return x, 0.5 * random.standard_normal(count) ** 2 + 0.3 * x


def on_grid(found):
    return np.array(np.meshgrid(found.x, found.y, indexing="ij")).reshape(2, -1)


@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_the_sum_over_all_points(weighted):
    x, y = banana(2000)
    weights = np.random.default_rng(1).random(2000) if weighted else None
    found = joint_density(x, y, weights=weights, bins=(60, 50))
    exact = gaussian_kde([x, y], weights=weights)(on_grid(found)).reshape(60, 50)
    assert np.abs(found.density - exact).max() < 0.003 * exact.max()


def test_agrees_with_the_closed_form_of_normal_points():
    covariance = [[2.0, 0.9], [0.9, 1.0]]
    x, y = np.random.default_rng(0).multivariate_normal([1, -2], covariance, 4_000_000).T
    found = joint_density(x, y, bins=(64, 64))
    exact = multivariate_normal([1, -2], covariance + found.bandwidth).pdf(on_grid(found).T).reshape(64, 64)
    assert np.abs(found.density - exact).max() < 0.02 * exact.max()


def test_integrates_to_the_share_inside():
    x, y = banana(50_000)
    found = joint_density(x, y, bins=(300, 300), limits=((-6, 6), (-3, 9)))
    assert found.density.sum() * (12 / 299) ** 2 == pytest.approx(1, abs=2e-3)


def test_scale_and_shift_go_through():
    x, y = banana(5000)
    one = joint_density(x, y, bins=(40, 40))
    other = joint_density(1000 * x + 3, 0.01 * y - 7, bins=(40, 40))
    assert np.allclose(other.density * 10, one.density, rtol=1e-6, atol=1e-9 * one.density.max())


def test_points_far_outside_the_grid_do_no_harm():
    x, y = banana(5000)
    found = joint_density(x, y, bins=(30, 30), limits=((-0.5, 0.5), (0, 1)))
    exact = gaussian_kde([x, y])(on_grid(found)).reshape(30, 30)
    assert np.abs(found.density - exact).max() < 0.003 * exact.max()


@pytest.mark.parametrize("points", [([0.0, 1.0], [1.0, 2.0]), (np.arange(9.0), 2 * np.arange(9.0))])
def test_too_few_points_or_a_line_are_refused(points):
    with pytest.raises(ParameterError):
        joint_density(np.array(points[0]), np.array(points[1]))
