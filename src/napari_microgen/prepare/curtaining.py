"""Take out curtains: straight streaks that the ion beam leaves along the milling direction.

A streak hardly changes along its own direction, so its energy lies near frequency 0 along
it: the band exp(-k^2 / 2 w^2), k being the frequency along the streaks and w = 2 / height.
Taken out of the image as it is, this band takes much of the sample with it (6 to 19 % of
the contrast between phases). So the sample is taken out first: each pixel is compared with
the grey of its own phase, pixels that fit neither phase are bridged along the streaks, and
the band is read off what is left.

References
----------
Muench, Trtik, Marone, Stampanoni, Opt. Express 17 (2009) 8567, doi 10.1364/OE.17.008567
(the wavelet method).
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

WIDTH = 2.0
"""Width w of the band, in cycles per length of the image along the streaks."""
WAVELET = "db4"
ROUNDS = 2
"""Times the phases are found anew in the cleaned image, two steps each."""
RIM = 3
"""Pixels on each side of an upright border that count a tenth."""
FAINT = 0.15
"""Where the pixels that count weigh less than this share of their mean, streaks are shrunk towards 0."""
Filter = Callable[[np.ndarray], np.ndarray]


def streaks_by_fft(image: np.ndarray, *, angle: float = 0.0, longest: float | None = None) -> np.ndarray:
    """Return the streaks of a slice, to be subtracted from it, by a filter on its frequencies.

    Parameters
    ----------
    image : ndarray, shape (R, C)
        A slice.
    angle : float
        Direction of the streaks in degree: 0 from top to bottom, 90 from left to right, 10
        leaning from top left to bottom right.
    longest : float, optional
        Longest wave across the streaks that is taken out, in px; by default all of them.
        Give one where the sample itself is layered along the streaks.

    Returns
    -------
    ndarray of float, shape (R, C)
        The streaks; their mean is 0.

    Examples
    --------
    >>> streaky = np.tile([0.0, 1.0, 0.0, -1.0], (64, 16))
    >>> bool(np.abs(streaky - streaks_by_fft(streaky)).max() < 1e-6)
    True
    """
    last = None if longest is None else partial(_across, longest=longest)
    return _turned(image, angle, partial(_streaks, last=last))


def streaks_by_wavelet(image: np.ndarray, *, angle: float = 0.0, longest: float | None = None) -> np.ndarray:
    """Return the streaks of a slice from the wavelet coefficients that hold upright detail.

    Parameters
    ----------
    image : ndarray, shape (R, C)
        A slice.
    angle : float
        Direction of the streaks in degree, as in `streaks_by_fft`.
    longest : float, optional
        Longest wave across the streaks that is taken out, in px, rounded to a power of 2; by
        default all of them.

    Returns
    -------
    ndarray of float, shape (R, C)
        The streaks; their mean is 0.
    """
    return _turned(image, angle, partial(_streaks, last=partial(_upright_detail, longest=longest)))


def _turned(image: np.ndarray, angle: float, streaks: Callable[..., np.ndarray]) -> np.ndarray:
    """Find streaks at an angle by shearing the image until they stand upright."""
    kept = image if image.dtype == np.float64 else image.astype(np.float32, copy=False)
    angle = (angle + 90) % 180 - 90
    if abs(angle) > 45:
        return _turned(kept.T, math.copysign(90, angle) - angle, streaks).T
    if np.ptp(kept) == 0:
        return np.zeros_like(kept)
    slope = math.tan(math.radians(angle))
    if slope == 0:
        return np.asarray(streaks(kept))
    rows, columns = kept.shape
    lean = np.arange(rows) * slope
    first = math.floor(-max(0.0, float(lean[-1])))
    width = columns + math.ceil(abs(float(lean[-1]))) + 1
    place = np.arange(first, first + width)[None, :] + lean[:, None]
    inside = ((place >= 0) & (place <= columns - 1)).astype(kept.dtype)
    upright = streaks(_moved(kept, first + lean, width), inside)
    found = _moved(upright, -first - lean, columns)
    return found - found.mean(axis=1, keepdims=True)


def _moved(image: np.ndarray, start: np.ndarray, width: int) -> np.ndarray:
    """Read each row of an image from its own start on, by cubic convolution, mirrored at the ends."""
    whole = np.floor(start)
    t = (start - whole)[:, None].astype(image.dtype)
    weights = (
        ((-0.5 * t + 1) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1,
        ((-1.5 * t + 2) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )
    columns = image.shape[1]
    place = whole.astype(np.intp)[:, None] + np.arange(-1, width + 2)[None, :]
    place = np.abs((place + columns) % (2 * columns) - columns)
    read = np.take_along_axis(image, np.minimum(place, columns - 1), axis=1)
    return np.asarray(sum(weights[k] * read[:, k : k + width] for k in range(4)))


def _streaks(image: np.ndarray, inside: np.ndarray | None = None, *, last: Filter | None) -> np.ndarray:
    """Upright streaks of an image whose phases do not count as streaks.

    Each step finds the phases in the image less the streaks known so far. What the phases
    still hide of the streaks shrinks by a constant factor, so two steps give the limit. The
    filter ``last``, if any, reads the result off the image without its phases.
    """
    found = _across(image) if _phases_are_streaks(image) else np.zeros_like(image)
    for _ in range(ROUNDS):
        once = _across(_without_phases(image, found, inside))
        twice = _across(_without_phases(image, once, inside))
        first, second = once - found, twice - once
        hidden = float(np.vdot(first, second)) / max(float(np.vdot(first, first)), 1e-12)
        found = once + second / image.dtype.type(1 - min(max(hidden, 0.0), 0.8))
    if last is not None:
        found = last(_without_phases(image, found, inside))
    return np.asarray(found - found.mean(), dtype=image.dtype)


def _phases_are_streaks(image: np.ndarray) -> bool:
    """Tell whether splitting the image at Otsu's threshold would split streaks, not phases."""
    bright = (image > _threshold(image)).astype(image.dtype)
    spread = float(bright.var())
    return spread == 0 or float(_across(bright).var()) > 0.5 * spread


