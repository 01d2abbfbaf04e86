"""What a sputtered film looks like under given conditions: monotone laws of size, slope and orientation.

The trends are those printed for Cr-Al-O-N films by Banko et al. (2020, doi 10.1038/s43246-020-0017-2);
the numbers are ours. It is a surrogate, not a physical simulation of growth.
"""

import math
from dataclasses import dataclass

from ..errors import ParameterError

RANGES = {
    "temperature": (0.0, 1000.0),
    "aluminium": (0.0, 80.0),
    "oxygen": (0.0, 20.0),
    "ionisation": (0.0, 2.0),
    "ion energy": (0.0, 400.0),
    "pressure": (0.1, 3.0),
}
"""Where the laws are meant to hold: C, at.%, at.%, 1, eV, Pa."""
UNITS = {
    "temperature": "C",
    "aluminium": "at.%",
    "oxygen": "at.%",
    "ionisation": "1",
    "ion energy": "eV",
    "pressure": "Pa",
}
CLASSES = (
    "featureless",
    "fine-grained",
    "oriented-facetted",
    "smooth-facetted",
    "facetted",
    "coarse-facetted",
)


@dataclass(frozen=True)
class FilmConditions:
    """Deposition conditions of a film."""

    temperature: float = 20.0
    """Of the substrate, in degree Celsius."""
    aluminium: float = 0.0
    """Content in at.%."""
    oxygen: float = 0.0
    """Content in at.%."""
    ionisation: float = 0.1
    """Ion flux over growth flux, normalised; 0.1 to 1.2 in the published table."""
    ion_energy: float = 1.0
    """Mean ion energy in eV."""
    pressure: float = 0.5
    """In Pa."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name.replace(" ", "_"))
            if not low <= value <= high:
                raise ParameterError(
                    f"The {name} is {value:g} {UNITS[name]}; the film laws hold from {low:g} to {high:g}."
                )


@dataclass(frozen=True)
class FilmLaw:
    """What the laws say of a film."""

    feret: float
    """Mean Feret diameter of a feature, in nm."""
    slope: float
    """Slope of a facet, in degree."""
    order: float
    """Share of preferred orientation of the facets, 0 to 1."""
    four_sided: float
    """Share of features with four facets; the others have three."""
    plateau: float
    """Share of the height of a feature that is cut off flat."""
    rounding: float
    """Length over which ions smooth the surface, in nm."""
    roughness: float
    """Root mean square height of the fine roughness, in nm."""
    structure: str
    """One of `CLASSES`."""


@dataclass(frozen=True)
class Coefficients:
    """All numbers of the laws."""

    size_least: float = 16.0
    size_cold: float = 56.0
    size_activation: float = 4500.0
    size_gain: float = 12000.0
    size_saturation: float = 45.0
    aluminium: float = 1.6
    oxygen: float = 0.4
    ions_cold: float = 0.5
    weak_above: tuple[float, float, float] = (450.0, 60.0, 0.6)
    ions_weak_above: tuple[float, float, float] = (400.0, 40.0, 0.85)
    slope_steep: float = 42.0
    slope_least: float = 9.0
    slope_energy: tuple[float, float, float] = (85.0, 12.0, 0.85)
    slope_hot: tuple[float, float, float] = (700.0, 50.0, 0.42)
    blank: tuple[float, float, float, float, float, float] = (36.0, 3.0, 102.0, 2.5, 620.0, 50.0)
    blank_slope: float = 3.0
    pressure_loss: float = 0.15
    ordered_below: tuple[float, float] = (300.0, 400.0)
    most_ordered: float = 0.97
    plateau: tuple[float, float, float] = (720.0, 40.0, 0.45)
    four_above: tuple[float, float] = (500.0, 80.0)
    rounding: tuple[float, float, float] = (2.0, 0.05, 0.05)
    roughness: tuple[float, float, float, float] = (0.8, 250.0, 0.5, 0.7)


COEFFICIENTS = Coefficients()
FINE, COARSE, SMOOTH, BLANK, ORDERED = 45.0, 150.0, 25.0, 8.0, 0.25
"""Limits of the classes: Feret diameter in nm (two), slope in degree (two), order."""


def film_law(conditions: FilmConditions, coefficients: Coefficients = COEFFICIENTS) -> FilmLaw:
    """Return size, slope, orientation and class of a film.

    Features grow with temperature (Arrhenius, saturating); they shrink with aluminium and oxygen, less
    so above 450 C, and with energy and flux of ions below 400 C. Facets are flattened above about
    100 eV and towards 800 C, and vanish with much aluminium at high energy. They share one azimuth up
    to 300 C and none above 400 C. Pressure costs the ions some energy.

    Examples
    --------
    >>> film_law(FilmConditions()).structure, film_law(FilmConditions(temperature=800)).structure
    ('oriented-facetted', 'coarse-facetted')
    """
    c, k = conditions, coefficients
    energy = c.ion_energy * max(0.0, 1 - k.pressure_loss * (c.pressure - 0.5))
    rate = math.exp(-k.size_activation / (c.temperature + 273.15))
    size = k.size_cold + k.size_gain * rate / (1 + k.size_saturation * rate)
    alloy = _falling(c.temperature, k.weak_above)
    finer = alloy * (k.aluminium * c.aluminium / 60 + k.oxygen * c.oxygen / 10)
    ions = _falling(c.temperature, k.ions_weak_above)
    finer += k.ions_cold * ions * c.ionisation * energy / (energy + 50)
    size = k.size_least + (size - k.size_least) * math.exp(-finer)
    steepness = _falling(energy, k.slope_energy) * _falling(c.temperature, k.slope_hot)
    slope = k.slope_least + (k.slope_steep - k.slope_least) * steepness
    al, al_width, ev, ev_width, hot, hot_width = k.blank
    blank = (
        _rise(c.aluminium, al, al_width)
        * _rise(energy, ev, ev_width)
        * (1 - _rise(c.temperature, hot, hot_width))
    )
    slope += (k.blank_slope - slope) * blank
    full, none = k.ordered_below
    order = min(1.0, max(0.0, (none - c.temperature) / (none - full)))
    softened = k.rounding[1] * _rise(energy, *k.slope_energy[:2]) + k.rounding[2] * _rise(
        c.aluminium, 40.0, 8.0
    )
    rough = k.roughness[0] * (1 - k.roughness[2] * _rise(c.temperature, k.roughness[1], 100.0))
    rough *= 1 - k.roughness[3] * _rise(energy, *k.slope_energy[:2])
    return FilmLaw(
        feret=size,
        slope=slope,
        order=k.most_ordered * order,
        four_sided=_rise(c.temperature, *k.four_above),
        plateau=k.plateau[2] * _rise(c.temperature, *k.plateau[:2]),
        rounding=k.rounding[0] + size * softened,
        roughness=rough,
        structure=structure_class(size, slope, k.most_ordered * order),
    )


def structure_class(feret: float, slope: float, order: float) -> str:
    """Return the class of a surface from its exact size (nm), facet slope (degree) and azimuth order."""
    if slope < BLANK:
        return "featureless"
    if feret > COARSE:
        return "coarse-facetted"
    if feret < FINE:
        return "fine-grained"
    if slope < SMOOTH:
        return "smooth-facetted"
    return "oriented-facetted" if order > ORDERED else "facetted"


def _rise(value: float, middle: float, width: float) -> float:
    return 1 / (1 + math.exp(-(value - middle) / width))


def _falling(value: float, step: tuple[float, float, float]) -> float:
    """Return 1, falling by a share at a smooth step: (middle, width, share)."""
    return 1 - step[2] * _rise(value, step[0], step[1])
