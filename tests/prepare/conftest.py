"""Synthetic faces whose truth is known."""

import numpy as np
import pytest
from scipy import ndimage


@pytest.fixture(scope="session")
def phases():
    """Return a function that gives the phases of a level-cut random field, True where solid."""

    def make(shape, smoothing=4.0, seed=0, solid=0.58):
        noise = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
        field = ndimage.gaussian_filter(noise, smoothing, mode="wrap")
        return field > np.quantile(field, 1 - solid)

    return make


@pytest.fixture(scope="session")
def face(phases):
    """Return a function that gives a noisy two-phase face as float32, with its phases."""

    def make(shape=(320, 400), dark=60.0, bright=180.0, noise=8.0, seed=0, smoothing=4.0):
        solid = phases(shape, smoothing, seed)
        grain = np.random.default_rng(seed + 1).normal(0, noise, shape)
        return (np.where(solid, bright, dark) + grain).astype(np.float32), solid

    return make
