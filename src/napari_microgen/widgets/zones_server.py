"""The child process of a live map: cells go out as a view, and come back one by one."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from ..zones.cell_cache import usual_cache
from ..zones.cell_record import decoded
from .child import Child
from .sampler import Sampler
from .settings import cache_folder

MODULE = "napari_microgen.zones.serving"


@dataclass(frozen=True, eq=False)
class CellAnswer:
    """A finished cell."""

    number: int
    """Number of the view it was asked in."""
    key: str
    """Name of the cell, as it was asked for."""
    content: dict[str, Any]
    """What is said of it: conditions, support, class, descriptors."""
    images: np.ndarray
    """Shape (N, R, C)."""


class ZoneServer(Sampler):
    """A loaded generator that answers views of a map; a newer view replaces the one under way."""

    done = Signal(int)
    """Number of a view that is finished."""
    told = Signal(int, int, int)
    """Number of a view, images done and images in all."""
    unmet = Signal(int, str)
    """Number and reason of a view that cannot be met."""

    def __init__(self, model: str, where: str | None = None, parent: QObject | None = None) -> None:
        super().__init__(model, where, parent)
        self._cache = usual_folder()

    def view(self, number: int, rows: Sequence[Mapping[str, Any]], keys: Sequence[str], **how: Any) -> None:
        """Ask for cells, most urgent first; see `zones.serving.View` for what can be said."""
        self._send({"view": {"number": number, "rows": list(rows), "keys": list(keys), **how}})

    def _line(self) -> list[str]:
        return [sys.executable, "-m", MODULE, self.model, self.device, self._cache]

    def _answer(self, message: Mapping[str, Any]) -> CellAnswer | None:
        if "cell" not in message:
            return None
        content = dict(message["cell"])
        images = decoded(content)
        for name in ("shape", "dtype", "data"):
            content.pop(name)
        return CellAnswer(int(content.pop("number")), str(content.pop("key")), content, images)

    def _understand(self, child: Child, message: dict[str, Any]) -> None:
        if "done" in message:
            self._emit("done", int(message["done"]["number"]))
        elif "progress" in message:
            told = message["progress"]
            self._emit("told", int(told["number"]), int(told["step"]), int(told["total"] or 0))
        elif "refused" in message:
            told = message["refused"]
            self._emit("unmet", int(told["number"] or 0), str(told["message"]))
        else:
            super()._understand(child, message)


def usual_folder() -> str:
    """Return where cells are kept: below the cache folder of this machine's settings."""
    return str(cache_folder() / usual_cache().name)
