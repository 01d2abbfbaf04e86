"""Directions, laws and images of latent vectors, against a linear decoder and normal laws that are known."""

import numpy as np
import pytest

from napari_microgen.generate.latent_prior import fit_prior
from napari_microgen.generate.latent_space import (
    activation_maps,
    correlation_left_out,
    cumulated_maps,
    distributions,
    eigenmode_maps,
    level_maps,
    normal_fit,
    principal_components,
    probed_scores,
)

LATENT = 6
RANDOM = np.random.default_rng(0)
DIRECTIONS = np.linalg.qr(RANDOM.standard_normal((LATENT, LATENT)))[0]
DIRECTIONS *= np.sign(DIRECTIONS[np.arange(LATENT), np.abs(DIRECTIONS).argmax(1)])[:, None]
VARIANCES = np.array([9.0, 4.0, 2.0, 1.0, 0.5, 0.1])
MEAN = np.arange(LATENT) - 2.0
COVARIANCE = DIRECTIONS.T @ np.diag(VARIANCES) @ DIRECTIONS
MATRIX = RANDOM.standard_normal((LATENT, 5, 4))
OFFSET = RANDOM.standard_normal((5, 4))


def linear(vectors):
    """A decoder that is a matrix."""
    return np.tensordot(vectors, MATRIX, 1) + OFFSET


def whitened(count, seed=1):
    """Numbers whose mean is exactly 0 and whose covariance is exactly the unit matrix."""
    drawn = np.random.default_rng(seed).standard_normal((count, LATENT))
    drawn -= drawn.mean(0)
    return drawn @ np.linalg.inv(np.linalg.cholesky(drawn.T @ drawn / count)).T


@pytest.fixture
def vectors():
    return MEAN + whitened(400) * np.sqrt(VARIANCES) @ DIRECTIONS


def test_components_of_a_known_law(vectors):
    found = principal_components(vectors, 4)
    np.testing.assert_allclose(found.mean, MEAN, atol=1e-12)
    np.testing.assert_allclose(found.variances, VARIANCES[:4], rtol=1e-10)
    np.testing.assert_allclose(found.axes, DIRECTIONS[:4], atol=1e-8)
    np.testing.assert_allclose(found.explained, VARIANCES[:4] / VARIANCES.sum(), rtol=1e-10)


def test_all_components_give_the_vectors_back_and_few_the_nearest(vectors):
    whole, part = principal_components(vectors, LATENT), principal_components(vectors, 2)
    np.testing.assert_allclose(whole.vectors(whole.scores(vectors)), vectors, atol=1e-10)
    left = vectors - part.vectors(part.scores(vectors))
    assert (left**2).sum(1).mean() == pytest.approx(VARIANCES[2:].sum(), rel=1e-9)


def test_eigenmodes_of_a_linear_decoder_are_the_matrix_times_the_eigenvectors(vectors):
    found = principal_components(vectors, 3)
    wanted = np.tensordot(np.sqrt(VARIANCES[:3])[:, None] * DIRECTIONS[:3], MATRIX, 1)
    np.testing.assert_allclose(eigenmode_maps(linear, found), wanted, atol=1e-8)


def test_activations_of_a_linear_decoder_are_its_columns():
    np.testing.assert_allclose(activation_maps(linear, LATENT, [0, 5], 2.0), 2 * MATRIX[[0, 5]], atol=1e-12)
    many = cumulated_maps(linear, LATENT, [2, LATENT])
    np.testing.assert_allclose(many, [OFFSET + MATRIX[:2].sum(0), OFFSET + MATRIX.sum(0)], atol=1e-12)
    levels = level_maps(linear, LATENT, [1.0, -3.0])
    np.testing.assert_allclose(levels, [OFFSET + MATRIX.sum(0), OFFSET - 3 * MATRIX.sum(0)], atol=1e-12)


def test_the_full_law_has_the_covariance_and_the_printed_one_only_its_diagonal(vectors):
    point, noise = np.zeros((1, 1)), whitened(5000, seed=2)
    sure = [np.zeros_like(vectors)]
    at = np.zeros((len(noise), 1))
    full = fit_prior(point, [vectors], sure, full=True).vectors(at, noise)
    np.testing.assert_allclose(np.cov(full, rowvar=False, bias=True), COVARIANCE, atol=1e-5)
    printed = fit_prior(point, [vectors], sure, full=False).vectors(at, noise)
    np.testing.assert_allclose(
        np.cov(printed, rowvar=False, bias=True), np.diag(np.diag(COVARIANCE)), atol=1e-5
    )
    np.testing.assert_allclose(full.mean(0), MEAN, atol=1e-5)


def test_correlations_are_those_of_the_law_and_none_where_there_are_none(vectors):
    deviation = np.sqrt(np.diag(COVARIANCE))
    r = (COVARIANCE / np.outer(deviation, deviation))[np.triu_indices(LATENT, 1)]
    assert correlation_left_out(vectors) == pytest.approx(np.sqrt((r**2).mean()), abs=0.005)
    apart = np.random.default_rng(3).standard_normal((2000, 20))
    assert correlation_left_out(apart) < 0.01


def test_normal_numbers_fit_the_normal_law_and_others_do_not():
    from scipy import stats

    drawn = np.random.default_rng(4).standard_normal((500, 2))
    drawn[:, 1] = np.sign(drawn[:, 1])
    found = normal_fit(drawn)
    first = (drawn[:, 0] - found.mean[0]) / found.deviation[0]
    assert found.distance[0] == pytest.approx(stats.kstest(first, "norm").statistic, rel=1e-9)
    assert found.distance[0] < 0.05
    assert found.distance[1] == pytest.approx(0.341, abs=0.03)  # two values: half below -1


def test_densities_integrate_to_one(vectors):
    edges, densities = distributions(vectors, 30)
    np.testing.assert_allclose((densities * np.diff(edges)).sum(1), 1)
    assert edges[0] == -edges[-1]


def test_probes_move_with_the_mean_and_widen_with_the_deviation(vectors):
    """As in Fig. 7: the middle follows the mean along the direction, the width the deviation."""
    found = principal_components(vectors, 2)
    rows = probed_scores(found, (-2.0, 0.0, 2.0), (1.0, 3.0), 4000, 0)
    middle = {row["mean"]: row["scores"][0][2] for row in rows if row["deviation"] == 1}
    step = DIRECTIONS[0].sum()
    assert middle[2.0] - middle[-2.0] == pytest.approx(4 * step, abs=0.1)
    width = {row["deviation"]: row["scores"][0][3] - row["scores"][0][1] for row in rows if row["mean"] == 0}
    assert width[1.0] == pytest.approx(2 * 0.6745, abs=0.08)
    assert width[3.0] == pytest.approx(3 * width[1.0], rel=0.08)
