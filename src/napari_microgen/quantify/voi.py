"""Statistics over sub-volumes: mean, spread, 95 % interval, and how large a volume must be.

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
    independent: int
    """How many of the sub-volumes can be chosen side by side, at least."""

    def as_dict(self) -> dict[str, float]:
        """Return the numbers as plain values."""
        return {
            "sub_volumes": self.count,
            "covered_share": self.covered,
            "shared_share": self.shared,
            "largest_pairwise_overlap": self.largest,
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
        of missing ones, the overlap, and the interval of the sub-volumes that lie side
        by side only.
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
    remark = "the sub-volumes overlap, so the interval is too narrow" if report.shared > 0 else None
    return Feature(value=known.mean(), method=method, reason=remark, low=low, high=high, **base)


def representative_volume_curve(
    measure: Measure,
    phase: np.ndarray,
    spacing: tuple[float, ...] | None,
    name: str,
    *,
    fractions: Sequence[float] = (0.1, 0.15, 0.2, 0.25, 0.33, 0.5),
    most: int = 64,
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Measure how the spread of a feature falls with the size of the sub-volume.

    Parameters
    ----------
    measure : callable
        The ``measure`` function of a quantity.
    phase : ndarray of bool
        The whole volume.
    spacing : tuple of float or None
        Voxel edges, in micrometre.
    name : str
        Feature to follow.
    fractions : sequence of float
        Edges of the sub-volumes as shares of those of the volume, up to one half.
    most : int
        Sub-volumes per size; of more, this many are drawn. 64 give the spread to 9 %.
    seed : int
        Start of the random draw.

    Returns
    -------
    dict
        ``edges_px`` and, for each size, ``count``, ``mean``, ``standard_deviation`` and
        ``relative_half_width``: that of the 95 % interval of a single sub-volume, over
        the mean. Sizes with fewer than three defined values hold None.
    """
    random = np.random.default_rng(seed)
    curve: dict[str, Any] = {
        key: []
        for key in ("edges_px", "count", "undefined", "mean", "standard_deviation", "relative_half_width")
    }
    for index, fraction in enumerate(fractions):
        size = tuple(max(1, round(fraction * n)) for n in phase.shape)
        boxes = sub_volumes(phase.shape, size)
        if len(boxes) > most:
            boxes = tuple(boxes[k] for k in sorted(random.choice(len(boxes), most, replace=False)))
        steps = measure_sub_volumes(measure, phase, spacing, boxes)
        measured: list[list[Feature]] = yield from scaled(steps, index, 1, len(fractions))
        values = np.array(
            [f.value for features in measured for f in features if f.name == name and f.value is not None]
        )
        enough = len(values) > 2
        mean, spread = (float(values.mean()), float(values.std(ddof=1))) if enough else (None, None)
        curve["edges_px"].append(list(size))
        curve["count"].append(len(values))
        curve["undefined"].append(len(boxes) - len(values))
        curve["mean"].append(mean)
        curve["standard_deviation"].append(spread)
        curve["relative_half_width"].append(
            1.96 * spread / abs(mean) if enough and mean and spread is not None else None
        )
    return curve
