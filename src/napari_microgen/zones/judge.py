"""How well the images of a condition fit what is wanted, by one model or several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..conditions import PointSupport
from ..generate.model import GeneratorModel
from ..progress import Progress, Steps
from .cells import CellTick, make_cells
from .classifier import StructureClassifier, class_probabilities
from .descriptors import Measure, Measured, joined, measure_images
from .proposals import Row, Space
from .targets import Target, misfit


@dataclass(frozen=True, eq=False)
class Judged:
    """One condition, what its images measure, and how far off they are."""

    row: Row
    measured: tuple[Measured, ...]
    """One entry per model."""
    shares: np.ndarray | None
    """Probability of each class for each image of all models, shape (N, classes)."""
    misfit: float
    """Root mean square over the targets, in tolerances; 0 is perfect."""
    parts: dict[str, Any]
    """What each target adds."""
    support: PointSupport | None


@dataclass(frozen=True, eq=False)
class Judge:
    """What is wanted, and what makes and judges images."""

    models: Sequence[GeneratorModel]
    space: Space
    measure: Measure
    targets: Sequence[Target]
    structure: int | None
    """Number of the wanted class."""
    classifier: StructureClassifier | None
    evaluations: int | None
    device: Literal["auto", "cpu", "cuda"]

    def look(self, rows: Sequence[Row], count: int, seed: int, models: int = 1) -> Steps[list[Judged]]:
        """Make images for each condition with the first models, and judge them."""
        if not rows:
            return []
        found: list[list[tuple[Measured, np.ndarray | None]]] = [[] for _ in rows]
        for number, model in enumerate(self.models[:models]):
            steps = make_cells.steps(
                model,
                rows,
                count=count,
                seed=seed,
                evaluations=self.evaluations,
                device=self.device,
                keep=False,
            )
            for tick in steps:
                share = (number + tick.step / max(1, tick.total or 1)) / models
                yield Progress(int(1000 * share), 1000, tick.message)
                if isinstance(tick, CellTick) and tick.cell is not None:
                    cell = tick.cell
                    found[cell.place].append((yield from self._numbers(model, cell.images)))
        return [self._judged(row, entries) for row, entries in zip(rows, found, strict=True)]

    def _numbers(
        self, model: GeneratorModel, images: np.ndarray
    ) -> Steps[tuple[Measured, np.ndarray | None]]:
        measured: Measured = yield from _silent(measure_images(images, self.measure, model.grey))
        if self.classifier is None:
            return measured, None
        size, unit = model.pixel_size, model.unit
        return measured, class_probabilities(self.classifier, images, pixel_size=size, unit=unit)

    def _judged(self, row: Row, entries: Sequence[tuple[Measured, np.ndarray | None]]) -> Judged:
        measured = tuple(entry[0] for entry in entries)
        known = [entry[1] for entry in entries if entry[1] is not None]
        shares = np.concatenate(known) if known else None
        chance = None
        if shares is not None and self.structure is not None:
            chance = float(shares[:, self.structure].mean())
        means = dict(zip(self.measure.names, joined(measured).means().tolist(), strict=True))
        off, parts = misfit(self.targets, means, chance)
        return Judged(row, measured, shares, off, parts, self.space.point(row))


def _silent(steps: Steps[Measured]) -> Steps[Measured]:
    """Pass on a result; its ticks would count another work."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield from ()
