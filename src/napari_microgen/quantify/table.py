"""Measure one phase of a label map: the operation behind ``microgen quantify`` and the Measure dock."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import ParameterError, UnknownVoxelSizeError
from ..features import Feature, FeatureTable
from ..io.limits import allocate, require_memory
from ..progress import Progress, Steps, scaled, stepwise
from ..volume import Volume, require_labels
from .catalogue import Quantity, chosen
from .discretisation import resolution_of, with_bias
from .sub_volume_table import SubVolumes, measured_in_parts

_STEPS = 1000
_EXTRAPOLATING = 20.0
"""Bytes per voxel of the tortuosity on voxels cut into eight."""


@stepwise
def quantify(
    labels: Volume,
    *,
    phase: int = 1,
    features: tuple[str, ...] = ("all",),
    extrapolate: bool = False,
    voi_count: int = 0,
    voi_size: tuple[float, ...] | None = None,
    voi_unit: str = "um",
    voi_rows: bool = False,
    voi_curve: bool = False,
) -> Steps[FeatureTable]:
    """Measure one phase of a label map.

    Every quantity comes with its unit, its method and the known bias of a voxel grid of this resolution.
    A quantity that has no value says why instead.
    Quantities that are lengths, areas or curvatures need the voxel size; the others do not.

    Parameters
    ----------
    labels : Volume
        Label map, axes ZYX or YX. Any number of phases; gaps between the values are fine.
    phase : int
        Value of the phase to measure. 1 is the solid of a phase map.
    features : tuple of str
        Names of the quantities, or ``all``.
    extrapolate : bool
        Remove the bias that the voxel grid brings into the geodesic tortuosity, by a second solution on
        voxels cut into eight: some ten times the work.
    voi_count : int
        Number of sub-volumes (VOIs), placed with the least overlap. Each quantity is then their mean with
        a 95 % interval (Student's t). 0: none, or as many as fit side by side where a size is given.
        Three is what the published FIB-SEM work takes. 1: one, the whole volume unless a size is given,
        with an interval by bootstrap over its blocks of half the edges.
    voi_size : tuple of float or None
        Edges of a sub-volume along plane, row, column; one number for a cube. None: 10 um, as published.
    voi_unit : str
        Unit of the size: a length, or ``voxel``.
    voi_rows : bool
        Also list the values of each sub-volume.
    voi_curve : bool
        Also measure sub-volumes with a tenth to half of the edges, to show how large a volume is
        representative: mean and spread for each size.

    Returns
    -------
    FeatureTable
        One feature per quantity; sub-volumes and sizes as further samples, if asked for.

    Raises
    ------
    AxesError, LabelTypeError
        If this is not a map of whole-number labels.
    MemoryLimitError
        If a quantity would not fit into memory; nothing is measured then.
    ParameterError
        If a name is unknown, or sub-volumes do not fit.
    UnknownVoxelSizeError
        If sub-volumes are asked for by length and the voxel size is not known.
    """
    labels = require_labels(labels, "measuring")
    picked = chosen(features, 3 if labels.is_stack else 2)
    spacing = spacing_of(labels)
    parts = SubVolumes(count=voi_count, size=voi_size, unit=voi_unit, rows=voi_rows, curve=voi_curve)
    if voi_count < 0 or (voi_rows and not parts.cut):
        raise ParameterError(f"voi_count is {voi_count}; give a number of sub-volumes, such as 3.")
    size = parts.edges(labels.shape, spacing) if parts.cut else labels.shape
    require_room(picked, size, spacing, extrapolate=extrapolate)
    mask, remark = yield from phase_mask(labels, phase)
    resolution: float | None = yield from scaled(resolution_of(mask), 0, 0, _STEPS)

    def measure(part: np.ndarray, edges: tuple[float, ...] | None) -> Steps[list[Feature]]:
        return _measured(picked, part, edges, features, options_of(extrapolate))

    facts: dict[str, Any] = {}
    if parts.wanted:
        measured, facts = yield from measured_in_parts(measure, mask, spacing, parts, resolution)
    else:
        measured = yield from measure(mask, spacing)
    return table_of(measured, labels, phase, resolution, remark, facts)


def table_of(
    measured: Sequence[Feature],
    labels: Volume,
    phase: int,
    resolution: float | None,
    remark: str | None,
    facts: dict[str, Any],
) -> FeatureTable:
    """Return the features of a label map as a table, each with its bias, and what belongs to all of them."""
    spacing = spacing_of(labels)
    features = [with_bias(feature, len(labels.shape), resolution) for feature in measured]
    if remark is not None:
        features = [replace(f, reason=f"{f.reason}; {remark}" if f.reason else remark) for f in features]
    general = {
        "phase": phase,
        "voxels": int(np.prod(labels.shape)),
        "voxel_size_um": list(spacing) if spacing else None,
        "voxels_per_feature": resolution,
    }
    table = FeatureTable(tuple(features), facts=general | facts)
    further = {sample: block for sample, block in table.as_blocks().items() if sample}
    return replace(table, facts=table.facts | {"further": further}) if further else table


def options_of(extrapolate: bool) -> dict[str, dict[str, Any]]:
    """Return what the quantities are told, by file."""
    return {"geodesic_tortuosity": {"accuracy": "extrapolated"}} if extrapolate else {}


def spacing_of(labels: Volume) -> tuple[float, ...] | None:
    """Return the voxel edges in micrometre, or None if they are not known."""
    try:
        return labels.spacing("um")
    except UnknownVoxelSizeError:
        return None


def phase_mask(labels: Volume, phase: int) -> Steps[tuple[np.ndarray, str | None]]:
    """Return where the phase is, and a remark if it is nowhere."""
    mask = allocate(labels.shape, bool)
    present: set[int] = set()
    for index, plane in enumerate(labels.planes()):
        mask[index if labels.is_stack else ...] = plane == phase
        present |= {int(value) for value in np.unique(plane)}
        yield Progress(0, _STEPS, "reading labels")
    return mask, absence(phase, present)


def absence(phase: int, present: set[int]) -> str | None:
    """Return a remark if a phase is not among the labels."""
    shown = ", ".join(str(value) for value in sorted(present)[:20])
    return None if phase in present else f"phase {phase} is absent; the labels hold {shown}"


def require_room(
    picked: Sequence[Quantity],
    shape: tuple[int, ...],
    spacing: tuple[float, ...] | None,
    *,
    extrapolate: bool = False,
) -> None:
    """Refuse, before anything is measured, a quantity that would not fit into memory.

    Raises
    ------
    MemoryLimitError
        With the quantity, the bytes it needs, and what to do.
    """
    finer = {"geodesic_tortuosity": _EXTRAPOLATING} if extrapolate else {}
    needed = {q: finer.get(q.module, q.bytes_per_voxel) for q in sources_of(picked, len(shape))}
    for quantity in sorted(needed, key=lambda q: -needed[q]):
        if unfit(quantity, len(shape), spacing) is None:
            require_memory(
                int(needed[quantity] * np.prod(shape, dtype=float)),
                f"Measuring {quantity.names[0]}",
                "Crop or downsample the volume, measure sub-volumes (--voi-count), leave this quantity out "
                "with --features, or raise MICROGEN_MEMORY.",
            )


def _measured(
    picked: Sequence[Quantity],
    mask: np.ndarray,
    spacing: tuple[float, ...] | None,
    names: tuple[str, ...],
    options: dict[str, dict[str, Any]],
) -> Steps[list[Feature]]:
    """Measure each quantity once; those that follow from others are derived from them."""
    found: dict[str, list[Feature]] = {}
    steps = sources_of(picked, mask.ndim)
    for index, quantity in enumerate(steps):
        found[quantity.module] = yield from _one(
            quantity, mask, spacing, options.get(quantity.module, {}), (index, len(steps))
        )
    yield Progress(_STEPS, _STEPS, "derived quantities")
    return wanted_features(found, picked, mask.ndim, spacing, names)


def sources_of(picked: Sequence[Quantity], dimension: int) -> list[Quantity]:
    """Return what must be measured: what was picked, but instead of derived quantities their sources."""
    needed = [q for q in picked if not _is_derived(q, dimension)]
    names = tuple(name for q in picked if _is_derived(q, dimension) for name in q.derived_from)
    return needed + [q for q in (chosen(names, dimension) if names else ()) if q not in needed]


def _is_derived(quantity: Quantity, dimension: int) -> bool:
    return bool(quantity.derived_from) and dimension in quantity.dimensions


def wanted_features(
    found: dict[str, list[Feature]],
    picked: Sequence[Quantity],
    dimension: int,
    spacing: tuple[float, ...] | None,
    names: tuple[str, ...],
) -> list[Feature]:
    """Return the features that were asked for, in the order of the quantities, derived ones included."""
    known = {feature.name: feature for features in found.values() for feature in features}
    result: list[Feature] = []
    for quantity in picked:
        if not _is_derived(quantity, dimension):
            features = found[quantity.module]
        elif (reason := unfit(quantity, dimension, spacing)) is not None:
            features = without_value(quantity, reason)
        else:
            features = quantity.load().derive(known)
        result += [f for f in features if _wanted(f.name, names)]
    return result


def without_value(quantity: Quantity, reason: str) -> list[Feature]:
    """Return the features of a quantity that cannot be measured at all."""
    return [Feature(name=name, value=None, reason=reason) for name in quantity.names]


def unfit(quantity: Quantity, dimension: int, spacing: tuple[float, ...] | None) -> str | None:
    """Return why a quantity cannot be measured in such an image at all, or None."""
    if dimension not in quantity.dimensions:
        expected = " or ".join(f"{d}D" for d in quantity.dimensions)
        return f"defined for {expected} images, this one is {dimension}D"
    return "voxel size unknown" if quantity.needs_length and spacing is None else None


def _one(
    quantity: Quantity,
    mask: np.ndarray,
    spacing: tuple[float, ...] | None,
    options: dict[str, Any],
    place: tuple[int, int],
) -> Steps[list[Feature]]:
    reason = unfit(quantity, mask.ndim, spacing)
    if reason is not None:
        return without_value(quantity, reason)
    index, count = place
    start, stop = _STEPS * index // count, _STEPS * (index + 1) // count
    yield Progress(start, _STEPS, quantity.names[0])
    found: list[Feature] = yield from scaled(
        quantity.load().measure(mask, spacing, **options), start, stop - start, _STEPS
    )
    return found


def _wanted(name: str, features: tuple[str, ...]) -> bool:
    """Return whether a feature was asked for: by its name, the name it belongs to, or all."""
    return "all" in features or any(name == f or name.startswith(f + ".") for f in features)
