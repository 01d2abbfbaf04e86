"""One number per image for many quantities: of a phase, of its particles, and of the grey values."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..errors import ParameterError
from ..features import Feature
from ..progress import finish
from . import (
    chord_length,
    lineal_path,
    relative_density,
    shape_index,
    specific_perimeter,
    two_point_correlation,
)
from .particle_recipe import particles_of_image
from .particles import label_particles, particle_table

Particles = Literal["phase", "image", "paper-000"]

PARTICLE_MEANS = ("feret_diameter", "equivalent_diameter", "circularity", "aspect_ratio", "solidity")
"""Measures of particles of which each image has a mean, weighted by one over the chance to be seen whole."""

PHASE_NUMBERS = (
    "relative_density",
    "specific_perimeter",
    "shape_index",
    "two_point_correlation",
    "lineal_path",
    "chord_length",
)
"""Quantities of the phase."""

GREY_NUMBERS = ("mean_grey", "grey_deviation", "grey_step")
"""Numbers of the grey values."""

IMAGE_NUMBERS = (*PHASE_NUMBERS, "particle_count", *PARTICLE_MEANS, *GREY_NUMBERS)
"""All of them."""

_UNITS = {
    "specific_perimeter": "1/{unit}",
    "particle_count": "1/{unit}^2",
    **dict.fromkeys(
        ("two_point_correlation", "lineal_path", "chord_length", "feret_diameter", "equivalent_diameter"),
        "{unit}",
    ),
}
_MEASURED = {
    "relative_density": relative_density,
    "specific_perimeter": specific_perimeter,
    "shape_index": shape_index,
    "two_point_correlation": two_point_correlation,
    "lineal_path": lineal_path,
    "chord_length": chord_length,
}


def unit_of(name: str, unit: str) -> str:
    """Return the unit of a number where lengths are in ``unit``.

    Examples
    --------
    >>> unit_of("specific_perimeter", "um"), unit_of("circularity", "um")
    ('1/um', '1')
    """
    return _UNITS.get(name, "1").format(unit=unit)


def image_numbers(
    grey: np.ndarray,
    names: Sequence[str],
    *,
    threshold: float = 0.5,
    dark: bool = False,
    edge: float = 1.0,
    particles: Particles = "phase",
) -> dict[str, float]:
    """Return numbers of one image; NaN where one is undefined.

    Parameters
    ----------
    grey : ndarray, shape (R, C)
        Grey values as shares of white.
    names : sequence of str
        Some of `IMAGE_NUMBERS`.
    threshold : float
        Share of white above which a pixel is of the bright phase.
    dark : bool
        Measure the dark phase instead of the bright one.
    edge : float
        Pixel edge; lengths come out in its unit.
    particles : {"phase", "image", "paper-000"}
        Particles of the phase; or those that `particle_recipe` finds in the grey image, as a whole
        or in the published way.

    Raises
    ------
    ParameterError
        If a name is unknown.

    Examples
    --------
    >>> image_numbers(np.eye(4), ["relative_density", "mean_grey"])
    {'relative_density': 0.25, 'mean_grey': 0.25}
    """
    unknown = sorted(set(names) - set(IMAGE_NUMBERS))
    if unknown:
        raise ParameterError(
            f"{', '.join(unknown)} cannot be measured; there are {', '.join(IMAGE_NUMBERS)}."
        )
    phase, spacing = (grey > threshold) != dark, (edge, edge)
    found = {name: plain(f) for name, f in phase_features(phase, spacing, names).items()}
    if any(name == "particle_count" or name in PARTICLE_MEANS for name in names):
        found |= particle_means(grey, phase, spacing, particles)
    if any(name in GREY_NUMBERS for name in names):
        found |= grey_numbers(grey)
    return {name: found[name] for name in names}


def phase_features(
    phase: np.ndarray, spacing: tuple[float, float], names: Sequence[str] = PHASE_NUMBERS
) -> dict[str, Feature]:
    """Return the features of a phase as ``microgen quantify`` gives them."""
    return {
        name: finish(module.measure(phase, spacing))[0]  # type: ignore[attr-defined]
        for name, module in _MEASURED.items()
        if name in names
    }


def plain(feature: Feature) -> float:
    """Return the value of a feature, NaN where it is undefined."""
    return float("nan") if feature.value is None else float(feature.value)


def grey_numbers(grey: np.ndarray) -> dict[str, float]:
    """Return mean, standard deviation and mean step between neighbours of grey values."""
    steps = np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()
    return {
        "mean_grey": float(grey.mean()),
        "grey_deviation": float(grey.std()),
        "grey_step": float(steps / 2),
    }


def particle_means(
    grey: np.ndarray, phase: np.ndarray, spacing: tuple[float, float], particles: Particles
) -> dict[str, float]:
    """Return the number of particles per area and their mean measures."""
    table = _particles(grey, phase, spacing, particles)
    area = phase.size * spacing[0] * spacing[1]
    if particles == "paper-000":  # published: cut particles count, all alike
        counted = np.ones(len(table["label"]), bool)
        weights = np.ones(len(counted))
    else:  # each whole particle stands for one over its chance of lying inside the image
        counted, weights = ~table["touches_edge"], table["weight"]
    means = {"particle_count": float(weights[counted].sum()) / area if len(counted) else 0.0}
    for name in PARTICLE_MEANS:
        known = counted & np.isfinite(table[name])
        means[name] = float(np.average(table[name][known], weights=weights[known])) if known.any() else np.nan
    return means


def _particles(
    grey: np.ndarray, phase: np.ndarray, spacing: tuple[float, float], particles: Particles
) -> dict[str, np.ndarray]:
    if particles == "phase":
        return particle_table(label_particles(phase, spacing), spacing)
    eight_bits = np.rint(255 * grey).astype(np.uint8)
    recipe: Literal["default", "paper-000"] = "default" if particles == "image" else "paper-000"
    return finish(particles_of_image(eight_bits, spacing, recipe=recipe))
