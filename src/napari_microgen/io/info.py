"""What is in a file, said before anything is done with it."""

from pathlib import Path
from typing import Any, Literal

from ..volume import Volume
from .reading import read


def info(
    path: Path,
    *,
    axes: str | None = None,
    kind: Literal["image", "labels"] = "image",
    allow_partial: bool = False,
) -> dict[str, Any]:
    """Say what is in an image file, a folder of slices or an OME-Zarr store.

    Parameters
    ----------
    path : Path
        TIFF, PNG, JPEG, BMP, NPY, folder of slices or OME-Zarr; ``a.tif+b.tif`` for detectors of one scene.
    axes : str, optional
        What the dimensions are, one letter each (``ZYX``), where the file does not say.
    kind : {"image", "labels"}
        Grey values, or whole-number classes.
    allow_partial : bool
        Look at what is there of a damaged file; off, so that a loss is never overlooked.

    Returns
    -------
    dict
        ``shape, axes, dtype, voxel_size`` (plane, row, column; None where unknown),
        ``unit, data_bar_rows`` (0 if none), ``name, source, kind_of_file, bytes, notes,
        metadata`` and, for OME-Zarr, ``levels``.

    Raises
    ------
    MicrogenError
        As `napari_microgen.io.reading.read`.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from napari_microgen import Volume, write
    >>> file = write(Volume(np.zeros((4, 6), "u1"), "YX", (5.0, 5.0), "nm"), tempfile.mkdtemp() + "/a.tif")
    >>> found = info(file)
    >>> found["shape"], found["axes"], found["voxel_size"], found["unit"]
    ([4, 6], 'YX', [None, 5.0, 5.0], 'nm')
    """
    volume = read(path, axes=axes, kind=kind, allow_partial=allow_partial)
    metadata = dict(volume.metadata)
    words, levels = metadata.pop("kind_of_file", ""), metadata.pop("levels", None)
    bar = metadata.pop("data_bar_rows", None)
    size = list(volume.voxel_size_zyx)
    return {
        "shape": list(volume.shape),
        "axes": volume.axes,
        "dtype": str(volume.dtype),
        "voxel_size": None if all(edge is None for edge in size) else size,
        "unit": volume.unit,
        "data_bar_rows": _data_bar_rows(volume, bar),
        "name": volume.name,
        "source": volume.source,
        "kind_of_file": words,
        "bytes": volume.nbytes,
        "notes": list(volume.notes),
        "metadata": metadata,
        "levels": levels,
    }


def _data_bar_rows(volume: Volume, stated: int | None) -> int:
    """Return what the metadata states, else what the detector proposes for the first plane; 0 for labels."""
    if stated is not None:
        return stated
    if (
        volume.kind == "labels"
        or volume.dtype.kind not in "iuf"
        or volume.axes not in ("YX", "ZYX", "CYX", "CZYX")
    ):
        return 0
    from .data_bar import propose_data_bar

    plane = volume.plane(0)
    return int(propose_data_bar(plane if plane.ndim == 2 else plane[0]))
