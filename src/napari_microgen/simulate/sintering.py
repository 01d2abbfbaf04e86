"""Sintering laws of three copper pastes: density and feature size against temperature.

Surrogates calibrated to the numbers printed in Wijaya et al. 2024, not a model of the
process; the activation energies only set how evenly the surface falls.
"""

import math
from dataclasses import dataclass
from typing import Literal

from ..errors import ParameterError

MaterialName = Literal["HPA-like", "HPB-like", "NPC-like"]

COLDEST, HOTTEST = 175.0, 400.0
"""Temperatures between which the laws hold, in degree Celsius."""
_GAS = 8.314462618e-3
_DENSIFICATION = 90.0
_COARSENING_POWER = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """One paste."""

    density_cold: float
    """Relative density at 175 C (printed)."""
    density_hot: float
    """Relative density at 400 C (printed, read as a change in points)."""
    micro_density: float
    """Relative density of the microparticles alone; 0 for a paste of nanoparticles."""
    smoothing_cold: float
    """Smoothing length of the nano field at 175 C, in nm."""
    smoothing_hot: float
    """The same at 400 C."""
    activation: float
    """Activation energy of coarsening, in kJ/mol; low values coarsen early."""
    flow_hot: float
    """Time of the curvature flow of the grains up to 400 C, in nm²."""
    flow_cold: float = 0.0
    """The same at 175 C; the porous paste needs necks by then to hang together."""


MICRO_SMOOTHING = 300.0
"""Smoothing length of the micro field, in nm (particles of about 1 um)."""
MATERIALS: dict[str, Material] = {
    "HPA-like": Material(
        density_cold=0.576,
        density_hot=0.761,
        micro_density=0.15,
        smoothing_cold=44.2,
        smoothing_hot=86.7,
        activation=5.0,
        flow_hot=2700.0,
    ),
    "HPB-like": Material(
        density_cold=0.383,
        density_hot=0.456,
        micro_density=0.20,
        smoothing_cold=73.0,
        smoothing_hot=155.0,
        activation=15.0,
        flow_hot=4900.0,
        flow_cold=600.0,
    ),
    "NPC-like": Material(
        density_cold=0.548,
        density_hot=0.756,
        micro_density=0.0,
        smoothing_cold=49.0,
        smoothing_hot=89.0,
        activation=30.0,
        flow_hot=3700.0,
    ),
}
"""Fields: the smoothing lengths give the printed Gaussian curvature of NPC at 175 C (-102 um⁻²), to HPA the
surface of NPC and to HPB half of it, and at 400 C to HPA the surface of NPC and to HPB 30 % less. Grains: the
flow times give these surfaces at 400 C."""


def relative_density(material: Material, temperature: float) -> float:
    """Relative density after sintering at a temperature, rising and levelling off.

    Parameters
    ----------
    material : Material
        The paste.
    temperature : float
        In degree Celsius, 175 to 400.
    """
    _require_range(temperature)
    gain = (1 - math.exp(-(temperature - COLDEST) / _DENSIFICATION)) / (
        1 - math.exp(-(HOTTEST - COLDEST) / _DENSIFICATION)
    )
    return material.density_cold + (material.density_hot - material.density_cold) * gain


def thermal_time(material: Material, temperature: float) -> float:
    """Coarsening time at a temperature as a share of that at 400 C, 0 at 175 C (Arrhenius)."""
    _require_range(temperature)

    def rate(celsius: float) -> float:
        return math.exp(-material.activation / _GAS * (1 / (celsius + 273.15) - 1 / (HOTTEST + 273.15)))

    return (rate(temperature) - rate(COLDEST)) / (1 - rate(COLDEST))


def smoothing_length(material: Material, temperature: float, cold: float | None = None) -> float:
    """Smoothing length of a field after coarsening with the cube of its size, in nm.

    Parameters
    ----------
    material : Material
        The paste.
    temperature : float
        In degree Celsius, 175 to 400.
    cold : float, optional
        Smoothing length at 175 C, in nm; that of the nano field if left out. All fields of a
        paste gain the same cube.
    """
    gain = material.smoothing_hot**_COARSENING_POWER - material.smoothing_cold**_COARSENING_POWER
    start = (material.smoothing_cold if cold is None else cold) ** _COARSENING_POWER
    return float((start + gain * thermal_time(material, temperature)) ** (1 / _COARSENING_POWER))


def _require_range(temperature: float) -> None:
    if not COLDEST <= temperature <= HOTTEST:
        raise ParameterError(
            f"temperature is {temperature:g} C; the sintering laws hold from {COLDEST:g} to {HOTTEST:g} C."
        )
