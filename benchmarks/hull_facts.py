"""How far the published diagrams of sputtered films lie from the data: six numbers from the published tables.

``python benchmarks/hull_facts.py --check [--data DIR]`` reads the condition tables of Banko et al. (2020),
folder thin-film-conditions of MICROGEN_DATA. The diagrams are temperature 20 to 600 C by aluminium 0 to
60 at.%, the others fixed at O 1 at.%, ionisation 1, 0.5 Pa, and 40 eV (Fig. 6a) or 200 eV (Fig. 6c).
"""

import os
from pathlib import Path

import numpy as np
from report import arguments, emit

from napari_microgen.conditions import ConditionTable, Support
from napari_microgen.io.conditions import read_conditions
from napari_microgen.zones.axes import Axis
from napari_microgen.zones.placement import grid_rows, scatter_rows

NAMES = (
    "temperature",
    "Al-concentration",
    "O-concentration",
    "ionization degree",
    "average ion energy",
    "pressure",
)
X = Axis("temperature", "C", 20.0, 600.0, 50)
Y = Axis("Al-concentration", "at.%", 0.0, 60.0, 50)
PRINTED = {
    "held_out_outside": 5,
    "inside_6a": 0.38,
    "inside_6c": 0.0,
    "far_6a": 1.0,
    "far_6c": 0.97,
    "usual": 0.137,
}


def tables(folder: Path) -> tuple[ConditionTable, ConditionTable]:
    """Return the training conditions and those held out."""
    train = read_conditions(folder / "01_cGAN_training_set_parameters.CSV", columns=NAMES)
    everything = read_conditions(
        folder / "02_Classifier_training_set_parameters_complete_data_set.CSV", columns=NAMES
    )
    return train, everything.select([image not in train.images for image in everything.images])


def shares(support: Support, cells: list[dict[str, float]], energy: float) -> tuple[float, float]:
    """Return the share of cells inside the hull, and of those far from every condition."""
    fixed = dict(zip(NAMES[2:], (1.0, 1.0, energy, 0.5), strict=True))
    found = support.of([{**cell, **fixed} for cell in cells])
    return (
        float(np.mean([s.flag != "extrapolated" for s in found])),
        float(np.mean([s.ratio > 1 for s in found])),
    )


def main() -> None:
    """Compute the six numbers with 400 random cells, as they were first found, and on a grid of 50 x 50."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--data", type=Path, default=None, help="folder of the data sets")
    options = parser.parse_args()
    root = options.data or Path(
        os.environ.get("MICROGEN_DATA") or Path(__file__).parents[2] / "shared" / "data"
    )
    train, held_out = tables(root / "thin-film-conditions")
    support, random = train.support(), np.random.default_rng(0)
    found = support.of(held_out)
    numbers: dict[str, float] = {
        "held_out": len(held_out),
        "held_out_in_every_range": sum(not s.out_of_range for s in found),
        "held_out_outside": sum(s.flag == "extrapolated" for s in found),
        "usual": round(support.reference, 4),
    }
    grid = grid_rows(X, Y, [(i, j) for i in range(X.count) for j in range(Y.count)])
    for figure, energy in (("6a", 40.0), ("6c", 200.0)):
        cells = scatter_rows(X, Y, np.column_stack([random.random(400), random.random(400)]))
        numbers[f"inside_{figure}"], numbers[f"far_{figure}"] = shares(support, cells, energy)
        inside, far = shares(support, grid, energy)
        numbers[f"inside_{figure}_grid"], numbers[f"far_{figure}_grid"] = round(inside, 4), round(far, 4)
    passed = all(abs(numbers[name] - value) <= 0.005 for name, value in PRINTED.items())
    emit(options, benchmark="hull_facts", numbers=numbers, target=PRINTED, passed=passed)


if __name__ == "__main__":
    main()
