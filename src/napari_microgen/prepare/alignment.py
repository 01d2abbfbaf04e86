"""Measure how the slices of a volume lie against each other, reading one pair at a time."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..progress import Progress, Steps
from ..volume import Volume
from .registration import PairShift, Path, pair_shift, path_of

TILT = 36.0
"""Angle between beam and face normal, in degree, where the columns are 54 degree apart."""
USUAL_RECESSION = 0.98
"""Drift in px per slice that the receding face gives for 25 nm slices of 18.6 nm px."""

FEWEST_FOR_TREND = 10
"""A drift over fewer slices is not compared with that of a receding face."""


def align(
    plane: Callable[[int], np.ndarray], count: int, *, max_shift: int, keep_trend: bool
) -> Steps[tuple[Path, list[PairShift]] | None]:
    """Measure the path of a stack.

    Parameters
    ----------
    plane : callable
        Gives slice k as an array of shape (R, C).
    count : int
        Slices in the stack.
    max_shift : int
        Largest shift between neighbours, in px.
    keep_trend : bool
        Take out jitter only.

    Returns
    -------
    (Path, list of PairShift) or None
        None if fewer than two slices show anything.
    """
    pairs: list[PairShift] = []
    slices: list[int] = []
    before: np.ndarray | None = None
    for k in range(count):
        image = plane(k)
        if np.ptp(image) > 0:
            if before is not None:
                pairs.append(pair_shift(before, image, max_shift))
            slices.append(k)
            before = image
        yield Progress(k + 1, count, "measuring shifts")
    usable = [pair for pair in pairs if pair.shift is not None]
    if not usable:
        return None
    return path_of(pairs, slices, count, keep_trend=keep_trend), pairs


def record_of(path: Path, pairs: list[PairShift], *, max_shift: int, keep_trend: bool) -> dict[str, Any]:
    """Return what registration did, as plain JSON values."""
    undefined = set(path.undefined)
    shifts = [
        None if k in undefined else [round(float(row), 4), round(float(column), 4)]
        for k, (row, column) in enumerate(path.shifts)
    ]
    return {
        "step": "register",
        "criterion": "least squares",
        "max_shift_px": max_shift,
        "shifts_px": shifts,
        "trend_px_per_slice": [round(value, 4) for value in path.trend],
        "trend_kept": keep_trend,
        "replaced_slices": list(path.replaced),
        "undefined_slices": list(path.undefined),
        "residual_median": float(np.median([pair.residual for pair in pairs])),
        "interpolation": "linear",
    }


def notes_of(path: Path, pairs: list[PairShift], volume: Volume, *, keep_trend: bool) -> list[str]:
    """Return what the user should know of a registration."""
    notes = []
    if path.undefined:
        notes.append(f"slices of one grey value, whose shift is undefined: {len(path.undefined)}")
    if path.replaced:
        notes.append(
            f"slices that did not fit the one before and took their neighbours' shift: {len(path.replaced)}"
        )
    at_limit = sum(1 for pair in pairs if "search limit" in pair.reason)
    if at_limit:
        notes.append(f"shifts at the search limit: {at_limit}; raise max_shift")
    plane, row, _ = volume.voxel_size_zyx
    recession = USUAL_RECESSION if not (plane and row) else plane / row * math.tan(math.radians(TILT))
    drift = abs(path.trend[0])
    if len(path.shifts) >= FEWEST_FOR_TREND and abs(drift - recession) <= 0.15 * recession:
        what = "was left in, as asked" if keep_trend else "was taken out"
        notes.append(
            f"the slices drift by {drift:.2f} px per slice along rows, near the {recession:.2f} px that the "
            f"receding face gives at {TILT:g} degree if the microscope did not follow it; it {what}"
        )
    return notes
