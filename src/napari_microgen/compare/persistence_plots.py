"""Images as points in the principal components of persistence images: in the plane, and in space."""

from collections.abc import Sequence

import numpy as np

from ..regress.svg import Canvas, padded
from .frame import Sides
from .plots import REAL, SYNTHETIC
from .space import Space

SHOWN = 300
"""Most points of a side."""
_LEAST = 1e-6
"""Share of the variance below which a component is rounding: phase maps have one component only."""
_AZIMUTH, _ELEVATION = np.deg2rad(-58.0), np.deg2rad(24.0)
_EDGES = tuple((a, b) for a in range(8) for b in range(a + 1, 8) if (a ^ b) in (1, 2, 4))
"""Edges of a cube whose corners are numbered by their bits."""


def persistence_scatter(sides: Sides, space: Space, dimensions: int = 2) -> str:
    """Return the images of both sides as points, as SVG; nothing where there are too few components.

    Parameters
    ----------
    sides : Sides
        Real and synthetic images.
    space : Space
        Its components were fitted on the real images only.
    dimensions : {2, 3}
        Plane, or a view of the space.
    """
    points = [space.persistence(s.descriptors)[:SHOWN, :dimensions] for s in (sides.real, sides.synthetic)]
    if (space.rings.explained > _LEAST).sum() < dimensions:
        return ""
    share = [f"{100 * part:.0f} %" for part in space.rings.explained]
    return _plane(points, share) if dimensions == 2 else _space(points, share)


def projected(points: np.ndarray) -> np.ndarray:
    """Return the place of points of space on paper, and how near they are to the eye, shape (n, 3).

    Examples
    --------
    >>> projected(np.array([[0.0, 0.0, 1.0]])).round(2).tolist()
    [[0.0, 0.91, 0.41]]
    """
    c, s = np.cos(_AZIMUTH), np.sin(_AZIMUTH)
    x, away = points[:, 0] * c - points[:, 1] * s, points[:, 0] * s + points[:, 1] * c
    up, near = np.sin(_ELEVATION), np.cos(_ELEVATION)
    return np.stack([x, points[:, 2] * near + away * up, points[:, 2] * up - away * near], axis=1)


def _plane(points: Sequence[np.ndarray], share: Sequence[str]) -> str:
    everything = np.concatenate(points)
    ranges = [padded(everything[:, k]) for k in range(2)]
    canvas = Canvas(ranges[0], ranges[1], title="persistence images", width=360, height=270, left=66)
    for group, colour, name in zip(points, (REAL, SYNTHETIC), ("real", "synthetic"), strict=True):
        for index, (x, y) in enumerate(group):
            canvas.point(float(x), float(y), colour, f"{name} {index + 1}", 2.0)
    canvas.abscissa(f"component 1 ({share[0]} of the variance)")
    canvas.ordinate(f"component 2 ({share[1]})")
    return canvas.svg()


def _space(points: Sequence[np.ndarray], share: Sequence[str]) -> str:
    """Draw the points in a cube around all of them, the nearer ones over the others and larger."""
    everything = np.concatenate(points)
    low, span = everything.min(axis=0), np.ptp(everything, axis=0)
    cubes = [2 * (group - low) / np.where(span > 0, span, 1.0) - 1 for group in points]
    corners = projected(np.array([[2.0 * (k >> b & 1) - 1 for b in range(3)] for k in range(8)]))
    reach = 1.05 * float(np.abs(corners[:, :2]).max())
    canvas = Canvas(
        (-reach, reach), (-reach, reach), "persistence images, in space", width=360, height=330, left=48
    )
    hidden = int(corners[:, 2].argmin())
    for a, b in _EDGES:
        behind = 'stroke-dasharray="3 3"' if hidden in (a, b) else ""
        (x1, y1), (x2, y2) = corners[a, :2].tolist(), corners[b, :2].tolist()
        canvas.line(x1, y1, x2, y2, "#bbbbbb", behind)
    sides = [np.full(len(group), k) for k, group in enumerate(cubes)]
    flat, side = projected(np.concatenate(cubes)), np.concatenate(sides)
    for row in np.argsort(flat[:, 2], kind="stable"):
        x, y, near = flat[row]
        name, colour = (("real", REAL), ("synthetic", SYNTHETIC))[side[row]]
        canvas.point(float(x), float(y), colour, name, 1.8 + 0.5 * float(near))
    for bit, words in enumerate((f"1 ({share[0]})", f"2 ({share[1]})", f"3 ({share[2]})")):
        edges = [corners[[k, k | 1 << bit], :2].mean(axis=0) for k in range(8) if not k >> bit & 1]
        outer = sorted(edges, key=lambda middle: -np.hypot(*middle))[:2]  # the two on the outline
        middle = min(outer, key=lambda m: (m[0], m[1]) if bit == 2 else (m[1], m[0]))
        away = middle * (1 + 0.12 * reach / np.hypot(*middle))
        canvas.text(canvas.x(float(away[0])), canvas.y(float(away[1])), words, extra='font-size="11"')
    return canvas.svg()
