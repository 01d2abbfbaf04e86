"""What is said of a cell: class probabilities and descriptors of its images, and the nearest real image."""

from typing import Any

import numpy as np

from ..progress import Progress, Steps
from .cells import Cell, support_record
from .classifier import class_probabilities
from .descriptors import Measured, measure_images
from .diagram import CellResult, class_summary
from .placement import Index
from .request import Request


def judged(request: Request, cell: Cell, index: Index) -> Steps[CellResult]:
    """Return what is said of a cell.

    Parameters
    ----------
    request : Request
        What was asked for.
    cell : Cell
        The cell with its images.
    index : (int, int)
        Its column and row.
    """
    shares = spread = None
    if request.classifier is not None:
        yield Progress(0, 2, "telling structures")
        model = request.model
        shares, spread = class_summary(
            class_probabilities(request.classifier, cell.images, pixel_size=model.pixel_size, unit=model.unit)
        )
    descriptors: dict[str, dict[str, Any]] = {}
    if request.measure is not None:
        measured: Measured = yield from measure_images(cell.images, request.measure, request.model.grey)
        descriptors = descriptor_records(measured)
    nearest = None if request.real is None else request.real.nearest(cell.conditions)
    return CellResult(
        index[0],
        index[1],
        cell.conditions,
        support_record(cell.support),
        cell.images[0],
        len(cell.images),
        shares,
        spread,
        descriptors,
        nearest,
    )


def descriptor_records(measured: Measured) -> dict[str, dict[str, Any]]:
    """Return the descriptors of a cell as plain JSON values.

    ``value`` is the mean over images, ``spread`` their standard deviation, ``sampling`` the standard error
    of the mean: how far another set of as many images may differ.
    """
    entries = zip(
        measured.measure.names,
        measured.measure.units,
        measured.means(),
        measured.spreads(),
        measured.standard_errors(),
        measured.counts(),
        strict=True,
    )
    return {
        name: {
            "value": number(mean),
            "unit": unit,
            "reason": None if np.isfinite(mean) else "defined on none of the images",
            "spread": number(spread),
            "sampling": number(error),
            "images": int(count),
        }
        for name, unit, mean, spread, error, count in entries
    }


def number(value: float) -> float | None:
    """Return a number for JSON, to nine digits; None for NaN."""
    return float(f"{float(value):.9g}") if np.isfinite(value) else None
