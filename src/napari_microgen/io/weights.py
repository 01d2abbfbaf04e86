"""A model on disk: a folder with ``model.safetensors`` and ``card.json``, and nothing else is ever loaded.

No pickle, no ``torch.load``, no class name taken from a file: the card names a method,
which the caller looks up in its own catalogue.
"""

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import ModelFileError
from .atomic import atomic_path, write_bytes
from .model_card import CARD, FORMAT, LARGEST_CARD, load_card, refuse_constant, require_card, unique_names

WEIGHTS = "model.safetensors"
LARGEST_HEADER = 16_000_000
DTYPES = {
    "F32": np.float32,
    "F64": np.float64,
    "F16": np.float16,
    "I64": np.int64,
    "I32": np.int32,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
"""Types of tensors as safetensors names them."""
FOREIGN = (
    ".pt",
    ".pth",
    ".ckpt",
    ".h5",
    ".hdf5",
    ".keras",
    ".pkl",
    ".pickle",
    ".joblib",
    ".npz",
    ".onnx",
    ".bin",
)


def save_model(folder: Path | str, tensors: Mapping[str, np.ndarray], card: Mapping[str, Any]) -> Path:
    """Write a model folder in one step.

    Parameters
    ----------
    folder : Path or str
        Where; an older model of this name is replaced only when the new one is whole.
    tensors : mapping of str to ndarray
        The weights, in plain number types.
    card : mapping
        At least ``method``; ``details`` holds plain JSON values. ``format`` and
        ``package_version`` are filled in.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ModelFileError
        If weights or card could not be read back (NaN, unknown types, too large).
    SaveError
        If it cannot be written; an older model is untouched.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    arrays = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    for name, value in arrays.items():
        _require_tensor(name, value, str(folder))
    full = {"format": FORMAT, "package_version": __version__, "details": {}} | dict(card)
    require_card(full, str(folder))
    try:
        text = json.dumps(full, indent=2, sort_keys=True, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ModelFileError(
            f"The card of {folder} is not plain JSON ({error}); keep to numbers, text and lists."
        ) from None
    if len(text) > LARGEST_CARD:
        raise ModelFileError(
            f"The card of {folder} has {len(text)} bytes; at most {LARGEST_CARD} are read back."
        )
    _require_own_folder(folder)
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        write_bytes(temporary / WEIGHTS, save(arrays))
        write_bytes(temporary / CARD, text)
    return folder


def load_model(folder: Path | str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a model folder written by `save_model`, believing nothing in it.

    Returns
    -------
    tensors : dict of str to ndarray
    card : dict

    Raises
    ------
    ModelFileError
        If it is anything else: another format, a damaged or lying header, unknown
        types, weights that are not finite, unknown or missing entries in the card,
        links that lead out of the folder.
    """
    folder = Path(folder)
    _require_folder(folder)
    try:
        card = load_card(folder)
        return _read_tensors(folder), card
    except OSError as error:
        raise ModelFileError(f"{folder} cannot be read: {error.strerror or error}.") from None


def read_card(folder: Path | str) -> dict[str, Any]:
    """Read only the card of a model folder.

    Raises
    ------
    ModelFileError
        As `load_model`.
    """
    folder = Path(folder)
    _require_folder(folder)
    return load_card(folder)


def _require_folder(folder: Path) -> None:
    if folder.is_file():
        kind = "a pickled or foreign model" if folder.suffix.lower() in FOREIGN else "a file"
        raise ModelFileError(
            f"{folder} is {kind}; a model is a folder with {WEIGHTS} and {CARD}. Formats that can run code "
            "when opened are not read; convert the weights to safetensors where they were made."
        )
    if not folder.is_dir():
        raise ModelFileError(f"{folder} does not exist. Name the folder that training wrote.")
    for name in (WEIGHTS, CARD):
        path = folder / name
        if path.is_symlink() and folder.resolve() not in path.resolve().parents:
            raise ModelFileError(f"{path} is a link out of the model folder; it is not followed.")
        if not path.is_file():
            others = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in FOREIGN)
            found = f" It holds {', '.join(others[:3])}, which is not read." if others else ""
            raise ModelFileError(f"{folder} lacks {name}, so it is not a model folder.{found}")


