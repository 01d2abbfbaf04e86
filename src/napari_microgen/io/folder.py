"""A folder of slices: one picture per plane, in the natural order of their names."""

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import (
    CorruptFileError,
    FileFormatError,
    IncompleteVolumeError,
    InputNotFoundError,
    ShapeMismatchError,
)
from . import description
from .colour import grey_where_equal
from .formats import IMAGE_SUFFIXES, open_file
from .lazy import LazyPlanes
from .opened import Opened, Scale

SIZE_TOLERANCE = 1e-6


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key by which slice2 comes before slice10.

    Examples
    --------
    >>> sorted(["s10.tif", "s2.tif", "s1.tif"], key=natural_key)
    ['s1.tif', 's2.tif', 's10.tif']
    """
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def slice_files(folder: Path) -> list[Path]:
    """Return the slices of a folder in order; hidden files and texts beside them are left out.

    Raises
    ------
    InputNotFoundError
        If there is no picture.
    FileFormatError
        If pictures of several kinds are mixed.
    """
    names = [p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")]
    files = sorted((p for p in names if p.is_file()), key=lambda p: natural_key(p.name))
    if not files:
        raise InputNotFoundError(
            f"{folder} holds no slices: no file ends in {', '.join(IMAGE_SUFFIXES)}. Name the folder that "
            "holds them."
        )
    kinds = Counter(_kind(p) for p in files)
    if len(kinds) > 1:
        counted = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
        raise FileFormatError(
            f"{folder} mixes pictures of several kinds ({counted}), so it is not one stack. Keep one kind in "
            "a folder, or name one file."
        )
    return files


def open_folder(folder: Path, *, kind: str, allow_partial: bool) -> Opened:
    """Open a folder of slices as one stack; each slice is checked now and read when asked for.

    Raises
    ------
    ShapeMismatchError
        If a slice differs in shape or pixel size; it is named.
    FileFormatError
        If a slice has several planes, differs in type, or kinds are mixed.
    """
    files = slice_files(folder)
    first = _open_slice(files[0], kind, allow_partial)
    for file in files[1:]:
        _require_like(first, files[0].name, _open_slice(file, kind, allow_partial), file.name)
    plane_shape = tuple(first.data.shape)
    reader = _SliceReader(files, kind, allow_partial, plane_shape, len(first.axes))
    data = LazyPlanes((len(files), *plane_shape), np.dtype(first.data.dtype), reader, len(plane_shape))
    metadata = dict(first.metadata) | {
        "slices": len(files),
        "first_slice": files[0].name,
        "last_slice": files[-1].name,
    }
    metadata.pop("pages", None)
    words = f"folder of {len(files)} slices ({first.kind_of_file})"
    opened = replace(first, data=data, axes="Z" + first.axes, kind_of_file=words, metadata=metadata)
    return _as_written(opened, folder, allow_partial)


def _as_written(opened: Opened, folder: Path, allow_partial: bool) -> Opened:
    """Give a folder of this package the plane distance and type it was written with."""
    own = description.from_file(folder / "microgen.json")
    data = opened.data
    if own is None:
        return opened
    if own["axes"] != opened.axes or own["shape"] != list(data.shape):
        problem = f"it was written with shape {tuple(own['shape'])} and now has {tuple(data.shape)}"
        if not allow_partial:
            raise IncompleteVolumeError(
                f"{folder} has changed since it was written: {problem}. Restore the slices, or read what is "
                "there with --allow-partial."
            )
        return replace(opened, notes=(*opened.notes, f"read in part, {problem}"))
    if own.get("dtype") == "bool":
        data = data.each(_to_bool, data.plane_shape, bool)
    metadata = dict(opened.metadata) | description.kind_of(own)
    scale, notes = description.scale_of(own), description.notes_of(own)
    return replace(opened, data=data, scale=scale, notes=notes, metadata=metadata)


def _to_bool(plane: np.ndarray, k: int) -> np.ndarray:
    return plane.astype(bool)


class _SliceReader:
    def __init__(
        self, files: list[Path], kind: str, allow_partial: bool, shape: tuple[int, ...], ndim: int
    ) -> None:
        self.files, self.kind, self.allow_partial, self.shape, self.ndim = (
            files,
            kind,
            allow_partial,
            shape,
            ndim,
        )

    def __call__(self, k: int) -> np.ndarray:
        opened = _open_slice(self.files[k], self.kind, self.allow_partial)
        if tuple(opened.data.shape) != self.shape:
            raise CorruptFileError(f"{self.files[k].name} has changed its shape while the stack was open.")
        return np.asarray(opened.data)


def _open_slice(file: Path, kind: str, allow_partial: bool) -> Opened:
    opened = open_file(file, kind=kind, allow_partial=allow_partial)
    if len(opened.axes.replace("S", "")) > 2:
        shape = tuple(opened.data.shape)
        if set(opened.axes[:-2]) <= set("QIZ") and shape[:-2] == (1,) * (len(shape) - 2):
            return replace(opened, data=np.asarray(opened.data).reshape(shape[-2:]), axes=opened.axes[-2:])
        raise FileFormatError(
            f"{file.name} has shape {shape}, but a folder of slices needs one plane per file. Read that file "
            "by itself, or split it."
        )
    return grey_where_equal(opened, file.name)


def _require_like(first: Opened, first_name: str, other: Opened, name: str) -> None:
    if tuple(other.data.shape) != tuple(first.data.shape) or other.axes != first.axes:
        raise ShapeMismatchError(
            f"{name} has shape {tuple(other.data.shape)} ({other.axes}) but {first_name} has "
            f"{tuple(first.data.shape)} ({first.axes}); all slices of a stack need the same. Remove or crop "
            "the odd one."
        )
    if other.data.dtype != first.data.dtype:
        raise FileFormatError(
            f"{name} has values of type {other.data.dtype} but {first_name} has {first.data.dtype}; all "
            "slices of a stack need the same. Convert the odd one."
        )
    if not _same_scale(first.scale, other.scale):
        raise ShapeMismatchError(
            f"{name} has a pixel size of {dict(other.scale.edges)} {other.scale.unit} but {first_name} has "
            f"{dict(first.scale.edges)} {first.scale.unit}; all slices of a stack need the same."
        )


def _same_scale(a: Scale, b: Scale) -> bool:
    from ..units import convert_length

    if not a.edges or not b.edges or a.unit is None or b.unit is None:
        return not a.edges and not b.edges
    return all(
        letter in b.edges
        and abs(convert_length(b.edges[letter], b.unit, a.unit) - edge) <= SIZE_TOLERANCE * edge
        for letter, edge in a.edges.items()
    )


@lru_cache(maxsize=16)
def _kind_of_suffix(suffix: str) -> str:
    return {
        ".tiff": "TIFF",
        ".tif": "TIFF",
        ".btf": "TIFF",
        ".tf8": "TIFF",
        ".jpeg": "JPEG",
        ".jpg": "JPEG",
    }.get(suffix, suffix[1:].upper())


def _kind(path: Path) -> str:
    return _kind_of_suffix(path.suffix.lower())
