"""The metadata of a Zarr store, read and distrusted by us before the zarr library sees it.

A store may name paths outside itself, links, object types and codecs that run code, or
claim a size no disk can hold. Only plain numbers and known codecs pass.
"""

import json
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CorruptFileError, FileFormatError

LARGEST_METADATA = 16 * 1024**2
CODECS_2 = {
    "zlib",
    "gzip",
    "bz2",
    "lzma",
    "blosc",
    "zstd",
    "lz4",
    "delta",
    "shuffle",
    "crc32",
    "crc32c",
    "adler32",
    "fletcher32",
    "bitround",
    "fixedscaleoffset",
    "quantize",
    "packbits",
}
CODECS_3 = {"bytes", "transpose", "gzip", "zstd", "blosc", "crc32c", "sharding_indexed", "endian"}
MAX_CHUNKS = 50_000_000
_CHUNK_NAME = re.compile(r"(c[./])?\d+([./]\d+)*")


@dataclass(frozen=True)
class Attributes:
    """The attributes of a group or array."""

    node_type: str
    values: dict[str, Any]


@dataclass(frozen=True)
class ArrayFacts:
    """What the metadata of an array declares."""

    version: int
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype
    fill_value: Any

    @property
    def nbytes(self) -> int:
        """Declared bytes of the whole array."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def chunk_bytes(self) -> int:
        """Bytes of one chunk in memory."""
        return math.prod(self.chunks) * self.dtype.itemsize

    @property
    def n_chunks(self) -> int:
        """Number of chunks in a whole store."""
        return math.prod(math.ceil(n / c) for n, c in zip(self.shape, self.chunks, strict=True))


def load_json(path: Path) -> dict[str, Any]:
    """Return a JSON object from a metadata file.

    Raises
    ------
    CorruptFileError
        If it is no JSON object or larger than 16 MiB.
    """
    try:
        if path.stat().st_size > LARGEST_METADATA:
            raise CorruptFileError(f"{path} is larger than {LARGEST_METADATA} bytes; no metadata is.")
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CorruptFileError(
            f"{path} is damaged: {error}. Write the store again from the original."
        ) from None
    if not isinstance(content, dict):
        raise CorruptFileError(f"{path} is damaged: expected a JSON object. Write the store again.")
    return content


def attributes_of(folder: Path) -> Attributes:
    """Return node type and attributes of a group or array folder, Zarr 3 or 2."""
    if (folder / "zarr.json").is_file():
        content = load_json(folder / "zarr.json")
        values = content.get("attributes", {})
        return Attributes(str(content.get("node_type")), values if isinstance(values, dict) else {})
    values = load_json(folder / ".zattrs") if (folder / ".zattrs").is_file() else {}
    return Attributes("array" if (folder / ".zarray").is_file() else "group", values)


def child_of(root: Path, name: Any) -> Path:
    """Return the folder a dataset path names; it must lie inside the store.

    Raises
    ------
    FileFormatError
        If the path is not text, is absolute, or leads out of the store.
    """
    parts = str(name).replace("\\", "/").split("/") if isinstance(name, str) and name else []
    if not parts or any(part in ("", ".", "..") or ":" in part or "\0" in part for part in parts):
        raise FileFormatError(
            f"{root.name} names the dataset path {name!r}, which is not a plain path inside the store. The "
            "store is damaged or hostile; it is not read."
        )
    child = root.joinpath(*parts)
    require_inside(child, root)
    if not child.is_dir():
        raise CorruptFileError(f"{root.name} names the dataset {name!r}, which is not there. Write it again.")
    return child


def require_inside(path: Path, root: Path) -> None:
    """Refuse a path that links lead out of the store.

    Raises
    ------
    FileFormatError
        If it does, or if links go round in a loop.
    """
    try:
        real, base = path.resolve(), root.resolve()
    except (OSError, RuntimeError) as error:
        raise FileFormatError(
            f"{path} is a link that leads nowhere ({error}); the store is not read."
        ) from None
    if real != base and base not in real.parents:
        raise FileFormatError(f"{path} is a link out of the store to {real}; the store is not read.")


def array_facts(folder: Path, root: Path) -> ArrayFacts:
    """Return what an array declares, after refusing types and codecs that are not plain.

    Raises
    ------
    FileFormatError
        If the type is not a plain number or a codec is not known.
    CorruptFileError
        If shape or chunks are damaged or absurd.
    """
    require_inside(folder, root)
    for name in ("zarr.json", ".zarray"):
        require_inside(folder / name, root)
    if (folder / "zarr.json").is_file():
        facts = _facts_3(load_json(folder / "zarr.json"), folder)
    elif (folder / ".zarray").is_file():
        facts = _facts_2(load_json(folder / ".zarray"), folder)
    else:
        raise CorruptFileError(f"{folder} holds no Zarr array. Write the store again from the original.")
    if facts.n_chunks > MAX_CHUNKS:
        raise CorruptFileError(
            f"{folder} declares {facts.n_chunks} chunks (shape {facts.shape}); that is absurd."
        )
    return facts


def _facts_3(content: dict[str, Any], folder: Path) -> ArrayFacts:
    if content.get("node_type") != "array" or content.get("zarr_format") != 3:
        raise CorruptFileError(f"{folder} is not a Zarr array (node type {content.get('node_type')!r}).")
    codecs = content.get("codecs")
    _require_codecs(codecs, CODECS_3, folder)
    grid = content.get("chunk_grid")
    chunks = grid.get("configuration", {}).get("chunk_shape") if isinstance(grid, dict) else None
    return _facts(3, content, chunks, content.get("data_type"), folder)


def _facts_2(content: dict[str, Any], folder: Path) -> ArrayFacts:
    codecs = [content.get("compressor"), *(content.get("filters") or [])]
    for codec in codecs:
        if codec is not None and (not isinstance(codec, dict) or codec.get("id") not in CODECS_2):
            raise FileFormatError(_codec_text(folder, codec))
    return _facts(2, content, content.get("chunks"), content.get("dtype"), folder)


def _facts(version: int, content: dict[str, Any], chunks: Any, dtype: Any, folder: Path) -> ArrayFacts:
    shape: Any = content.get("shape")
    for lengths, least in ((shape, 0), (chunks, 1)):
        if not isinstance(lengths, list) or not all(type(n) is int and least <= n < 2**62 for n in lengths):
            raise CorruptFileError(
                f"{folder} declares the shape {shape} in chunks of {chunks}; that is damaged."
            )
    if len(shape) != len(chunks):
        raise CorruptFileError(f"{folder} declares the shape {shape} in chunks of {chunks}; that is damaged.")
    try:
        kind = np.dtype(dtype) if isinstance(dtype, str) else None
    except TypeError:
        kind = None
    if kind is None or kind.kind not in "biuf":
        raise FileFormatError(f"{folder} holds values of type {dtype!r}; expected plain numbers.")
    return ArrayFacts(version, tuple(shape), tuple(chunks), kind, content.get("fill_value"))


def _require_codecs(codecs: Any, allowed: set[str], folder: Path) -> None:
    if not isinstance(codecs, list):
        raise CorruptFileError(f"{folder} declares no codecs. Write the store again.")
    for codec in codecs:
        name = codec.get("name") if isinstance(codec, dict) else codec
        if name not in allowed:
            raise FileFormatError(_codec_text(folder, codec))
        inner = codec.get("configuration") if isinstance(codec, dict) else None
        if name == "sharding_indexed" and isinstance(inner, dict):
            _require_codecs(inner.get("codecs"), allowed, folder)
            _require_codecs(inner.get("index_codecs", []), allowed, folder)


def _codec_text(folder: Path, codec: Any) -> str:
    return (
        f"{folder} is stored with the codec {str(codec)[:80]}, which is not one of those known to be safe. "
        "Write the store again with zstd, gzip or blosc."
    )


def present_chunks(folder: Path, root: Path) -> dict[str, int]:
    """Return name and size of every chunk file below an array folder; links out of the store are refused."""
    found: dict[str, int] = {}
    pending = [folder]
    while pending:
        current = pending.pop()
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.is_symlink():
                    require_inside(Path(entry.path), root)
                    if entry.is_dir():
                        raise FileFormatError(f"{entry.path} is a linked folder; the store is not read.")
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))
                    continue
                name = Path(entry.path).relative_to(folder).as_posix()
                if _CHUNK_NAME.fullmatch(name):
                    found[name] = entry.stat().st_size
    return found
