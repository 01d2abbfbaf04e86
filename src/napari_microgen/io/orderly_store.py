"""A Zarr store on disk that writes one file after another and can be told to stop."""

from threading import Lock
from typing import Any

from zarr.core.buffer import Buffer
from zarr.storage import LocalStore


class OrderlyStore(LocalStore):  # type: ignore[misc]
    """Zarr's store for folders, without its threads.

    The store of Zarr writes several files at once; when one fails, others go on behind
    the error and bring back a folder that has just been cleared away. Here a write is
    done when it returns, and none follows a failure or `stop`.
    """

    def __init__(self, root: Any, *, read_only: bool = False) -> None:
        super().__init__(root, read_only=read_only)
        self._one_at_a_time = Lock()
        self._stopped = False

    async def set(self, key: str, value: Buffer) -> None:
        """Write one file.

        Raises
        ------
        OSError
            If it cannot be written, or an earlier one could not.
        """
        self._write(key, value, replacing=True)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Write one file unless it is there.

        Raises
        ------
        OSError
            As `set`.
        """
        self._write(key, value, replacing=False)

    def _write(self, key: str, value: Buffer, *, replacing: bool) -> None:
        with self._one_at_a_time:
            if self._stopped:
                raise OSError(f"{key} is not written any more: an earlier file of the store could not be")
            try:
                path = self.root / key
                if not replacing and path.exists():
                    return
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(value.to_bytes())
            except OSError:
                self._stopped = True
                raise

    def stop(self) -> None:
        """Let the write that is going on end, and allow no other."""
        with self._one_at_a_time:
            self._stopped = True
