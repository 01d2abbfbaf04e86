"""Read OME-Zarr stores (0.1 to 0.5; Zarr 2 and 3), level 0, a plane at a time."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from ..errors import CorruptFileError, FileFormatError, IncompleteVolumeError, MicrogenError, UnitError
from ..units import canonical_unit, convert_length
from . import description
from .lazy import LazyPlanes
from .limits import memory_budget, require_memory
from .opened import Opened, Scale, scale_from
from .zarr_manifest import check_manifest, read_manifest
from .zarr_store import ArrayFacts, array_facts, attributes_of, child_of, present_chunks, require_inside

_TYPES = {"space": None, "time": "T", "channel": "C"}
ABSURD_BYTES = 2**40
"""A store that declares more than this and holds almost none of it is not believed."""


def is_zarr(path: Path) -> bool:
    """Say whether a folder is a Zarr group or array."""
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray", ".zattrs"))


@dataclass(frozen=True)
class Image:
    """The first multiscale image of a store."""

    array: Path
    """Folder of level 0."""
    axes: str
    """One letter per dimension; Q where the store does not name it."""
    scale: Scale
    levels: int
    own: dict[str, Any] | None
    """What this package wrote about it."""
    labels: bool = False
    """True if the store says that it holds labels."""


def open_zarr(path: Path, *, allow_partial: bool = False) -> Opened:
    """Open level 0 of an OME-Zarr store, or a single Zarr array.

    Raises
    ------
    FileFormatError
        If it is no image, names a path outside itself, or uses an unknown codec.
    IncompleteVolumeError
        If it was written by this package and chunks are missing or changed.
    CorruptFileError
        If its metadata is damaged.
    """
    try:
        image = find_image(path)
        facts = array_facts(image.array, path)
        notes = _require_complete(path, image, facts, allow_partial)
        data = _lazy(image.array, facts, path)
    except MicrogenError:
        raise
    except Exception as error:  # zarr raises many kinds on damaged metadata
        raise CorruptFileError(
            f"{path.name} is damaged: its Zarr content cannot be read ({type(error).__name__}: "
            f"{str(error)[:200]}). Write it again from the original."
        ) from error
    axes = image.axes
    metadata: dict[str, Any] = {"levels": image.levels}
    if image.labels:
        metadata["stored_kind"] = "labels"
    if image.own is not None and image.own["shape"] == list(facts.shape):
        axes, notes = image.own["axes"], (*notes, *description.notes_of(image.own))
    if len(axes) != len(facts.shape):
        raise CorruptFileError(f"{path.name} names the axes {axes} for an array of shape {facts.shape}.")
    words = f"OME-Zarr (Zarr {facts.version})" if image.levels else f"Zarr {facts.version} array"
    return Opened(data, axes, words, image.scale, notes, metadata)


def find_image(path: Path) -> Image:
    """Return the first image of a store from its attributes; nothing of the pixels is touched."""
    for name in ("zarr.json", ".zattrs"):
        require_inside(path / name, path)
    attributes = attributes_of(path)
    if (path / ".zarray").is_file() or attributes.node_type == "array":
        facts = array_facts(path, path)
        return Image(path, "Q" * (len(facts.shape) - 2) + "YX", Scale(), 0, None)
    content = attributes.values.get("ome", attributes.values)
    if isinstance(content, dict) and "bioformats2raw.layout" in content and is_zarr(path / "0"):
        return find_image(child_of(path, "0"))
    multiscales = content.get("multiscales") if isinstance(content, dict) else None
    if not (isinstance(multiscales, list) and multiscales and isinstance(multiscales[0], dict)):
        raise FileFormatError(
            f"{path.name} is a Zarr group without an OME-Zarr image (no 'multiscales'). Name the group that "
            f"holds the image, for example {path.name}/0."
        )
    first = multiscales[0]
    datasets = first.get("datasets")
    if not (isinstance(datasets, list) and datasets and isinstance(datasets[0], dict)):
        raise CorruptFileError(f"{path.name} has an OME-Zarr image without datasets. Write it again.")
    array = child_of(path, datasets[0].get("path"))
    own = attributes.values.get(description.KEY)
    own = own if description.is_description(own) else None
    scale = description.scale_of(own) if own is not None else _scale(first, datasets[0])
    axes = _axes(first, len(array_facts(array, path).shape))
    return Image(array, axes, scale, len(datasets), own, "image-label" in content)


def _axes(multiscale: dict[str, Any], ndim: int) -> str:
    """Return letters of the named axes; 0.1 and 0.2 have none and are T, C, Z, Y, X by their rule."""
    stated = multiscale.get("axes")
    if not isinstance(stated, list):
        return "TCZYX" if ndim == 5 else "Q" * (ndim - 2) + "YX"
    letters = ""
    for axis in stated:
        name = str(axis.get("name", "") if isinstance(axis, dict) else axis).upper()
        kind = str(axis.get("type", "")) if isinstance(axis, dict) else ""
        letters += name if name in tuple("TCZYX") else (_TYPES.get(kind) or "Q")
    return letters


def _scale(multiscale: dict[str, Any], dataset: dict[str, Any]) -> Scale:
    """Return the edges of level 0: its own scale times the one common to all levels."""
    stated = multiscale.get("axes")
    if not isinstance(stated, list) or not all(isinstance(a, dict) for a in stated):
        return Scale()
    factors = np.ones(len(stated))
    for source in (dataset, multiscale):
        transforms = source.get("coordinateTransformations")
        for transform in transforms if isinstance(transforms, list) else ():
            if not isinstance(transform, dict) or transform.get("type") != "scale":
                continue
            values = transform.get("scale")
            if isinstance(values, list) and len(values) == len(stated):
                factors = factors * np.array([float(v) for v in values])
    found: dict[str, tuple[float, str]] = {}
    for axis, factor in zip(stated, factors, strict=True):
        letter, unit = str(axis.get("name", "")).upper(), axis.get("unit")
        if letter in ("Z", "Y", "X") and isinstance(unit, str):
            try:
                found[letter] = float(factor), canonical_unit(unit)
            except UnitError:
                continue
    if not found:
        return Scale()
    unit = found.get("X", next(iter(found.values())))[1]
    same = {
        k: e if u == unit or not np.isfinite(e) else convert_length(e, u, unit) for k, (e, u) in found.items()
    }
    return scale_from(same, unit)


def _require_complete(path: Path, image: Image, facts: ArrayFacts, allow_partial: bool) -> tuple[str, ...]:
    """Compare the chunks that are there with the manifest, or count them if there is none."""
    present = present_chunks(image.array, path)
    manifest = read_manifest(path)
    if image.own is not None or manifest is not None:
        problem = check_manifest(path, image.array, manifest, facts)
    else:
        missing = facts.n_chunks - len(present)
        if missing <= 0:
            return ()
        if facts.nbytes > ABSURD_BYTES and len(present) * facts.chunk_bytes < facts.nbytes / 1000:
            raise CorruptFileError(
                f"{path.name} declares shape {facts.shape} ({facts.n_chunks} chunks) but holds "
                f"{len(present)} chunks; its metadata is damaged."
            )
        return (
            f"{missing} of {facts.n_chunks} chunks are absent; they read as the fill value "
            f"{facts.fill_value}",
        )
    if problem is None:
        return ()
    if not allow_partial:
        raise IncompleteVolumeError(
            f"{path.name} is incomplete: {problem}. Write it again, or read what is there with "
            "--allow-partial."
        )
    return (f"read in part, the store is incomplete: {problem}",)


def _lazy(array: Path, facts: ArrayFacts, root: Path) -> LazyPlanes:
    import zarr

    source = zarr.open_array(str(array), mode="r")
    require_memory(facts.chunk_bytes, f"One chunk of {root.name}", "Write it again with smaller chunks.")
    native = np.dtype(source.dtype).newbyteorder("=")
    shape = tuple(int(n) for n in source.shape)
    if len(shape) < 2 or 0 in shape:
        raise FileFormatError(f"{root.name} has shape {shape}; expected an image of 2 or more dimensions.")
    return LazyPlanes(shape, native, _ZarrPlanes(source, facts.chunks, native, root))


class _ZarrPlanes:
    """Planes of a Zarr array; the last row of chunks is kept, so that each is decoded once."""

    def __init__(self, source: Any, chunks: tuple[int, ...], dtype: np.dtype, path: Path) -> None:
        self.source, self.chunks, self.dtype, self.path = source, chunks, dtype, path
        self.lead = tuple(source.shape[:-2])
        plane_bytes = int(source.shape[-2]) * int(source.shape[-1]) * dtype.itemsize
        thickness = chunks[-3] if self.lead else 1
        self.thickness = thickness if thickness * plane_bytes <= memory_budget() // 8 else 1
        self.kept: tuple[tuple[int, ...], np.ndarray] | None = None
        self.lock = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _ZarrPlanes, (self.source, self.chunks, self.dtype, self.path)

    def __call__(self, k: int) -> np.ndarray:
        index = tuple(int(i) for i in np.unravel_index(k, self.lead)) if self.lead else ()
        with self.lock:
            try:
                return self._plane(index)
            except MicrogenError:
                raise
            except MemoryError:
                raise
            except Exception as error:  # codecs raise many kinds on damaged chunks
                raise CorruptFileError(
                    f"Plane {k} of {self.path.name} is damaged ({type(error).__name__}: {str(error)[:200]}). "
                    "Write it again from the original."
                ) from error

    def _plane(self, index: tuple[int, ...]) -> np.ndarray:
        if self.thickness == 1:
            return np.asarray(self.source[index]).astype(self.dtype, copy=False)
        start = index[-1] - index[-1] % self.thickness
        key = (*index[:-1], start)
        if self.kept is None or self.kept[0] != key:
            slab = self.source[(*index[:-1], slice(start, start + self.thickness))]
            self.kept = key, np.asarray(slab).astype(self.dtype, copy=False)
        return self.kept[1][index[-1] - start]
