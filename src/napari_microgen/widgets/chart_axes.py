"""Axes of a chart: round tick values, their texts, and the way from values to pixels."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis from ``low`` at pixel ``start`` to ``high`` at pixel ``stop``."""

    low: float
    high: float
    start: float
    stop: float

    def pixel(self, value: Any) -> Any:
        """Return where a value, or each of an array, lies."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start)

    def value(self, pixel: float) -> float:
        """Return the value at a pixel."""
        return self.low + (pixel - self.start) / (self.stop - self.start) * (self.high - self.low)


def wide(low: float, high: float, *, from_zero: bool = False, margin: float = 0.0) -> tuple[float, float]:
    """Return a range that is not empty, with some room at its ends.

    Examples
    --------
    >>> wide(2.0, 2.0), wide(0.5, 2.0, from_zero=True)
    ((1.5, 2.5), (0.0, 2.0))
    """
    if from_zero and low >= 0:
        low = 0.0
    if not high - low > 1e-12 * max(abs(low), abs(high), 1e-300):
        half = 0.25 * abs(low) or 0.5
        return low - half, high + half
    room = margin * (high - low)
    return (low if from_zero and low == 0 else low - room), high + room


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` round values within a range, evenly spaced by 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> ticks(0.0, 1.0, 6)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> ticks(-320.0, 130.0, 5)
    [-300.0, -200.0, -100.0, 0.0, 100.0]
    """
    raw = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1, 2, 5, 10, 20):
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= max(most, 2):
            return [float(f"{k * step:.12g}") + 0.0 for k in range(first, last + 1)]
    return [low, high]


def texts(values: list[float]) -> list[str]:
    """Return tick values with as many digits as tell them apart; large and small ones as powers of ten.

    Examples
    --------
    >>> texts([0.0, 0.05, 0.1])
    ['0', '0.05', '0.1']
    >>> texts([-20000.0, 0.0, 20000.0])
    ['−2e4', '0', '2e4']
    """
    largest = max((abs(v) for v in values), default=0.0)
    if largest and not 1e-3 <= largest < 1e4:
        plain = [f"{v:.3e}" for v in values]
        plain = ["0" if float(p) == 0 else _short(p) for p in plain]
    else:
        plain = [f"{v:.10g}" for v in values]
    return [p.replace("-", "−", 1) if p.startswith("-") else p for p in plain]


def _short(text: str) -> str:
    digits, _, power = text.partition("e")
    return f"{float(digits):g}e{int(power)}"
