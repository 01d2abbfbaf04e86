"""What is told of a cell without its images: where its condition lies among those of the training."""

import base64
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..conditions.support import PointSupport

if TYPE_CHECKING:
    from ..generate.card import GeneratorCard
    from ..generate.model import GeneratorModel

UNKNOWN = "unknown"
"""Flag of a cell of which it cannot be told where it lies among the training conditions."""


def support_record(support: PointSupport | None) -> dict[str, Any]:
    """Return support as plain JSON values: ``flag``, ``d1``, ``ratio``, ``nearest_image`` ..."""
    if support is None:
        names = ("d1", "ratio", "nearest_image", "hull_distance")
        return {"flag": UNKNOWN, **dict.fromkeys(names), "out_of_range": []}
    return {
        "flag": support.flag,
        "d1": _finite(support.distance),
        "ratio": _finite(support.ratio),
        "nearest_image": support.nearest or None,
        "hull_distance": _finite(support.hull_distance),
        "out_of_range": list(support.out_of_range),
    }


def support_at(
    model: "GeneratorModel | GeneratorCard", row: Mapping[str, float | str | None]
) -> PointSupport | None:
    """Return where a condition lies among those of the training; None where that cannot be told."""
    if model.support is None or any(value is None for value in row.values()):
        return None
    return model.support.of([row])[0]


def coded(images: np.ndarray) -> dict[str, Any]:
    """Return images as plain JSON values: shape, type and bytes in base64."""
    data = base64.b64encode(np.ascontiguousarray(images).tobytes()).decode("ascii")
    return {"shape": list(images.shape), "dtype": images.dtype.str, "data": data}


def decoded(content: dict[str, Any]) -> np.ndarray:
    """Return the images of an answer; the inverse of `coded`.

    Examples
    --------
    >>> decoded(coded(np.arange(4, dtype=np.uint8).reshape(1, 2, 2))).tolist()
    [[[0, 1], [2, 3]]]
    """
    raw = np.frombuffer(base64.b64decode(content["data"]), np.dtype(content["dtype"]))
    return raw.reshape(content["shape"])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
