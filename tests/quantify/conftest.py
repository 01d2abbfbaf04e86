"""Shapes and random fields with known geometry, shared by the tests of this folder."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm


@dataclass(frozen=True)
class LevelCut:
    """A level-cut Gaussian random field {f > u} and the closed forms of its geometry.

    ``lambda2``, the second spectral moment, is that of the drawn field: it differs from
    1 / (2 smoothing^2) by the chance of the draw, which would drown a small bias.
    """

    phase: np.ndarray
    level: float
    lambda2: float

    @property
    def density(self):
        return float(1 - norm.cdf(self.level))

    @property
    def surface(self):
        return 2 / np.pi * np.sqrt(self.lambda2) * np.exp(-(self.level**2) / 2)

    @property
    def perimeter(self):
        """Length of the contour of a plane section per area."""
        return np.pi / 4 * self.surface

    @property
    def mean_curvature(self):
        return self.level * np.sqrt(np.pi * self.lambda2 / 8)

    @property
    def gaussian_curvature(self):
        return self.lambda2 * (self.level**2 - 1) / 2

    @property
    def euler_density(self):
        return self.gaussian_curvature * self.surface / (4 * np.pi)


def second_spectral_moment(field, spacing):
    """Mean square of the gradient per axis over the variance of a periodic field."""
    power = np.abs(np.fft.fftn(field)) ** 2
    power.flat[0] = 0
    waves = np.meshgrid(
        *(2 * np.pi * np.fft.fftfreq(n, s) for n, s in zip(field.shape, spacing, strict=True)),
        indexing="ij",
        sparse=True,
    )
    return float(np.mean([(power * k**2).sum() for k in waves]) / power.sum())


@pytest.fixture(scope="session")
def level_cut():
    """Return a function that makes a `LevelCut` of given shape, smoothing and level."""

    def make(shape, smoothing, level=0.0, spacing=None, seed=0):
        spacing = spacing or (1.0,) * len(shape)
        noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
        field = gaussian_filter(noise, [smoothing / s for s in spacing], mode="wrap", truncate=5.0)
        phase = (field - field.mean()) / field.std() > level
        return LevelCut(phase, level, second_spectral_moment(field, spacing))

    return make


@pytest.fixture(scope="session")
def ball():
    """Return a function that makes a ball off the lattice, with an empty margin, and its radius in um."""

    def make(radius, spacing=(1.0, 1.0, 1.0), margin=4, centre=(0.13, 0.27, 0.41)):
        half = [int(np.ceil(radius / s)) + margin for s in spacing]
        axes = np.ogrid[tuple(slice(-n, n + 1) for n in half)]
        squares = [((a - c) * s) ** 2 for a, c, s in zip(axes, centre, spacing, strict=True)]
        return sum(squares) <= radius**2

    return make


@pytest.fixture(scope="session")
def torus():
    """Return a function that makes a solid torus about the plane axis, with an empty margin."""

    def make(big, small, spacing=(1.0, 1.0, 1.0), margin=8):
        extent = (small, big + small, big + small)
        half = [int(np.ceil(e / s)) + margin for e, s in zip(extent, spacing, strict=True)]
        z, y, x = (
            (a - 0.21) * s
            for a, s in zip(np.ogrid[tuple(slice(-n, n + 1) for n in half)], spacing, strict=True)
        )
        return (np.hypot(y, x) - big) ** 2 + z**2 <= small**2

    return make


DEGENERATE = {
    "empty": np.zeros((6, 6, 6), bool),
    "full": np.ones((6, 6, 6), bool),
    "one voxel alone": np.ones((1, 1, 1), bool),
    "one voxel inside": np.pad(np.ones((1, 1, 1), bool), 3),
    "one plane": np.random.default_rng(0).random((1, 12, 12)) < 0.5,
    "one row": np.random.default_rng(0).random((5, 1, 9)) < 0.5,
    "one column": np.random.default_rng(0).random((5, 9, 1)) < 0.5,
    "checkerboard": np.indices((6, 6, 6)).sum(0) % 2 == 0,
}


@pytest.fixture(params=DEGENERATE, scope="session")
def degenerate(request):
    """Volumes in which hardly anything is defined."""
    return DEGENERATE[request.param]


DEGENERATE_IMAGES = {
    "empty": np.zeros((12, 12), bool),
    "full": np.ones((12, 12), bool),
    "one pixel alone": np.ones((1, 1), bool),
    "one pixel inside": np.pad(np.ones((1, 1), bool), 4),
    "one row": np.random.default_rng(0).random((1, 9)) < 0.5,
    "one column": np.random.default_rng(0).random((9, 1)) < 0.5,
    "checkerboard": np.indices((8, 8)).sum(0) % 2 == 0,
    "half": np.arange(64).reshape(8, 8) < 32,
}


@pytest.fixture(params=DEGENERATE_IMAGES, scope="session")
def degenerate_image(request):
    """Images in which hardly anything is defined."""
    return DEGENERATE_IMAGES[request.param]
