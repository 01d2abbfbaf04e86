"""Write volumes and tables; nothing has its final name before it is whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AxesError, FileFormatError
from ..units import convert_length
from ..volume import Volume
from . import description
from .atomic import atomic_path, write_text
from .tables import read_table, write_table

__all__ = ["read_table", "recipe_path", "write", "write_table"]

CLASSIC_LIMIT = int(3.5 * 1024**3)
"""Bytes of pixels above which a TIFF is written as BigTIFF."""
IMAGEJ_TYPES = ("bool", "uint8", "uint16", "float32")
OME_TYPES = ("bool", "int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64")
SUFFIXES = ".tif, .tiff, .ome.tif, .zarr, .npy, .png, or a folder name without an ending"


def recipe_path(path: Path | str) -> Path:
    """Return where the recipe of a written file lies: ``NAME.recipe.json`` beside it.

    Examples
    --------
    >>> recipe_path("out/phase.tif").as_posix()
    'out/phase.tif.recipe.json'
    """
    path = Path(path)
    return path.with_name(path.name + ".recipe.json")


def write(volume: Volume, path: Path | str, *, recipe: bool = True) -> Path:
    """Write an image or label volume with its voxel size, plane by plane, and its recipe beside it.

    Parameters
    ----------
    volume : Volume
        What to write.
    path : Path or str
        Its ending decides: ``.tif`` (ImageJ-compatible where the type of values allows),
        ``.ome.tif``, ``.zarr`` (OME-Zarr 0.5 with a pyramid), ``.npy``, ``.png`` (one plane),
        or no ending for a folder of TIFF slices.
    recipe : bool
        Write ``NAME.recipe.json`` too if the volume has a recipe.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    FileFormatError
        If the ending is not known, or the format cannot hold the values.
    AxesError
        If the format cannot hold the axes, or there is nothing to write.
    SaveError
        If the disk is full or may not be written; what had the name before is untouched.
    """
    path = Path(path)
    if 0 in volume.shape:
        raise AxesError(f"{volume.name or 'The volume'} has shape {volume.shape}: there is nothing to write.")
    name = path.name.lower()
    if name.endswith((".ome.tif", ".ome.tiff")):
        _write_tiff(volume, path, ome=True)
    elif name.endswith((".tif", ".tiff")):
        _write_tiff(volume, path, ome=False)
    elif name.endswith(".zarr"):
        from .omezarr_writing import write_zarr

        write_zarr(volume, path)
    elif name.endswith(".npy"):
        _write_npy(volume, path)
    elif name.endswith(".png"):
        _write_png(volume, path)
    elif not path.suffix:
        _write_folder(volume, path)
    else:
        raise FileFormatError(
            f"{path.name} cannot be written: its ending says no known format. Use {SUFFIXES}."
        )
    if recipe and volume.recipe is not None:
        write_text(recipe_path(path), replace(volume.recipe, output_path=str(path)).to_json())
    return path


def planes_of(volume: Volume) -> Iterator[np.ndarray]:
    """Yield the pages of a volume in C order, all dimensions before row, column (and colour); bool as 0 and 1."""
    tail = 3 if volume.axes.endswith("YXS") else 2
    lead = volume.shape[: len(volume.shape) - tail]
    native = np.dtype(np.uint8) if volume.dtype == bool else volume.dtype.newbyteorder("=")
    for index in np.ndindex(*lead):
        yield np.ascontiguousarray(
            np.asarray(volume.data[index] if index else volume.data).astype(native, copy=False)
        )


def _require_image_axes(volume: Volume, format_name: str) -> None:
    if not volume.axes.endswith(("YX", "YXS")):
        raise AxesError(
            f"A volume with axes {volume.axes} cannot be written as {format_name}: row and column must come last. "
            f"Transpose it, or write .npy or .zarr."
        )


def _write_tiff(volume: Volume, path: Path, *, ome: bool) -> None:
    import tifffile

    _require_image_axes(volume, "TIFF")
    if volume.dtype.kind not in "biuf" or (ome and volume.dtype.name not in OME_TYPES):
        raise FileFormatError(
            f"{volume.dtype} values do not fit into {path.name}; convert them, or write .zarr or .npy instead."
        )
    big = volume.nbytes > CLASSIC_LIMIT
    imagej = not ome and not big and volume.dtype.name in IMAGEJ_TYPES and set(volume.axes) <= set("TZCYXS")
    if imagej and "S" in volume.axes and volume.dtype.name not in ("bool", "uint8"):
        imagej = False
    imagej = imagej and volume.axes == "".join(a for a in "TZCYXS" if a in volume.axes)
    resolution = _resolution(volume, imagej=imagej)
    with atomic_path(path) as temporary:
        with tifffile.TiffWriter(
            temporary, bigtiff=big, imagej=imagej, ome=ome, shaped=not (imagej or ome)
        ) as tif:
            tif.write(
                planes_of(volume),
                shape=volume.shape,
                dtype=np.uint8 if volume.dtype == bool else volume.dtype.newbyteorder("="),
                photometric="rgb"
                if volume.axes.endswith("S") and volume.shape[-1] in (3, 4)
                else "minisblack",
                metadata=_tiff_metadata(volume, imagej=imagej, ome=ome),
                resolution=resolution,
                resolutionunit="NONE" if imagej or resolution is None else "CENTIMETER",
                software="napari-microgen",
            )


def _tiff_metadata(volume: Volume, *, imagej: bool, ome: bool) -> dict[str, Any]:
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


def _write_npy(volume: Volume, path: Path) -> None:
    native = volume.dtype.newbyteorder("=")
    if native.kind not in "biuf":
        raise FileFormatError(f"{native} values cannot be written as NPY; convert them to plain numbers.")
    header = {"descr": np.lib.format.dtype_to_descr(native), "fortran_order": False, "shape": volume.shape}
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for plane in planes_of(volume):
            file.write(plane.tobytes())
    write_text(path.with_name(path.name + ".json"), description.to_text(volume) + "\n")


def _write_png(volume: Volume, path: Path) -> None:
    from PIL import Image, PngImagePlugin

    colour = volume.axes == "YXS" and volume.shape[-1] in (3, 4) and volume.dtype.name == "uint8"
    if not colour and (volume.axes != "YX" or volume.dtype.name not in ("uint8", "uint16", "bool")):
        raise FileFormatError(
            f"A volume with axes {volume.axes} and {volume.dtype} values does not fit into PNG, which holds one plane "
            f"of uint8 or uint16. Write .tif instead."
        )
    plane = next(planes_of(volume))
    text = PngImagePlugin.PngInfo()
    text.add_text(description.KEY, description.to_text(volume))
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        Image.fromarray(plane).save(file, format="PNG", pnginfo=text)


def _write_folder(volume: Volume, path: Path) -> None:
    _require_image_axes(volume, "a folder of slices")
    if volume.axes not in ("ZYX", "ZYXS"):
        raise AxesError(
            f"A volume with axes {volume.axes} is not a stack of slices; write .tif or .zarr instead."
        )
    digits = max(4, len(str(volume.n_planes)))
    axes, size = volume.axes.replace("Z", ""), volume.voxel_size_zyx[1:]
    with atomic_path(path) as temporary:
        temporary.mkdir()
        for k, plane in enumerate(planes_of(volume)):
            slice_ = Volume(plane, axes, size, volume.unit, name=f"{volume.name} {k}", kind=volume.kind)
            _write_tiff(slice_, temporary / f"{path.name}_{k:0{digits}d}.tif", ome=False)
        write_text(temporary / "microgen.json", description.to_text(volume) + "\n")
