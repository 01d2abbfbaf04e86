"""Curvature ratio from known curvatures."""

import pytest

from napari_microgen.features import Feature
from napari_microgen.quantify.curvature_ratio import DERIVED_FROM, curvature_ratio, derive


def known(*values):
    return {n: Feature(name=n, value=v, reason="why") for n, v in zip(DERIVED_FROM, values, strict=True)}


@pytest.mark.parametrize("radius", [0.1, 2.0])
def test_a_ball_has_one_half_and_a_pore_the_opposite(radius):
    assert curvature_ratio(1 / radius, 1 / radius**2, 2 * radius) == pytest.approx(0.5)
    assert curvature_ratio(-1 / radius, 1 / radius**2, 2 * radius) == pytest.approx(-0.5)


def test_the_sign_is_that_of_the_mean_curvature():
    (feature,) = derive(known(2.0, -146.0, 0.1))
    assert feature.value == pytest.approx(2.0 / 14.6)


@pytest.mark.parametrize(
    ("values", "word"), [((1.0, 0.0, 1.0), "is 0"), ((1.0, 1.0, None), "why"), ((1.0, 1.0, 0.0), "is 0")]
)
def test_undefined_is_named(values, word):
    (feature,) = derive(known(*values))
    assert feature.value is None
    assert word in feature.reason


def test_missing_features_are_named():
    (feature,) = derive({})
    assert feature.reason == "mean_curvature is not measured"
    with pytest.raises(ValueError, match="undefined"):
        curvature_ratio(1.0, 0.0, 1.0)
