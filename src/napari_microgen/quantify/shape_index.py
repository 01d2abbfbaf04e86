"""Shape index of the interface in an image: from cup (-1) over saddle (0) to cap (+1).

The phase is blurred by one pixel and read as a landscape, the phase being high. Where
its surface bends up in all directions it is a cup, where it bends down a cap; between
lie rut (-1/2), saddle and ridge (+1/2). A straight edge of the phase is a ridge on its
inner side. The index depends on the scale of the blur, which is part of the result.

References
----------
Koenderink, van Doorn, Image Vis. Comput. 10 (1992) 557, doi 10.1016/0262-8856(92)90076-F.
"""

from typing import Any, Literal

import numpy as np

from ..features import Feature
from ..progress import Progress, Steps

NAMES = ("shape_index",)
NEEDS_LENGTH = False
DIMENSIONS = (2,)
BYTES_PER_VOXEL = 64.0
UNDEFINED_WHEN = "there is no interface"

Average = Literal["near", "paper"]
CLASSES = ("cup", "rut", "saddle", "ridge", "cap")
"""Names of the five equal ranges from -1 to 1."""

_NEAR = 4.0
_FLAT = 1e-3


def shape_index(phase: np.ndarray, spacing: tuple[float, ...] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Shape index of each pixel.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C)
        True where the phase (the high ground) is.
    spacing : (float, float) or None
        Pixel edges; only their ratio matters. None: square pixels.

    Returns
    -------
    index : ndarray of float64, shape (R, C)
        Between -1 and 1; 0 where the landscape is exactly flat.
    norm : ndarray of float64, shape (R, C)
        Size of the second derivatives; where it is small the index means nothing.

    Examples
    --------
    >>> spot = np.zeros((15, 15), bool)
    >>> spot[7, 7] = True
    >>> round(float(shape_index(spot)[0][7, 7]), 6)
    1.0
    """
    from scipy.ndimage import gaussian_filter

    edges = np.ones(2) if spacing is None else np.asarray(spacing, float) / min(spacing)
    # A blur by 1 px, then derivatives at 1 px: differences of a blur by sqrt(2) px.
    smooth = gaussian_filter(phase.astype(np.float64), np.sqrt(2) / edges, mode="nearest")
    padded = np.pad(smooth, 1, mode="edge")
    yy = np.diff(padded[:, 1:-1], 2, axis=0) / edges[0] ** 2
    xx = np.diff(padded[1:-1], 2, axis=1) / edges[1] ** 2
    corners = padded[2:, 2:] - padded[2:, :-2] - padded[:-2, 2:] + padded[:-2, :-2]
    yx = corners / (4 * edges[0] * edges[1])
    spread = np.sqrt(((yy - xx) / 2) ** 2 + yx**2)
    index: np.ndarray = 2 / np.pi * np.arctan2(-(yy + xx) / 2, spread)
    return index, np.sqrt(yy**2 + xx**2 + 2 * yx**2)


def measure(
    phase: np.ndarray, spacing: tuple[float, ...] | None = None, *, average: Average = "near"
) -> Steps[list[Feature]]:
    """Average the shape index over the phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C)
        True where the phase is.
    spacing : (float, float) or None
        Pixel edges; only their ratio matters. None: square pixels.
    average : {"near", "paper"}
        ``"near"``: over the pixels of the phase within 4 pixels of the interface whose
        second derivatives exceed a thousandth of the largest. ``"paper"``: over all
        pixels of the phase that are not exactly flat.

    Returns
    -------
    list of Feature
        ``shape_index``, dimensionless.
    """
    from scipy.ndimage import distance_transform_edt

    yield Progress(0, 1, "shape index")
    method = f"Hessian of the phase blurred by 1 px, at 1 px; average {average}"
    name: dict[str, Any] = {"name": NAMES[0], "method": method}
    if phase.all() or not phase.any():
        present = "fills the image" if phase.any() else "is absent"
        return [Feature(value=None, reason=f"the phase {present}, so there is no interface", **name)]
    index, norm = shape_index(phase, spacing)
    if average == "paper":
        chosen = phase & (norm > 0)
    else:
        ratio = None if spacing is None else np.asarray(spacing) / min(spacing)
        near = distance_transform_edt(phase, sampling=ratio) <= _NEAR
        chosen = phase & near & (norm > _FLAT * norm.max())
    if not chosen.any():
        return [Feature(value=None, reason="no pixel of the phase has a shape", **name)]
    values = index[chosen]
    counts = np.histogram(values, bins=5, range=(-1, 1))[0]
    details = {
        "scale_px": 1.0,
        "pixels": len(values),
        "standard_deviation": float(values.std()),
        "classes": {c: float(n / len(values)) for c, n in zip(CLASSES, counts, strict=True)},
    }
    remark = "square pixels assumed" if spacing is None else None
    return [Feature(value=float(values.mean()), reason=remark, details=details, **name)]
