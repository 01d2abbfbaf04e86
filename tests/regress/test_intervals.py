import numpy as np
import pytest

from napari_microgen.regress.cross_validation import leave_one_out
from napari_microgen.regress.intervals import (
    Stability,
    affordable_resamples,
    bootstrap_coefficients,
    jackknife_plus,
    percentile_interval,
    resampled_weights,
    selection_stability,
)
from napari_microgen.regress.linear import fit


def table(seed, rows=18):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 2))
    return features, 3 + features @ [2.0, -1.0] + rng.normal(size=rows)


def test_resampled_coefficients_equal_fits_to_the_drawn_rows():
    features, target = table(0)
    weights = resampled_weights(18, 20, seed=1)
    sd = features.std(axis=0)
    for counts, found in zip(
        weights.astype(int), bootstrap_coefficients(features, target, weights), strict=True
    ):
        model = fit(np.repeat(features, counts, axis=0), np.repeat(target, counts))
        assert found == pytest.approx(model.slopes * sd)


def test_resamples_without_enough_rows_are_nan():
    features, target = table(0)
    weights = np.zeros((2, 18))
    weights[0, :2] = 9
    weights[1] = 1
    found = bootstrap_coefficients(features, target, weights)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_bootstrap_intervals_cover():
    hits = 0
    for seed in range(200):
        features, target = table(seed, rows=40)
        drawn = bootstrap_coefficients(features, target, resampled_weights(40, 300, seed))
        low, high = percentile_interval(drawn[:, 0])
        hits += low <= 2.0 * features[:, 0].std() <= high
    assert 0.86 <= hits / 200 <= 0.99


def test_interval_of_mostly_undetermined_samples():
    assert percentile_interval(np.array([1.0, np.nan, np.nan])) is None


def test_jackknife_plus_covers_new_samples():
    hits, total = 0, 0
    for seed in range(120):
        features, target = table(seed)
        errors = leave_one_out(fit(features, target))
        new, measured = table(seed + 10_000, rows=20)
        models = [fit(np.delete(features, i, axis=0), np.delete(target, i)) for i in range(18)]
        for x, y in zip(new, measured, strict=True):
            predictions = np.array([model.predict(x[None])[0] for model in models])
            low, high = jackknife_plus(predictions, errors, 0.9)
            hits, total = hits + (low <= y <= high), total + 1
    assert hits / total == pytest.approx(18 / 19, abs=0.025)  # the 18th of 19 ranks is the next above 0.9


def test_jackknife_plus_is_symmetric_and_widens_with_its_level():
    rng = np.random.default_rng(0)
    predictions, errors = rng.normal(size=30), rng.normal(size=30)
    low, high = jackknife_plus(predictions, errors, 0.8)
    mirrored = jackknife_plus(-predictions, errors, 0.8)
    assert mirrored == pytest.approx((-high, -low))
    wider = jackknife_plus(predictions, errors, 0.9)
    assert wider[0] <= low
    assert wider[1] >= high


def test_too_few_rows_for_a_level_give_no_interval():
    assert jackknife_plus(np.zeros(8), np.ones(8), 0.9) is None
    assert jackknife_plus(np.zeros(9), np.ones(9), 0.9) == (-1, 1)
    assert jackknife_plus(np.zeros(18), np.ones(18), 0.95) is None


def stability(features, target, resamples=200):
    *ticks, outcome = selection_stability(features, target, resampled_weights(len(target), resamples, 0))
    assert isinstance(outcome, Stability)
    return ticks, outcome


def test_stability_finds_what_matters():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(18, 5))
    target = 5 * features[:, 1] - 4 * features[:, 3] + 0.3 * rng.normal(size=18)
    ticks, outcome = stability(features, target)
    assert ticks == list(range(1, 27))
    assert outcome.resamples == 200
    assert outcome.inclusion[[1, 3]].min() > 0.99
    assert outcome.inclusion[[0, 2, 4]].max() < 0.7
    assert sum(outcome.wins.values()) == pytest.approx(1)
    assert list(outcome.wins.values()) == sorted(outcome.wins.values(), reverse=True)
    assert 0.2 < outcome.unseen_rmse < 1.0


def test_large_tables_get_fewer_resamples():
    assert affordable_resamples(1000, 18, 247) == 1000
    assert affordable_resamples(1000, 500, 65_000) == 50
    assert affordable_resamples(10, 500, 65_000) == 10
