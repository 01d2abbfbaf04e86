"""Patches to train on: drawn where there are labels, and varied as a microscope would vary them."""

from dataclasses import dataclass

import numpy as np

from .unet_data import IGNORE, LabelledStack, TrainingData


@dataclass(frozen=True, kw_only=True, slots=True)
class Variation:
    """How much a patch is varied. Never upside down: tilt and milling have a direction."""

    zoom: float = 1.2
    """Largest factor of enlarging or shrinking."""
    contrast: float = 0.2
    """Standard deviation of the factor on, and of the offset of, the grey values."""
    gamma: float = 0.25
    """Standard deviation of the logarithm of the exponent, used in half of the patches."""
    noise: float = 0.1
    """Largest added noise, in standard deviations of the image, used in half of the patches."""
    blur: float = 1.0
    """Largest Gaussian blur in px, used in three of ten patches."""
    curtain: float = 0.1
    """Largest amplitude of stripes along the rows, used in half of the patches."""


NO_VARIATION = Variation(zoom=1.0, contrast=0.0, gamma=0.0, noise=0.0, blur=0.0, curtain=0.0)

Sample = tuple[np.ndarray, np.ndarray]
"""Image, float32 of shape (channels, R, C), and class numbers, uint8 of shape (R, C)."""


def draw_patch(data: TrainingData, size: int, variation: Variation, generator: np.random.Generator) -> Sample:
    """Return one random patch that holds labelled pixels.

    Each label file is drawn equally often, and so are the planes labelled by hand in it and
    the others: few right labels count as much as many automatic ones. In half of the
    draws a class is chosen first, so that rare classes are seen.
    """
    groups = [(stack, group) for stack in data.stacks for group in stack.groups()]
    stack, group = groups[int(generator.integers(len(groups)))]
    index = group[int(generator.integers(len(group)))]
    row, column = labelled_pixel(stack, index, generator)
    factor = np.exp(generator.uniform(-1, 1) * np.log(variation.zoom))
    rows = _span(row, size, factor, stack.labels.shape[1], generator)
    columns = _span(column, size, factor, stack.labels.shape[2], generator)
    window = stack.window(index, data.context)
    image = resample(window, rows, columns)
    labels = _labels_at(stack.labels[index], rows, columns)
    if generator.random() < 0.5:
        image, labels = image[:, :, ::-1], labels[:, ::-1]
    return np.ascontiguousarray(vary(image, variation, generator)), np.ascontiguousarray(labels)


def labelled_pixel(stack: LabelledStack, index: int, generator: np.random.Generator) -> tuple[int, int]:
    """Return the row and column of a random labelled pixel, every other time of a random class."""
    labels = stack.labels[index].ravel()
    if generator.random() < 0.5:
        present = np.flatnonzero(np.bincount(labels, minlength=IGNORE + 1)[:IGNORE])
        wanted = int(present[int(generator.integers(present.size))])
        candidates = np.flatnonzero(labels == wanted)
    else:
        candidates = np.flatnonzero(labels != IGNORE)
    pixel = int(candidates[int(generator.integers(candidates.size))])
    return divmod(pixel, stack.labels.shape[2])


def resample(planes: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return planes at fractional rows and columns, interpolated linearly; mirrored outside.

    Parameters
    ----------
    planes : ndarray, shape (channels, R, C)
        The image.
    rows, columns : ndarray of float64
        Positions in px.

    Returns
    -------
    ndarray of float32, shape (channels, len(rows), len(columns))
        The values there.
    """
    height, width = planes.shape[1:]
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    if np.array_equal(top, rows) and np.array_equal(left, columns):
        return planes[:, _mirror(top, height)][:, :, _mirror(left, width)].astype(np.float32)
    down = (rows - top).astype(np.float32)[:, None]
    right = (columns - left).astype(np.float32)
    upper = planes[:, _mirror(top, height)].astype(np.float32)
    lower = planes[:, _mirror(top + 1, height)].astype(np.float32)
    lines = upper + (lower - upper) * down
    near, far = lines[:, :, _mirror(left, width)], lines[:, :, _mirror(left + 1, width)]
    return near + (far - near) * right


def vary(image: np.ndarray, variation: Variation, generator: np.random.Generator) -> np.ndarray:
    """Return an image with another contrast, gamma, sharpness, noise and curtains, at random."""
    from scipy import ndimage as ndi

    if variation == NO_VARIATION:
        return image
    image = image * np.float32(np.exp(generator.normal(0, variation.contrast)))
    image += np.float32(generator.normal(0, variation.contrast))
    if generator.random() < 0.5:
        low, high = image.min(), image.max()
        exponent = np.float32(np.exp(generator.normal(0, variation.gamma)))
        if high > low:
            image = ((image - low) / (high - low)) ** exponent * (high - low) + low
    if generator.random() < 0.3:
        sigma = generator.uniform(0, variation.blur)
        image = ndi.gaussian_filter(image, (0, sigma, sigma))
    if generator.random() < 0.5:
        stripes = ndi.gaussian_filter1d(generator.standard_normal(image.shape[2]), 1.5)
        amplitude = generator.uniform(0, variation.curtain) / max(float(stripes.std()), 1e-6)
        image = image + (amplitude * stripes).astype(np.float32)
    if generator.random() < 0.5:
        level = np.float32(generator.uniform(0, variation.noise))
        image = image + level * generator.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(image, np.float32)


def whole_plane(stack: LabelledStack, index: int, context: int, stride: int) -> Sample:
    """Return a whole labelled plane, mirrored up to sides that are multiples of ``stride``."""
    height, width = stack.labels.shape[1:]
    more = ((0, -height % stride), (0, -width % stride))
    image = np.pad(stack.window(index, context).astype(np.float32), ((0, 0), *more), mode="symmetric")
    return image, np.pad(stack.labels[index], more, constant_values=IGNORE)


def _span(pixel: int, size: int, factor: float, length: int, generator: np.random.Generator) -> np.ndarray:
    """Positions of ``size`` px, ``factor`` apart, around a pixel and, if they fit, inside the image."""
    extent = (size - 1) * factor
    start = pixel - generator.uniform(0, 1) * extent
    room = length - 1 - extent
    start = min(max(start, 0.0), room) if room >= 0 else room / 2
    if factor == 1.0:
        start = float(round(start))
    return start + factor * np.arange(size)


def _labels_at(labels: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Class numbers of the nearest pixels; `IGNORE` outside the image."""
    nearest = [np.rint(positions).astype(int) for positions in (rows, columns)]
    inside = [(at >= 0) & (at < n) for at, n in zip(nearest, labels.shape, strict=True)]
    found = labels[np.ix_(*(np.where(known, at, 0) for known, at in zip(inside, nearest, strict=True)))]
    return np.where(inside[0][:, None] & inside[1], found, np.uint8(IGNORE))


def _mirror(positions: np.ndarray, length: int) -> np.ndarray:
    """Reflect indices at the edges; the edge pixel itself is repeated."""
    folded = np.mod(positions, 2 * length)
    return np.where(folded < length, folded, 2 * length - 1 - folded)
