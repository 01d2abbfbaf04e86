"""Two-point correlation against counting by hand and the closed form of random fields."""

import numpy as np
import pytest

from napari_microgen.correlation import pair_sums
from napari_microgen.progress import finish
from napari_microgen.quantify.two_point_correlation import measure, pair_counts, two_point_correlation


@pytest.mark.parametrize("shape", [(7, 6, 5), (9, 8), (1, 12), (4, 1, 6)])
def test_counts_are_those_of_slicing(shape):
    phase = np.random.default_rng(0).random(shape) < 0.5
    lags = tuple(min(3, n - 1) for n in shape)
    sums = pair_counts(phase, lags)
    for index in np.ndindex(sums.hits.shape):
        lag = [i - m for i, m in zip(index, lags, strict=True)]
        here = tuple(slice(max(0, -k), n - max(0, k)) for k, n in zip(lag, shape, strict=True))
        there = tuple(slice(max(0, k), n - max(0, -k)) for k, n in zip(lag, shape, strict=True))
        assert sums.hits[index] == np.count_nonzero(phase[here] & phase[there])
        assert sums.pairs[index] == phase[here].size


def test_slabs_give_the_whole_exactly(monkeypatch):
    phase = np.random.default_rng(1).random((40, 20, 22)) < 0.4
    whole = pair_sums(phase, (10, 8, 9))
    monkeypatch.setattr("napari_microgen.quantify.two_point_correlation._TRANSFORM_POINTS", 1)
    sums = pair_counts(phase, (10, 8, 9))
    assert np.array_equal(sums.hits, whole.hits)
    assert np.array_equal(sums.pairs, whole.pairs)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0)])
def test_random_field_has_its_closed_form(level_cut, spacing):
    smoothing = 3.0
    curves = []
    for seed in range(4):
        phase = level_cut((80, 80, 80), smoothing, 0.0, spacing, seed).phase
        distance, probability = two_point_correlation(phase, spacing, reach=15.0)
        curves.append(probability - probability[0] + 0.5)
    correlation = np.exp(-(distance**2) / (4 * smoothing**2))
    exact = 0.25 + np.arcsin(correlation) / (2 * np.pi)
    assert np.abs(np.mean(curves, axis=0) - exact).max() < 0.012


def test_first_value_is_the_phase_fraction_and_the_tail_its_square():
    phase = np.random.default_rng(0).random((60, 60, 60)) < 0.3
    _, probability = two_point_correlation(phase, (1.0,) * 3)
    assert probability[0] == phase.mean()
    assert probability[1:] == pytest.approx(phase.mean() ** 2, abs=2e-3)


def test_length_scales_with_the_voxel_and_not_with_flips(level_cut):
    phase = level_cut((64, 64, 64), 2.5).phase
    (one,) = finish(measure(phase, (1.0, 1.0, 1.0)))
    (other,) = finish(measure(phase[::-1, :, ::-1], (0.5, 0.5, 0.5)))
    assert other.value == pytest.approx(one.value / 2)
    assert one.value == pytest.approx(2 * 2.5 * np.sqrt(-np.log(np.sin(0.05 * np.pi / 2))), rel=0.08)


def test_degenerate_volumes_are_named(degenerate, degenerate_image):
    for phase in (degenerate, degenerate_image):
        (feature,) = finish(measure(phase, (1.0,) * phase.ndim))
        assert feature.value is not None or feature.reason
        (feature,) = finish(measure(phase, None))
        assert feature.reason == "voxel size unknown"
