"""Write TIFF: ImageJ-compatible where the values allow, OME, or plain; plane by plane."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tifffile

from ..errors import AxesError, FileFormatError
from ..progress import Progress
from ..units import convert_length
from ..volume import Volume
from . import description
from .atomic import atomic_path
from .pages import counted, stored_dtype
from .tiff_structure import read_structure

CLASSIC_LIMIT = int(3.5 * 1024**3)
"""Bytes of pixels above which a TIFF is written as BigTIFF."""
IMAGEJ_TYPES = ("bool", "uint8", "uint16", "float32")
OME_TYPES = ("bool", "int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64")


def write_tiff(volume: Volume, path: Path, *, ome: bool) -> Iterator[Progress]:
    """Write a volume as TIFF with its voxel size.

    ImageJ's resolution is a rational of two 32-bit numbers and too coarse; the exact
    numbers stand in our own entry of the description, which other programs pass over.

    Parameters
    ----------
    volume : Volume
        Row and column must be the last axes, or followed by colour.
    path : Path
        The file.
    ome : bool
        Write OME-XML instead of an ImageJ description.

    Raises
    ------
    AxesError
        If the axes are in another order.
    FileFormatError
        If the values do not fit.
    SaveError
        If it cannot be written.
    """
    if not volume.axes.endswith(("YX", "YXS")):
        raise AxesError(
            f"A volume with axes {volume.axes} cannot be written as TIFF: row and column must come last. "
            "Write .npy instead."
        )
    if volume.dtype.kind not in "biuf" or (ome and volume.dtype.name not in OME_TYPES):
        raise FileFormatError(
            f"{volume.dtype} values do not fit into {path.name}; convert them, or write .zarr or .npy "
            "instead."
        )
    colour = volume.axes.endswith("S") and volume.shape[-1] in (3, 4)
    big = volume.nbytes > CLASSIC_LIMIT
    imagej = not ome and not big and _fits_imagej(volume)
    resolution = _resolution(volume, imagej=imagej)
    with atomic_path(path) as temporary:
        with tifffile.TiffWriter(
            temporary, bigtiff=big, imagej=imagej, ome=ome, shaped=not (imagej or ome)
        ) as tif:
            tif.write(
                shape=volume.shape,
                dtype=stored_dtype(volume),
                rowsperstrip=volume.shape[volume.axes.index("Y")],
                photometric="rgb" if colour else "minisblack",
                metadata=_metadata(volume, imagej=imagej, ome=ome),
                resolution=resolution,
                resolutionunit="NONE" if imagej or resolution is None else "CENTIMETER",
                software="napari-microgen",
            )
        yield from _fill(temporary, volume, path.name)


def _fill(temporary: Path, volume: Volume, name: str) -> Iterator[Progress]:
    """Put the planes into the places that the directories of the file keep for them."""
    places = [page.numbers[273] for page in read_structure(temporary).pages]
    with open(temporary, "rb+") as file:
        for place, (page, progress) in zip(places, counted(volume, name), strict=True):
            file.seek(place[0])
            file.write(page.data)
            yield progress


def _fits_imagej(volume: Volume) -> bool:
    """Say whether ImageJ knows these values and this order of axes."""
    in_order = volume.axes == "".join(a for a in "TZCYXS" if a in volume.axes)
    colour = volume.dtype.name in ("bool", "uint8") and volume.shape[-1] in (3, 4)
    return in_order and volume.dtype.name in IMAGEJ_TYPES and ("S" not in volume.axes or colour)


def _metadata(volume: Volume, *, imagej: bool, ome: bool) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": volume.axes}
    sizes = dict(zip("ZYX", volume.voxel_size_zyx, strict=True))
    if ome:
        for letter, edge in sizes.items():
            if edge is not None:
                metadata |= {
                    f"PhysicalSize{letter}": edge,
                    f"PhysicalSize{letter}Unit": _unit_sign(volume.unit),
                }
        metadata["MapAnnotation"] = {
            "Namespace": "napari-microgen",
            description.KEY: description.to_text(volume),
        }
        return metadata
    if imagej:
        if volume.unit is not None:
            metadata["unit"] = "micron" if volume.unit == "um" else volume.unit
        if sizes["Z"] is not None:
            metadata["spacing"] = sizes["Z"]
        return metadata | {description.KEY: description.to_text(volume)}
    return metadata | {description.KEY: description.describe(volume)}


def _unit_sign(unit: str | None) -> str:
    return {"um": "µm", "angstrom": "Å", "inch": "in"}.get(unit or "", unit or "")


def _resolution(volume: Volume, *, imagej: bool) -> tuple[float, float] | None:
    """Return columns and rows per unit for ImageJ, per centimetre for others; None if not known."""
    _, row, column = volume.voxel_size_zyx
    if row is None or column is None or volume.unit is None:
        return None
    unit = volume.unit if imagej else "cm"
    return 1 / convert_length(column, volume.unit, unit), 1 / convert_length(row, volume.unit, unit)
