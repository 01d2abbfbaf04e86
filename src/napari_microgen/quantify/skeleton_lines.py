"""The struts of a phase as lines: the skeleton with the diameter of each strut."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AxesError, LabelValueError
from ..io.atomic import require_writable, write_text
from ..io.limits import require_memory
from ..io.ply import write_ply
from ..progress import Progress, Steps, scaled, stepwise
from ..volume import Volume, require_labels
from .fields import present_phase
from .struts import Struts, struts
from .surface import central_range

FILE, TABLE = "skeleton.ply", "struts.csv"
_BYTES_PER_VOXEL = 13.0


@stepwise
def skeleton_lines(labels: Volume, *, phase: int = 1, out: Path = Path("skeleton")) -> Steps[dict[str, Any]]:
    """Find the struts of one phase and write them as lines with their diameters.

    Writes ``skeleton.ply``: the voxels of the skeleton as places in micrometre (x along columns, y along
    rows, z along planes, from the centre of the first voxel), joined by lines, each place with the
    ``diameter`` of its strut in um and the number of its ``strut`` (-1 at nodes and where a face of the
    volume cuts the strut); and ``struts.csv`` with diameter and length of each strut.

    Parameters
    ----------
    labels : Volume
        Label map, axes ZYX, with a known voxel size.
    phase : int
        Value of the phase. 1 is the solid of a phase map.
    out : Path
        Folder for both files; made when it is not there.

    Returns
    -------
    dict
        ``out``, ``files``, ``struts``, ``vertices``, ``lines``, and the central range of the diameter.

    Raises
    ------
    UnknownVoxelSizeError
        If the voxel size is not known.
    LabelValueError
        If the phase is absent, fills the volume, or has no strut.
    MemoryLimitError
        If the work would not fit into memory.
    """
    labels = require_labels(labels, "a skeleton")
    spacing = labels.spacing("um")
    if not labels.is_stack:
        raise AxesError(f"Struts are found in a volume, and {labels.name or 'this map'} is one plane.")
    needed = int(_BYTES_PER_VOXEL * np.prod(labels.shape))
    require_memory(needed, "The skeleton", "Crop or downsample the volume, or raise MICROGEN_MEMORY.")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    mask: np.ndarray = yield from scaled(present_phase(labels, phase), 0, 10, 100)
    if mask.all():
        raise LabelValueError("The phase fills the volume, so it has no struts. Check the labels.")
    edges = (spacing[0], spacing[1], spacing[2])
    found: Struts = yield from scaled(struts.steps(mask, edges), 10, 80, 100)
    if not len(found.diameter):
        raise LabelValueError(
            f"Phase {phase} has no strut inside the volume. Crop less, or check the labels."
        )
    yield Progress(90, 100, f"writing {FILE}")
    links = neighbour_pairs(found.voxels, found.shape)
    diameter = np.full(len(found.voxels), np.nan, np.float32)
    inside = found.strut >= 0
    diameter[inside] = found.diameter[found.strut[inside]]
    write_ply(
        out / FILE,
        (found.voxels * np.asarray(edges))[:, ::-1],
        edges=links,
        values={"diameter": diameter, "strut": found.strut.astype(np.int32)},
        comments=(
            "unit um; x along columns, y along rows, z along planes, from the centre of the first voxel",
            "diameter in um, that of the whole strut; not a number where strut is -1",
        ),
    )
    write_text(out / TABLE, _table(found))
    return {
        "out": str(out),
        "files": [FILE, TABLE],
        "phase": phase,
        "struts": len(found.diameter),
        "vertices": len(found.voxels),
        "lines": len(links),
        "range": {"diameter": central_range(found.diameter)},
    }


def neighbour_pairs(voxels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return which voxels of a list touch by a face, an edge or a corner.

    Parameters
    ----------
    voxels : ndarray of int, shape (n, 3)
        Places, no two alike.
    shape : tuple of int
        Of the volume they lie in.

    Returns
    -------
    ndarray of int32, shape (k, 2)
        Rows of ``voxels``, each pair once.

    Examples
    --------
    >>> neighbour_pairs(np.array([[0, 0, 0], [0, 1, 1], [0, 3, 3]]), (1, 4, 4)).tolist()
    [[0, 1]]
    """
    _, rows, columns = (n + 2 for n in shape)
    row, plane = columns, rows * columns
    flat = ((voxels[:, 0] + 1) * rows + voxels[:, 1] + 1) * columns + voxels[:, 2] + 1
    order = np.argsort(flat)
    ordered = flat[order]
    offsets = [p * plane + r * row + c for p in (-1, 0, 1) for r in (-1, 0, 1) for c in (-1, 0, 1)]
    pairs = [np.empty((0, 2), np.int64)]
    for offset in (o for o in offsets if o > 0):
        at = np.minimum(np.searchsorted(ordered, flat + offset), max(len(flat) - 1, 0))
        there = np.flatnonzero(ordered[at] == flat + offset) if len(flat) else at
        pairs.append(np.stack([there, order[at[there]]], axis=1))
    return np.concatenate(pairs).astype(np.int32)


def _table(found: Struts) -> str:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["strut", "diameter [um]", "length [um]"])
    for number, (diameter, length) in enumerate(zip(found.diameter, found.length, strict=True)):
        rows.writerow([number, repr(float(diameter)), repr(float(length))])
    return text.getvalue()
