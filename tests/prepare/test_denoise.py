"""Noise of known strength."""

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.errors import ParameterError
from napari_microgen.prepare import denoise as module
from napari_microgen.prepare.denoise import denoise, noise_level

METHODS = ("gaussian", "median", "nlm", "tv")


@pytest.mark.parametrize("sigma", [2.0, 10.0, 30.0])
def test_noise_level_is_found(phases, sigma):
    sharp = ndimage.gaussian_filter(np.where(phases((300, 300), 6), 160.0, 60.0), 1.0)
    noisy = sharp + np.random.default_rng(0).normal(0, sigma, sharp.shape)
    assert noise_level(noisy) == pytest.approx(sigma, rel=0.12)
    assert noise_level(np.full((30, 30), 4.0)) == 0


@pytest.mark.parametrize("method", METHODS)
def test_error_falls_at_the_default_strength(phases, method):
    solid = phases((200, 240), 6)
    truth = ndimage.gaussian_filter(np.where(solid, 160.0, 60.0), 1.0).astype(np.float32)
    noisy = truth + np.random.default_rng(0).normal(0, 12, truth.shape).astype(np.float32)
    cleaned = denoise(noisy, method).image
    assert cleaned.dtype == np.float32
    assert np.std(cleaned - truth) <= 0.6 * np.std(noisy - truth)
    assert cleaned.mean() == pytest.approx(noisy.mean(), rel=0.005)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_image_stays(method):
    image = np.full((40, 50), 9.0, np.float32)
    assert np.allclose(denoise(image, method).image, image)


def test_strips_do_not_show(phases, monkeypatch):
    noisy = np.where(phases((200, 120)), 160.0, 60.0) + np.random.default_rng(0).normal(0, 10, (200, 120))
    whole = denoise(noisy, "nlm").image
    monkeypatch.setattr(module, "STRIP_PIXELS", 40 * 120)
    assert np.allclose(denoise(noisy, "nlm").image, whole, atol=1e-6)


@pytest.mark.parametrize("strength", [0.0, -1.0, float("nan")])
def test_a_strength_that_means_nothing_is_refused(strength):
    with pytest.raises(ParameterError, match="above 0"):
        denoise(np.zeros((4, 4)), "gaussian", strength)


def test_an_unknown_method_is_named():
    with pytest.raises(ParameterError, match="'bm3d'"):
        denoise(np.zeros((4, 4)), "bm3d")
