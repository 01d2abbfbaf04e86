"""How many precipitates, and how large, under given conditions; and a built-in table of specimens.

Trends as described for extruded and heat-treated AA7075 by Howland et al. ("Parameters, Properties, and
Process"): T5 dense and varied, T6 sparse on a blanket of fine particles. The numbers are ours; it is no
simulation of precipitation.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from ..conditions import ConditionTable
from ..errors import ParameterError

TEMPERS = ("T5", "T6", "as-extruded")
FEED_RATE, STRENGTH = (4.0, 16.0), (420.0, 600.0)
"""Ranges of the feed rate in mm/s and of the tensile strength in MPa."""
UNITS = {"feed rate": "mm/s", "strength": "MPa"}
LARGE, WAVES = 3.0, (0.24, 0.12, 0.09, 0.05)
"""Irregular particles: how much larger, and amplitudes of the waves 2 to 5 of their outline."""


@dataclass(frozen=True, kw_only=True)
class PrecipitateLaw:
    """Particles of a micrograph; lengths in um."""

    density: float
    """Salient particles per um², mean of a Poisson number."""
    radius: float
    """Median radius of the circle of equal area, in um (log-normal)."""
    spread: float = 0.5
    """Standard deviation of the logarithm of the radius."""
    elongation: float = 1.8
    """Largest ratio of the axes of an ellipse; the ratio is uniform from 1."""
    irregular: float = 0.0
    """Share of large particles with a wavy outline, three times the radius."""
    brightness: tuple[float, float] = (0.2, 0.7)
    """Range of the grey above the matrix, uniform."""
    fine_density: float = 0.0
    """Particles of the blanket per um²."""
    fine_radius: float = 0.08
    """Their median radius in um."""
    fine_spread: float = 0.25
    """Standard deviation of its logarithm."""
    fine_brightness: tuple[float, float] = (0.06, 0.2)
    """Range of their grey above the matrix."""

    def mean_area(self) -> float:
        """Return the mean area of a salient particle in um²."""
        plain = math.pi * self.radius**2 * math.exp(2 * self.spread**2)
        wavy = LARGE**2 * (1 + 0.5 * sum(a * a for a in WAVES))
        return plain * (1 - self.irregular + self.irregular * wavy)

    def fine_area(self) -> float:
        """Return the mean area of a particle of the blanket in um²."""
        return math.pi * self.fine_radius**2 * math.exp(2 * self.fine_spread**2)

    def area_fraction(self, above: float = 0.0) -> float:
        """Return the expected share of the area that is brighter than the matrix by more than ``above``.

        Closed form of a Boolean model: 1 - exp(-density x mean area), each kind thinned to its
        particles of that brightness.

        Examples
        --------
        >>> law = PrecipitateLaw(density=0.1, radius=0.5, spread=0.0)
        >>> round(law.area_fraction(), 4), round(law.area_fraction(0.45), 4), law.area_fraction(0.7)
        (0.0755, 0.0385, 0.0)
        """
        covered = self.density * self.mean_area() * _share_above(above, self.brightness)
        covered += self.fine_density * self.fine_area() * _share_above(above, self.fine_brightness)
        return -math.expm1(-covered) if covered else 0.0


def _share_above(level: float, span: tuple[float, float]) -> float:
    return min(1.0, max(0.0, (span[1] - level) / (span[1] - span[0])))


BASE = {
    "T5": PrecipitateLaw(density=0.18, radius=0.2, irregular=0.15),
    "T6": PrecipitateLaw(
        density=0.05, radius=0.22, irregular=0.10, spread=0.4, fine_density=4.0, fine_radius=0.08
    ),
    "as-extruded": PrecipitateLaw(density=0.09, radius=0.26, irregular=0.20, spread=0.6),
}
"""Particles in the middle of the ranges of feed rate and strength."""


def precipitate_law(temper: str, feed_rate: float, strength: float) -> PrecipitateLaw:
    """Return the particles of a specimen.

    Density rises and size falls with feed rate and with strength, smoothly; the blanket of T6 gets denser
    with strength.

    Parameters
    ----------
    temper : {"T5", "T6", "as-extruded"}
        Heat treatment.
    feed_rate : float
        In mm/s, 4 to 16.
    strength : float
        Tensile strength in MPa, 420 to 600.

    Raises
    ------
    ParameterError
        If one is out of range.

    Examples
    --------
    >>> slow, fast = (precipitate_law("T5", rate, 500.0) for rate in (5.0, 15.0))
    >>> fast.density > slow.density and fast.radius < slow.radius
    True
    """
    if temper not in BASE:
        raise ParameterError(f"The temper is {temper!r}; expected one of {', '.join(TEMPERS)}.")
    feed, strong = _place("feed rate", feed_rate, FEED_RATE), _place("strength", strength, STRENGTH)
    base = BASE[temper]
    return replace(
        base,
        density=base.density * math.exp(0.9 * (feed - 0.5) + 0.7 * (strong - 0.5)),
        radius=base.radius * math.exp(-0.45 * (feed - 0.5) - 0.15 * (strong - 0.5)),
        fine_density=base.fine_density * math.exp(0.8 * (strong - 0.5)),
    )


def _place(name: str, value: float, span: tuple[float, float]) -> float:
    if not span[0] <= value <= span[1]:
        raise ParameterError(f"The {name} is {value:g} {UNITS[name]}; expected {span[0]:g} to {span[1]:g}.")
    return (value - span[0]) / (span[1] - span[0])


def specimens() -> ConditionTable:
    """Return the built-in table of specimens, as unbalanced as the published one.

    32 tubes with feed rates of 9, 8 and 15 in the thirds of their range. Nine tubes stay as extruded; 23
    have a T5 and a T6 specimen. The strength is known of 21 of each: 11, 7 and 3 (T5), 12, 5 and 4 (T6) in
    the thirds of its range.

    Examples
    --------
    >>> table = specimens()
    >>> len(table), len(set(table.libraries)), table.conditions[1].label
    (55, 32, 'feed rate [mm/s]')
    """
    rates = _thirds(FEED_RATE, (9, 8, 15))
    tubes = [f"tube {number:02d}" for number in range(1, len(rates) + 1)]
    extruded = set(np.linspace(1, len(rates) - 2, 9).round().astype(int).tolist())
    treated = [tube for tube in range(len(rates)) if tube not in extruded]
    rows: list[tuple[str, dict[str, float | str | None]]] = [
        (tubes[tube], {"temper": "as-extruded", "feed rate": rates[tube], "strength": None})
        for tube in sorted(extruded)
    ]
    for temper, counts, seed in (("T5", (11, 7, 3), 5), ("T6", (12, 5, 4), 6)):
        known = dict(
            zip(np.random.default_rng(seed).permutation(treated), _thirds(STRENGTH, counts), strict=False)
        )
        rows += [
            (tubes[tube], {"temper": temper, "feed rate": rates[tube], "strength": known.get(tube)})
            for tube in treated
        ]
    rows.sort(key=lambda row: row[0])
    return ConditionTable.from_rows(
        [row for _, row in rows],
        images=[f"specimen_{number:02d}.tif" for number in range(1, len(rows) + 1)],
        units=UNITS,
        libraries=[tube for tube, _ in rows],
    )


def _thirds(span: tuple[float, float], counts: tuple[int, int, int]) -> list[float]:
    """Return values spread over each third of a range, the ends of the range among them."""
    width = (span[1] - span[0]) / 3
    values: list[float] = []
    for place, count in enumerate(counts):
        low, high = span[0] + place * width, span[0] + (place + 1) * width
        inner = np.linspace(low, high, count + 2)[1:-1] if place == 1 else None
        first = np.linspace(low, high, count, endpoint=False) if place == 0 else None
        last = np.linspace(high, low, count, endpoint=False)[::-1] if place == 2 else None
        chosen = next(values for values in (inner, first, last) if values is not None)
        values += [round(float(value), 3) for value in chosen]
    return values
