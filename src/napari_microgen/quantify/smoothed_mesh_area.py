"""Area of the smoothed interface of a phase, by marching cubes.

The mask is blurred by a fraction of a voxel and the level 1/2 is meshed. Unlike line
counts this does not depend on the orientation of the interface; it loses area where
the interface is curved on the scale of the blur. The mesh ends openly at the faces of
the volume. Slabs are worked one at a time and add up to the whole.
"""

import numpy as np

from ..progress import Progress, Steps, finish

_SLAB_VOXELS = 2_000_000
_LEVEL = 0.5


def smoothed_mesh_area(phase: np.ndarray, spacing: tuple[float, ...], *, smoothing: float = 0.7) -> float:
    """Area of the interface of a phase after a light blur.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is; at least two voxels along each axis.
    spacing : (float, float, float)
        Voxel edges, in micrometre.
    smoothing : float
        Standard deviation of the Gaussian, in voxels along each axis. 0.7 keeps spheres
        of 6 voxels radius and more, and planes of any orientation, within 2.5 % (4 % at
        edges 1.34 : 1 : 1).

    Returns
    -------
    float
        Area in square micrometre, inside the box between the outermost voxel centres.

    Examples
    --------
    >>> half = np.zeros((8, 8, 8), bool)
    >>> half[:4] = True
    >>> round(smoothed_mesh_area(half, (1.0, 1.0, 1.0)), 3)
    49.0
    """
    return finish(smoothed_mesh_area_steps(phase, spacing, smoothing=smoothing))


def smoothed_mesh_area_steps(
    phase: np.ndarray,
    spacing: tuple[float, ...],
    *,
    smoothing: float = 0.7,
    planes: tuple[int, int] | None = None,
) -> Steps[float]:
    """Run `smoothed_mesh_area` slab by slab, with progress.

    ``planes``: first and last plane between which the mesh counts; the others only take
    part in the blur, which needs three on each side. None: all.
    """
    from scipy.ndimage import gaussian_filter
    from skimage.measure import marching_cubes, mesh_surface_area

    slab = max(1, _SLAB_VOXELS // phase[0].size)
    first, last = planes or (0, len(phase) - 1)
    margin = int(4 * smoothing + 0.5)
    area = 0.0
    for start in range(first, last, slab):
        stop = min(start + slab, last) + 1
        low, high = max(0, start - margin), min(len(phase), stop + margin)
        blurred = gaussian_filter(phase[low:high].astype(np.float32), smoothing, mode="nearest", truncate=4.0)
        field = blurred[start - low : stop - low]
        if field.min() < _LEVEL < field.max():
            vertices, faces, _, _ = marching_cubes(field, _LEVEL, spacing=tuple(spacing))
            area += float(mesh_surface_area(vertices, faces))
        yield Progress(stop, len(phase), "meshing the interface")
    return area
