"""Length scales of conditions that matter are short, of others long; the gradient is the right one."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from napari_microgen.generate import relevance
from napari_microgen.generate.relevance import descriptors, inverse_squared_lengths


def test_a_condition_that_does_not_matter_has_a_long_scale():
    random = np.random.default_rng(0)
    points = random.standard_normal((100, 3))
    values = np.stack([np.sin(2 * points[:, 0]), points[:, 1]], 1) + 0.05 * random.standard_normal((100, 2))
    found = inverse_squared_lengths(points, values)
    assert found[0] > found[1] > found[2]
    assert found[2] == pytest.approx(1 / relevance.LONGEST**2, rel=0.3)


@pytest.mark.parametrize(("count", "numbers"), [(7, 2), (20, 1)])
def test_too_few_conditions_tell_nothing(count, numbers):
    assert inverse_squared_lengths(np.zeros((count, numbers)), np.ones((count, 1))) is None


def test_constant_descriptors_tell_nothing():
    points = np.random.default_rng(0).standard_normal((20, 2))
    assert inverse_squared_lengths(points, np.ones((20, 2))) is None


def test_the_gradient_of_the_likelihood_is_that_of_differences(monkeypatch):
    random = np.random.default_rng(1)
    points = random.standard_normal((15, 2))
    seen = {}

    def spy(cost, start, **options):
        seen["cost"] = cost
        return type("Result", (), {"x": start, "fun": 0.0})

    monkeypatch.setattr("scipy.optimize.minimize", spy)
    relevance._fitted((points[:, None] - points[None]) ** 2, points[:, 0])
    where = np.array([0.3, -0.2, -1.5])
    error = check_grad(lambda x: seen["cost"](x)[0], lambda x: seen["cost"](x)[1], where)
    assert error < 1e-4


def test_descriptors_tell_coarse_from_fine():
    rows, columns = np.mgrid[:32, :32]
    fine, coarse = ((rows // n + columns // n) % 2 * 2.0 - 1 for n in (1, 8))
    assert descriptors(fine)[2] > 4 * descriptors(coarse)[2]
    assert descriptors(fine)[3] < 0.1 < descriptors(coarse)[3]
    assert descriptors(fine)[:2] == pytest.approx([0, 1])
