"""Bruggeman exponent: how fast the tortuosity of a phase grows as the phase gets thinner.

It is alpha in tau = D^-alpha, with the geodesic tortuosity tau and the relative density D.
"""

import math
from collections.abc import Mapping

import numpy as np

from ..features import Feature
from ..progress import Steps
from .relative_density import relative_density

NAMES = ("bruggeman_exponent",)
NEEDS_LENGTH = True
DIMENSIONS = (2, 3)
BYTES_PER_VOXEL = 4.0
UNDEFINED_WHEN = "the geodesic tortuosity is undefined, or the phase is absent or fills everything"

DERIVED_FROM = ("geodesic_tortuosity", "relative_density")
"""Features it follows from; where they are known, `derive` needs no image."""


def bruggeman_exponent(tortuosity: float, density: float) -> float:
    """Exponent alpha in tau = D^-alpha.

    Parameters
    ----------
    tortuosity : float
        Geodesic tortuosity tau, at least 1.
    density : float
        Relative density D, between 0 and 1, both excluded.

    Returns
    -------
    float
        Dimensionless; 0 for a phase without detours.

    Raises
    ------
    ValueError
        If the density is 0 or 1.

    Examples
    --------
    >>> round(bruggeman_exponent(1.039, 0.576), 3)
    0.069
    """
    if not 0 < density < 1:
        raise ValueError(f"The exponent is undefined at a relative density of {density:g}.")
    return -math.log(tortuosity) / math.log(density) + 0.0


def derive(found: Mapping[str, Feature]) -> list[Feature]:
    """Return the exponent from features that are already known.

    Parameters
    ----------
    found : mapping of str to Feature
        Holds `DERIVED_FROM`.

    Returns
    -------
    list of Feature
        ``bruggeman_exponent``; undefined, with the reason, where one of the two is.
    """
    tortuosity, density = (found.get(name) for name in DERIVED_FROM)
    method = "-ln(geodesic tortuosity) / ln(relative density)"
    reason = None
    for name, feature in zip(DERIVED_FROM, (tortuosity, density), strict=True):
        if feature is None or feature.value is None:
            why = "is not measured" if feature is None else f"is undefined: {feature.reason}"
            reason = reason or f"{name} {why}"
    if reason is None and density is not None and density.value in (0.0, 1.0):
        reason = "the phase is absent" if density.value == 0 else "the phase fills everything"
    if reason or tortuosity is None or density is None or tortuosity.value is None or density.value is None:
        return [Feature(name=NAMES[0], value=None, method=method, reason=reason)]
    return [Feature(name=NAMES[0], value=bruggeman_exponent(tortuosity.value, density.value), method=method)]


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None) -> Steps[list[Feature]]:
    """Measure the Bruggeman exponent; the tortuosity is measured for it.

    Parameters
    ----------
    phase : ndarray of bool, shape (R, C) or (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Voxel edges in micrometre.

    Yields
    ------
    Progress
        Those of the tortuosity.

    Returns
    -------
    list of Feature
        ``bruggeman_exponent``, dimensionless.
    """
    from .geodesic_tortuosity import measure as measure_tortuosity

    features: list[Feature] = yield from measure_tortuosity(phase, spacing)
    density = Feature(name="relative_density", value=relative_density(phase))
    return derive({f.name: f for f in (*features, density)})
