"""Signs of mode collapse in points of known spread."""

import numpy as np
import pytest

from napari_microgen.compare.mode_collapse import collapse_alarm, diversity, worst_diversity


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def test_equal_sets_are_equally_diverse():
    found = diversity(normal(0, 2000, 5), normal(1, 2000, 5))
    assert found["diversity"] == pytest.approx(1.0, abs=0.03)
    assert found["nearest_spacing"] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_diversity_is_the_ratio_of_spreads(share):
    points = normal(0, 500, 5)
    assert diversity(points, share * points) == {
        "diversity": pytest.approx(share),
        "nearest_spacing": pytest.approx(share),
    }


def test_few_images_again_and_again_keep_their_spread_but_not_their_spacing():
    points = normal(0, 300, 5)
    repeated = points[np.random.default_rng(1).integers(20, size=300)]
    found = diversity(points, repeated)
    assert found["diversity"] > 0.7
    assert found["nearest_spacing"] == 0


def test_a_collapse_in_one_condition_is_not_hidden_by_the_others():
    codes = np.repeat(np.arange(4), 50)
    points = normal(0, 200, 5) + 20 * codes[:, None]
    other = normal(1, 200, 5) + 20 * codes[:, None]
    other[codes == 2] = other[codes == 2][:1]
    assert diversity(points, other)["diversity"] > 0.7
    assert worst_diversity(points, other, codes, codes)["diversity"] < 0.01


def test_conditions_with_few_images_are_taken_together():
    codes = np.arange(20)
    points = normal(0, 20, 3)
    assert worst_diversity(points, points, codes, codes)["diversity"] == pytest.approx(1.0)


def test_too_few_images_raise_no_alarm():
    assert np.isnan(diversity(normal(0, 2, 3), normal(1, 2, 3))["diversity"])
    nothing = {"diversity": [np.nan], "nearest_spacing": [np.nan]}
    assert not collapse_alarm(nothing, nothing).alarm


def test_real_halves_that_differ_widen_the_limit():
    wide = {"diversity": [0.4, 1.0], "nearest_spacing": [1.0]}
    low = {"diversity": [0.45], "nearest_spacing": [1.0]}
    assert not collapse_alarm(low, wide).alarm
    assert collapse_alarm(low, low | {"diversity": [1.0]}).alarm
