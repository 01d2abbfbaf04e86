"""What a microstructure shall be like (descriptors, a class, a real image), and how far off one is."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ParameterError, UnitError
from ..quantify.image_numbers import IMAGE_NUMBERS, unit_of
from ..units import convert_length
from .descriptors import ALIASES, Measured

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_VALUE = re.compile(
    rf"^(?P<name>[^=]+?)\s*=\s*(?P<value>{_NUMBER})\s*(?:(?:\+-|±)\s*(?P<off>{_NUMBER}))?\s*(?P<unit>[^\d\s:]\S*)?$"
)
_RANGE = re.compile(rf"^(?P<name>[^=]+?)\s*=\s*(?P<low>{_NUMBER})\s*:\s*(?P<high>{_NUMBER})\s*(?P<unit>\S*)$")
SHARE = 0.05
"""Tolerance where none is given, as a share of the value."""


@dataclass(frozen=True)
class Target:
    """A range that a descriptor shall lie in, and what counts as being off by one."""

    name: str
    low: float
    high: float
    tolerance: float
    unit: str = ""
    """Unit as written; empty if none was."""

    @property
    def text(self) -> str:
        """The target in words."""
        unit = f" {self.unit}" if self.unit else ""
        if self.low == self.high:
            return f"{self.name} = {self.low:g} +- {self.tolerance:g}{unit}"
        return f"{self.name} from {self.low:g} to {self.high:g}{unit}"

    def off(self, value: float) -> float:
        """Return by how many tolerances a value is outside; infinite where it is undefined."""
        if not math.isfinite(value):
            return math.inf
        return max(self.low - value, value - self.high, 0.0) / self.tolerance


def parse_target(text: str) -> Target:
    """Return the target that a user means.

    Parameters
    ----------
    text : str
        ``NAME=VALUE``, ``NAME=VALUE+-TOLERANCE`` or ``NAME=LOW:HIGH``; a unit may follow. Left out,
        the tolerance is 5 % of the value, or the width of the range.

    Raises
    ------
    ParameterError
        If it is none, the name is unknown, or there is no tolerance to tell near from far.

    Examples
    --------
    >>> parse_target("mean_feret=45nm").text, parse_target("mean_grey = 0.5+-0.25").off(1.0)
    ('feret_diameter = 45 +- 2.25 nm', 2.0)
    """
    word = text.strip()
    if match := _RANGE.match(word):
        low, high = float(match["low"]), float(match["high"])
        tolerance = high - low
    elif match := _VALUE.match(word):
        low = high = float(match["value"])
        tolerance = float(match["off"]) if match["off"] else SHARE * abs(low)
    else:
        raise ParameterError(f"{text!r} is no target; expected such as {_examples(word)}.")
    name = ALIASES.get(match["name"].strip(), match["name"].strip())
    if name not in IMAGE_NUMBERS:
        known = ", ".join((*ALIASES, *IMAGE_NUMBERS))
        raise ParameterError(f"{text!r} is on {name!r}, which cannot be measured; there are {known}.")
    if not tolerance > 0:
        raise ParameterError(f"{text!r} gives no room; write a tolerance, such as {name}={low:g}+-0.1.")
    return Target(name, low, high, tolerance, match["unit"] or "")


def _examples(word: str) -> str:
    """Return targets as they are written, on the number that was meant if it is one."""
    name = re.split(r"[<>=:]", word, maxsplit=1)[0].strip()
    known = name in ALIASES or name in IMAGE_NUMBERS
    if known and unit_of(ALIASES.get(name, name), "nm") == "1":
        return f"{name}=0.5, {name}=0.5+-0.1 or {name}=0.5:0.6"
    if not known or unit_of(ALIASES.get(name, name), "nm") != "nm":
        return "mean_feret=45nm, mean_feret=45+-3nm or relative_density=0.5:0.6"
    return f"{name}=45nm, {name}=45+-3nm or {name}=40:50nm"


def in_units(targets: Sequence[Target], units: Mapping[str, str]) -> list[Target]:
    """Return targets in the units that the images of the model give; lengths are converted.

    Raises
    ------
    ParameterError
        If a unit cannot be converted.
    """
    return [_in_unit(target, units[target.name]) for target in targets]


def _in_unit(target: Target, unit: str) -> Target:
    if target.unit in ("", unit):
        return replace(target, unit=unit if unit != "1" else "")
    try:
        factor = float(convert_length(1.0, target.unit, unit))
    except UnitError:
        raise ParameterError(
            f"{target.text!r} is in {target.unit}, but the images of the model give {target.name} in "
            f"{unit}. Write the number in that unit."
        ) from None
    low, high, off = (float(f"{factor * v:.12g}") for v in (target.low, target.high, target.tolerance))
    return Target(target.name, low, high, off, unit)


def targets_of_image(measured: Measured) -> list[Target]:
    """Return the numbers of a real image as targets; off by one is the spread among its patches.

    Numbers that are undefined or without spread tell nothing and are left out.
    """
    found = []
    names, units = measured.measure.names, measured.measure.units
    spreads, errors = measured.spreads(), measured.standard_errors()
    for name, unit, mean, spread, error in zip(names, units, measured.means(), spreads, errors, strict=True):
        tolerance = max(spread, error) if math.isfinite(error) else spread
        if math.isfinite(mean) and math.isfinite(tolerance) and tolerance > 0:
            found.append(Target(name, float(mean), float(mean), float(tolerance), unit))
    return found


def class_off(probability: float) -> float:
    """Return how far a class is from being certain: 0 where it is, 1 at a probability of one half.

    Examples
    --------
    >>> class_off(1.0), class_off(0.5), class_off(0.25)
    (0.0, 1.0, 2.0)
    """
    return max(0.0, -math.log2(max(probability, 1e-9)))


def misfit(
    targets: Sequence[Target], means: Mapping[str, float], probability: float | None = None
) -> tuple[float, dict[str, Any]]:
    """Return how far off a microstructure is, in tolerances, and what each target adds.

    The root of the mean square over all targets; the class counts as one.
    """
    parts = {target.name: target.off(means[target.name]) for target in targets}
    if probability is not None:
        parts["class"] = class_off(probability)
    squares = np.array(list(parts.values())) ** 2
    return float(np.sqrt(squares.mean())) if squares.size else 0.0, parts
