"""Streaks of known shape on faces of known phases."""

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.prepare.curtaining import streaks_by_fft, streaks_by_wavelet
from napari_microgen.simulate.imaging import image_stack

METHODS = {"fft": streaks_by_fft, "wavelet": streaks_by_wavelet}


def profile(kind, size, amplitude, seed=0):
    if kind == "noise":
        wave = ndimage.gaussian_filter1d(np.random.default_rng(seed).standard_normal(size), 1.5)
    else:
        wave = np.sin(2 * np.pi * np.arange(size) / float(kind))
    wave = wave - wave.mean()
    return (amplitude * wave / wave.std()).astype(np.float32)


def contrast(image, solid):
    return float(image[solid].mean() - image[~solid].mean())


@pytest.mark.parametrize("amplitude", [4.0, 12.0])
@pytest.mark.parametrize("kind", ["noise", "7", "33", "90"])
@pytest.mark.parametrize("method", METHODS)
def test_streaks_fall_tenfold_and_the_sample_stays(face, method, kind, amplitude):
    clean, solid = face((400, 640))
    curtains = np.broadcast_to(profile(kind, 640, amplitude), clean.shape)
    found = METHODS[method](clean + curtains)
    left = curtains - (found - METHODS[method](clean))
    assert left.std() <= 0.1 * curtains.std()
    result = clean + curtains - found
    assert abs(result.mean() - clean.mean()) <= 1e-3 * clean.mean()
    assert abs(contrast(result, solid) / contrast(clean, solid) - 1) <= 0.01


@pytest.fixture(scope="module")
def fibsem_face(phases):
    """A simulated FIB-SEM face with shine-through, shadow and bright rims but no curtains, and its solid."""
    solid = phases((40, 690, 1000), 4.0, seed=3)
    grey, labels, _ = image_stack(solid, seed=1, margin=(39, 50), curtain=0.0)
    return grey[0].astype(np.float32), labels[0] == 1


@pytest.mark.parametrize("amplitude", [6.0, 15.0])
@pytest.mark.parametrize("method", METHODS)
def test_shine_through_and_bright_rims_are_no_streaks(fibsem_face, method, amplitude):
    clean, solid = fibsem_face
    curtains = np.broadcast_to(profile("noise", clean.shape[1], amplitude), clean.shape)
    found = METHODS[method](clean + curtains)
    left = curtains - (found - METHODS[method](clean))
    assert left.std() <= 0.1 * curtains.std()
    assert abs(contrast(clean + curtains - found, solid) / contrast(clean, solid) - 1) <= 0.01


@pytest.mark.parametrize("method", METHODS)
def test_a_face_without_streaks_is_nearly_left_alone(face, method):
    clean, solid = face((400, 640))
    removed = METHODS[method](clean)
    assert removed.std() <= 0.02 * contrast(clean, solid)
    assert abs(float(removed.mean())) < 1e-4


@pytest.mark.parametrize("method", METHODS)
def test_streaks_on_one_even_phase(method):
    grain = np.random.default_rng(0).normal(100, 3, (300, 400)).astype(np.float32)
    wave = profile("31", 400, 8.0)
    left = wave - (METHODS[method](grain + wave) - METHODS[method](grain)).mean(axis=0)
    assert left.std() <= 0.1 * wave.std()


@pytest.mark.parametrize("angle", [10.0, -20.0, 45.0, 80.0, 90.0])
def test_slanted_streaks(face, angle):
    clean, solid = face((300, 360))
    rows, columns = np.mgrid[:300, :360]
    turn = np.radians(angle)
    across = columns * np.cos(turn) - rows * np.sin(turn)
    curtains = (8 * np.sin(across / 3.0)).astype(np.float32)
    found = streaks_by_fft(clean + curtains, angle=angle)
    left = curtains - (found - streaks_by_fft(clean, angle=angle))
    assert left.std() <= 0.1 * curtains.std()
    assert abs(contrast(clean + curtains - found, solid) / contrast(clean, solid) - 1) <= 0.01


@pytest.mark.parametrize("method", METHODS)
def test_half_a_turn_and_transposition_change_nothing(face, method):
    image = face((120, 150))[0] + profile("11", 150, 6.0)
    upright = METHODS[method](image)
    assert np.allclose(METHODS[method](image, angle=180.0), upright)
    assert np.allclose(METHODS[method](image.T, angle=90.0), upright.T)


@pytest.mark.parametrize("method", METHODS)
def test_waves_that_are_too_long_stay(method):
    grain = np.random.default_rng(0).normal(100, 2, (256, 512)).astype(np.float32)
    layers = profile("256", 512, 10.0)
    removed = (METHODS[method](grain + layers, longest=32.0) - METHODS[method](grain, longest=32.0)).std()
    assert removed <= 0.05 * layers.std()
    assert METHODS[method](grain + layers).std() >= 0.9 * layers.std()


def test_shading_along_the_streaks_is_no_streak():
    shaded = np.linspace(0, 50, 300)[:, None] + np.random.default_rng(0).normal(100, 3, (300, 300))
    assert streaks_by_fft(shaded).mean(axis=1) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 5), (64, 63)])
def test_any_shape_and_a_constant_image(method, shape):
    assert not METHODS[method](np.full(shape, 7.0)).any()
    noise = np.random.default_rng(0).normal(size=shape)
    found = METHODS[method](noise)
    assert found.shape == shape
    assert np.isfinite(found).all()
