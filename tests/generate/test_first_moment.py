"""The regression of image means: exact where it was measured, reasonable in between."""

import json

import numpy as np
import pytest

from napari_microgen.errors import ModelFileError
from napari_microgen.generate.first_moment import MeanModel, contraction, fit_means


def measured(points, law, spread=0.05, count=400, seed=0):
    random = np.random.default_rng(seed)
    group = np.repeat(np.arange(len(points)), count)
    means = law(points[group]) + spread * random.standard_normal(len(group))
    return points[group], means, group


def law(points):
    return 0.4 + 0.3 * points[:, 0] - 0.1 * points[:, 0] ** 2


POINTS = np.linspace(-1.5, 1.5, 7)[:, None]


def test_known_means_and_spread_are_found():
    model = fit_means(*measured(POINTS, law))
    assert model.spread == pytest.approx(0.05, rel=0.05)
    np.testing.assert_allclose(model.mean(POINTS), law(POINTS), atol=0.008)
    between = POINTS[:-1] + 0.25
    np.testing.assert_allclose(model.mean(between), law(between), atol=0.015)


def test_a_condition_whose_images_vary_less_counts_more():
    points, means, group = measured(POINTS, law, spread=0.02)
    wild = group == 3
    means[wild] += 0.6 * np.random.default_rng(5).standard_normal(wild.sum())
    model = fit_means(points, means, group)
    others = np.delete(POINTS, 3, axis=0)
    np.testing.assert_allclose(model.mean(others), law(others), atol=0.004)


def test_means_of_whole_micrographs_count_more_than_those_of_patches():
    points, means, group = measured(POINTS, law, spread=0.3, count=20)
    whole, pieces = law(POINTS), np.full(len(POINTS), 1e6)
    model = fit_means(points, means, group, whole, pieces)
    np.testing.assert_allclose(model.mean(POINTS), law(POINTS), atol=0.003)


def test_it_survives_json():
    model = fit_means(*measured(POINTS, law))
    again = MeanModel.from_dict(json.loads(json.dumps(model.to_dict())))
    np.testing.assert_array_equal(again.mean(POINTS), model.mean(POINTS))


def test_one_condition_has_one_mean():
    model = fit_means(*measured(POINTS[:1], law))
    assert model.mean(POINTS[:1])[0] == pytest.approx(law(POINTS[:1])[0], abs=0.01)


@pytest.mark.parametrize(
    ("spread", "s_max", "side", "percent"),
    [(0.03, 80, 224, 8.4), (0.06, 80, 224, 16.6), (0.03, 80, 64, 2.4), (0.06, 80, 64, 4.8)],
)
def test_the_contraction_is_that_of_the_formula(spread, s_max, side, percent):
    assert 100 * contraction(spread, s_max, side) == pytest.approx(percent, abs=0.11)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [1.0]},
        {"points": "x"},
        {"length": 0},
        {"spread": -1},
        {"offset": None},
        {"unit": float("inf")},
    ],
)
def test_damaged_models_are_refused(change):
    content = fit_means(*measured(POINTS, law, count=5)).to_dict() | change
    with pytest.raises(ModelFileError):
        MeanModel.from_dict(content)
