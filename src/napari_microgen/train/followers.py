"""Checkpoints as seen by the processes that do not write them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .checkpoints import Checkpoints
from .log import LossLog
from .state import State


class FollowedCheckpoints(Checkpoints):
    """The folder of a training whose first process writes; this one reads what is there and writes nothing.

    Parameters
    ----------
    folder : Path
        The folder, opened before by the first process.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.keep = 2
        self.log = _NoLog(self.folder / "log.jsonl")
        self._unreadable: set[int] = set()

    def __exit__(self, *_: object) -> None:
        """Hold no lock, so release none."""

    def save(self, step: int, state: State) -> None:
        """Leave writing to the first process."""


class _NoLog(LossLog):
    def append(self, row: Mapping[str, Any]) -> None:
        """Write nothing."""

    def rewind(self, length: int) -> None:
        """Change nothing."""
