"""Measure one phase of a label map: the operation behind ``microgen quantify`` and the Measure dock."""

from dataclasses import replace

import numpy as np

from ..errors import UnknownVoxelSizeError
from ..features import Feature, FeatureTable
from ..io.limits import allocate, require_memory
from ..progress import Progress, Steps, scaled, stepwise
from ..volume import Volume, require_labels
from .catalogue import Quantity, chosen

_STEPS = 1000


@stepwise
def quantify(labels: Volume, *, phase: int = 1, features: tuple[str, ...] = ("all",)) -> Steps[FeatureTable]:
    """Measure one phase of a label map.

    Every quantity comes with its unit and method. A quantity that has no value says why instead.
    Quantities that are lengths, areas or curvatures need the voxel size; the others do not.

    Parameters
    ----------
    labels : Volume
        Label map, axes ZYX or YX. Any number of phases; gaps between the values are fine.
    phase : int
        Value of the phase to measure. 1 is the solid of a phase map.
    features : tuple of str
        Names of the quantities, or ``all``.

    Returns
    -------
    FeatureTable
        One feature per quantity.

    Raises
    ------
    AxesError, LabelTypeError
        If this is not a map of whole-number labels.
    MemoryLimitError
        If a quantity would not fit into memory.
    """
    labels = require_labels(labels, "measuring")
    picked = chosen(features, 3 if labels.is_stack else 2)
    mask, remark = yield from phase_mask(labels, phase)
    try:
        spacing: tuple[float, ...] | None = labels.spacing("um")
    except UnknownVoxelSizeError:
        spacing = None
    measured: list[Feature] = []
    for index, quantity in enumerate(picked):
        found = yield from _one(quantity, mask, spacing, index, len(picked))
        measured += [f for f in found if _wanted(f.name, features, quantity)]
    if remark is not None:
        measured = [replace(f, reason=f"{f.reason}; {remark}" if f.reason else remark) for f in measured]
    facts = {"phase": phase, "voxels": int(mask.size), "voxel_size_um": list(spacing) if spacing else None}
    return FeatureTable(tuple(measured), facts=facts)


def phase_mask(labels: Volume, phase: int) -> Steps[tuple[np.ndarray, str | None]]:
    """Return where the phase is, and a remark if it is nowhere."""
    mask = allocate(labels.shape, bool)
    present: set[int] = set()
    for index, plane in enumerate(labels.planes()):
        mask[index if labels.is_stack else ...] = plane == phase
        present |= {int(value) for value in np.unique(plane)}
        yield Progress(0, _STEPS, "reading labels")
    absent = phase not in present
    shown = ", ".join(str(value) for value in sorted(present)[:20])
    remark = f"phase {phase} is absent; the labels hold {shown}" if absent else None
    return mask, remark


def _one(
    quantity: Quantity, mask: np.ndarray, spacing: tuple[float, ...] | None, index: int, count: int
) -> Steps[list[Feature]]:
    dimension = mask.ndim
    if dimension not in quantity.dimensions:
        expected = " or ".join(f"{d}D" for d in quantity.dimensions)
        reason = f"defined for {expected} images, this one is {dimension}D"
        return [Feature(name=name, value=None, reason=reason) for name in quantity.names]
    if quantity.needs_length and spacing is None:
        return [Feature(name=name, value=None, reason="voxel size unknown") for name in quantity.names]
    require_memory(
        int(quantity.bytes_per_voxel * mask.size),
        f"Measuring {quantity.names[0]}",
        "Crop or downsample the volume, leave this quantity out with --features, or raise MICROGEN_MEMORY.",
    )
    start, stop = _STEPS * index // count, _STEPS * (index + 1) // count
    yield Progress(start, _STEPS, quantity.names[0])
    found: list[Feature] = yield from scaled(
        quantity.load().measure(mask, spacing), start, stop - start, _STEPS
    )
    return found


def _wanted(name: str, features: tuple[str, ...], quantity: Quantity) -> bool:
    """Return whether a feature was asked for: by its name, the name it belongs to, or all."""
    return "all" in features or any(name == f or name.startswith(f + ".") for f in features)
