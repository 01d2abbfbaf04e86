"""Features as means over sub-volumes, with their intervals, for the table of a volume."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ParameterError, UnknownVoxelSizeError
from ..features import Feature
from ..progress import Steps, scaled
from ..units import convert_length
from .confidence import bootstrap_interval
from .representative_volume import representative_volume_curves
from .voi import Box, Measure, measure_sub_volumes, overlap, spread, statistics, sub_volumes

PUBLISHED_EDGE_UM = 10.0
"""Edge of the cubes of the published FIB-SEM work this package follows; it cut three from each stack."""

_FEW_FEATURES = 8
_STEPS = 1000
_FEWEST_BLOCKS = 4


@dataclass(frozen=True, kw_only=True)
class SubVolumes:
    """What to cut from a volume, and what to say of it."""

    count: int = 0
    """How many; 0: as many as fit side by side; 1: one, with an interval from its blocks."""
    size: tuple[float, ...] | None = None
    """Edges; one number for a cube. None: 10 um, or the whole volume if there is one."""
    unit: str = "um"
    """Unit of the edges, or ``voxel``."""
    rows: bool = False
    """Whether the values of each are listed too."""
    curve: bool = False
    """Whether the spread is followed over the size."""

    @property
    def cut(self) -> bool:
        """True if sub-volumes of one size are wanted."""
        return self.count > 0 or self.size is not None

    @property
    def wanted(self) -> bool:
        """True if sub-volumes are asked for."""
        return self.cut or self.curve

    def edges(self, shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> tuple[int, ...]:
        """Return the edges of a sub-volume in voxels; one without a size is the whole volume."""
        if self.count == 1 and self.size is None:
            return shape
        return edges_in_voxels(self.size, self.unit, shape, spacing)


def edges_in_voxels(
    size: tuple[float, ...] | None, unit: str, shape: tuple[int, ...], spacing: tuple[float, ...] | None
) -> tuple[int, ...]:
    """Return the edges of a sub-volume in voxels.

    Raises
    ------
    ParameterError
        If the number of edges does not fit, an edge is not positive, or it does not fit into the volume.
    UnknownVoxelSizeError
        If the size is a length and the voxel size is not known.

    Examples
    --------
    >>> edges_in_voxels(None, "um", (450, 640, 1120), (0.025, 0.0186, 0.0186))
    (400, 538, 538)
    """
    edges = (PUBLISHED_EDGE_UM,) if size is None else tuple(float(edge) for edge in size)
    unit = "um" if size is None else unit
    edges = edges * len(shape) if len(edges) == 1 else edges[-len(shape) :]
    if len(edges) != len(shape) or not all(math.isfinite(edge) and edge > 0 for edge in edges):
        raise ParameterError(
            f"voi_size is {size}; expected one positive number, or one each along "
            f"{', '.join(('plane', 'row', 'column')[3 - len(shape) :])}."
        )
    if unit != "voxel":
        if spacing is None:
            raise UnknownVoxelSizeError(
                "Sub-volumes were asked for by length, but the voxel size is unknown. Give it "
                "(--voxel-size 25,18.6,18.6 --unit nm), or the size in voxels (--voi-unit voxel)."
            )
        edges = tuple(convert_length(e, unit, "um") / s for e, s in zip(edges, spacing, strict=True))
    voxels = tuple(max(1, round(edge)) for edge in edges)
    if any(v > n for v, n in zip(voxels, shape, strict=True)):
        raise ParameterError(
            f"Sub-volumes of {_times(voxels)} voxels do not fit into this volume of {_times(shape)}; give "
            f"smaller ones with voi_size (--voi-size)."
        )
    return voxels


def measured_in_parts(
    measure: Measure,
    mask: np.ndarray,
    spacing: tuple[float, ...] | None,
    wanted: SubVolumes,
    resolution: float | None,
) -> Steps[tuple[list[Feature], dict[str, Any]]]:
    """Measure features in sub-volumes.

    Parameters
    ----------
    measure : callable
        Measures all quantities of a mask.
    mask : ndarray of bool
        The whole volume.
    spacing : tuple of float or None
        Voxel edges in micrometre.
    wanted : SubVolumes
        What to cut.
    resolution : float or None
        Voxels across a feature, to tell how many features a sub-volume spans.

    Returns
    -------
    features : list of Feature
        First those of the volume (sample ``""``): means over the sub-volumes with their
        intervals, or the values of the volume if only a curve is asked for. Then, if asked
        for, those of each sub-volume and those of each size.
    facts : dict
        Which sub-volumes there were, and how far they overlap.
    """
    facts: dict[str, Any] = {}
    further: list[Feature] = []
    share = _STEPS // 2 if wanted.curve else _STEPS
    if wanted.count == 1:
        size = wanted.edges(mask.shape, spacing)
        boxes = spread(mask.shape, size, 1)
        part = np.ascontiguousarray(mask[boxes[0]])
        features: list[Feature] = yield from scaled(_with_blocks(measure, part, spacing), 0, share, _STEPS)
        facts["sub_volumes"] = _said(boxes, size, mask.shape, resolution)
    elif wanted.cut:
        size = wanted.edges(mask.shape, spacing)
        boxes = spread(mask.shape, size, wanted.count) if wanted.count else sub_volumes(mask.shape, size)
        steps = measure_sub_volumes(measure, mask, spacing, boxes)
        measured: list[list[Feature]] = yield from scaled(steps, 0, share, _STEPS)
        features = _with_remark(statistics(measured, boxes, mask.shape), size, resolution)
        facts["sub_volumes"] = _said(boxes, size, mask.shape, resolution)
        if wanted.rows:
            further += [feature for part in measured for feature in part]
    else:
        features = yield from scaled(measure(mask, spacing), 0, share, _STEPS)
    if wanted.curve:
        curves: dict[str, Any] = yield from scaled(
            representative_volume_curves(measure, mask, spacing), share, _STEPS - share, _STEPS
        )
        features = [_with_curve(feature, curves.get(feature.name)) for feature in features]
        further += [row for feature in features for row in _curve_rows(feature, curves.get(feature.name))]
    return [*features, *further], facts


def _with_blocks(
    measure: Measure, part: np.ndarray, spacing: tuple[float, ...] | None
) -> Steps[list[Feature]]:
    """Measure one volume, and its intervals by bootstrap over the blocks that halve its edges."""
    features: list[Feature] = yield from scaled(measure(part, spacing), 0, _STEPS // 2, _STEPS)
    boxes = sub_volumes(part.shape, tuple(max(1, n // 2) for n in part.shape))
    steps = measure_sub_volumes(measure, part, spacing, boxes)
    blocks: list[list[Feature]] = yield from scaled(steps, _STEPS // 2, _STEPS // 2, _STEPS)
    found = [{f.name: f.value for f in block} for block in blocks]
    return [_with_bootstrap(f, [values.get(f.name) for values in found]) for f in features]


def _with_bootstrap(feature: Feature, of_blocks: Sequence[float | None]) -> Feature:
    """Give a value the interval of a mean over blocks, moved to lie about it."""
    values = np.array([value for value in of_blocks if value is not None])
    details = feature.details | {"values_of_blocks": list(of_blocks)}
    if feature.value is None or feature.low is not None or len(values) < _FEWEST_BLOCKS:
        return replace(feature, details=details)
    low, high = (end - values.mean() + feature.value for end in bootstrap_interval(values))
    method = f"{feature.method}; interval: bootstrap over {len(values)} blocks"
    return replace(feature, low=float(low), high=float(high), method=method, details=details)


def _said(
    boxes: Sequence[Box], size: tuple[int, ...], shape: tuple[int, ...], resolution: float | None
) -> dict[str, Any]:
    return {
        "size_voxels": list(size),
        "boxes": [[[s.start, s.stop] for s in box] for box in boxes],
        "features_across": None if resolution is None else min(size) / resolution,
        **overlap(boxes, shape).as_dict(),
    }


def _with_remark(features: list[Feature], size: tuple[int, ...], resolution: float | None) -> list[Feature]:
    """Say where sub-volumes are so small that even neighbours without overlap are alike."""
    across = math.inf if resolution is None else min(size) / resolution
    if across >= _FEW_FEATURES:
        return features
    remark = f"a sub-volume spans only {across:.2g} features, so neighbours are alike and its edges matter"
    return [replace(f, reason=f"{f.reason}; {remark}" if f.reason else remark) for f in features]


def _with_curve(feature: Feature, curve: dict[str, Any] | None) -> Feature:
    return replace(feature, details=feature.details | {"representative_volume": curve})


def _curve_rows(feature: Feature, curve: dict[str, Any] | None) -> list[Feature]:
    """One row for each size: mean over sub-volumes, and where 95 % of single ones lie."""
    rows = []
    for k, edges in enumerate(curve["edges_px"] if curve else []):
        assert curve is not None
        mean, sd, count = (curve[key][k] for key in ("mean", "standard_deviation", "count"))
        method = f"mean of {count} sub-volumes; interval: mean +- 1.96 standard deviations of a single one"
        rest: dict[str, Any] = {"low": mean - 1.96 * sd, "high": mean + 1.96 * sd} if mean is not None else {}
        reason = None if mean is not None else f"defined in {count} sub-volumes only, at least 3 are needed"
        sample = f"size {_times(edges)} voxels"
        rows.append(
            Feature(
                name=feature.name,
                value=mean,
                unit=feature.unit,
                method=method,
                reason=reason,
                sample=sample,
                **rest,
            )
        )
    return rows


def _times(numbers: Sequence[int]) -> str:
    return " x ".join(map(str, numbers))
