"""Open a TIFF file: its series, axes, colour and planes."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from ..errors import CorruptFileError, FileFormatError, MemoryLimitError, MicrogenError
from . import description
from .colour import resolve_palette
from .lazy import LazyPlanes
from .limits import require_memory
from .opened import Opened
from .tiff_check import Finding, plane_bits, require_whole
from .tiff_planes import DecodedPlanes, RawPlanes, damaged, open_quietly
from .tiff_scale import own_description, scale_of_tiff
from .tiff_structure import Structure, product, read_structure

MINISWHITE, PALETTE = 0, 3


def open_tiff(path: Path, *, kind: str = "image", allow_partial: bool = False) -> Opened:
    """Open a TIFF file after checking that all of it is there.

    Parameters
    ----------
    path : Path
        The file.
    kind : {"image", "labels"}
        For labels, palette indices and values are kept as they are stored.
    allow_partial : bool
        Read what is there of a cut file.

    Raises
    ------
    CorruptFileError
        If it is cut or damaged.
    FileFormatError
        If it holds pictures of different sizes, or values that are not grey or colour.
    """
    structure = read_structure(path)
    finding, notes = require_whole(structure, allow_partial=allow_partial)
    try:
        with open_quietly(path) as tif:
            opened = _open_checked(tif, structure, finding, kind, allow_partial)
    except (MicrogenError, PermissionError):
        raise
    except MemoryError as error:
        raise MemoryLimitError(f"{path.name} declares more than fits into memory ({error}).") from error
    except Exception as error:  # tifffile raises many kinds on damaged bytes
        raise damaged(path, error) from error
    return replace(opened, notes=(*notes, *opened.notes))


def _open_checked(
    tif: tifffile.TiffFile, structure: Structure, finding: Finding, kind: str, allow_partial: bool
) -> Opened:
    """Return planes, axes, colour and scale of a file that has been checked."""
    notes: tuple[str, ...] = ()
    own = None
    if finding.problems:
        opened, page = _whole_pages(tif, structure, finding), tif.pages[0]
    else:
        series, notes = _chosen_series(tif, structure, allow_partial)
        page = series.keyframe
        _number_type(series.dtype, structure.path)
        opened = Opened(_planes(tif, series, structure.path), series.axes, _kind_words(series, tif))
        own = own_description(structure)
    if own is not None and product(own["shape"]) == product(opened.data.shape):
        opened = _as_written(opened, own)
    elif opened.axes.endswith("SYX"):
        opened = _samples_last(opened)
    opened = _true_values(opened, page, kind, bool(tif.is_imagej))
    metadata = dict(opened.metadata) | {"pages": len(structure.pages)}
    scale = scale_of_tiff(structure, opened.axes)
    return replace(opened, scale=scale, notes=(*notes, *opened.notes), metadata=metadata)


def _chosen_series(
    tif: tifffile.TiffFile, structure: Structure, allow_partial: bool
) -> tuple[Any, tuple[str, ...]]:
    """Return the first series; further ones are small previews, or an error."""
    series, others = tif.series[0], tif.series[1:]
    covered = sum(len(level.pages) for s in tif.series for level in s.levels)
    if covered < len(structure.pages) and not allow_partial:
        raise CorruptFileError(
            f"{structure.path.name} holds {len(structure.pages)} planes but describes {covered}. Save it "
            f"again as a plain stack, or read those described with --allow-partial."
        )
    area = product(series.keyframe.shape)
    small = [s for s in others if len(s.pages) == 1 and product(s.shape) * 4 <= area]
    previews = [s for s in others if s in small or s.keyframe.is_reduced]
    if len(previews) == len(others):
        left_out = [*series.levels[1:], *previews]
        return series, tuple(f"a preview of shape {s.shape} in the file is left out" for s in left_out)
    if tif.is_ome or allow_partial:
        return series, (f"only the first of {len(tif.series)} images in the file is read",)
    odd = next(s for s in others if s not in previews)
    raise FileFormatError(
        f"{structure.path.name} holds images of different kinds: {series.shape} {series.dtype} and, from "
        f"page {odd.pages[0].index} on, {odd.shape} {odd.dtype}. Save them as separate files, or read the "
        f"first with --allow-partial."
    )


def _planes(tif: tifffile.TiffFile, series: Any, path: Path) -> Any:
    """Return the pixels of a series, a plane at a time where the file allows it."""
    dtype, shape = np.dtype(series.dtype), tuple(int(n) for n in series.shape)
    native = dtype.newbyteorder("=")
    plane_shape = tuple(int(n) for n in series.keyframe.shape)
    count = product(shape) // max(product(plane_shape), 1)
    whole_planes = count * product(plane_shape) == product(shape)
    if not whole_planes or shape[len(shape) - len(plane_shape) :] != plane_shape:
        needed = product(shape) * native.itemsize
        require_memory(needed, f"Reading {path.name}", "Save it as a plain stack of planes.")
        return series.asarray().reshape(shape).astype(native, copy=False)
    if series.dataoffset is not None:
        stored = dtype.newbyteorder(tif.byteorder)
        return LazyPlanes(
            shape, native, RawPlanes(path, series.dataoffset, stored, plane_shape), len(plane_shape)
        )
    pages = [series.pages[k] for k in range(count)]
    if any(page is None for page in pages):
        raise CorruptFileError(f"{path.name} lacks planes that its description names. Fetch it again.")
    reader = DecodedPlanes(path, [page.index for page in pages], native, plane_shape, pages)
    return LazyPlanes(shape, native, reader, len(plane_shape))


def _whole_pages(tif: tifffile.TiffFile, structure: Structure, finding: Finding) -> Opened:
    """Return the planes of a cut file that are there in full, one after another."""
    page = tif.pages[0]
    shape, dtype = tuple(int(n) for n in page.shape), _number_type(page.dtype, structure.path)
    native, first = dtype.newbyteorder("="), structure.pages[0]
    if finding.contiguous_planes:
        count, stored = finding.contiguous_planes, dtype.newbyteorder(tif.byteorder)
        reader: Any = RawPlanes(structure.path, first.numbers[273][0], stored, shape)
    else:
        like_first = itertools.takewhile(
            lambda p: plane_bits(p) == plane_bits(first), structure.pages[: finding.whole_pages]
        )
        count = len(list(like_first))
        reader = DecodedPlanes(structure.path, list(range(count)), native, shape)
    data = LazyPlanes((count, *shape), native, reader, len(shape))
    return Opened(data, "Q" + page.axes, "TIFF, in part")


def _number_type(dtype: Any, path: Path) -> np.dtype:
    if dtype is None or np.dtype(dtype).kind not in "biuf":
        raise FileFormatError(f"{path.name} holds {dtype} values; expected whole or decimal grey values.")
    return np.dtype(dtype)


def _as_written(opened: Opened, own: dict[str, Any]) -> Opened:
    """Give a file of this package the axes and shape it was written with."""
    axes, shape = str(own["axes"]), tuple(own["shape"])
    data = opened.data
    if isinstance(data, LazyPlanes):
        tail = shape[len(shape) - data.plane_ndim :]
        if tail != data.plane_shape:
            return opened
        data = replace(data, shape=shape)
    else:
        data = data.reshape(shape)
    if own.get("dtype") == "bool":
        data = (
            data.each(_to_bool, data.plane_shape, bool) if isinstance(data, LazyPlanes) else data.astype(bool)
        )
    metadata = dict(opened.metadata) | description.kind_of(own)
    notes = (*opened.notes, *description.notes_of(own))
    return replace(opened, data=data, axes=axes, notes=notes, metadata=metadata)


def _to_bool(plane: np.ndarray, k: int) -> np.ndarray:
    return plane.astype(bool)


def _samples_last(opened: Opened) -> Opened:
    """Move colour samples behind row and column."""
    axes = opened.axes[:-3] + "YXS"
    data = opened.data
    if isinstance(data, LazyPlanes) and data.plane_ndim == 3:
        samples, rows, columns = data.plane_shape
        moved: Any = data.each(_move_samples, (rows, columns, samples), data.dtype)
    else:
        moved = np.moveaxis(np.asarray(data), -3, -1)
    return replace(opened, data=moved, axes=axes)


def _move_samples(plane: np.ndarray, k: int) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(plane, 0, -1))


def _true_values(opened: Opened, page: Any, kind: str, imagej: bool) -> Opened:
    """Resolve a colour map and turn white-is-zero round, for grey values of an image."""
    if page.photometric == PALETTE and page.colormap is not None and opened.data.dtype.kind in "bu":
        if kind == "labels" or imagej:
            why = "labels" if kind == "labels" else "ImageJ keeps grey values under a colour table"
            return replace(opened, notes=(*opened.notes, f"palette indices are read as values ({why})"))
        colours = np.asarray(page.colormap).T
        return _each(opened, _Palette(colours), 3, np.uint8, "S", "palette resolved through its colour map")
    if page.photometric == MINISWHITE and kind == "image" and not imagej and opened.data.dtype.kind in "bu":
        note = "stored with 0 as white; values are turned round so that 0 is black"
        return _each(
            opened, _TurnRound((1 << int(page.bitspersample)) - 1), None, opened.data.dtype, "", note
        )
    return opened


def _each(opened: Opened, change: Any, extra: int | None, dtype: Any, letter: str, note: str) -> Opened:
    data = opened.data
    if isinstance(data, LazyPlanes):
        shape = data.plane_shape if extra is None else (*data.plane_shape, extra)
        changed: Any = data.each(change, shape, dtype)
    else:
        changed = change(data, 0)
    return replace(opened, data=changed, axes=opened.axes + letter, notes=(*opened.notes, note))


class _Palette:
    def __init__(self, colours: np.ndarray) -> None:
        self.colours = colours

    def __call__(self, plane: np.ndarray, k: int) -> np.ndarray:
        return resolve_palette(plane, self.colours)


class _TurnRound:
    def __init__(self, white: int) -> None:
        self.white = white

    def __call__(self, plane: np.ndarray, k: int) -> np.ndarray:
        return ~plane if plane.dtype == bool else np.asarray(self.white, plane.dtype) - plane


def _kind_words(series: Any, tif: tifffile.TiffFile) -> str:
    big = "BigTIFF" if tif.is_bigtiff else "TIFF"
    words = {"imagej": "ImageJ", "ome": "OME"}.get(str(series.kind), "")
    return f"{big} ({words})" if words else big
