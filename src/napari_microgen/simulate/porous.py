"""Simulated porous solids of a sintering series, with what is known of them exactly."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..features import Feature, FeatureTable
from ..io.limits import require_memory
from ..progress import Progress, Steps, scaled, stepwise, waited
from ..volume import Volume
from .curvature_flow import curvature_flow
from .gaussian_field import above_share, gaussian_field, level_cut_field, level_cut_truth, union_truth, unite
from .sintering import (
    MATERIALS,
    MICRO_SMOOTHING,
    Material,
    relative_density,
    smoothing_length,
    thermal_time,
)
from .spheres import place_spheres
from .writing import require_shape, write_simulation

NANO_DIAMETER, MICRO_DIAMETER, DIAMETER_SPREAD = 150.0, 1000.0, 0.25
"""Median diameters of the particles in nm, and the standard deviation of their logarithm."""


@stepwise
def simulate_porous(
    out: Path,
    *,
    material: Literal["HPA-like", "HPB-like", "NPC-like"] = "NPC-like",
    temperature: float = 250.0,
    construction: Literal["field", "grains"] = "field",
    shape: tuple[int, int, int] = (128, 160, 160),
    voxel_size: tuple[float, float, float] = (25.0, 18.6, 18.6),
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Simulate a sintered porous solid.

    One of three copper pastes after sintering, in a periodic box. Densities and feature
    sizes follow the numbers printed for real pastes (Wijaya et al. 2024); the result is
    a simulated structure and no statement on the real ones.

    Parameters
    ----------
    out : Path
        Folder for the files; made when it is not there.
    material : {"HPA-like", "HPB-like", "NPC-like"}
        Paste: micro- and nanoparticles, the same but more porous, or nanoparticles only.
    temperature : float
        Sintering temperature in degree Celsius, 175 to 400.
    construction : {"field", "grains"}
        ``field`` cuts Gaussian random fields: fast, and surface, curvatures and Euler
        number are known in closed form. ``grains`` lets overlapping spheres sinter by
        curvature flow: more like particles, slower, truth by counting.
    shape : (int, int, int)
        Voxels along plane, row and column.
    voxel_size : (float, float, float)
        Voxel edge along plane, row and column, in nm.
    seed : int
        The same seed gives the same bytes.

    Returns
    -------
    dict
        ``out``; ``files``: ``phase_map.tif`` (0 pore, 1 solid) and ``truth.csv`` (each
        quantity that is known, and how); ``relative_density``.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or the box is too small for the structure.
    MemoryLimitError
        If the box is too large for the memory.
    """
    paste, box, spacing = MATERIALS[material], require_shape(shape), tuple(voxel_size)
    density = relative_density(paste, temperature)
    build = _field if construction == "field" else _grains
    built: Built = yield from scaled(build(paste, temperature, box, spacing, seed), 0, 90, 100)
    solid, closed = built
    yield Progress(90, 100, "writing")
    counted = float(np.count_nonzero(solid) / solid.size)
    truth = [
        Feature(name="relative_density", value=counted, method="counted"),
        Feature(name="porosity", value=1 - counted, method="counted"),
        Feature(name="requested_density", value=density, method="sintering law"),
        *closed,
    ]
    name = f"{material}, {temperature:g} C (simulated)"
    volume = Volume(
        solid.astype(np.uint8), "ZYX", spacing, "nm", name=name, kind="labels", notes=("simulated",)
    )
    files: list[str] = yield from scaled(
        write_simulation(out, {"phase_map": volume}, FeatureTable(tuple(truth))), 90, 10, 100
    )
    return {"out": str(out), "files": files, "relative_density": counted}


Built = tuple[np.ndarray, list[Feature]]


def _field(
    paste: Material, temperature: float, shape: tuple[int, int, int], spacing: tuple[float, ...], seed: int
) -> Steps[Built]:
    density, nano = relative_density(paste, temperature), smoothing_length(paste, temperature)
    if not paste.micro_density:
        solid = yield from waited(
            lambda: level_cut_field(shape, nano, density, [seed, 0], spacing), 0, 2, "making the field"
        )
        return solid, _geometry(level_cut_truth(nano, density), "closed form of a level-cut Gaussian field")
    micro = smoothing_length(paste, temperature, MICRO_SMOOTHING)
    first = yield from waited(
        lambda: level_cut_field(shape, micro, paste.micro_density, [seed, 1], spacing), 0, 2, "micro field"
    )
    field = yield from waited(lambda: gaussian_field(shape, nano, [seed, 0], spacing), 1, 2, "nano field")
    share = 1 - (1 - density) / (1 - paste.micro_density)
    truth = union_truth(
        level_cut_truth(micro, paste.micro_density),
        level_cut_truth(nano, share),
        (paste.micro_density, share),
    )
    solid = yield from waited(lambda: unite(first, field, density), 1, 2, "joining the fields")
    return solid, _geometry(truth, "closed form of the union of two level-cut Gaussian fields")


def _grains(
    paste: Material, temperature: float, shape: tuple[int, int, int], spacing: tuple[float, ...], seed: int
) -> Steps[Built]:
    require_memory(20 * int(np.prod(shape)), f"Grains in a box of {shape}", "Ask for a smaller shape.")
    edges = (spacing[0], spacing[1], spacing[2])
    solid = np.zeros(shape, bool)
    micro = nano = 0
    if paste.micro_density:
        micro = yield from scaled(
            place_spheres(solid, MICRO_DIAMETER, DIAMETER_SPREAD, paste.micro_density, [seed, 1], edges),
            0,
            5,
            100,
        )
    nano = yield from scaled(
        place_spheres(solid, NANO_DIAMETER, DIAMETER_SPREAD, paste.density_cold, [seed, 0], edges), 5, 25, 100
    )
    time = paste.flow_cold + (paste.flow_hot - paste.flow_cold) * thermal_time(paste, temperature)
    if time > 0:
        field: np.ndarray = yield from scaled(curvature_flow(solid, time, edges), 30, 70, 100)
        density = relative_density(paste, temperature)
        solid = yield from waited(lambda: above_share(_without_ties(field), density), 99, 100, "densifying")
    reason = "no closed form for sintered particles; measure it"
    unknown = [
        Feature(name=name, value=None, unit=unit, reason=reason, method="") for name, unit in _UNITS.items()
    ]
    counts = [
        Feature(name="micro_particles", value=micro, method="counted"),
        Feature(name="nano_particles", value=nano, method="counted"),
    ]
    return solid, counts + unknown


def _without_ties(field: np.ndarray) -> np.ndarray:
    """Order voxels of equal value by their surroundings, so that a level meets its share of voxels."""
    from scipy import ndimage as ndi

    return np.asarray(field + np.float32(1e-3) * ndi.gaussian_filter(field, 1.5, mode="wrap"))


_UNITS = {
    "specific_surface_area": "1/um",
    "mean_curvature": "1/um",
    "gaussian_curvature": "1/um^2",
    "euler_density": "1/um^3",
}


def _geometry(truth: dict[str, float], method: str) -> list[Feature]:
    """Return closed forms in nm as features in um."""
    powers = {"1/um": 1e3, "1/um^2": 1e6, "1/um^3": 1e9}
    return [
        Feature(name=name, value=truth[name] * powers[unit], unit=unit, method=method)
        for name, unit in _UNITS.items()
    ]
