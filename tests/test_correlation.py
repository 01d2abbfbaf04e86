import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_microgen.correlation import correlation_length, pair_sums, radial_probability


def counted(phase, lag):
    """Pairs at one lag, by slicing."""
    here = tuple(slice(max(0, -d), min(n, n - d)) for n, d in zip(phase.shape, lag, strict=True))
    there = tuple(slice(max(0, d), min(n, n + d)) for n, d in zip(phase.shape, lag, strict=True))
    return np.count_nonzero(phase[here] & phase[there]), phase[here].size


@given(arrays(bool, array_shapes(min_dims=1, max_dims=3, max_side=7)), st.integers(0, 4))
def test_pairs_are_counted_exactly(phase, reach):
    sums = pair_sums(phase, reach)
    for index in np.ndindex(*sums.hits.shape):
        lag = [i - n // 2 for i, n in zip(index, sums.hits.shape, strict=True)]
        assert (sums.hits[index], sums.pairs[index]) == counted(phase, lag)


@given(arrays(bool, (3, 6, 5)))
def test_sums_over_planes_add_up(phase):
    whole = pair_sums(phase, (0, 3, 3))
    parts = pair_sums(phase[0], 3) + pair_sums(phase[1], 3) + pair_sums(phase[2], 3)
    np.testing.assert_array_equal(whole.hits[0], parts.hits)
    np.testing.assert_array_equal(whole.pairs[0], parts.pairs)


def test_the_first_value_is_the_phase_fraction_and_random_pixels_are_uncorrelated():
    phase = np.random.default_rng(0).random((400, 400)) < 0.3
    distance, probability = radial_probability(pair_sums(phase, 10))
    assert distance[0] == 0
    assert probability[0] == phase.mean()
    np.testing.assert_allclose(probability[1:], 0.09, atol=0.002)


def test_distances_are_in_the_unit_of_the_spacing():
    phase = np.zeros((8, 40), bool)
    phase[:, ::4] = True
    distance, probability = radial_probability(pair_sums(phase, (0, 8)), (5.0, 0.5))
    np.testing.assert_allclose(distance, np.arange(9) * 0.5)
    assert probability[4] == pytest.approx(0.25, abs=0.02)
    assert probability[2] == 0


def test_correlation_length_of_a_gaussian_field_is_in_closed_form():
    """Covariance of the sign of a field: (2/pi) asin exp(-r²/4s²); it is 1/e at r = 1.556 s."""
    from napari_microgen.simulate.gaussian_field import level_cut_field

    smoothing = 6.0
    phase = level_cut_field((512, 512), smoothing, 0.5, seed=3)
    found = correlation_length(*radial_probability(pair_sums(phase, 40)))
    exact = smoothing * np.sqrt(-4 * np.log(np.sin(np.pi / 2 / np.e)))
    assert exact == pytest.approx(1.556 * smoothing, rel=1e-3)
    assert found == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize("phase", [np.zeros((5, 5), bool), np.ones((5, 5), bool), np.array([[True]])])
def test_one_phase_has_no_correlation_length(phase):
    assert correlation_length(*radial_probability(pair_sums(phase, 3))) is None


def test_a_structure_larger_than_the_window_has_no_correlation_length():
    phase = np.zeros((100, 100), bool)
    phase[:, 50:] = True
    assert correlation_length(*radial_probability(pair_sums(phase, 4))) is None