def _require_own_folder(folder: Path) -> None:
    """Refuse to replace a folder that is not a model."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / CARD).is_file():
        raise ModelFileError(
            f"{folder} exists and is not a model folder; it is left alone. Choose another name."
        )


def _read_tensors(folder: Path) -> dict[str, np.ndarray]:
    """Read the weights after checking the header against the size of the file.

    The header is read by us (format: huggingface/safetensors, README), so nothing is
    allocated for a file whose header lies.
    """
    path = folder / WEIGHTS
    size = path.stat().st_size
    with open(path, "rb") as file:
        raw = file.read(8)
        length = struct.unpack("<Q", raw)[0] if len(raw) == 8 else 0
        if not 2 <= length <= min(LARGEST_HEADER, size - 8):
            raise ModelFileError(
                f"{path} is damaged or of another kind: its header length does not fit {size} bytes."
            )
        try:
            text = file.read(length).decode("utf-8")
            header = json.loads(text, parse_constant=refuse_constant, object_pairs_hook=unique_names)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"{path} is damaged: its header is no JSON ({str(error)[:100]}).") from None
        entries = _checked_entries(header, size - 8 - length, path)
        tensors = {}
        for name, (dtype, shape, start, stop) in entries.items():
            file.seek(8 + length + start)
            flat = np.frombuffer(file.read(stop - start), np.dtype(dtype).newbyteorder("<"))
            tensors[name] = flat.astype(dtype, copy=True).reshape(shape)
    for name, value in tensors.items():
        _require_tensor(name, value, str(path))
    return tensors


def _checked_entries(header: Any, data: int, path: Path) -> dict[str, tuple[Any, tuple[int, ...], int, int]]:
    """Return type, shape and place of each tensor; they must cover the data without gap or overlap."""
    if not isinstance(header, dict):
        raise ModelFileError(f"{path} is damaged: its header is no JSON object.")
    entries: dict[str, tuple[Any, tuple[int, ...], int, int]] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
            raise ModelFileError(f"{path} is damaged: the entry {name[:60]!r} is not a tensor.")
        dtype, shape, place = DTYPES.get(str(entry["dtype"])), entry["shape"], entry["data_offsets"]
        if dtype is None:
            raise ModelFileError(
                f"{path} holds {name[:60]!r} of type {str(entry['dtype'])[:20]!r}, which is not known."
            )
        if not _whole(shape) or not _whole(place) or len(place) != 2 or not place[0] <= place[1] <= data:
            raise ModelFileError(
                f"{path} is damaged: {name[:60]!r} has the shape {shape} at {place} of {data} bytes."
            )
        if math.prod(shape) * np.dtype(dtype).itemsize != place[1] - place[0]:
            raise ModelFileError(
                f"{path} is damaged: {name[:60]!r} of shape {shape} has {place[1] - place[0]} bytes."
            )
        entries[name] = dtype, tuple(shape), place[0], place[1]
    end = 0
    for _, _, start, stop in sorted(entries.values(), key=lambda e: (e[2], e[3])):
        if start != end:
            raise ModelFileError(
                f"{path} is damaged: its tensors overlap or leave a gap at byte {min(start, end)}."
            )
        end = stop
    if end != data:
        raise ModelFileError(f"{path} is damaged: its tensors cover {end} of {data} bytes.")
    return entries


def _whole(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) <= 32
        and all(type(n) is int and 0 <= n < 2**48 for n in values)
    )


def _require_tensor(name: str, value: np.ndarray, where: str) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= 300 or value.dtype.type not in DTYPES.values():
        raise ModelFileError(
            f"{where} holds {str(name)[:60]!r} of type {value.dtype}; expected named plain numbers."
        )
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        bad = int(np.count_nonzero(~np.isfinite(value)))
        raise ModelFileError(
            f"{where}: {bad} of {value.size} weights of {name[:60]!r} are NaN or infinite. Train it again."
        )
