"""The smoothed interface of a phase as triangles with curvature at each vertex, for display."""

from dataclasses import dataclass

import numpy as np

from ..progress import Progress, Steps, finish
from .blurred_planes import blurred_planes
from .level_set_curvature import curvature_at
from .surface_points import MARGIN, default_smoothing, unsmooth

_LEVEL = 0.5
_SLAB_VOXELS = 1_000_000
_HALO = 2


@dataclass(frozen=True, kw_only=True)
class CurvedSurface:
    """A triangle mesh with curvature."""

    vertices: np.ndarray
    """Places in micrometre from the centre of the first voxel, float32, shape (n, 3)."""
    faces: np.ndarray
    """Vertices of each triangle, int32, shape (m, 3)."""
    mean: np.ndarray
    """Mean curvature in 1/micrometre, shape (n,); positive where the phase is convex."""
    gaussian: np.ndarray
    """Gaussian curvature in 1/micrometre squared."""
    reliable: np.ndarray
    """False within three smoothing lengths of a face of the volume."""
    smoothing: float
    """Standard deviation of the Gaussian, in micrometre."""


def curved_surface(
    phase: np.ndarray, spacing: tuple[float, ...], *, smoothing: float | None = None
) -> CurvedSurface:
    """Mesh the smoothed interface of a phase and give each vertex its curvature.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is; at least four voxels along each axis.
    spacing : (float, float, float)
        Voxel edges, in micrometre.
    smoothing : float or None
        Standard deviation of the Gaussian, in micrometre. None: 1.5 times the largest
        voxel edge.

    Returns
    -------
    CurvedSurface
        Without vertices if there is no interface.
    """
    return finish(meshing_steps(phase, spacing, smoothing=smoothing))


def meshing_steps(
    phase: np.ndarray, spacing: tuple[float, ...], *, smoothing: float | None = None
) -> Steps[CurvedSurface]:
    """Run `curved_surface` slab by slab, with progress."""
    smoothing = default_smoothing(spacing) if smoothing is None else smoothing
    edges = np.asarray(spacing, float)
    total = len(phase)
    depth = max(2, _SLAB_VOXELS // phase[0].size)
    pieces: list[tuple[np.ndarray, ...]] = []
    planes: list[np.ndarray] = []
    seams: list[int] = []
    first, start = 0, 0
    for index, plane in enumerate(blurred_planes(phase, tuple(smoothing / edges))):
        planes.append(plane.copy())
        full = index == start + depth + _HALO
        if full or index == total - 1:
            stop = start + depth if full else total - 1
            pieces.append(_piece(np.stack(planes), first, start, stop, spacing, smoothing))
            start = stop
            seams.append(start)
            keep = max(start - _HALO, first)
            planes, first = planes[keep - first :], keep
        yield Progress(index + 1, total, "meshing the interface")
    vertices, faces, mean, gaussian = _joined(pieces, seams)
    last = np.array(phase.shape, np.float32) - 1
    margin = (MARGIN * smoothing / edges).astype(np.float32)
    reliable = np.all((vertices >= margin) & (vertices <= last - margin), axis=1)
    vertices *= edges.astype(np.float32)
    return CurvedSurface(
        vertices=vertices,
        faces=faces,
        mean=mean,
        gaussian=gaussian,
        reliable=reliable,
        smoothing=smoothing,
    )


def _piece(
    field: np.ndarray, first: int, start: int, stop: int, spacing: tuple[float, ...], smoothing: float
) -> tuple[np.ndarray, ...]:
    """Mesh planes ``start`` to ``stop`` of a slab whose first plane is ``first``; places in voxels."""
    from skimage.measure import marching_cubes

    part = field[start - first : stop - first + 1]
    if len(part) < 2 or not part.min() < _LEVEL < part.max():
        nothing = np.zeros(0, np.float32)
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32), nothing, nothing
    vertices, faces, _, _ = marching_cubes(part, _LEVEL)
    mean, gaussian = curvature_at(field, vertices + np.array([start - first, 0, 0]), spacing)
    unsmooth(mean, gaussian, smoothing, spacing)
    vertices[:, 0] += start
    return vertices, faces.astype(np.int32), mean.astype(np.float32), gaussian.astype(np.float32)


def _joined(pieces: list[tuple[np.ndarray, ...]], seams: list[int]) -> tuple[np.ndarray, ...]:
    """Put the slabs together; vertices in a plane that two slabs share become one."""
    columns = [list(column) for column in zip(*pieces, strict=True)]
    pieces.clear()
    offset = 0
    for points, triangles in zip(columns[0], columns[1], strict=True):
        triangles += offset
        offset += len(points)
    gaussian, mean, faces, vertices = (np.concatenate(columns.pop()) for _ in range(4))
    doubtful = np.flatnonzero(np.isin(np.rint(vertices[:, 0] * 1024), 1024 * np.array(seams)))
    keys = np.rint(vertices[doubtful] * 1024).astype(np.int64)
    _, kept, place = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    target = np.arange(len(vertices), dtype=np.int32)
    target[doubtful] = doubtful[kept[place.ravel()]]
    survives = target == np.arange(len(vertices), dtype=np.int32)
    faces = (np.cumsum(survives, dtype=np.int32) - 1)[target][faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return vertices[survives], faces[whole], mean[survives], gaussian[survives]
