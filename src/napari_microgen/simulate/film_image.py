"""Secondary-electron images of a surface: an optical surrogate of slopes, edges and shadows."""

from dataclasses import dataclass

import numpy as np

from .film_surface import FilmSurface


@dataclass(frozen=True)
class ElectronOptics:
    """How a surface becomes grey values."""

    flat: float = 0.30
    """Grey of a flat surface."""
    tilt_gain: float = 0.9
    """Grey per unit of sec(slope) - 1."""
    tilt_limit: float = 0.5
    """Largest sec(slope) - 1 that still adds grey."""
    direction: float = 0.30
    """Grey added by a slope of 45 degree towards the detector."""
    azimuth: float = 60.0
    """Direction of the detector, in degree from the columns."""
    edge: float = 0.09
    """Grey added at a ridge, per standard deviation of curvature."""
    shadow: float = 0.22
    """Grey lost in a groove as deep as half a feature is wide."""
    blur: float = 1.6
    """Standard deviation of the beam, in nm."""
    noise: float = 0.025
    """Standard deviation of the detector noise."""
    equalise: float = 0.004
    """Limit of the contrast that CLAHE may add; 0 for none."""


def electron_image(
    surface: FilmSurface, feret: float, seed: int | list[int], optics: ElectronOptics | None = None
) -> np.ndarray:
    """Return the image of a surface.

    Parameters
    ----------
    surface : FilmSurface
        The surface; periodic, and so is the image.
    feret : float
        Width of a feature in nm: the scale of shadows.
    seed : int or list of int
        The same seed gives the same noise.
    optics : ElectronOptics, optional
        Contrast and noise; usual ones if left out.

    Returns
    -------
    ndarray of uint8, shape (R, C)
        Grey values, equalised as the published images were.
    """
    from scipy import ndimage

    optics = ElectronOptics() if optics is None else optics
    height, pixel = surface.height, surface.pixel
    down = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) / (2 * pixel)
    right = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / (2 * pixel)
    secant = np.sqrt(1 + down**2 + right**2)
    grey = optics.flat + optics.tilt_gain * np.minimum(secant - 1, optics.tilt_limit)
    angle = np.radians(optics.azimuth)
    grey += optics.direction * (np.sin(angle) * down + np.cos(angle) * right) * np.sqrt(2) / secant
    wide = 0.06 * feret / pixel + 0.7
    curvature = -ndimage.gaussian_laplace(height, wide, mode="wrap") * wide**2 * pixel / feret
    grey += optics.edge * np.clip(curvature / 0.03, -1, 2)
    around = ndimage.gaussian_filter(height, 0.35 * feret / pixel, mode="wrap")
    grey -= optics.shadow * np.clip((around - height) / (0.25 * feret), -0.3, 1)
    grey = ndimage.gaussian_filter(grey, optics.blur / pixel, mode="wrap")
    grey += optics.noise * np.random.default_rng(seed).standard_normal(grey.shape)
    return equalised(np.clip(grey, 0, 1), optics.equalise)


def equalised(grey: np.ndarray, limit: float) -> np.ndarray:
    """Return a periodic image in 8 bits, its histogram equalised in blocks of an eighth of its edges."""
    if limit <= 0:
        return np.asarray(np.rint(255 * grey), np.uint8)
    from skimage.exposure import equalize_adapthist

    pad = [(edge // 4, edge // 4) for edge in grey.shape]
    padded = np.pad(grey, pad, mode="wrap")
    block = tuple(max(8, edge // 4) for edge in grey.shape)
    even = equalize_adapthist(padded, block, clip_limit=limit)
    inner = even[pad[0][0] : pad[0][0] + grey.shape[0], pad[1][0] : pad[1][0] + grey.shape[1]]
    return np.asarray(np.rint(255 * inner), np.uint8)
