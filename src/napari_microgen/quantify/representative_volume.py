"""How large a volume must be: the spread of a quantity over sub-volumes of several sizes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..features import Feature
from ..progress import Steps, scaled
from .voi import Measure, measure_sub_volumes, sub_volumes

FRACTIONS = (0.1, 0.15, 0.2, 0.25, 0.33, 0.5)
"""Edges of sub-volumes over those of the volume, in a curve of the spread."""

_CURVE = ("edges_px", "count", "undefined", "mean", "standard_deviation", "relative_half_width")


def representative_volume_curve(
    measure: Measure,
    phase: np.ndarray,
    spacing: tuple[float, ...] | None,
    name: str,
    *,
    fractions: Sequence[float] = FRACTIONS,
    most: int = 64,
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Measure how the spread of one feature falls with the size of the sub-volume.

    ``name`` is the feature to follow; the rest is as in `representative_volume_curves`.
    """
    curves = yield from representative_volume_curves(
        measure, phase, spacing, fractions=fractions, most=most, seed=seed
    )
    return curves[name]


def representative_volume_curves(
    measure: Measure,
    phase: np.ndarray,
    spacing: tuple[float, ...] | None,
    *,
    fractions: Sequence[float] = FRACTIONS,
    most: int = 64,
    seed: int = 0,
) -> Steps[dict[str, dict[str, Any]]]:
    """Measure how the spread of every feature falls with the size of the sub-volume.

    Parameters
    ----------
    measure : callable
        The ``measure`` function of one or several quantities.
    phase : ndarray of bool
        The whole volume.
    spacing : tuple of float or None
        Voxel edges, in micrometre.
    fractions : sequence of float
        Edges of the sub-volumes as shares of those of the volume, up to one half.
    most : int
        Sub-volumes per size; of more, this many are drawn. 64 give the spread to 9 %.
    seed : int
        Start of the random draw.

    Returns
    -------
    dict of str to dict
        By feature: ``edges_px`` and, for each size, ``count``, ``undefined``, ``mean``,
        ``standard_deviation`` and ``relative_half_width``: that of the 95 % interval of a
        single sub-volume, over the mean. Sizes with fewer than three defined values hold None.
    """
    random = np.random.default_rng(seed)
    curves: dict[str, dict[str, Any]] = {}
    for index, fraction in enumerate(fractions):
        size = tuple(max(1, round(fraction * n)) for n in phase.shape)
        boxes = sub_volumes(phase.shape, size)
        if len(boxes) > most:
            boxes = tuple(boxes[k] for k in sorted(random.choice(len(boxes), most, replace=False)))
        steps = measure_sub_volumes(measure, phase, spacing, boxes)
        measured: list[list[Feature]] = yield from scaled(steps, 1000 * index, 1000, 1000 * len(fractions))
        for name in dict.fromkeys(f.name for features in measured for f in features):
            found = [f.value for features in measured for f in features if f.name == name]
            curve = curves.setdefault(name, {key: [] for key in _CURVE})
            for key, value in _size_of_curve(size, found).items():
                curve[key].append(value)
    return curves


def _size_of_curve(size: tuple[int, ...], found: Sequence[float | None]) -> dict[str, Any]:
    """Return one size of a curve: mean and spread of the defined values."""
    values = np.array([value for value in found if value is not None])
    enough = len(values) > 2
    mean, spread = (float(values.mean()), float(values.std(ddof=1))) if enough else (None, None)
    half_width = 1.96 * spread / abs(mean) if enough and mean and spread is not None else None
    numbers = (list(size), len(values), len(found) - len(values), mean, spread, half_width)
    return dict(zip(_CURVE, numbers, strict=True))
