"""Local thickness: at each voxel of a phase, the diameter of the largest ball in the phase that covers it.

Only balls that no neighbouring ball covers (to a fifth of a voxel) are considered, by
falling radius; a voxel belongs to the first ball that covers it. The diameter of each
ball that got a voxel is then found finer than the voxel (`inscribed_ball`): rods are right
within 0.3 voxel wherever they lie, and within 1 % on average from a radius of 4 voxels on.
Plates along the grid are exact, plates across it too thick by up to half a voxel; in the
skin of round bodies, which no large ball reaches, the thickness is that of smaller balls.

Beyond the faces of the volume nothing is known: a ball may reach out of it. The whole volume
is taken at once, about 16 bytes per voxel, or in chunks where that is more than memory holds.

References
----------
T. Hildebrand and P. Ruegsegger, "A new method for the model-independent assessment of
thickness in three-dimensional images", J. Microsc. 185 (1997) 67.
"""

from typing import Any

import numpy as np

from ..features import Feature
from ..progress import Progress, Steps, stepwise
from .distance_transform import distance_transform
from .inscribed_ball import inscribed_diameter
from .threads import run_in_parts, run_in_shares, stoppable

NAMES = ("local_thickness",)
NEEDS_LENGTH = True
DIMENSIONS = (2, 3)
BYTES_PER_VOXEL = 2.0
WHOLE_BYTES_PER_VOXEL = 16.0
"""Where there is less memory than this, the work is done in chunks."""
UNDEFINED_WHEN = "the phase is absent or fills the volume"

_BINS, _FINE = 64, 64
"""Bins of the distribution, and how finely each is divided for the median."""
_TOLERANCE = 0.2
_EXCESS = 0.17
"""Mean excess of a ball on randomly placed cylinders, net of the rim that no large ball covers (measured)."""


@stepwise
def local_thickness(
    phase: np.ndarray, spacing: tuple[float, ...], *, threads: int | None = None
) -> Steps[np.ndarray]:
    """Diameter of the largest ball inside a phase that covers each voxel.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float
        Voxel edges along the axes of ``phase``, in any unit.
    threads : int, optional
        Threads to use; all available ones by default.

    Returns
    -------
    ndarray of float32, shape of ``phase``
        In the unit of ``spacing``; 0 outside the phase, infinite if the phase fills the volume.

    Examples
    --------
    >>> plate = np.zeros((9, 20, 20), bool)
    >>> plate[2:7] = True
    >>> np.unique(local_thickness(plate, (0.5, 0.5, 0.5)))
    array([0. , 2.5], dtype=float32)
    """
    volume = np.ascontiguousarray(phase, bool).reshape((1,) * (3 - phase.ndim) + phase.shape)
    plane, row, column = (min(spacing),) * (3 - phase.ndim) + tuple(spacing)
    if volume.all() or not volume.any():
        yield Progress(1, 1, "local thickness")
        return np.where(phase, np.float32(np.inf), np.float32(0))
    field = yield from stoppable(
        lambda stop: _local_thickness(volume, (plane, row, column), threads, stop), "local thickness"
    )
    return field.reshape(phase.shape)


def _local_thickness(
    phase: np.ndarray, spacing: tuple[float, float, float], threads: int | None, stop: np.ndarray
) -> np.ndarray:
    from . import thickness_kernels as kernels

    planes, plane_size = phase.shape[0], phase[0].size
    distance = distance_transform(phase, spacing, threads=threads)
    edges = np.array(spacing, np.float32)
    ridge = np.empty(phase.shape, bool)
    tolerance = np.float32(_TOLERANCE * min(spacing))
    run_in_parts(kernels.mark_ridge, planes, distance, edges, tolerance, ridge, threads=threads)
    voxels = np.flatnonzero(ridge)
    del ridge
    in_planes = np.bincount(voxels // plane_size, minlength=planes)
    radii = distance.reshape(-1)[voxels]
    order = _falling(radii)
    voxels, radii = voxels[order], radii[order]
    del order
    owner, used = np.empty(phase.shape, np.int32), np.zeros(radii.size, bool)
    task = phase, edges, voxels, radii, owner, used, stop
    run_in_shares(kernels.cover, in_planes, *task, threads=threads)
    diameter = np.zeros(radii.size, np.float32)
    centres = np.stack(np.unravel_index(voxels[used], phase.shape), axis=1)
    diameter[used] = inscribed_diameter(
        phase, spacing, centres, radii[used], excess=_EXCESS, threads=threads, stop=stop
    )
    run_in_parts(kernels.write_diameters, planes, phase, owner, diameter, distance, threads=threads)
    return distance


def _falling(lengths: np.ndarray) -> np.ndarray:
    """Return the order by falling length, of equal ones as they come.

    Floats above 0 are ordered like their bits; sorting by halves of 16 bits is a radix sort.
    """
    keys = ~np.ascontiguousarray(lengths, np.float32).view(np.uint32)
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    return order[np.argsort((keys >> np.uint32(16)).astype(np.uint16)[order], kind="stable")]


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None) -> Steps[list[Feature]]:
    """Measure the mean local thickness of a phase.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Voxel edges in micrometre.

    Yields
    ------
    Progress
        While it works.

    Returns
    -------
    list of Feature
        ``local_thickness``: mean over the voxels of the phase, in micrometre.
    """
    method = "largest covering ball, mean over voxels"
    reason = None
    if spacing is None:
        reason = "voxel size unknown"
    elif not phase.any():
        reason = "the phase is absent"
    elif phase.all():
        reason = "the phase fills the volume, so its thickness is unknown"
    if reason is not None or spacing is None:
        yield Progress(1, 1, "local thickness")
        return [Feature(name="local_thickness", value=None, unit="um", method=method, reason=reason)]
    from .local_thickness_in_chunks import fits, local_thickness_in_chunks, planes_that_fit

    if phase.ndim == 2 or fits(phase.shape):
        field = yield from local_thickness.steps(phase, spacing)
    else:
        edges = (spacing[0], spacing[1], spacing[2])
        field = yield from local_thickness_in_chunks(phase, edges, planes=planes_that_fit(phase.shape))
    mean, details = _statistics(phase, field)
    return [Feature(name="local_thickness", value=mean, unit="um", method=method, details=details)]


def _statistics(phase: np.ndarray, field: np.ndarray) -> tuple[float, dict[str, Any]]:
    """Mean and distribution over the voxels of the phase, one plane in memory at a time."""
    sums, low, high = np.zeros(3), np.inf, 0.0
    for plane, inside in zip(field, phase, strict=True):
        values = plane[inside].astype(float)
        sums += len(values), values.sum(), (values**2).sum()
        low, high = min(low, values.min(initial=np.inf)), max(high, values.max(initial=0.0))
    fine, edges = np.zeros(_FINE * _BINS), np.linspace(low, high, _FINE * _BINS + 1)
    for plane, inside in zip(field, phase, strict=True):
        fine += np.histogram(plane[inside], edges)[0]
    mean = float(sums[1] / sums[0])
    half = int(np.searchsorted(np.cumsum(fine), sums[0] / 2))
    details: dict[str, Any] = {
        "sd": float(np.sqrt(max(0.0, sums[2] / sums[0] - mean**2))),
        "median": float((edges[half] + edges[min(half + 1, len(edges) - 1)]) / 2),
        "largest": float(high),
        "distribution": {
            "edges": edges[::_FINE].tolist(),
            "counts": fine.reshape(_BINS, _FINE).sum(axis=1).astype(int).tolist(),
        },
    }
    return mean, details
