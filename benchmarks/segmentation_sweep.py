"""Difficulty sweep on simulated FIB-SEM stacks: one imaging parameter at a time, and the hardest corner.

Prints a table in Markdown on standard error and one JSON line on standard output. ``--rows`` and the
training options are those of ``segmentation_table.py``; networks are trained afresh at every point.
``--axes`` chooses the parameters to sweep, ``hard`` the far end of each. All data are simulated.
"""

import sys
from typing import Any

from report import emit
from segmentation_table import POINTS, averaged, chosen_rows, parser_of, scored

AXES: dict[str, tuple[float, ...]] = {
    "decay": (1.5, 3, 5, 8, 12, 18, 25),
    "contrast": (0.5, 0.65, 0.75, 0.85, 0.9, 0.95),
    "noise": (0.02, 0.05, 0.1, 0.15),
    "blur": (0.3, 0.6, 1.0, 1.5),
    "curtain": (0, 0.04, 0.08, 0.15),
    "shadow": (0, 0.12, 0.25, 0.4),
    "smoothing": (3, 4, 6, 9, 12),
}
"""Decay in planes and smoothing (pore size) in px; the others as in the simulator."""
CORNER = (("decay", 25.0), ("contrast", 0.9), ("noise", 0.1), ("curtain", 0.1), ("shadow", 0.25))


HARDEST = (
    ("decay", 25.0),
    ("contrast", 0.95),
    ("noise", 0.15),
    ("blur", 1.5),
    ("curtain", 0.15),
    ("shadow", 0.4),
)
"""The far end of each axis; ``--axes hard`` takes these and the corner."""


def physical(changes: tuple[tuple[str, float], ...], point: str) -> tuple[tuple[str, float], ...]:
    """Return the changes with planes and pixels as nm."""
    voxel = POINTS[point][0]
    edges = {"decay": voxel[0], "smoothing": voxel[1]}
    return tuple((name, value * edges.get(name, 1.0)) for name, value in changes)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--axes", default=",".join((*AXES, "corner")), help="parameters to sweep")
    options = parser.parse_args()
    rows, seeds = chosen_rows(options.rows), range(options.seed, options.seed + options.runs)
    points: list[tuple[str, tuple[tuple[str, float], ...]]] = []
    for axis in options.axes.split(","):
        if axis == "corner":
            points.append(("corner", CORNER))
        elif axis == "hard":
            points += [(f"{name} {value:g}", ((name, value),)) for name, value in HARDEST]
            points.append(("corner", CORNER))
        elif axis in AXES:
            points += [(f"{axis} {value:g}", ((axis, float(value)),)) for value in AXES[axis]]
        else:
            raise SystemExit(f"no such axis: {axis}; there are {', '.join(AXES)}, corner")
    print(
        "| point | " + " | ".join(f"{row}: accuracy / J pore / J solid" for row in rows) + " |",
        file=sys.stderr,
    )
    print("|---" * (len(rows) + 1) + "|", file=sys.stderr)
    found: dict[str, dict[str, Any]] = {}
    for name, changes in points:
        nm = physical(changes, options.point)
        found[name] = {
            row: averaged([scored(row, options.point, s, options, nm) for s in seeds]) for row in rows
        }
        cells = [
            f"{v['accuracy']:.3f} / {v['J_pore']:.3f} / {v['J_solid']:.3f}" for v in found[name].values()
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", file=sys.stderr, flush=True)
    best = {name: max(values, key=lambda row: values[row]["accuracy"]) for name, values in found.items()}
    emit(
        options,
        benchmark="segmentation_sweep",
        size=options.size,
        point=options.point,
        prepared=options.prepare,
        seeds=list(seeds),
        sweep=found,
        best=best,
        target="the default U-Net is the best row everywhere",
        passed=all(row.startswith("unet") for row in best.values()),
    )


if __name__ == "__main__":
    main()
