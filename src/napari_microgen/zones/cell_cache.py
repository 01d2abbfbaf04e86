"""Generated cells kept on disk, so that none is made twice; bounded, and never believed unchecked."""

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SaveError
from ..io.atomic import atomic_path, sweep_partials
from ..recipe import installed_versions

LIMIT = 2 * 1024**3
"""Bytes that a cache may hold, if nothing else is said."""
_ENDING = ".npy"


def cell_key(model_sha256: str, conditions: Mapping[str, Any], **how: Any) -> str:
    """Return the name under which the images of a cell are kept.

    Parameters
    ----------
    model_sha256 : str
        Hash of the model.
    conditions : mapping
        Value of each condition.
    **how
        All else the pixels depend on: seed, evaluations, sampler, device.

    Examples
    --------
    >>> cell_key("ab", {"T": 20.0}, seed=0) == cell_key("ab", {"T": 20.0}, seed=0)
    True
    >>> cell_key("ab", {"T": 20.0}, seed=0) == cell_key("ab", {"T": 20.0}, seed=1)
    False
    """
    torch = installed_versions().get("torch", "")
    content = {"model": model_sha256, "conditions": dict(conditions), "how": how, "torch": torch}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def noise_number(row: Mapping[str, float | str | None]) -> int:
    """Return a number that belongs to a condition alone; the noise of its images is counted from there."""
    text = json.dumps(dict(row), sort_keys=True)
    return int.from_bytes(sha256(text.encode()).digest()[:5], "big") * 2**20


def usual_cache() -> Path:
    """Return where the window keeps cells: below ``MICROGEN_CACHE``, or in the user's own cache folder."""
    chosen = os.environ.get("MICROGEN_CACHE")
    if chosen:
        return Path(chosen) / "zones"
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "napari-microgen" / "zones"


class CellCache:
    """A folder of generated cells, one file each; the ones not used for longest are removed first.

    Parameters
    ----------
    folder : Path
        Where; made on the first write.
    limit : int
        Bytes it may hold.
    """

    def __init__(self, folder: Path | str, limit: int = LIMIT) -> None:
        self.folder, self.limit = Path(folder), limit
        self._held: int | None = None

    def read(self, key: str, size: int, dtype: str) -> np.ndarray | None:
        """Return the images kept under a key, shape (n, size, size), or None if there are none.

        A file that is cut, damaged or of another kind counts as none and is removed.
        """
        path = self.path(key)
        try:
            with open(path, "rb") as file:
                images: np.ndarray = np.load(file, allow_pickle=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError):
            self._forget(path)
            return None
        if images.ndim != 3 or images.shape[1:] != (size, size) or images.dtype != np.dtype(dtype):
            self._forget(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return images

    def write(self, key: str, images: np.ndarray) -> None:
        """Keep images; a full disk or a folder that may not be written only means that nothing is kept."""
        path = self.path(key)
        if images.nbytes > self.limit:
            return
        try:
            before = path.stat().st_size if path.is_file() else 0
            with atomic_path(path) as temporary, open(temporary, "wb") as file:
                np.save(file, images, allow_pickle=False)
            self._held = self.held() - before + path.stat().st_size
        except (SaveError, OSError):
            return
        if self._held > self.limit:
            self.shrink()

    def held(self) -> int:
        """Return the bytes it holds."""
        if self._held is None:
            if self.folder.is_dir():
                sweep_partials(self.folder)
            self._held = sum(size for _, size, _ in self._entries())
        return self._held

    def shrink(self, share: float = 0.9) -> None:
        """Remove what was not used for longest until a share of the limit is left."""
        entries = sorted(self._entries())
        held = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if held <= share * self.limit:
                break
            path.unlink(missing_ok=True)
            held -= size
        self._held = held

    def path(self, key: str) -> Path:
        """Return the file of a key."""
        return self.folder / f"{key}{_ENDING}"

    def _entries(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self.folder.glob(f"[!.]*{_ENDING}"):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        return found

    def _forget(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        self._held = None
