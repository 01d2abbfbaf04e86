"""One process at a time in a folder."""

import os
from io import FileIO
from pathlib import Path

from ..errors import CheckpointError, SaveError


class FolderLock:
    """Held as long as the object is open; the system lets go of it when the process dies.

    The lock file keeps the number of the process that holds or held it; only the lock
    itself decides, so a file left by a killed process does no harm.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._file: FileIO | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        CheckpointError
            If another process, or another training in this one, holds it.
        SaveError
            If the folder cannot be made or written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = FileIO(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+")
        except OSError as error:
            raise SaveError(
                f"{self.path.parent} cannot be written: {error}. Choose a folder you may write to."
            ) from error
        try:
            _lock(file)
        except OSError:
            holder = file.read(32).decode(errors="replace").strip() or "unknown"
            file.close()
            raise CheckpointError(
                f"Another training (process {holder}) is at work in {self.path.parent}. Wait for it, stop "
                f"it, or "
                f"train into another folder."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
        self._file = file

    def release(self) -> None:
        """Give the lock back; without effect if it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: FileIO) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(1 << 20)  # a byte far behind the text, which stays readable for others
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        file.seek(0)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
