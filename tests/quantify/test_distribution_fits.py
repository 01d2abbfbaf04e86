"""Fits to histograms: drawn from the distribution itself, they find it."""

import numpy as np
import pytest

from napari_microgen.quantify.distribution_fits import fit_gamma, fit_log_normal


def histogram(values, bins=60):
    counts, edges = np.histogram(values, bins)
    return edges, counts.astype(float)


@pytest.mark.parametrize(("mean", "sd"), [(-1.6, 0.3), (0.0, 0.5), (3.0, 0.2)])
def test_log_normal_samples_give_their_parameters(mean, sd):
    fit = fit_log_normal(*histogram(np.random.default_rng(0).lognormal(mean, sd, 40_000), 200))
    assert fit.parameters[0] == pytest.approx(mean, abs=0.02)
    assert fit.parameters[1] == pytest.approx(sd, rel=0.03)
    assert fit.ks < 0.02


@pytest.mark.parametrize(("shape", "scale"), [(1.0, 0.3), (2.5, 0.1), (9.0, 2.0)])
def test_gamma_samples_give_their_parameters(shape, scale):
    fit = fit_gamma(*histogram(np.random.default_rng(0).gamma(shape, scale, 40_000), 200))
    assert fit.parameters[0] == pytest.approx(shape, rel=0.05)
    assert fit.parameters[1] == pytest.approx(scale, rel=0.05)
    assert fit.ks < 0.02


@pytest.mark.parametrize("fit", [fit_log_normal, fit_gamma])
def test_a_density_has_area_one_and_agrees_with_the_share(fit):
    found = fit(*histogram(np.random.default_rng(1).gamma(4.0, 0.2, 5000)))
    x = np.linspace(1e-4, 12, 200_001)
    area = np.concatenate([[0], np.cumsum(np.diff(x) * 0.5 * (found.density(x)[1:] + found.density(x)[:-1]))])
    assert area[-1] == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(area, found.share(x) - found.share(x[:1]), atol=1e-3)


def test_a_wrong_distribution_is_seen():
    two = np.concatenate([np.full(500, 1.0), np.full(500, 5.0)]) + np.linspace(0, 0.1, 1000)
    assert fit_log_normal(*histogram(two)).ks > 0.2


@pytest.mark.parametrize("fit", [fit_log_normal, fit_gamma])
def test_a_single_bin_has_no_fit(fit):
    assert fit(np.array([1.0, 2.0, 3.0]), np.array([0.0, 7.0])) is None
