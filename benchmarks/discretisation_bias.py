"""Bias that a voxel grid brings into every quantity, by size of the features in voxels.

Run: ``python benchmarks/discretisation_bias.py [--seeds N] [--size N] [--only NAMES] [--write]``. Level-cut
Gaussian fields are drawn on a fine grid and measured there and on every second, third, fourth and sixth
voxel of it, with cubic and with 2 : 1 : 1 voxels. The truth of a field is its value on the fine grid, freed
of its own bias by the next coarser one (order 1 or 2 as the quantity has it). What comes out is, for each
quantity, relative bias and spread by resolution: the smallest mean chord, of the phase or the rest, along
any axis, in voxels. ``--write`` puts the curves into the package, which states them beside each value.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from report import arguments, emit
from volumes import gaussian_field

from napari_microgen.progress import finish
from napari_microgen.quantify.catalogue import quantities
from napari_microgen.quantify.discretisation import EXTRAPOLATED, resolution_of
from napari_microgen.quantify.geodesic_tortuosity import measure as measure_tortuosity

MODULES = {
    3: (
        "specific_surface_area",
        "curvature",
        "euler_number",
        "geodesic_tortuosity",
        "percolating_fraction",
        "strut_diameter",
        "local_thickness",
        "chord_length",
        "lineal_path",
        "two_point_correlation",
    ),
    2: ("specific_perimeter", "chord_length", "lineal_path", "two_point_correlation", "local_thickness",
        "geodesic_tortuosity", "euler_number"),
}  # fmt: skip
STRIDES = {3: (1, 2, 3, 4, 6), 2: (1, 2, 3, 4, 6, 9)}
COARSE = {3: ((4, 2, 2), (6, 3, 3)), 2: ((4, 2), (6, 3))}
LEVELS = (-0.6, 0.0, 0.4)
SECOND_ORDER = {"specific_surface_area", "specific_perimeter", "mean_curvature", "gaussian_curvature"}
LESS_ONE = {"geodesic_tortuosity"}
"""Of these the bias is one of value - 1."""
SKIPPED = {("mean_curvature", 0.0)}
"""Zero by symmetry, so it has no relative bias."""
SIZES = {3: (180, 9.0), 2: (1440, 18.0)}
TARGET = Path(__file__).parent.parent / "src/napari_microgen/quantify/discretisation_curves.py"


def main() -> None:
    parser = arguments(__doc__ or "", size=SIZES[3][0])
    parser.add_argument("--seeds", type=int, default=2, help="fields for each level")
    parser.add_argument("--first-seed", type=int, default=100, help="number of the first field")
    parser.add_argument("--only", help="modules to measure, separated by commas")
    parser.add_argument("--write", action="store_true", help="write the curves into the package")
    options = parser.parse_args()
    only = options.only.split(",") if options.only else None
    samples: dict[str, list[tuple[float, float]]] = {}
    for dimensions in (3, 2):
        wanted = [m for m in MODULES[dimensions] if only is None or m in only]
        for key, entries in samples_of(dimensions, wanted, options):
            samples.setdefault(key, []).extend(entries)
    curves = {key: curve(entries) for key, entries in sorted(samples.items())}
    if options.write:
        TARGET.write_text(as_module(curves), encoding="utf-8")  # then: ruff format
    emit(
        options,
        benchmark="discretisation_bias",
        size=options.size,
        peer=None,
        ratio=None,
        accuracy=curves,
        target=None,
        passed=bool(curves),
    )


def samples_of(
    dimensions: int, modules: list[str], options: Any
) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Yield resolution and relative bias of each quantity, field by field."""
    size, smoothing = SIZES[dimensions]
    size = options.size if dimensions == 3 else size
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        field = gaussian_field((size,) * dimensions, smoothing, (1.0,) * dimensions, seed)
        for level in LEVELS:
            found = {s: measured(field > level, s, modules) for s in strides(dimensions)}
            for name in found[(1,) * dimensions][1]:
                if (name, level) not in SKIPPED:
                    yield f"{name} {dimensions}D", biases(found, name, dimensions)
            if "geodesic_tortuosity" in modules:
                yield f"geodesic_tortuosity {EXTRAPOLATED} {dimensions}D", extrapolated(field > level, found)
            print(dimensions, seed, level, file=sys.stderr, flush=True)


