"""Write volumes and tables; nothing has its final name before it is whole."""

from collections.abc import Iterator
from pathlib import Path

from ..errors import AxesError, FileFormatError, SaveError
from ..progress import Progress, Steps, stepwise
from ..volume import Volume
from . import description
from .atomic import atomic_path, sweep_partials, write_text
from .npy import write_npy
from .pages import planes_of
from .recipes import recipe_path, write_recipe
from .tables import read_table, write_table
from .zarr_manifest import NAME as MANIFEST

__all__ = ["read_table", "recipe_path", "require_image_target", "write", "write_table"]

SUFFIXES = ".tif, .tiff, .ome.tif, .zarr, .npy, .png, or a folder name without an ending"
FOLDER_CARD = "microgen.json"
"""Description in a folder of slices; a folder with it was written by this package."""


@stepwise
def write(volume: Volume, path: Path | str, *, recipe: bool = True) -> Steps[Path]:
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

    Yields
    ------
    Progress
        A tick per plane, from ``write.steps(...)``; closing it leaves what had the name before.

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
        If the disk is full or may not be written, or a folder of that name holds
        something else; what had the name before is untouched.
    """
    path = require_image_target(path)
    if 0 in volume.shape:
        raise AxesError(f"{volume.name or 'The volume'} has shape {volume.shape}: there is nothing to write.")
    if path.parent.is_dir():
        sweep_partials(path.parent)
    yield from _write_by_suffix(volume, path)
    if recipe and volume.recipe is not None:
        write_recipe(volume.recipe, path)
    else:
        recipe_path(path).unlink(missing_ok=True)  # that of an older file of this name would be a lie
    return path


def _write_by_suffix(volume: Volume, path: Path) -> Iterator[Progress]:
    name = path.name.lower()
    if name.endswith((".tif", ".tiff")):
        from .tiff_writing import write_tiff

        yield from write_tiff(volume, path, ome=name.endswith((".ome.tif", ".ome.tiff")))
    elif name.endswith(".zarr"):
        from .omezarr_writing import write_zarr

        require_own_folder(path, MANIFEST)
        yield from write_zarr(volume, path)
    elif name.endswith(".npy"):
        yield from write_npy(volume, path)
    elif name.endswith(".png"):
        _write_png(volume, path)
    else:
        require_own_folder(path, FOLDER_CARD)
        yield from _write_folder(volume, path)


def require_image_target(path: Path | str) -> Path:
    """Return a path that `write` knows how to write by its ending.

    Raises
    ------
    FileFormatError
        If the ending is not known.
    """
    path = Path(path)
    if path.suffix and not path.name.lower().endswith((".tif", ".tiff", ".zarr", ".npy", ".png")):
        raise FileFormatError(
            f"{path.name} cannot be written: its ending says no known format. Use {SUFFIXES}."
        )
    return path


def require_own_folder(path: Path, card: str) -> None:
    """Refuse to replace a folder that this package did not write: it may hold the only copy of something.

    Raises
    ------
    SaveError
        If ``path`` is a folder with content but without ``card``.
    """
    if path.is_dir() and not (path / card).is_file() and any(path.iterdir()):
        raise SaveError(
            f"{path} exists and was not written by this package; it is left alone. Choose another name."
        )


def _write_png(volume: Volume, path: Path) -> None:
    from PIL import Image, PngImagePlugin

    colour = volume.axes == "YXS" and volume.shape[-1] in (3, 4) and volume.dtype.name == "uint8"
    if not colour and (volume.axes != "YX" or volume.dtype.name not in ("uint8", "uint16", "bool")):
        raise FileFormatError(
            f"A volume with axes {volume.axes} and {volume.dtype} values does not fit into PNG, which holds "
            "one plane of uint8 or uint16. Write .tif instead."
        )
    text = PngImagePlugin.PngInfo()
    text.add_text(description.KEY, description.to_text(volume))
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        Image.fromarray(next(planes_of(volume))).save(file, format="PNG", pnginfo=text)


def _write_folder(volume: Volume, path: Path) -> Iterator[Progress]:
    from .tiff_writing import write_tiff

    if volume.axes not in ("ZYX", "ZYXS"):
        raise AxesError(
            f"A volume with axes {volume.axes} is not a stack of slices; write .tif or .zarr instead."
        )
    digits = max(4, len(str(volume.n_planes)))
    size = volume.voxel_size_zyx[1:]
    with atomic_path(path) as temporary:
        temporary.mkdir()
        for k, plane in enumerate(planes_of(volume)):
            one = Volume(
                plane, volume.axes[1:], size, volume.unit, name=f"{volume.name} {k}", kind=volume.kind
            )
            for _ in write_tiff(one, temporary / f"{path.name}_{k:0{digits}d}.tif", ome=False):
                pass
            yield Progress(k + 1, volume.n_planes, f"writing {path.name}")
        write_text(temporary / FOLDER_CARD, description.to_text(volume) + "\n")
