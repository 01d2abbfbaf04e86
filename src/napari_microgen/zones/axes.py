"""The axes of a diagram: which condition, from where to where, in how many steps, on which scale."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..conditions import Condition
from ..conditions.condition import Transform
from ..errors import ParameterError
from ..regress.svg import nice_ticks
from ..units import after_number

MOST_STEPS = 256
"""Largest number of cells along an axis."""
_LOWEST = {"log": 0.0, "log1p": -1.0}


@dataclass(frozen=True)
class Axis:
    """One condition that a diagram varies.

    Steps are equal on the scale of the condition, so that a time declared as logarithmic is
    spaced by factors. Places run from 0 at ``low`` to 1 at ``high`` on that scale.

    Examples
    --------
    >>> Axis("time", "h", 1.0, 100.0, 3, "log").values().round(6).tolist()
    [1.0, 10.0, 100.0]
    """

    name: str
    """Name of the condition."""
    unit: str | None
    """Its unit; None if none is stated."""
    low: float
    """Value at the left or lower end."""
    high: float
    """Value at the right or upper end."""
    count: int
    """Cells along the axis, the first at ``low`` and the last at ``high``."""
    transform: Transform = "identity"
    """Scale on which steps are equal."""
    seen: tuple[float, float] | None = None
    """Lowest and highest value of the training."""

    @property
    def label(self) -> str:
        """Name and unit, such as ``temperature [C]``."""
        return self.condition.label

    @property
    def condition(self) -> Condition:
        """What the axis means."""
        return Condition(self.name, self.unit, "continuous", self.transform)

    def values(self) -> np.ndarray:
        """Return the value of each cell, shape (count,)."""
        return self.at(np.linspace(0.0, 1.0, self.count))

    def at(self, places: Any) -> np.ndarray:
        """Return the values at places from 0 to 1; both ends are exact."""
        places = np.asarray(places, float)
        low, high = self.condition.forward(np.array([self.low, self.high]))
        values = self.condition.inverse(low + places * (high - low))
        rounded = np.array([float(f"{v:.12g}") for v in values.ravel()]).reshape(places.shape)
        return np.where(places == 0, self.low, np.where(places == 1, self.high, rounded))

    def place(self, values: Any) -> np.ndarray:
        """Return where values lie, 0 at the low end and 1 at the high end; the inverse of `at`."""
        low, high = self.condition.forward(np.array([self.low, self.high]))
        return (self.condition.forward(values) - low) / (high - low)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Return round values to write along the axis.

        Examples
        --------
        >>> Axis("time", "h", 0.1, 90.0, 8, "log").ticks()
        [0.1, 1.0, 10.0]
        """
        if self.transform == "identity" or self.high < 10 * max(self.low, 0.1):
            return nice_ticks(self.low, self.high, wanted)
        first = max(self.low, self.high / 1e6) if self.low <= 0 else self.low
        decades = range(math.floor(math.log10(first)), math.ceil(math.log10(self.high)) + 1)
        fine = [float(f"{m * 10.0**d:.10g}") for d in decades for m in (1, 2, 5)]
        inside = [v for v in fine if self.low * (1 - 1e-9) <= v <= self.high * (1 + 1e-9)]
        whole = [v for v in inside if f"{v:e}"[0] == "1"]
        return whole if len(whole) >= 3 else inside

    @property
    def beyond(self) -> str:
        """In words, where the axis reaches beyond the training; empty if it does not."""
        if self.seen is None:
            return ""
        low, high = self.seen
        slack = 1e-9 * max(abs(low), abs(high))
        if self.low >= low - slack and self.high <= high + slack:
            return ""
        unit = after_number(self.unit)
        return (
            f"{self.name} from {self.low:g} to {self.high:g}{unit} reaches beyond the {low:g} to {high:g} of "
            f"the training; cells out there are extrapolated"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the axis as plain JSON values."""
        return {
            "name": self.name,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "count": self.count,
            "scale": self.transform,
            "seen": None if self.seen is None else list(self.seen),
        }


def parse_axis(text: str, conditions: Sequence[Mapping[str, Any]], option: str) -> Axis:
    """Return the axis that a user means by ``NAME:LO:HI:N``.

    Parameters
    ----------
    text : str
        Such as ``temperature:20:600:8``; the name may hold colons.
    conditions : sequence of mapping
        The conditions of the model card (name, unit, kind, low, high, transform or values).
    option : str
        What the user wrote it after, such as ``--x``.

    Raises
    ------
    ParameterError
        If the text is no such axis, the condition is unknown, holds labels or never changed in the
        training, or the range is empty, impossible, or wholly beyond the training.
    """
    parts = text.rsplit(":", 3)
    if len(parts) != 4 or not all(part.strip() for part in parts):
        raise ParameterError(
            f"{option} got {text!r}; expected NAME:LO:HI:N, such as {_example(conditions)} "
            f"(a condition, its lowest and highest value, and how many cells)."
        )
    name = parts[0].strip()
    entry = _entry(name, conditions, option)
    low, high = (_number(part, text, option) for part in parts[1:3])
    count = _count(parts[3], text, option)
    lowest = _LOWEST.get(str(entry["transform"]), -math.inf)
    if not low < high:
        raise ParameterError(
            f"{option} {name} runs from {low:g} to {high:g}; the first must be the smaller one."
        )
    if low <= lowest:
        raise ParameterError(
            f"{option} {name} begins at {low:g}, but its {entry['transform']} scale needs values above "
            f"{lowest:g}."
        )
    seen = (float(entry["low"]), float(entry["high"]))
    if high < seen[0] or low > seen[1]:
        raise ParameterError(
            f"{option} {name} from {low:g} to {high:g} lies wholly beyond the {seen[0]:g} to {seen[1]:g} "
            f"that the training saw, so every cell would be a guess. Let the axis begin or end within it."
        )
    return Axis(name, entry.get("unit"), low, high, count, entry["transform"], seen)


def parse_axes(x: str, y: str, conditions: Sequence[Mapping[str, Any]]) -> tuple[Axis, Axis]:
    """Return both axes of a diagram; see `parse_axis`.

    Raises
    ------
    ParameterError
        Also if both are the same condition.
    """
    across, up = parse_axis(x, conditions, "--x"), parse_axis(y, conditions, "--y")
    if across.name == up.name:
        others = [str(c["name"]) for c in conditions if c["name"] != across.name and _varies(c)]
        hint = f" Take {', '.join(others)} for one of them." if others else ""
        raise ParameterError(f"--x and --y are both {across.name}; a diagram needs two conditions.{hint}")
    return across, up


def _entry(name: str, conditions: Sequence[Mapping[str, Any]], option: str) -> Mapping[str, Any]:
    known = {str(entry["name"]): entry for entry in conditions}
    if name not in known:
        raise ParameterError(
            f"{option}: the model has no condition {name!r}; it has {', '.join(known)}. Axes can be "
            f"{', '.join(_described(c) for c in conditions if _varies(c))}."
        )
    entry = known[name]
    if entry["kind"] == "categorical":
        labels = [str(value) for value in entry["values"]]
        raise ParameterError(
            f"{option}: {name} holds labels ({', '.join(labels[:6])}), which have no order, so it cannot be "
            f"an axis. Fix it with --set {name}={labels[0]} and draw one diagram for each label."
        )
    if not _varies(entry):
        raise ParameterError(
            f"{option}: {name} was always {float(entry['low']):g} in the training, so the model cannot know "
            f"what it does. Axes can be {', '.join(_described(c) for c in conditions if _varies(c))}."
        )
    return entry


def _varies(entry: Mapping[str, Any]) -> bool:
    return entry["kind"] == "continuous" and entry["high"] > entry["low"]


def _described(entry: Mapping[str, Any]) -> str:
    unit = after_number(entry.get("unit"))
    return f"{entry['name']} ({float(entry['low']):g} to {float(entry['high']):g}{unit})"


def _example(conditions: Sequence[Mapping[str, Any]]) -> str:
    for entry in conditions:
        if _varies(entry):
            return f"{entry['name']}:{float(entry['low']):g}:{float(entry['high']):g}:8"
    return "temperature:20:600:8"


def _number(part: str, text: str, option: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ParameterError(f"{option} {text}: {part.strip()!r} is no number; expected NAME:LO:HI:N.")
    return value


def _count(part: str, text: str, option: str) -> int:
    count = int(part) if part.strip().isdigit() else 0
    if not 2 <= count <= MOST_STEPS:
        raise ParameterError(
            f"{option} {text}: {part.strip()!r} cells along the axis; expected a whole number from 2 to "
            f"{MOST_STEPS}."
        )
    return count
