"""The loss log: one JSON object per line, only ever appended to."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class LossLog:
    """Appends rows to a file and can go back to an earlier length.

    A row that cannot be written (disk full) waits in memory and is tried again with the
    next one: a training does not end because its log cannot grow.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.length = 0
        self._waiting: list[bytes] = []

    def append(self, row: Mapping[str, Any]) -> None:
        """Add one row."""
        self._waiting.append(json.dumps(row).encode() + b"\n")
        self._write_waiting()

    def rewind(self, length: int) -> None:
        """Drop everything behind the first ``length`` bytes, torn lines included."""
        self._waiting.clear()
        with open(self.path, "ab") as file:
            self.length = min(length, file.tell())
            file.truncate(self.length)

    def sync(self) -> int:
        """Push the rows to the disk and return the length of the file.

        Raises
        ------
        OSError
            If rows are still waiting because they cannot be written.
        """
        self._write_waiting(final=True)
        if self.path.exists():
            with open(self.path, "rb+") as file:
                os.fsync(file.fileno())
        return self.length

    def _write_waiting(self, *, final: bool = False) -> None:
        content = b"".join(self._waiting)
        if not content:
            return
        try:
            self._append_whole(content)
        except OSError:
            if final:
                raise
            return
        self.length += len(content)
        self._waiting.clear()

    def _append_whole(self, content: bytes) -> None:
        with open(self.path, "ab", buffering=0) as file:
            if os.fstat(file.fileno()).st_size != self.length:
                file.truncate(self.length)  # what an earlier, failed write left
            written = file.write(content)
            if written != len(content):
                file.truncate(self.length)
                raise OSError(f"{written} of {len(content)} bytes of {self.path} were written")


def read_log(path: Path | str) -> list[dict[str, Any]]:
    r"""Return the rows of a loss log; a torn last line is left out.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log.jsonl"
    >>> _ = path.write_text('{"step": 1}\n{"st')
    >>> read_log(path)
    [{'step': 1}]
    """
    whole, _, _torn = Path(path).read_bytes().rpartition(b"\n")
    return [json.loads(line) for line in whole.splitlines() if line]
