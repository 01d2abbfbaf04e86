from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.progress import finish
from napari_microgen.simulate.film_image import ElectronOptics, electron_image, equalised
from napari_microgen.simulate.film_rule import FilmConditions, film_law
from napari_microgen.simulate.film_surface import film_surface

PLAIN = ElectronOptics(noise=0.0, equalise=0.0, blur=0.1)


def surface_of(shape=(256, 256), seed=0, **conditions):
    law = film_law(FilmConditions(**conditions))
    return law, finish(film_surface(law, shape, 3.7, seed))


def autocorrelation_length(image):
    """Lag in pixels at which the radial autocorrelation has fallen to a half."""
    grey = image - image.mean()
    spectrum = np.abs(np.fft.fft2(grey)) ** 2
    correlation = np.fft.fftshift(np.fft.ifft2(spectrum).real)
    centre = np.array(correlation.shape) // 2
    radius = np.hypot(*(np.indices(correlation.shape) - centre[:, None, None]))
    profile = ndimage.mean(correlation, radius.round(), np.arange(60)) / correlation.max()
    return np.interp(
        0.5, -profile[np.argmax(profile < 0.2) :: -1] * -1, np.arange(np.argmax(profile < 0.2), -1, -1)
    )


def test_a_flat_surface_has_one_grey():
    law, surface = surface_of(temperature=500)
    flat = replace(surface, height=np.zeros_like(surface.height))
    image = electron_image(flat, law.feret, 0, PLAIN)
    assert np.unique(image).tolist() == [round(255 * PLAIN.flat)]


def test_steep_facets_are_brighter_and_grooves_darker():
    law, surface = surface_of(temperature=500)
    plain = replace(PLAIN, direction=0.0, shadow=0.0, edge=0.0)
    steep = electron_image(surface, law.feret, 0, plain).mean()
    flat = electron_image(replace(surface, height=0.3 * surface.height), law.feret, 0, plain).mean()
    assert steep > flat > 255 * PLAIN.flat
    shaded = electron_image(surface, law.feret, 0, replace(PLAIN, direction=0.0, tilt_gain=0.0)).astype(float)
    border = surface.cells != np.roll(surface.cells, 1, 0)
    assert shaded[border].mean() < shaded[~border].mean() - 10


def test_the_detector_lights_the_side_that_faces_it():
    law, surface = surface_of(temperature=500)
    left = electron_image(surface, law.feret, 0, replace(PLAIN, azimuth=0.0)).astype(float)
    right = electron_image(surface, law.feret, 0, replace(PLAIN, azimuth=180.0)).astype(float)
    slope = np.roll(surface.height, -1, 1) - np.roll(surface.height, 1, 1)
    assert np.corrcoef((left - right).ravel(), slope.ravel())[0, 1] > 0.9


def test_what_is_larger_looks_larger_and_smooth_films_have_little_contrast():
    quiet = ElectronOptics(noise=0.0, equalise=0.0)
    images = {}
    for name, conditions in {
        "fine": {"temperature": 200, "aluminium": 50, "oxygen": 10},
        "cold": {"temperature": 20},
        "warm": {"temperature": 500},
        "hot": {"temperature": 800},
        "blank": {"temperature": 490, "aluminium": 65, "ion_energy": 107, "ionisation": 1},
    }.items():
        law, surface = surface_of((320, 320), **conditions)
        images[name] = electron_image(surface, law.feret, 0, quiet).astype(float)
    lengths = [autocorrelation_length(images[name]) for name in ("fine", "cold", "warm", "hot")]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 3 * lengths[0]
    assert images["blank"].std() < 0.35 * images["warm"].std()


def test_equalising_keeps_the_edges_together():
    grey = ndimage.gaussian_filter(np.random.default_rng(0).random((256, 256)), 3, mode="wrap")
    grey = (grey - grey.min()) / np.ptp(grey)
    even = equalised(grey, 0.01).astype(float)
    for axis in (0, 1):
        steps = np.abs(np.roll(even, -1, axis) - even)
        assert np.take(steps, -1, axis).mean() < 1.3 * steps.mean()
    assert even.std() > 255 * grey.std()


def test_noise_is_as_asked_for():
    law, surface = surface_of(temperature=500)
    one, other = (
        electron_image(surface, law.feret, seed, replace(PLAIN, noise=0.02)).astype(float) for seed in (1, 2)
    )
    assert (one - other).std() == pytest.approx(255 * 0.02 * np.sqrt(2), rel=0.05)