def extrapolated(phase: np.ndarray, found: dict) -> list[tuple[float, float]]:
    """Resolution and bias of tau - 1 that the two-grid extrapolation leaves, from every third voxel on."""
    fine, next_one = (found[(k,) * phase.ndim][1]["geodesic_tortuosity"] for k in (1, 2))
    if fine is None or next_one is None:
        return []
    truth, entries = 2 * fine - next_one, []
    for stride in strides(phase.ndim)[2:]:
        coarse = every(phase, stride)
        spacing = tuple(float(k) for k in stride)
        feature = finish(measure_tortuosity(coarse, spacing, accuracy="extrapolated"))[0]
        if feature.value is not None:
            entries.append((finish(resolution_of(coarse)), (feature.value - truth) / (truth - 1)))
    return entries


def every(phase: np.ndarray, stride: tuple[int, ...]) -> np.ndarray:
    """Return every n-th voxel along each axis."""
    return np.ascontiguousarray(phase[tuple(slice((k - 1) // 2, None, k) for k in stride)])


def strides(dimensions: int) -> list[tuple[int, ...]]:
    return [(k,) * dimensions for k in STRIDES[dimensions]] + list(COARSE[dimensions])


def measured(
    phase: np.ndarray, stride: tuple[int, ...], modules: list[str]
) -> tuple[float, dict[str, float | None]]:
    """Resolution and value of each quantity on every n-th voxel."""
    coarse = every(phase, stride)
    spacing = tuple(float(k) for k in stride)
    values: dict[str, float | None] = {}
    for quantity in quantities():
        if quantity.module in modules:
            for feature in finish(quantity.load().measure(coarse, spacing)):
                if feature.name in quantity.names[:1] or quantity.module in ("curvature", "euler_number"):
                    values[feature.name] = feature.value
    return finish(resolution_of(coarse)), values


def biases(found: dict, name: str, dimensions: int) -> list[tuple[float, float]]:
    """Resolution and bias of one quantity at each stride, against its extrapolated truth."""
    fine, next_one = (found[(k,) * dimensions][1][name] for k in (1, 2))
    if fine is None or next_one is None:
        return []
    divisor = 3 if name in SECOND_ORDER else 1
    truth = fine + (fine - next_one) / divisor
    scale = truth - 1 if name in LESS_ONE else truth
    if not scale:
        return []
    entries = [(resolution, values[name]) for resolution, values in found.values()]
    return [(resolution, (value - truth) / abs(scale)) for resolution, value in entries if value is not None]


def curve(entries: list[tuple[float, float]], knots: int = 5) -> dict[str, list[float]]:
    """Mean bias at a few resolutions, and the largest deviation from the line between them."""
    from napari_microgen.quantify.discretisation import interpolated

    order = sorted(entries)
    groups = [g for g in np.array_split(np.array(order), knots) if len(g)]
    at = [float(np.exp(np.log(g[:, 0]).mean())) for g in groups]
    mean = [float(g[:, 1].mean()) for g in groups]
    off = [[abs(b - interpolated(at, mean, r)) for r, b in g] for g in groups]
    return {
        "voxels": [round(v, 2) for v in at],
        "bias": [round(v, 4) for v in mean],
        "within": [round(max(o), 4) for o in off],
    }


def as_module(curves: dict[str, dict[str, list[float]]]) -> str:
    lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in curves.items())
    return (
        '"""Bias by resolution as measured by benchmarks/discretisation_bias.py; do not edit by hand."""\n\n'
        "CURVES: dict[str, dict[str, list[float]]] = {\n" + lines + ",\n}\n"
        '"""By quantity and dimension: voxels per feature, relative bias, and largest deviation seen."""\n'
    )


if __name__ == "__main__":
    main()
