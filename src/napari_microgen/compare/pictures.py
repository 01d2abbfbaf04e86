"""Images of a report as PNG data inside the page: grids of equal contrast, pairs, heat maps."""

import base64
from collections.abc import Sequence
from io import BytesIO

import numpy as np

from .cross_correlation import symmetric

GAP = 4
"""Pixels between the images of a grid."""


def png_data(image: np.ndarray, *, scale: int = 1) -> str:
    """Return an image as the address of an ``<img>`` that needs no file.

    Parameters
    ----------
    image : ndarray of uint8, shape (R, C) or (R, C, 3)
        Grey or colour values.
    scale : int
        Each pixel becomes a square of this edge.

    Examples
    --------
    >>> png_data(np.zeros((2, 2), np.uint8))[:30]
    'data:image/png;base64,iVBORw0K'
    """
    from PIL import Image

    large = image.repeat(scale, axis=0).repeat(scale, axis=1)
    stream = BytesIO()
    Image.fromarray(large).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def grey_bytes(images: np.ndarray, white: float) -> np.ndarray:
    """Return grey values as 8 bits, the same black and white for all images.

    Parameters
    ----------
    images : ndarray of number
        Grey values from 0 to ``white``.
    white : float
        Grey value of white.
    """
    if images.dtype == np.uint8 and white == 255:
        return images
    scaled: np.ndarray = np.clip(np.rint(images.astype(np.float64) * (255 / white)), 0, 255)
    return scaled.astype(np.uint8)


def grid(images: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Lay images of one shape out in rows, with white gaps.

    Examples
    --------
    >>> grid([np.zeros((8, 8), np.uint8)] * 3, 2).shape
    (20, 20)
    """
    rows, columns = -(-len(images) // columns), min(columns, len(images))
    height, width = images[0].shape
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), 255, np.uint8)
    for index, image in enumerate(images):
        y, x = index // columns * (height + GAP), index % columns * (width + GAP)
        sheet[y : y + height, x : x + width] = image
    return sheet


def pair(known: np.ndarray, image: np.ndarray, symmetry: int, shift: tuple[int, int]) -> np.ndarray:
    """Show a known image, one that resembles it, and both overlapping parts laid side by side.

    Parameters
    ----------
    known, image : ndarray of uint8, shape (R, C)
        A training image, and one that may be its copy.
    symmetry : int
        Symmetry of ``image`` that fits.
    shift : (int, int)
        Rows and columns by which it then lies in ``known``.
    """
    turned = symmetric(image, symmetry)
    moved = np.full_like(known, 255)
    rows, columns = known.shape
    dy, dx = shift
    y1, y2, x1, x2 = max(0, dy), min(rows, rows + dy), max(0, dx), min(columns, columns + dx)
    if turned.shape == known.shape:
        moved[y1:y2, x1:x2] = turned[y1 - dy : y2 - dy, x1 - dx : x2 - dx]
    return grid([known, moved, image], 3) if image.shape == known.shape else grid([known, moved], 2)


def heat(values: np.ndarray, limit: float, *, signed: bool = False) -> np.ndarray:
    """Return a small table of numbers as colours, white for 0; blue is below where ``signed``.

    Parameters
    ----------
    values : ndarray of float, shape (R, C)
        Numbers; the first row is drawn at the bottom.
    limit : float
        Number of full colour.
    signed : bool
        Show negative numbers in blue.
    """
    share = np.clip(values[::-1] / (limit or 1.0), -1, 1)
    warm, cold = np.array([180.0, 60.0, 20.0]), np.array([20.0, 80.0, 180.0])
    strength = np.abs(share)[..., None] if signed else np.clip(share, 0, 1)[..., None]
    ink = np.where(share[..., None] < 0, cold, warm)
    return np.rint(255 - strength * (255 - ink)).astype(np.uint8)