def _sample(image: np.ndarray) -> np.ndarray:
    """Return about a hundred thousand pixels, evenly spread."""
    step = max(1, math.isqrt(image.size // 100_000))
    return image[::step, ::step]


def _threshold(image: np.ndarray) -> float:
    from skimage.filters import threshold_otsu

    some = _sample(image)
    low, high = float(some.min()), float(some.max())
    if high - low <= 1e-5 * max(abs(low), abs(high)):
        return (low + high) / 2
    return float(threshold_otsu(some))


def _without_phases(image: np.ndarray, streaks: np.ndarray, inside: np.ndarray | None) -> np.ndarray:
    """Image less the grey of the phase of each pixel, bridged where a pixel fits no phase.

    A pixel counts by Tukey's weight of its distance from its phase, over the variance of
    that phase: a phase of one even grey tells more of the streaks than a mottled one. Next to
    upright borders, where bright rims are mistaken for streaks, it counts a tenth.
    """
    from scipy import ndimage

    clean = image - streaks
    bright = clean > _threshold(clean)
    steps = np.zeros(bright.shape, np.uint8)
    steps[:, 1:] = bright[:, 1:] != bright[:, :-1]
    weight = np.where(ndimage.maximum_filter1d(steps, 2 * RIM, axis=1) > 0, 0.1, 1.0).astype(clean.dtype)
    if inside is not None:
        weight *= inside
    (dark, dark_spread), (light, light_spread) = _centre(clean, ~bright), _centre(clean, bright)
    narrowest = min(dark_spread, light_spread)
    by_phase = partial(_of_phase, bright, kind=clean.dtype)
    off = clean - by_phase(dark, light)
    fit = np.maximum(1 - np.square(off * by_phase(1 / (4.685 * dark_spread), 1 / (4.685 * light_spread))), 0)
    weight *= fit * fit
    weight *= by_phase((narrowest / dark_spread) ** 2, (narrowest / light_spread) ** 2)
    rest = image - by_phase(*_refined(bright, weight, off, dark, light))
    mean = clean.dtype.type(max(float(weight.mean()), 1e-12))
    evidence = np.maximum(_along_rows(weight), 0) / mean
    trust = evidence / (evidence**2 + FAINT**2)  # near 1 / evidence, and 0 where there is none
    bridge = _along_rows(weight * rest) * trust / mean
    return np.asarray(weight * rest + (1 - weight) * bridge)


def _of_phase(bright: np.ndarray, dark: float, light: float, kind: np.dtype) -> np.ndarray:
    """Return one value for each dark pixel and another for each bright one."""
    return np.array([dark, light], kind)[bright.view(np.uint8)]


def _refined(
    bright: np.ndarray, weight: np.ndarray, off: np.ndarray, dark: float, light: float
) -> tuple[float, float]:
    """Weighted mean grey of both phases from the distances to their medians."""
    light_weight = weight * bright
    totals = float(weight.sum()), float(light_weight.sum())
    shifts = float(np.vdot(weight, off)), float(np.vdot(light_weight, off))
    return (
        dark + (shifts[0] - shifts[1]) / ((totals[0] - totals[1]) or 1.0),
        light + shifts[1] / (totals[1] or 1.0),
    )


def _centre(image: np.ndarray, where: np.ndarray) -> tuple[float, float]:
    """Median of some pixels of a phase and their spread (scaled MAD)."""
    some = _sample(image)[_sample(where)]
    if some.size < 2:
        return float(image.mean()), max(float(image.std()), 1e-12)
    middle = float(np.median(some))
    spread = 1.4826 * float(np.median(np.abs(some - middle)))
    return middle, max(spread, 1e-3 * float(image.std()), 1e-12)


def _along_rows(image: np.ndarray) -> np.ndarray:
    """Part of an image near frequency 0 along the rows' axis, mirrored at its ends."""
    from scipy import fft

    size = image.shape[0]
    frequency = np.arange(size) / (2 * size)  # of the cosine transform, in cycles per px
    band = np.exp(-(frequency**2) / (2 * (WIDTH / size) ** 2)).astype(image.dtype)
    return np.asarray(fft.idct(fft.dct(image, axis=0) * band[:, None], axis=0))


def _across(image: np.ndarray, longest: float | None = None) -> np.ndarray:
    """Upright streaks in an image: its band, without what all columns share and waves that are too long."""
    from scipy import fft

    streaks = _along_rows(image)
    if longest is not None:
        size = image.shape[1]
        passed = (np.arange(size) / (2 * size) > 1 / longest).astype(image.dtype)
        streaks = np.asarray(fft.idct(fft.dct(streaks, axis=1) * passed, axis=1))
    return np.asarray(streaks - streaks.mean(axis=1, keepdims=True))


def _upright_detail(image: np.ndarray, longest: float | None) -> np.ndarray:
    """Streaks in an upright image from its wavelet coefficients."""
    import pywt

    levels = pywt.dwt_max_level(min(image.shape), WAVELET)
    if levels < 1:  # too small for a wavelet
        return _across(image, longest)
    if longest is not None:
        levels = min(levels, round(math.log2(longest)) - 1)
    coarse, *details = pywt.wavedec2(image, WAVELET, mode="symmetric", level=max(1, levels))
    found = [np.zeros_like(coarse) if longest is not None else _across(coarse)]
    for _, upright, diagonal in details:
        zero = np.zeros_like(diagonal)
        found.append((zero, _along_rows(upright), zero))
    streaks = pywt.waverec2(found, WAVELET, mode="symmetric")[: image.shape[0], : image.shape[1]]
    return np.asarray(streaks - streaks.mean(axis=1, keepdims=True))
