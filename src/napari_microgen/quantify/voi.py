"""Statistics over sub-volumes: where they lie, mean, spread and 95 % interval.

Values of several sub-volumes (volumes of interest) give a mean and Student's t interval.
That interval is honest only for sub-volumes that do not overlap; how far they do is
reported with it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..features import Feature
from ..progress import Progress, Steps, scaled
from .confidence import t_interval

Box = tuple[slice, ...]
"""Where a sub-volume lies, one slice per axis."""

Measure = Callable[[np.ndarray, tuple[float, ...] | None], Steps[list[Feature]]]
"""The ``measure`` function of a quantity."""


def sub_volumes(
    shape: tuple[int, ...], size: tuple[int, ...], count: tuple[int, ...] | None = None
) -> tuple[Box, ...]:
    """Place sub-volumes evenly in a volume.

    Parameters
    ----------
    shape : tuple of int
        Of the volume.
    size : tuple of int
        Of each sub-volume, at most the shape.
    count : tuple of int or None
        How many along each axis. None: as many as fit side by side without overlap.

    Returns
    -------
    tuple of Box
        The first and the last along each axis touch the faces, where there are several.

    Raises
    ------
    ParameterError
        If a sub-volume is larger than the volume or a count is less than 1.

    Examples
    --------
    >>> [box[0] for box in sub_volumes((10,), (4,))]
    [slice(0, 4, None), slice(6, 10, None)]
    >>> [box[0].start for box in sub_volumes((10,), (4,), (3,))]
    [0, 3, 6]
    """
    if len(size) != len(shape) or any(not 1 <= s <= n for s, n in zip(size, shape, strict=True)):
        raise ParameterError(f"Sub-volumes of {size} do not fit into a volume of {shape}; give smaller ones.")
    numbers = count or tuple(n // s for s, n in zip(size, shape, strict=True))
    if len(numbers) != len(shape) or min(numbers) < 1:
        raise ParameterError(f"{numbers} sub-volumes were asked for; give at least one along each axis.")
    starts = [
        np.rint(np.linspace(0, n - s, k)).astype(int) if k > 1 else [(n - s) // 2]
        for n, s, k in zip(shape, size, numbers, strict=True)
    ]
    return tuple(
        tuple(slice(int(start), int(start) + s) for start, s in zip(corner, size, strict=True))
        for corner in product(*starts)
    )


def spread(shape: tuple[int, ...], size: tuple[int, ...], count: int) -> tuple[Box, ...]:
    """Place a number of sub-volumes so that they overlap as little as possible.

    Parameters
    ----------
    shape : tuple of int
        Of the volume.
    size : tuple of int
        Of each sub-volume, at most the shape.
    count : int
        How many.

    Returns
    -------
    tuple of Box
        From the grid of at least this many places with the least overlap; where it has
        more, places are taken evenly along it.

    Raises
    ------
    ParameterError
        If a sub-volume is larger than the volume or the count is less than 1.

    Examples
    --------
    Three cubes of 10 um from the volume of a published FIB-SEM stack stand in a row:

    >>> [box[2].start for box in spread((450, 640, 1120), (400, 538, 538), 3)]
    [0, 291, 582]
    """
    if count < 1:
        raise ParameterError(f"{count} sub-volumes were asked for; give at least one.")
    most = [count if n > s else 1 for n, s in zip(shape, size, strict=True)]
    grids = [g for g in product(*(range(1, k + 1) for k in most)) if count <= math.prod(g) < 2 * count]
    if not grids:
        grids = [(1,) * len(shape)]

    def crowding(grid: tuple[int, ...]) -> tuple[float, int]:
        shares = [
            max(0.0, 1 - (n - s) / (k - 1) / s) if k > 1 else 1.0
            for n, s, k in zip(shape, size, grid, strict=True)
        ]
        nearest = max((share for share, k in zip(shares, grid, strict=True) if k > 1), default=0.0)
        return round(nearest, 12), math.prod(grid)

    boxes = sub_volumes(shape, size, min(grids, key=crowding))
    chosen = dict.fromkeys(np.linspace(0, len(boxes) - 1, count).round().astype(int).tolist())
    return tuple(boxes[k] for k in chosen)


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """How far sub-volumes share voxels."""

    count: int
    """Number of sub-volumes."""
    covered: float
    """Share of the volume in at least one of them."""
    shared: float
    """Share of the covered voxels in more than one."""
    largest: float
    """Largest share of one sub-volume that lies in one other."""
    mean: float
    """Mean share of one sub-volume that lies in another, over all pairs."""
    independent: int
    """How many of the sub-volumes can be chosen side by side, at least."""

    def as_dict(self) -> dict[str, float]:
        """Return the numbers as plain values."""
        return {
            "sub_volumes": self.count,
            "covered_share": self.covered,
            "shared_share": self.shared,
            "largest_pairwise_overlap": self.largest,
            "mean_pairwise_overlap": self.mean,
            "side_by_side": self.independent,
        }


def overlap(boxes: Sequence[Box], shape: tuple[int, ...]) -> Overlap:
    """Report how far sub-volumes overlap.

    Parameters
    ----------
    boxes : sequence of Box
        The sub-volumes.
    shape : tuple of int
        Of the volume.

    Returns
    -------
    Overlap

    Examples
    --------
    >>> overlap(sub_volumes((10,), (4,), (3,)), (10,)).as_dict()["largest_pairwise_overlap"]
    0.25
    """
    bounds = np.array([[(s.start, s.stop) for s in box] for box in boxes])
    low = np.maximum(bounds[:, None, :, 0], bounds[None, :, :, 0])
    high = np.minimum(bounds[:, None, :, 1], bounds[None, :, :, 1])
    common = np.prod(np.maximum(high - low, 0), axis=2)
    own = np.diag(common)
    between = np.where(np.eye(len(boxes), dtype=bool), 0, common)
    times = _times_covered(bounds)
    covered, shared = (sum(volume for volume, n in times if n >= least) for least in (1, 2))
    return Overlap(
        count=len(boxes),
        covered=covered / math.prod(shape),
        shared=shared / covered,
        largest=float((between / own[:, None]).max()),
        mean=float((between / own[:, None]).sum() / max(1, len(boxes) * (len(boxes) - 1))),
        independent=len(_side_by_side(boxes)),
    )


def _times_covered(bounds: np.ndarray) -> list[tuple[int, int]]:
    """Cut space at all faces; return the volume of each cell and how many boxes hold it."""
    cuts = [np.unique(bounds[:, axis]) for axis in range(bounds.shape[1])]
    held = np.ones((len(bounds), 1), bool)
    volume = np.ones(1, np.int64)
    for axis, cut in enumerate(cuts):
        low, high = bounds[:, axis, 0, None], bounds[:, axis, 1, None]
        inside = (low <= cut[:-1]) & (cut[1:] <= high)
        held = (held[:, :, None] & inside[:, None, :]).reshape(len(bounds), -1)
        volume = (volume[:, None] * np.diff(cut)).ravel()
    return list(zip(volume.tolist(), held.sum(0).tolist(), strict=True))


def measure_sub_volumes(
    measure: Measure, phase: np.ndarray, spacing: tuple[float, ...] | None, boxes: Sequence[Box]
) -> Steps[list[list[Feature]]]:
    """Measure a quantity in each sub-volume.

    Parameters
    ----------
    measure : callable
        The ``measure`` function of a quantity.
    phase : ndarray of bool
        The whole volume.
    spacing : tuple of float or None
        Voxel edges, in micrometre.
    boxes : sequence of Box
        The sub-volumes.

    Returns
    -------
    list of list of Feature
        One list per sub-volume; each feature's ``sample`` names it.
    """
    measured = []
    for index, box in enumerate(boxes):
        part = np.ascontiguousarray(phase[box])
        share = (1000 * index // len(boxes), 1000 // len(boxes), 1000)
        found: list[Feature] = yield from scaled(measure(part, spacing), *share)
        name = "voi " + ", ".join(f"{s.start}:{s.stop}" for s in box)
        measured.append([replace(feature, sample=name) for feature in found])
    yield Progress(1000, 1000, "sub-volumes measured")
    return measured


def statistics(
    measured: Sequence[Sequence[Feature]], boxes: Sequence[Box], shape: tuple[int, ...]
) -> list[Feature]:
    """Return mean and 95 % interval of each feature over the sub-volumes.

    Parameters
    ----------
    measured : sequence of sequence of Feature
        As `measure_sub_volumes` gives them.
    boxes : sequence of Box
        The sub-volumes.
    shape : tuple of int
        Of the whole volume.

    Returns
    -------
    list of Feature
        The mean over the sub-volumes in which the feature is defined, with Student's t
        interval (n - 1 degrees of freedom). The details hold every value, the reasons
        of missing ones, the overlap, the interval of the sub-volumes that lie side by
        side only, and the interval that allows for the voxels shared by several.
    """
    report = overlap(boxes, shape)
    names = dict.fromkeys(feature.name for features in measured for feature in features)
    return [_summary(name, measured, report, _side_by_side(boxes)) for name in names]


def _side_by_side(boxes: Sequence[Box]) -> list[int]:
    """Return the sub-volumes, taken in order, that overlap none taken before."""
    chosen: list[int] = []
    for index, box in enumerate(boxes):
        apart = (
            any(a.stop <= b.start or b.stop <= a.start for a, b in zip(box, boxes[k], strict=True))
            for k in chosen
        )
        if all(apart):
            chosen.append(index)
    return chosen


def _summary(
    name: str, measured: Sequence[Sequence[Feature]], report: Overlap, apart: Sequence[int]
) -> Feature:
    found = [next((f for f in features if f.name == name), None) for features in measured]
    values = np.array([np.nan if f is None or f.value is None else f.value for f in found])
    known = values[np.isfinite(values)]
    first = next(f for f in found if f is not None)
    missing = [f.reason or "" for f in found if f is not None and f.value is None]
    details: dict[str, Any] = {
        "values": [None if math.isnan(v) else float(v) for v in values],
        "undefined_in": len(values) - len(known),
        "overlap": report.as_dict(),
    }
    if missing:
        details["reasons"] = sorted(set(missing))
    base: dict[str, Any] = {"name": name, "unit": first.unit, "details": details}
    if not len(known):
        return Feature(value=None, method=first.method, reason=missing[0], **base)
    method = f"{first.method}; mean of {len(known)} sub-volumes"
    if len(known) == 1:
        return Feature(value=known[0], method=method, reason="a single sub-volume has no interval", **base)
    details["standard_deviation"] = float(known.std(ddof=1))
    low, high = t_interval(known)
    independent = values[list(apart)][np.isfinite(values[list(apart)])]
    details["interval_side_by_side"] = list(t_interval(independent)) if len(independent) > 1 else None
    if report.shared == 0:
        return Feature(value=known.mean(), method=method, low=low, high=high, **base)
    wide = allowing_for_overlap(low, high, report.mean, len(known))
    details["interval_allowing_for_overlap"] = None if wide is None else list(wide)
    remark = f"the sub-volumes overlap (by up to {report.largest:.0%}), so the interval is too narrow"
    if wide is not None:
        remark += f"; allowing for shared voxels it is {wide[0]:.6g} to {wide[1]:.6g}"
    return Feature(value=known.mean(), method=method, reason=remark, low=low, high=high, **base)


def allowing_for_overlap(low: float, high: float, share: float, count: int) -> tuple[float, float] | None:
    """Widen a t interval for samples that share voxels.

    Sums over volumes that share a part rho of their voxels have correlation rho where the
    structure forgets itself over much shorter distances. The mean of n of them then has the
    variance (1 + (n - 1) rho) / n of a single one, while their own spread shows 1 - rho of it.

    Parameters
    ----------
    low, high : float
        The interval as if they were independent.
    share : float
        Mean share of voxels that a pair has in common.
    count : int
        Number of samples.

    Returns
    -------
    (float, float) or None
        None if they are all the same volume.

    Examples
    --------
    >>> allowing_for_overlap(-1.0, 1.0, 0.5, 3)
    (-2.0, 2.0)
    """
    if share >= 1:
        return None
    middle, half = (low + high) / 2, (high - low) / 2
    half *= math.sqrt((1 + (count - 1) * share) / (1 - share))
    return middle - half, middle + half
