"""Curvature ratio: mean curvature over Gaussian curvature and strut diameter, without dimension.

It is beta = M / (|G| phi). It keeps the sign of the mean curvature, and is small where
the surface is saddle-like on the scale of the struts.
"""

from collections.abc import Mapping

import numpy as np

from ..features import Feature
from ..progress import Steps, scaled

NAMES = ("curvature_ratio",)
NEEDS_LENGTH = True
DIMENSIONS = (3,)
BYTES_PER_VOXEL = 16.0
UNDEFINED_WHEN = "a curvature or the strut diameter is undefined, or the Gaussian curvature is 0"

DERIVED_FROM = ("mean_curvature", "gaussian_curvature", "strut_diameter")
"""Features it follows from; where they are known, `derive` needs no image."""


def curvature_ratio(mean: float, gaussian: float, diameter: float) -> float:
    """Ratio beta = M / (|G| phi).

    Parameters
    ----------
    mean : float
        Mean curvature M, in 1/micrometre.
    gaussian : float
        Gaussian curvature G, in 1/micrometre squared, not 0.
    diameter : float
        Strut diameter phi, in micrometre.

    Returns
    -------
    float
        Dimensionless.

    Raises
    ------
    ValueError
        If the Gaussian curvature or the diameter is 0.

    Examples
    --------
    A ball of radius 2: M = 1/2, G = 1/4, diameter 4.

    >>> curvature_ratio(0.5, 0.25, 4.0)
    0.5
    """
    if not gaussian or not diameter:
        raise ValueError(f"The ratio is undefined at G = {gaussian:g} and a diameter of {diameter:g}.")
    return mean / (abs(gaussian) * diameter)


def derive(found: Mapping[str, Feature]) -> list[Feature]:
    """Return the ratio from features that are already known.

    Parameters
    ----------
    found : mapping of str to Feature
        Holds `DERIVED_FROM`.

    Returns
    -------
    list of Feature
        ``curvature_ratio``; undefined, with the reason, where one of the three is.
    """
    method = "mean_curvature / (|gaussian_curvature| strut_diameter)"
    values: list[float] = []
    for name in DERIVED_FROM:
        feature = found.get(name)
        if feature is None or feature.value is None:
            why = "is not measured" if feature is None else f"is undefined: {feature.reason}"
            return [Feature(name=NAMES[0], value=None, method=method, reason=f"{name} {why}")]
        values.append(feature.value)
    if not values[1] or not values[2]:
        reason = "the Gaussian curvature is 0" if not values[1] else "the strut diameter is 0"
        return [Feature(name=NAMES[0], value=None, method=method, reason=reason)]
    return [Feature(name=NAMES[0], value=curvature_ratio(*values), method=method)]


def measure(phase: np.ndarray, spacing: tuple[float, ...] | None) -> Steps[list[Feature]]:
    """Measure the curvature ratio; curvatures and strut diameter are measured for it.

    Parameters
    ----------
    phase : ndarray of bool, shape (P, R, C)
        True where the phase is.
    spacing : tuple of float or None
        Voxel edges in micrometre.

    Yields
    ------
    Progress
        Those of the quantities it is derived from.

    Returns
    -------
    list of Feature
        ``curvature_ratio``, dimensionless.
    """
    from .curvature import measure as measure_curvature
    from .strut_diameter import measure as measure_struts

    curvatures: list[Feature] = yield from scaled(measure_curvature(phase, spacing), 0, 30, 100)
    struts: list[Feature] = yield from scaled(measure_struts(phase, spacing), 30, 70, 100)
    return derive({f.name: f for f in (*curvatures, *struts)})
