"""The interface of a phase as a triangle mesh with its curvatures, for display and other programs."""

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AxesError, LabelValueError, ParameterError
from ..io.atomic import require_writable
from ..io.limits import require_memory
from ..io.ply import write_ply
from ..progress import Progress, Steps, scaled, stepwise, waited
from ..volume import Volume, require_labels
from .coarser_mesh import coarser_mesh
from .curved_surface import CurvedSurface, meshing_steps
from .fields import present_phase

FILE = "surface.ply"
_BYTES_PER_VOXEL = 17.0
_LEAST_VOXELS = 4
_TAIL = 2.0


@stepwise
def surface(
    labels: Volume,
    *,
    phase: int = 1,
    out: Path = Path("surface"),
    smoothing: float | None = None,
    most_triangles: int | None = 1_000_000,
) -> Steps[dict[str, Any]]:
    """Mesh the interface of one phase and give each place its mean and Gaussian curvature.

    Writes ``surface.ply``: places in micrometre (x along columns, y along rows, z along planes, from the
    centre of the first voxel) with ``mean_curvature`` in 1/um, ``gaussian_curvature`` in 1/um^2, and
    ``reliable``, which is 0 near the faces of the volume, where a part of the surroundings is missing.
    Curvature is positive where the phase is convex. Values at single places depend on the smoothing; the
    averages that quantify gives do not. The mesh is to look at: smoothing takes area away (a fifth of
    that of a real sandstone), so take the surface area from quantify.

    Parameters
    ----------
    labels : Volume
        Label map, axes ZYX, with a known voxel size and at least four voxels along each axis.
    phase : int
        Value of the phase. 1 is the solid of a phase map.
    out : Path
        Folder for the mesh; made when it is not there.
    smoothing : float or None
        Standard deviation of the Gaussian that smooths the steps of the voxels, in micrometre. None is 1.5
        times the largest voxel edge, the least that gives curvatures a meaning.
    most_triangles : int or None
        A finer mesh is made coarser by joining neighbouring places. 1000000 turn smoothly on most
        machines; None keeps every triangle.

    Returns
    -------
    dict
        ``out``, ``files``, ``vertices``, ``triangles``, ``smoothing_um``, ``joined_um`` (0 if none were
        joined), ``reliable_share``, and the central range of each curvature at reliable places (at all
        places, where none is reliable).

    Raises
    ------
    UnknownVoxelSizeError
        If the voxel size is not known.
    LabelValueError
        If the phase is absent or fills the volume.
    MemoryLimitError
        If the mesh would not fit into memory.
    """
    labels = require_labels(labels, "a surface")
    spacing = labels.spacing("um")
    if not labels.is_stack or min(labels.shape) < _LEAST_VOXELS:
        raise AxesError(
            f"{labels.name or 'The map'} has shape {labels.shape}; a surface needs a volume with at least "
            f"{_LEAST_VOXELS} voxels along each axis."
        )
    if (smoothing is not None and not smoothing > 0) or (most_triangles is not None and most_triangles < 1):
        raise ParameterError("Give a smoothing above 0 and at least one triangle, or none for the defaults.")
    needed = int(_BYTES_PER_VOXEL * np.prod(labels.shape))
    require_memory(needed, "The surface", "Crop or downsample the volume, or raise MICROGEN_MEMORY.")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    mask: np.ndarray = yield from scaled(present_phase(labels, phase), 0, 10, 100)
    if mask.all():
        raise LabelValueError("The phase fills the volume, so it has no surface. Check the labels.")
    mesh: CurvedSurface = yield from scaled(meshing_steps(mask, spacing, smoothing=smoothing), 10, 70, 100)
    if not len(mesh.faces):
        raise LabelValueError("The phase is so small that smoothing leaves no surface. Lower the smoothing.")
    facts = yield from _written(mesh, out, most_triangles)
    return {"out": str(out), "files": [FILE], "phase": phase, **facts}


def _written(mesh: CurvedSurface, out: Path, most: int | None) -> Steps[dict[str, Any]]:
    values = {
        "mean_curvature": mesh.mean,
        "gaussian_curvature": mesh.gaussian,
        "reliable": mesh.reliable.astype(np.float32),
    }
    limit = len(mesh.faces) if most is None else most
    places, faces, values, cell = yield from waited(
        lambda: coarser_mesh(mesh.vertices, mesh.faces, values, most=limit), 80, 100, "joining places"
    )
    yield Progress(90, 100, f"writing {FILE}")
    reliable = values.pop("reliable") > 0.5
    shown = reliable if reliable.any() else np.ones(len(places), bool)
    write_ply(
        out / FILE,
        places[:, ::-1],
        faces=faces,
        values=values | {"reliable": reliable.astype(np.uint8)},
        comments=(
            "unit um; x along columns, y along rows, z along planes, from the centre of the first voxel",
            f"mean_curvature in 1/um, gaussian_curvature in 1/um^2, smoothing {mesh.smoothing:.6g} um",
        ),
    )
    return {
        "vertices": len(places),
        "triangles": len(faces),
        "smoothing_um": float(mesh.smoothing),
        "joined_um": cell,
        "reliable_share": float(reliable.mean()),
        "range": {name: central_range(column[shown]) for name, column in values.items()},
    }


def central_range(values: np.ndarray) -> list[float]:
    """Return the range that holds all but the outermost 4 % of values."""
    return [float(v) for v in np.percentile(values, (_TAIL, 100 - _TAIL))]
