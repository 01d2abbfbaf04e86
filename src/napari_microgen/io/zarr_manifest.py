"""A list of every chunk this package wrote, so that a chunk that goes missing is noticed.

Zarr reads an absent chunk as zeros without a word. The manifest names each file of the
arrays with its size and sha256.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from ..errors import CorruptFileError
from .zarr_store import ArrayFacts, load_json

NAME = "microgen-manifest.json"
HASHED_BYTES = 256 * 1024**2
"""Content is compared by sha256 at once up to this size; above, sizes are (and each chunk has a checksum)."""


def write_manifest(root: Path) -> None:
    """List every file below the arrays of a store that is being written."""
    files = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != NAME:
            content = path.read_bytes()
            files[path.relative_to(root).as_posix()] = [len(content), hashlib.sha256(content).hexdigest()]
    (root / NAME).write_text(json.dumps({"format": 1, "count": len(files), "files": files}), "ascii")


def read_manifest(root: Path) -> dict[str, Any] | None:
    """Return ``{name: [size, sha256]}``, or None if the store has no manifest.

    Raises
    ------
    CorruptFileError
        If it is damaged.
    """
    path = root / NAME
    if not path.is_file() or path.is_symlink():
        return None
    content = load_json(path)
    files = content.get("files")
    if not isinstance(files, dict) or content.get("count") != len(files):
        raise CorruptFileError(f"{path} is damaged. Write the store again from the original.")
    return files


def check_manifest(root: Path, array: Path, files: dict[str, Any] | None, facts: ArrayFacts) -> str | None:
    """Return what is wrong with level 0 of a store of this package, or None."""
    if files is None:
        return "its list of chunks is missing"
    prefix = array.relative_to(root).as_posix() + "/"
    listed = {name: entry for name, entry in files.items() if name.startswith(prefix)}
    chunks = [name for name in listed if not name.endswith("zarr.json")]
    if len(chunks) != facts.n_chunks:
        return f"it lists {len(chunks)} chunks but shape {facts.shape} needs {facts.n_chunks}"
    missing: list[str] = []
    changed: list[str] = []
    total = 0
    for name, entry in listed.items():
        path = root / name
        if not path.is_file():
            missing.append(name)
            continue
        size = path.stat().st_size
        total += size
        if not (isinstance(entry, list) and len(entry) == 2 and entry[0] == size):
            changed.append(name)
    if missing:
        return f"{len(missing)} of {len(chunks)} chunks are missing, first {sorted(missing)[0]}"
    if not changed and total <= HASHED_BYTES:
        changed = [
            n
            for n, entry in listed.items()
            if hashlib.sha256((root / n).read_bytes()).hexdigest() != entry[1]
        ]
    if changed:
        first = sorted(changed)[0]
        return f"{len(changed)} of {len(chunks)} chunks have changed since they were written, first {first}"
    return None
