"""Read single planes of a TIFF file, each with the file open only as long as it takes."""

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import tifffile

from ..errors import CorruptFileError, MemoryLimitError
from .tiff_structure import product


def open_quietly(path: Path) -> tifffile.TiffFile:
    """Open one file and no other: an OME description may name files anywhere on the disk."""
    return tifffile.TiffFile(path, _multifile=False)


def damaged(path: Path, error: Exception) -> CorruptFileError:
    """Return the error for a TIFF whose content cannot be decoded."""
    return CorruptFileError(
        f"{path.name} is damaged: its TIFF content cannot be read ({type(error).__name__}: "
        f"{str(error)[:200]}). Fetch it again from where it came from."
    )


class RawPlanes:
    """Planes that lie uncompressed one after another."""

    def __init__(self, path: Path, offset: int, dtype: np.dtype, shape: tuple[int, ...]) -> None:
        self.path, self.offset, self.dtype, self.shape = path, offset, dtype, shape

    def __call__(self, k: int) -> np.ndarray:
        """Return plane k in native byte order."""
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


class DecodedPlanes:
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
        return DecodedPlanes, (self.path, self.indices, self.dtype, self.shape)

    def __call__(self, k: int) -> np.ndarray:
        """Return plane k in native byte order."""
        with self.lock:
            try:
                return self._decode(k).reshape(self.shape).astype(self.dtype, copy=False)
            except MemoryError as error:
                raise MemoryLimitError(f"A plane of {self.path.name} does not fit into memory.") from error
            except Exception as error:
                raise damaged(self.path, error) from error

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
