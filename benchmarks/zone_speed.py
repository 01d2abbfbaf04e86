"""How soon a structure zone diagram is on the screen: 8 x 8 cells, first the 4 x 4 coarse ones.

``python benchmarks/zone_speed.py [--model FOLDER] [--check]``. Without a model, a cpu-64 generator that
was hardly trained is timed, which takes as long as any other. Targets on two cores: first coarse
picture within 2 s, all 64 cells within 5 s; a cancel takes effect within 1 s. ``--profile tiny`` is for a
quick check of this file.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from report import arguments, emit, version

from napari_microgen.generate.model import GeneratorModel, read_generator
from napari_microgen.io.writing import write
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.volume import Volume
from napari_microgen.zones.axes import parse_axes
from napari_microgen.zones.base_condition import base_condition
from napari_microgen.zones.cells import CellTick, make_cells
from napari_microgen.zones.collage import grid_collage
from napari_microgen.zones.placement import coarse_to_fine, grid_rows

NAMES = ("temperature", "aluminium", "oxygen", "ionisation", "ion energy", "pressure")
SIDE = 8


def untrained_model(profile: str, folder: Path) -> GeneratorModel:
    """Return a generator after two steps on noise, for six conditions."""
    (folder / "images").mkdir()
    random, lines = np.random.default_rng(0), [",".join(("file", *NAMES))]
    for number in range(12):
        image = random.integers(0, 256, (96, 96), dtype=np.uint8)
        write(Volume(image, "YX"), folder / "images" / f"{number}.tif")
        lines.append(",".join([f"{number}.tif", *(f"{v:.1f}" for v in 100 * random.random(len(NAMES)))]))
    (folder / "conditions.csv").write_text("\n".join(lines) + "\n")
    where = {"images": folder / "images", "conditions": folder / "conditions.csv", "out": folder / "model"}
    options = {"steps": 2, "batch_size": 4, "patch_size": 64, "preview_seconds": 0.0, "device": "cpu"}
    finish(run("train edm", profile=profile, **where, **options))
    return read_generator(folder / "model")


def first_and_all(model: GeneratorModel, cache: Path | None, seed: int) -> dict[str, float]:
    """Return the seconds until the coarse cells, and until all, stand in a painted collage."""
    x, y = (f"{e['name']}:{e['low']}:{e['high']}:{SIDE}" for e in model.conditions[:2])
    across, up = parse_axes(x, y, model.conditions)
    levels = coarse_to_fine(SIDE, SIDE)
    order = [index for level in levels for index in level]
    base = base_condition(model, (), (across, up))
    rows = [{**base.values, **varied} for varied in grid_rows(across, up, order)]
    found: dict[Any, Any] = {}
    seconds, start = {}, time.perf_counter()
    for tick in make_cells.steps(model, rows, seed=seed, cache=cache):
        if isinstance(tick, CellTick) and tick.cell is not None:
            found[order[tick.cell.place]] = tick.cell.images[0]
            if len(found) in (len(levels[0]), len(order)):
                grid_collage(found, SIDE, SIDE)
                seconds["first" if len(found) < len(order) else "all"] = time.perf_counter() - start
    return seconds


def cancel(model: GeneratorModel) -> float:
    """Return how long a cancel takes in the midst of generating."""
    rows = [{str(e["name"]): float(e["low"]) for e in model.conditions}] * 64
    steps = make_cells.steps(model, rows, seed=1)
    start = time.perf_counter()
    for _ in steps:
        if time.perf_counter() - start > 0.7:
            break
    start = time.perf_counter()
    steps.close()
    return time.perf_counter() - start


def main() -> None:
    """Time some runs, each with another seed, and one from the cache."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--model", type=Path, default=None, help="folder of a trained generator")
    parser.add_argument("--profile", default="cpu-64", help="size of the network, where no model is given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = (
            untrained_model(options.profile, folder)
            if options.model is None
            else read_generator(options.model)
        )
        first_and_all(model, None, 1000)  # sets up memory and kernels, as a window that is open has done
        runs = [first_and_all(model, folder / "cells", seed) for seed in range(options.runs)]
        cached = first_and_all(model, folder / "cells", 0)
        stopped = [cancel(model) for _ in range(options.runs)]
    median = {key: round(statistics.median(run[key] for run in runs), 3) for key in ("first", "all")}
    emit(
        options,
        benchmark="zone_speed",
        peer=None,
        torch=version("torch"),
        method=model.method,
        first_picture_s=median["first"],
        all_cells_s=median["all"],
        from_cache_s=round(cached["all"], 3),
        cancel_s=round(max(stopped), 3),
        runs=runs,
        target={"first_picture_s": 2.0, "all_cells_s": 5.0, "cancel_s": 1.0},
        passed=median["first"] <= 2 and median["all"] <= 5 and max(stopped) <= 1,
    )


if __name__ == "__main__":
    main()
