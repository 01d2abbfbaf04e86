"""The few lines this package puts into every file it writes, so that size and axes come back exactly."""

import json
from pathlib import Path
from typing import Any

from ..volume import SPATIAL, Volume
from .opened import Scale, scale_from

KEY = "microgen"
"""Name of the entry in a TIFF description, PNG text, OME annotation or JSON file."""
FORMAT = 1
LARGEST_FILE = 1_000_000


def describe(volume: Volume) -> dict[str, Any]:
    """Return axes, shape, voxel size, unit and kind as plain JSON values."""
    return {
        "format": FORMAT,
        "axes": volume.axes,
        "shape": list(volume.shape),
        "dtype": volume.dtype.newbyteorder("=").name,
        "voxel_size": None if volume.voxel_size is None else list(volume.voxel_size),
        "unit": volume.unit,
        "kind": volume.kind,
        "name": volume.name,
        "notes": list(volume.notes),
    }


def to_text(volume: Volume) -> str:
    """Return `describe` as one line of ASCII JSON."""
    return json.dumps(describe(volume))


def from_text(text: str | None) -> dict[str, Any] | None:
    """Return the description in ``text``, or None if it is not one of ours or is damaged."""
    try:
        content = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return content if is_description(content) else None


def from_file(path: Path) -> dict[str, Any] | None:
    """Return the description in a small JSON file, or None."""
    try:
        return from_text(path.read_text("utf-8")) if path.stat().st_size < LARGEST_FILE else None
    except (OSError, UnicodeDecodeError):
        return None


def is_description(content: Any) -> bool:
    """Say whether ``content`` has the entries of `describe` with values of the right type."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return False
    axes, shape, size = content.get("axes"), content.get("shape"), content.get("voxel_size")
    if not (isinstance(axes, str) and isinstance(shape, list) and len(axes) == len(shape) == len(set(axes))):
        return False
    if not all(type(n) is int and n > 0 for n in shape) or not isinstance(content.get("unit"), str | None):
        return False
    spatial = sum(a in SPATIAL for a in axes)
    return size is None or (
        isinstance(size, list)
        and len(size) == spatial
        and all(type(e) in (int, float, type(None)) for e in size)
    )


def scale_of(content: dict[str, Any]) -> Scale:
    """Return the scale that a description states."""
    if content["voxel_size"] is None or content["unit"] is None:
        return Scale()
    letters = [a for a in content["axes"] if a in SPATIAL]
    return scale_from(dict(zip(letters, content["voxel_size"], strict=True)), content["unit"])


def kind_of(content: dict[str, Any]) -> dict[str, Any]:
    """Return ``{"stored_kind": "labels"}`` if labels were written, else nothing."""
    return {"stored_kind": "labels"} if content.get("kind") == "labels" else {}


def notes_of(content: dict[str, Any]) -> tuple[str, ...]:
    """Return the notes that were stored with an image."""
    notes = content.get("notes")
    return tuple(str(n)[:500] for n in notes[:20]) if isinstance(notes, list) else ()
