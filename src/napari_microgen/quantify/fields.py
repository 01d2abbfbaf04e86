"""Fields of a phase: a value at each of its voxels, to look at and to work on.

Where there is no value (outside the phase, or where a way cannot lead) a field is NaN.
"""

from typing import Any, Literal

import numpy as np

from ..errors import AxesError, LabelValueError, NotPercolatingError
from ..io.limits import allocate, require_memory
from ..progress import Progress, Steps, scaled, stepwise
from ..volume import Volume, require_labels
from .geodesic_distance import Direction
from .table import phase_mask

FieldName = Literal["local_thickness", "geodesic_distance", "strut_diameter"]
_BYTES_PER_VOXEL = {"local_thickness": 24.0, "geodesic_distance": 14.0, "strut_diameter": 18.0}
"""Peak beside the labels, measured on a volume of 256 voxels a side."""
_SAMPLE = 1_000_000
_TAIL = 0.5


@stepwise
def field(
    labels: Volume,
    *,
    field: FieldName = "local_thickness",
    phase: int = 1,
    direction: Direction = "row+",
) -> Steps[Volume]:
    """Compute a field of one phase: a value in micrometre at each voxel, NaN where there is none.

    The local thickness is the diameter of the largest ball inside the phase that covers the voxel;
    the geodesic distance is the shortest way inside the phase from one face of the volume; the strut
    diameter stands on the voxels of the skeleton, that of the strut they belong to.

    Parameters
    ----------
    labels : Volume
        Label map, axes ZYX or YX, with a known voxel size. Struts need a volume.
    field : {"local_thickness", "geodesic_distance", "strut_diameter"}
        Which field.
    phase : int
        Value of the phase. 1 is the solid of a phase map.
    direction : {"plane+", "plane-", "row+", "row-", "column+", "column-"}
        For ``geodesic_distance``: the way the front travels. row+ starts at the face of row 0, the
        surface of a FIB-SEM stack.

    Returns
    -------
    Volume
        float32 image in micrometre; ``facts`` holds the mean, the range that shows it well, and the share
        of the phase that has a value.

    Raises
    ------
    UnknownVoxelSizeError
        If the voxel size is not known.
    LabelValueError
        If the phase is absent, or fills the volume so that its thickness is unknown.
    NotPercolatingError
        If the phase does not touch the face from which a way is to lead.
    MemoryLimitError
        If the field would not fit into memory.
    """
    labels = require_labels(labels, "a field")
    spacing = labels.spacing("um")
    if field == "strut_diameter" and not labels.is_stack:
        raise AxesError(f"Struts are found in a volume, and {labels.name or 'this'} is one plane.")
    require_memory(
        int(_BYTES_PER_VOXEL[field] * np.prod(labels.shape)),
        f"The field {field}",
        "Crop or downsample the volume, or raise MICROGEN_MEMORY.",
    )
    mask: np.ndarray = yield from scaled(present_phase(labels, phase), 0, 20, 1000)
    values: np.ndarray = yield from scaled(_values(field, mask, spacing, direction), 20, 960, 1000)
    facts = {"field": field, "phase": phase, "value_unit": "um"}
    yield Progress(990, 1000, "summary")
    facts |= _summary(values, mask)
    if facts["share_with_value"] == 0:
        raise NotPercolatingError(_nothing(field, phase, direction))
    name = f"{labels.name} [{field.replace('_', ' ')}]"
    return labels.with_data(values, kind="image", name=name, facts=facts)


def present_phase(labels: Volume, phase: int) -> Steps[np.ndarray]:
    """Return where a phase is.

    Raises
    ------
    LabelValueError
        If it is nowhere; the values that are there are named.
    """
    mask, remark = yield from phase_mask(labels, phase)
    if remark is not None:
        raise LabelValueError(f"In {labels.name or 'the labels'} {remark}. Choose one of these.")
    return mask


def _values(
    name: str, mask: np.ndarray, spacing: tuple[float, ...], direction: Direction
) -> Steps[np.ndarray]:
    """Return the field as float32 with NaN where it has no value."""
    if name == "geodesic_distance":
        from .geodesic_distance import geodesic_distance

        found: np.ndarray = yield from geodesic_distance.steps(mask, spacing, direction=direction)
        return found
    if mask.all():
        raise LabelValueError(
            "The phase fills the volume, so neither its thickness nor its struts are known. Check the labels."
        )
    if name == "local_thickness":
        from .local_thickness import local_thickness

        thickness: np.ndarray = yield from local_thickness.steps(mask, spacing)
        np.putmask(thickness, ~mask, np.float32(np.nan))
        return thickness
    from .struts import struts

    network = yield from struts.steps(mask, (spacing[0], spacing[1], spacing[2]))
    image = allocate(mask.shape, np.float32)
    image[...] = np.nan
    inside = network.strut >= 0
    image[tuple(network.voxels[inside].T)] = network.diameter[network.strut[inside]]
    return image


def _summary(values: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    """Return the share of the phase with a value, the mean, and the central range (from a sample)."""
    known = values[mask]
    voxels = known.size
    known = known[np.isfinite(known)]
    facts: dict[str, Any] = {"share_with_value": known.size / voxels}
    if known.size:
        sample = known[:: -(-known.size // _SAMPLE)]
        low, high = np.percentile(sample, (_TAIL, 100 - _TAIL))
        facts |= {"mean": float(known.mean(dtype=np.float64)), "range": [float(low), float(high)]}
    return facts


def _nothing(name: str, phase: int, direction: str) -> str:
    if name == "geodesic_distance":
        return (
            f"Phase {phase} does not touch the face from which the way along {direction} leads. Choose "
            "another direction, or check the labels."
        )
    return f"Phase {phase} has no strut inside the volume. Crop less, or look at another field."
