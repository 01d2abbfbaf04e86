"""What is said of a cell: class probabilities and descriptors of its images, and the nearest real image."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..conditions import PointSupport
from ..generate.model import GeneratorModel
from ..progress import Progress, Steps
from .cell_record import support_record
from .cells import Cell
from .classifier import StructureClassifier, class_probabilities
from .descriptors import Measure, Measured, measure_images
from .diagram import CellResult, class_summary
from .nearest_real import RealImages
from .placement import Index
from .residuals import Residuals
from .uncertainty import estimates


class Asked(Protocol):
    """What is to be said of a cell; parts that are None are not asked for."""

    @property
    def classifier(self) -> StructureClassifier | None:
        """Tells structures."""

    @property
    def measure(self) -> Measure | None:
        """Descriptors to measure."""

    @property
    def residuals(self) -> Residuals | None:
        """Errors at conditions not seen, for conformal widths."""

    @property
    def real(self) -> RealImages | None:
        """Where the nearest real image is looked for."""


@dataclass(eq=False)
class CellParts:
    """What was found of one cell so far, by one model after the other."""

    index: Index
    """Its column and row."""
    conditions: dict[str, float | str | None]
    support: PointSupport | None
    image: np.ndarray
    """First image of the first model, which is shown."""
    count: int
    """Images of each model."""
    shares: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    """Mean and standard deviation of each class over the images, by model."""
    measured: list[Measured] = field(default_factory=list)
    """Descriptors of the images, by model."""

    @classmethod
    def of(cls, cell: Cell, index: Index) -> "CellParts":
        """Return a cell of which nothing was found yet."""
        return cls(index, cell.conditions, cell.support, cell.images[0], len(cell.images))

    def add(self, asked: Asked, model: GeneratorModel, images: np.ndarray) -> Steps[None]:
        """Judge and measure the images of one more model."""
        if asked.classifier is not None:
            yield Progress(0, 2, "telling structures")
            shares = class_probabilities(
                asked.classifier, images, pixel_size=model.pixel_size, unit=model.unit
            )
            self.shares.append(class_summary(shares))
        if asked.measure is not None:
            self.measured.append((yield from measure_images(images, asked.measure, model.grey)))

    def finished(self, asked: Asked) -> CellResult:
        """Return what is said of the cell."""
        descriptors: dict[str, dict[str, Any]] = {}
        if self.measured:
            found = estimates(self.measured, self.support, asked.residuals)
            descriptors = {estimate.name: rounded(estimate.to_dict()) for estimate in found}
        means = np.array([mean for mean, _ in self.shares])
        return CellResult(
            *self.index,
            self.conditions,
            support_record(self.support),
            self.image,
            self.count,
            means.mean(axis=0) if len(means) else None,
            np.sqrt(np.mean([sd**2 for _, sd in self.shares], axis=0)) if len(means) else None,
            means.std(axis=0, ddof=1) if len(means) > 1 else None,
            descriptors,
            None if asked.real is None else asked.real.nearest(self.conditions),
        )


def rounded(value: Any) -> Any:
    """Return plain values with numbers to nine digits, so that a file does not show the last bits."""
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    return float(f"{value:.9g}") if isinstance(value, float) else value
