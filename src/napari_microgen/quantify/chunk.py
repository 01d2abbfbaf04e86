"""A chunk of planes of a volume, with the planes around it that counting needs.

What a quantity counts in the chunks of a volume adds up to what it counts in the whole,
exactly, wherever the volume is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..progress import Steps

if TYPE_CHECKING:
    from .voxel_configurations import Configuration, Counts


@dataclass(frozen=True)
class Chunk:
    """Planes ``start`` to ``stop`` of a volume, and some around them."""

    phase: np.ndarray
    """Planes from ``low`` on, True where the phase is; at least those from ``start`` to ``stop``."""
    start: int
    """First plane that counts for this chunk."""
    stop: int
    """First plane that counts for the next chunk."""
    low: int
    """Plane of the volume with which ``phase`` begins."""
    shape: tuple[int, ...]
    """Shape of the volume."""

    @classmethod
    def whole(cls, phase: np.ndarray) -> Chunk:
        """Return the chunk that is the whole volume."""
        return cls(phase, 0, len(phase), 0, phase.shape)

    @classmethod
    def cut(cls, phase: np.ndarray, start: int, stop: int, halo: tuple[int, int]) -> Chunk:
        """Return planes ``start`` to ``stop`` of a volume with ``halo`` planes above and below."""
        low = max(0, start - halo[0])
        return cls(phase[low : min(len(phase), stop + halo[1])], start, stop, low, phase.shape)

    @property
    def core(self) -> np.ndarray:
        """The planes that count."""
        return self.phase[self.start - self.low : self.stop - self.low]

    @property
    def is_first(self) -> bool:
        """True if nothing comes before."""
        return self.start == 0

    @property
    def is_last(self) -> bool:
        """True if nothing comes after."""
        return self.stop == self.shape[0]

    @property
    def cells(self) -> tuple[int, int]:
        """First and last plane of ``phase`` between which this chunk answers for what lies there."""
        return self.start - self.low, self.stop - self.low - (1 if self.is_last else 0)

    def counted(self, configurations: tuple[Configuration, ...], depth: int) -> Steps[Counts]:
        """Count voxel configurations that end in this chunk and reach back up to ``depth`` planes."""
        from .voxel_configurations import counting_steps

        lead = min(depth, self.start - self.low)
        planes = self.phase[self.start - self.low - lead : self.stop - self.low]
        return counting_steps(planes, planes.shape[1:], configurations, lead=lead, total=len(planes))


def bounds(planes: int, count: int) -> list[tuple[int, int]]:
    """Return first plane and end of ``count`` chunks of nearly equal size.

    Examples
    --------
    >>> bounds(7, 3)
    [(0, 2), (2, 4), (4, 7)]
    """
    edges = [planes * k // count for k in range(count + 1)]
    return [(a, b) for a, b in pairwise(edges) if b > a]
