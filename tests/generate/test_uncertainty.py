"""Conformal intervals cover as often as they promise, and are undefined where they cannot."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.generate.uncertainty import between_models, conformal


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_intervals_cover_as_often_as_promised(coverage):
    random = np.random.default_rng(0)
    hits = []
    for _ in range(400):
        ratios = random.random(41)
        residuals = (1 + ratios) * random.standard_t(3, 41)
        width = conformal(residuals[:40], ratios[:40], coverage).half_width(ratios[40])
        hits.append(abs(residuals[40]) <= width.value)
    assert coverage - 0.04 < np.mean(hits) < coverage + 0.06


def test_farther_away_the_width_grows():
    widths = conformal(np.linspace(-1, 1, 30), np.zeros(30))
    assert widths.half_width(2.0).value == pytest.approx(3 * widths.half_width(0.0).value)


def test_nearer_than_any_condition_left_out_the_width_shrinks_no_more():
    """Errors that do not depend on the distance are covered there too."""
    random = np.random.default_rng(2)
    hits = []
    for _ in range(300):
        widths = conformal(random.normal(size=19), random.uniform(1, 2, 19))
        assert widths.half_width(0.0) == widths.half_width(widths.nearest)
        hits.append(abs(random.normal()) <= widths.half_width(0.0).value)
    assert np.mean(hits) > 0.85


def test_there_is_no_width_outside_the_training():
    found = conformal(np.ones(30), np.zeros(30)).half_width(0.5, "extrapolated")
    assert found.value is None
    assert "valid" in found.reason


@pytest.mark.parametrize(("count", "defined"), [(8, False), (9, True)])
def test_nine_conditions_are_needed_for_90_percent(count, defined):
    assert (conformal(np.ones(count), np.zeros(count)).half_width(0.0).value is not None) == defined


@pytest.mark.parametrize(
    ("residuals", "ratios", "coverage"),
    [([1], [0, 0], 0.9), ([np.nan], [0], 0.9), ([1], [-1], 0.9), ([1], [0], 1.0)],
)
def test_numbers_that_make_no_sense_are_refused(residuals, ratios, coverage):
    with pytest.raises(ParameterError):
        conformal(np.array(residuals), np.array(ratios), coverage)


def test_the_spread_between_models_needs_two():
    assert between_models(np.array([1.0])) is None
    assert between_models(np.array([1.0, 3.0])) == pytest.approx(np.sqrt(2))
