"""Level the brightness of all slices of a stack; needs every slice once before the first is done."""

from typing import Any

import numpy as np

from ..io import limits
from ..progress import Progress, Steps
from .shading import Shading, flatten, measure_shading
from .slices import Slices, working_type


class Levels:
    """The measured shading of a stack, and its slices as they were when measured."""

    def __init__(self, slices: Slices, kept: range) -> None:
        self._slices = slices
        self._kept = kept
        self._store: np.ndarray | None = None
        self.shading: list[Shading] = []
        self.level = float("nan")

    def measure(self) -> Steps[None]:
        """Measure every slice, and keep those that will be needed."""
        slices = self._slices
        count = slices.volume.n_planes
        self._store = limits.allocate((len(self._kept), *slices.shape), working_type(slices.volume))
        for k in range(count):
            image = slices.prepared(k)
            self.shading.append(measure_shading(image))
            if k in self._kept:
                self._store[k - self._kept.start] = image
            yield Progress(k + 1, count, "measuring shading")
        known = [shading.level for shading in self.shading if np.isfinite(shading.level)]
        self.level = float(np.median(known)) if known else float("nan")

    def plane(self, index: int) -> np.ndarray:
        """Return a slice with its brightness levelled."""
        assert self._store is not None
        image = np.asarray(self._store[index - self._kept.start])
        if not np.isfinite(self.level):
            return image
        divide = self._slices.choices.shading == "multiplicative"
        return flatten(image, self.shading[index], self.level, divide=divide)

    def records(self) -> list[dict[str, Any]]:
        """Return what was found, as plain JSON values."""
        spans = [float(np.ptp(s.profile)) for s in self.shading if s.profile is not None]
        record = {
            "step": "shading",
            "kind": self._slices.choices.shading,
            "level": self.level if np.isfinite(self.level) else None,
            "slice_levels": [round(s.level, 3) if np.isfinite(s.level) else None for s in self.shading],
            "largest_change_along_rows": max(spans, default=0.0),
            "slices_without_profile": [k for k, s in enumerate(self.shading) if s.profile is None],
        }
        return [record]

    def notes(self) -> list[str]:
        """Return what the user should know."""
        lacking = [s for s in self.shading if s.profile is None]
        return [f"{len(lacking)} slices were not flattened: {lacking[0].reason}"] if lacking else []
