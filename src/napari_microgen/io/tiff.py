"""Open a TIFF file: its series, axes, colour and planes."""

from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import tifffile

from ..errors import CorruptFileError, FileFormatError, MemoryLimitError, MicrogenError
from . import description
from .colour import resolve_palette
from .lazy import LazyPlanes
from .limits import require_memory
from .opened import Opened
from .tiff_check import Finding, require_whole
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
            opened = _open_series(tif, structure, finding, kind, bool(notes))
    except (MicrogenError, PermissionError):
        raise
    except MemoryError as error:
        raise MemoryLimitError(f"{path.name} declares more than fits into memory ({error}).") from error
    except Exception as error:  # tifffile raises many kinds on damaged bytes
        raise damaged(path, error) from error
    return replace(opened, notes=(*notes, *opened.notes))


def open_quietly(path: Path) -> tifffile.TiffFile:
    """Open one file and no other: an OME description may name files anywhere on the disk."""
    return tifffile.TiffFile(path, _multifile=False)


def damaged(path: Path, error: Exception) -> CorruptFileError:
    """Return the error for a TIFF whose content cannot be decoded."""
    return CorruptFileError(
        f"{path.name} is damaged: its TIFF content cannot be read ({type(error).__name__}: "
        f"{str(error)[:200]}). Fetch it again from where it came from."
    )


def _open_series(
    tif: tifffile.TiffFile, structure: Structure, finding: Finding, kind: str, partial: bool
) -> Opened:
    series, notes = _chosen_series(tif, structure, partial)
    page = series.keyframe
    axes, shape = series.axes, tuple(int(n) for n in series.shape)
    dtype = np.dtype(series.dtype)
    if dtype.kind not in "biuf":
        raise FileFormatError(
            f"{structure.path.name} holds {dtype} values; expected whole or decimal grey values."
        )
    if partial:
        axes, shape = _shortened(axes, shape, page, finding)
    data = _planes(tif, series, structure, axes, shape, finding, partial)
    opened = Opened(data, axes, _kind_words(series, tif), metadata={"pages": len(structure.pages)})
    own = own_description(structure)
    if own is not None and product(own["shape"]) == product(shape) and not partial:
        opened = _as_written(opened, own)
    elif axes.endswith("SYX"):
        opened = _samples_last(opened)
    opened = _true_values(opened, page, kind, bool(tif.is_imagej))
    scale = scale_of_tiff(structure, opened.axes)
    return replace(opened, scale=scale, notes=(*notes, *opened.notes))


def _chosen_series(
    tif: tifffile.TiffFile, structure: Structure, partial: bool
) -> tuple[Any, tuple[str, ...]]:
    """Return the first series; further ones are small previews, or an error."""
    series = tif.series[0]
    others = tif.series[1:]
    area = product(series.keyframe.shape)
    previews = [
        s for s in others if len(s.pages) == 1 and (s.keyframe.is_reduced or product(s.shape) * 4 <= area)
    ]
    if len(previews) == len(others):
        return series, tuple(f"a preview of shape {s.shape} in the file is left out" for s in previews)
    if tif.is_ome or partial:
        return series, (f"only the first of {len(tif.series)} images in the file is read",)
    odd = next(s for s in others if s not in previews)
    raise FileFormatError(
        f"{structure.path.name} holds images of different kinds: {series.shape} {series.dtype} and, from "
        f"page {odd.pages[0].index} on, {odd.shape} {odd.dtype}. Save them as separate files, or read the "
        "first with --allow-partial."
    )


def _shortened(axes: str, shape: tuple[int, ...], page: Any, finding: Finding) -> tuple[str, tuple[int, ...]]:
    """Return axes and shape of what is there of a cut file: its whole planes, in one row."""
    tail = tuple(page.shape)
    whole = min(finding.contiguous_planes or finding.whole_pages, product(shape) // product(tail))
    letter = "Z" if "Z" in axes else "Q"
    return letter + axes[len(axes) - len(tail) :], (whole, *tail)


def _planes(
    tif: tifffile.TiffFile,
    series: Any,
    structure: Structure,
    axes: str,
    shape: tuple[int, ...],
    finding: Finding,
    partial: bool,
) -> Any:
    """Return the pixels, a plane at a time where the file allows it."""
    path, dtype = structure.path, np.dtype(series.dtype)
    native = dtype.newbyteorder("=")
    plane_shape = tuple(int(n) for n in series.keyframe.shape)
    count = product(shape) // max(product(plane_shape), 1)
    if (
        count * product(plane_shape) != product(shape)
        or shape[len(shape) - len(plane_shape) :] != plane_shape
    ):
        require_memory(
            product(shape) * native.itemsize, f"Reading {path.name}", "Save it as a plain stack of planes."
        )
        return series.asarray().reshape(shape).astype(native, copy=False)
    offset = series.dataoffset if not partial else None
    if offset is None and partial and finding.contiguous_planes:
        offset = structure.pages[0].numbers[273][0]
    if offset is not None:
        reader: Any = _RawPlanes(path, offset, dtype.newbyteorder(tif.byteorder), plane_shape)
    else:
        pages = [series.pages[k] for k in range(count)]
        if any(page is None for page in pages):
            raise CorruptFileError(f"{path.name} lacks planes that its description names. Fetch it again.")
        reader = _DecodedPlanes(path, [page.index for page in pages], native, plane_shape, pages)
    return LazyPlanes(shape, native, reader, len(plane_shape))


class _RawPlanes:
    """Planes that lie uncompressed one after another."""

    def __init__(self, path: Path, offset: int, dtype: np.dtype, shape: tuple[int, ...]) -> None:
        self.path, self.offset, self.dtype, self.shape = path, offset, dtype, shape

    def __call__(self, k: int) -> np.ndarray:
        count = product(self.shape)
        try:
            flat = np.fromfile(
                self.path, self.dtype, count, offset=self.offset + k * count * self.dtype.itemsize
            )
        except OSError as error:
            raise CorruptFileError(
                f"{self.path} can no longer be read: {error.strerror or error}."
            ) from error
        if flat.size != count:
            raise CorruptFileError(
                f"{self.path.name} has become shorter while it was being read. Fetch it again."
            )
        return flat.astype(self.dtype.newbyteorder("="), copy=False).reshape(self.shape)


class _DecodedPlanes:
    """Planes that tifffile decodes; the file is open only while one is read."""

    def __init__(
        self,
        path: Path,
        indices: list[int],
        dtype: np.dtype,
        shape: tuple[int, ...],
        pages: list[Any] | None = None,
    ) -> None:
        self.path, self.indices, self.dtype, self.shape, self.pages = path, indices, dtype, shape, pages
        self.lock = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _DecodedPlanes, (self.path, self.indices, self.dtype, self.shape)

    def __call__(self, k: int) -> np.ndarray:
        with self.lock:
            try:
                plane = self._decode(k)
            except MemoryError as error:
                raise MemoryLimitError(f"A plane of {self.path.name} does not fit into memory.") from error
            except Exception as error:
                raise damaged(self.path, error) from error
        return plane.reshape(self.shape).astype(self.dtype, copy=False)

    def _decode(self, k: int) -> np.ndarray:
        if self.pages is None:
            with open_quietly(self.path) as tif:
                self.pages = [tif.pages[i] for i in self.indices]
        handle = self.pages[k].parent.filehandle
        was_closed = handle.closed
        if was_closed:
            handle.open()
        try:
            return self.pages[k].asarray()
        finally:
            if was_closed:
                handle.close()


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
    if page.photometric == PALETTE and page.colormap is not None:
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
