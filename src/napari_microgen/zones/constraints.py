"""What is asked of a diagram, such as ``temperature<450`` or ``feret_diameter=20:45``, and where it holds."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ParameterError

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ONE = re.compile(rf"^(?P<name>.+?)\s*(?P<sign><=|>=|<|>)\s*(?P<value>{_NUMBER})\s*(?P<unit>\S*)$")
_BETWEEN = re.compile(
    rf"^(?P<name>[^=<>]+?)\s*=\s*(?P<low>{_NUMBER})?\s*:\s*(?P<high>{_NUMBER})?\s*(?P<unit>\S*)$"
)
_LABEL = re.compile(r"^(?P<name>[^=<>]+?)\s*=\s*(?P<label>.+)$")


@dataclass(frozen=True)
class Constraint:
    """A range that a quantity must lie in."""

    name: str
    """Name of the condition or descriptor."""
    low: float = -math.inf
    high: float = math.inf
    open: bool = False
    """True if the ends do not belong to the range."""
    label: str | None = None
    """The label it must have, for a condition of labels."""
    unit: str = ""
    """Unit as written; empty if none was."""

    @property
    def text(self) -> str:
        """The constraint in words."""
        unit = f" {self.unit}" if self.unit else ""
        if self.label is not None:
            return f"{self.name} = {self.label}"
        if self.low == -math.inf:
            return f"{self.name} {'<' if self.open else '<='} {self.high:g}{unit}"
        if self.high == math.inf:
            return f"{self.name} {'>' if self.open else '>='} {self.low:g}{unit}"
        return f"{self.name} from {self.low:g} to {self.high:g}{unit}"

    def holds(self, values: Any) -> np.ndarray:
        """Return where values fulfil it; not where they are undefined (NaN)."""
        if self.label is not None:
            return np.asarray(values) == self.label
        values = np.asarray(values, float)
        if self.open:
            return np.asarray((values > self.low) & (values < self.high))
        return np.asarray((values >= self.low) & (values <= self.high))


def parse_constraint(text: str, names: Mapping[str, str | None]) -> Constraint:
    """Return the constraint that a user means.

    Parameters
    ----------
    text : str
        ``NAME<VALUE``, ``NAME<=VALUE``, ``NAME>VALUE``, ``NAME>=VALUE``, ``NAME=LOW:HIGH`` (either end
        may be left out) or ``NAME=LABEL``; a unit may follow a number and must be that of NAME.
    names : mapping of str to str or None
        Unit of each condition and descriptor there is.

    Raises
    ------
    ParameterError
        If it is none, the name is unknown, the unit is another one, or the range is empty.

    Examples
    --------
    >>> parse_constraint("temperature < 450 C", {"temperature": "C"}).text
    'temperature < 450 C'
    >>> parse_constraint("feret_diameter=20:45", {"feret_diameter": "nm"}).high
    45.0
    """
    word = text.strip()
    found = _parsed(word)
    if found is None:
        raise ParameterError(
            f"{text!r} is no constraint; expected such as temperature<450, aluminium>=20 or "
            f"feret_diameter=20:45."
        )
    if found.name not in names:
        raise ParameterError(f"{text!r} is on {found.name!r}; there are {', '.join(names)}.")
    unit = names[found.name] or ""
    if found.unit and found.unit != unit:
        known = f"its unit is {unit}" if unit else "it has no unit"
        raise ParameterError(f"{text!r} gives {found.unit!r}, but {known}. Write the number in that unit.")
    if not found.low <= found.high or (found.open and found.low == found.high):
        raise ParameterError(f"{text!r} is an empty range: {found.low:g} is above {found.high:g}.")
    return Constraint(found.name, found.low, found.high, found.open, found.label, unit)


def _parsed(word: str) -> Constraint | None:
    if match := _ONE.match(word):
        value, sign = float(match["value"]), match["sign"]
        ends = (-math.inf, value) if sign[0] == "<" else (value, math.inf)
        return Constraint(match["name"].strip(), *ends, len(sign) == 1, unit=match["unit"])
    if (match := _BETWEEN.match(word)) and (match["low"] or match["high"]):
        low = float(match["low"]) if match["low"] else -math.inf
        high = float(match["high"]) if match["high"] else math.inf
        return Constraint(match["name"].strip(), low, high, unit=match["unit"])
    if (match := _LABEL.match(word)) and ":" not in match["label"]:
        return Constraint(match["name"].strip(), label=match["label"].strip())
    return None


@dataclass(frozen=True, eq=False)
class Demand:
    """One demand on every cell of a diagram."""

    text: str
    """What is asked, in words."""
    passed: np.ndarray
    """Where it is fulfilled, bool, shape (R, C)."""


def class_demand(
    name: str, probability: np.ndarray, sd: np.ndarray, *, least: float = 0.5, spreads: float = 1.0
) -> Demand:
    """Return where a class is likely enough, its spread over draws taken off.

    Parameters
    ----------
    name : str
        The class.
    probability, sd : ndarray, shape (R, C)
        Mean and standard deviation of its probability over the draws of each cell.
    least : float
        Probability that must be reached.
    spreads : float
        Standard deviations that are taken off.
    """
    _require_share(least, "The least probability")
    if not 0 <= spreads < math.inf:
        raise ParameterError(f"The number of standard deviations is {spreads}; it must not be negative.")
    lower = np.asarray(probability, float) - spreads * np.asarray(sd, float)
    return Demand(f"P({name}) - {spreads:g} sd >= {least:g}", lower >= least)


def support_demand(flags: np.ndarray) -> Demand:
    """Return where conditions are not beyond those of the training."""
    return Demand("not extrapolated", np.asarray(flags) != "extrapolated")


def range_demands(
    constraints: Sequence[Constraint], values: Mapping[str, Any], shape: tuple[int, int]
) -> list[Demand]:
    """Return where each range holds; a value that is the same everywhere may be a plain number or label."""
    return [Demand(c.text, np.broadcast_to(c.holds(values[c.name]), shape)) for c in constraints]


def _require_share(value: float, what: str) -> None:
    if not 0 <= value <= 1:
        raise ParameterError(f"{what} is {value}; it must lie between 0 and 1.")
