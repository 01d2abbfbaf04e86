"""Take noise off a slice: Gaussian, median, non-local means, total variation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import ParameterError
from ..progress import Progress, Steps, finish

STRIP_PIXELS = 250_000
"""Pixels per strip of non-local means, about 0.2 s of work."""
REACH = 10
"""Rows from which a pixel can take part: the search distance and half a patch, with the mirrored rim."""
Method = Literal["gaussian", "median", "nlm", "tv"]


@dataclass(frozen=True, slots=True)
class Denoised:
    """A slice without its noise."""

    image: np.ndarray
    """Grey values, shape (R, C)."""
    noise: float | None
    """Estimated standard deviation of the noise before, where the method needs it."""


def noise_level(image: np.ndarray) -> float:
    """Estimate the standard deviation of white noise from the finest detail.

    The median of the absolute diagonal wavelet detail over 0.6745, as Donoho and Johnstone
    (1994) give it. 0 for an image without detail.
    """
    import pywt

    if np.ptp(image) == 0:
        return 0.0
    _, (_, _, diagonal) = pywt.dwt2(np.asarray(image), "db2", mode="symmetric")
    return float(np.median(np.abs(diagonal)) / 0.6744897501960817)


def denoise(image: np.ndarray, method: Method, strength: float = 1.0) -> Denoised:
    """Take noise off a slice.

    Parameters
    ----------
    image : ndarray of float, shape (R, C)
        A slice.
    method : {"gaussian", "median", "nlm", "tv"}
        Gaussian blur; median of a square; non-local means; total variation.
    strength : float
        Gaussian: standard deviation in px. Median: the square has 2 x strength + 1 px on a
        side, strength rounded up. Non-local means: patches count as alike within 0.8 x
        strength times the noise. Total variation: weight in units of the noise.

    Returns
    -------
    Denoised

    Raises
    ------
    ParameterError
        If the strength is not above 0, or the method is unknown.
    """
    return finish(denoise_steps(image, method, strength))


def denoise_steps(image: np.ndarray, method: Method, strength: float = 1.0) -> Steps[Denoised]:
    """Do the same as `denoise`, with a tick after each strip of the slow method."""
    if not strength > 0:
        raise ParameterError(f"A denoising strength of {strength:g} was given; it must be above 0.")
    methods: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {"gaussian": _gaussian, "median": _median}
    if method in methods:
        return Denoised(methods[method](image, strength), None)
    if method not in ("nlm", "tv"):
        raise ParameterError(f"{method!r} is not a way to denoise; there are gaussian, median, nlm and tv.")
    noise = noise_level(image)
    if noise == 0:
        return Denoised(image, 0.0)
    if method == "tv":
        return Denoised(_total_variation(image, strength * noise), noise)
    cleaned = yield from _non_local_means(image, noise, strength)
    return Denoised(cleaned, noise)


def _gaussian(image: np.ndarray, strength: float) -> np.ndarray:
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(image, strength))


def _median(image: np.ndarray, strength: float) -> np.ndarray:
    from scipy import ndimage

    return np.asarray(ndimage.median_filter(image, size=2 * int(np.ceil(strength)) + 1))


def _total_variation(image: np.ndarray, weight: float) -> np.ndarray:
    from skimage.restoration import denoise_tv_chambolle

    return np.asarray(denoise_tv_chambolle(image, weight=weight), dtype=image.dtype)


def _non_local_means(image: np.ndarray, noise: float, strength: float) -> Steps[np.ndarray]:
    """Compare patches of 5 px within 6 px, strip by strip; strips overlap by the reach of a pixel."""
    from skimage.restoration import denoise_nl_means

    cleaned = np.empty_like(image)
    height = max(32, STRIP_PIXELS // image.shape[1])
    tops = range(0, image.shape[0], height)
    for index, top in enumerate(tops):
        first, last = max(0, top - REACH), top + height + REACH
        strip = denoise_nl_means(
            image[first:last],
            patch_size=5,
            patch_distance=6,
            h=0.8 * strength * noise,
            sigma=noise,
            fast_mode=True,
        )
        cleaned[top : top + height] = strip[top - first : top - first + height]
        yield Progress(index + 1, len(tops), "denoising")
    return cleaned
