"""Shadows of known shape."""

import numpy as np
import pytest

from napari_microgen.prepare.shading import bright_mode, flatten, measure_shading


def parabola(rows):
    place = np.linspace(-1, 1, rows)
    return 20 - 18 * place - 12 * place**2


def test_mode_of_the_bright_phase(face):
    for bright in (120.0, 180.3, 201.0):
        image, _ = face((64, 600), bright=bright, noise=6.0)
        assert bright_mode(image, (0.0, 255.0)) == pytest.approx(bright, abs=1.0)


def test_the_mode_is_that_of_the_bright_phase_when_pores_prevail(phases):
    solid = phases((64, 800), solid=0.3)
    image = np.where(solid, 170.0, 40.0) + np.random.default_rng(0).normal(0, 6, solid.shape)
    assert bright_mode(image, (0.0, 255.0)) == pytest.approx(170, abs=1.5)


@pytest.mark.parametrize("divide", [False, True])
def test_a_known_shadow_is_found_and_removed(face, divide):
    image, solid = face((640, 500), bright=160.0, dark=60.0, noise=6.0)
    shadow = parabola(640)
    shaded = image * (1 + shadow / 160)[:, None] if divide else image + shadow[:, None]
    shading = measure_shading(shaded)
    assert np.abs(shading.profile - (160 + shadow)).max() <= 1.5
    flat = flatten(shaded, shading, shading.level, divide=divide)
    levels = [flat[k : k + 64][solid[k : k + 64]].mean() for k in range(0, 640, 64)]
    assert np.ptp(levels) <= 2.5
    assert np.ptp([shaded[k : k + 64][solid[k : k + 64]].mean() for k in range(0, 640, 64)]) > 20


def test_one_wrong_band_does_not_pull_the_fit(face):
    image, _ = face((640, 500), noise=6.0)
    image[320:352] += 60  # a charged band
    assert np.abs(measure_shading(image).profile - 180).max() <= 2


def test_slices_are_brought_to_one_level(face):
    image, solid = face((320, 300), noise=5.0)
    darker = image - 25
    flat = flatten(darker, measure_shading(darker), 180.0)
    assert flat[solid].mean() == pytest.approx(180, abs=2)


def test_without_a_mode_there_is_a_reason_and_no_change():
    constant = np.full((100, 100), 5.0)
    shading = measure_shading(constant)
    assert shading.profile is None
    assert "0 of 3 bands" in shading.reason
    assert flatten(constant, shading, 100.0) is constant
    assert measure_shading(np.random.default_rng(0).normal(size=(20, 300))).profile is None


def test_a_profile_below_zero_is_not_divided_by(face):
    image = face((320, 300))[0] - 300
    shading = measure_shading(image)
    assert flatten(image, shading, 10.0, divide=True) is image
