"""A descriptor of a cell with three uncertainties that are never merged: draws, models, residuals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..conditions.support import PointSupport
from ..errors import ParameterError
from ..generate.uncertainty import HalfWidth, between_models
from .descriptors import Measure, Measured
from .residuals import Residuals

ONE_MODEL = "one model tells nothing of the spread between models; give several that differ in their seed"
NO_RESIDUALS = "no residuals of conditions left out were given; microgen validate measures them"
FEW = "fewer than two images have it"


@dataclass(frozen=True)
class Estimate:
    """One descriptor at one condition."""

    name: str
    unit: str
    value: float | None
    """Mean over the images of all models; None if no image has it."""
    latent_sd: float | None
    """Standard deviation over the images of one model: what differs from place to place."""
    standard_error: float | None
    """How far the mean of another set of as many images may be."""
    between_models_sd: float | None
    """Standard deviation of the means of models of different seeds."""
    conformal: HalfWidth
    """Half-width of the interval that holds the true mean with the chance of the residuals."""
    images: int
    """Images that have it, all models."""
    models: int
    flag: str
    """Support of the condition."""

    @property
    def reasons(self) -> dict[str, str]:
        """Why a number is undefined, by its name."""
        found = {}
        if self.value is None:
            found["value"] = "no image has it"
        if self.latent_sd is None:
            found["latent_sd"] = FEW
        if self.standard_error is None:
            found["standard_error"] = FEW
        if self.between_models_sd is None:
            found["between_models_sd"] = ONE_MODEL if self.models < 2 else "not every model has it"
        if self.conformal.value is None:
            found["conformal_half_width"] = self.conformal.reason
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "unit": self.unit,
            "value": self.value,
            "latent_sd": self.latent_sd,
            "standard_error": self.standard_error,
            "between_models_sd": self.between_models_sd,
            "conformal_half_width": self.conformal.value,
            "images": self.images,
            "reasons": self.reasons,
        }


def estimates(
    measured: Sequence[Measured], support: PointSupport | None, residuals: Residuals | None = None
) -> list[Estimate]:
    """Return every descriptor of a cell with its uncertainties.

    Parameters
    ----------
    measured : sequence of Measured
        The images of this cell, one entry per model.
    support : PointSupport or None
        Where the condition lies among those of the training; None if that cannot be told.
    residuals : Residuals, optional
        How far descriptors were off at conditions left out of the training.

    Raises
    ------
    ParameterError
        If nothing was measured, or models were measured differently.

    Examples
    --------
    >>> from .descriptors import Measure
    >>> measure = Measure(("mean_grey",))
    >>> two = [Measured(measure, np.array([[m], [m + 2.0]]), np.ones((2, 1))) for m in (0.0, 1.0)]
    >>> (found,) = estimates(two, None)
    >>> found.value, round(found.latent_sd, 3), round(found.between_models_sd, 3)
    (1.5, 1.414, 0.707)
    """
    if not measured or any(part.measure != measured[0].measure for part in measured):
        raise ParameterError("All models must be measured in the same way, and at least one.")
    means = np.array([part.means() for part in measured])
    spreads = np.array([part.spreads() for part in measured])
    errors = np.array([part.standard_errors() for part in measured])
    counts = np.array([part.counts() for part in measured])
    flag = "unknown" if support is None else support.flag
    found = []
    for column, (name, unit) in enumerate(
        zip(measured[0].measure.names, measured[0].measure.units, strict=True)
    ):
        own = means[:, column]
        spread = between_models(own) if np.isfinite(own).all() else None
        found.append(
            Estimate(
                name,
                unit,
                _known(own[np.isfinite(own)].mean() if np.isfinite(own).any() else math.nan),
                _known(np.sqrt((spreads[:, column] ** 2).mean())),
                _known(np.sqrt((errors[:, column] ** 2).sum()) / len(measured)),
                spread,
                _width(name, unit, support, residuals, measured[0].measure),
                int(counts[:, column].sum()),
                len(measured),
                flag,
            )
        )
    return found


def _width(
    name: str, unit: str, support: PointSupport | None, residuals: Residuals | None, measure: Measure
) -> HalfWidth:
    if residuals is None:
        return HalfWidth(None, NO_RESIDUALS)
    if support is None:
        return residuals.half_width(name, unit, None, "unknown", measure)
    return residuals.half_width(name, unit, support.ratio, support.flag, measure)


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
