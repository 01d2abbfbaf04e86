"""Work in chunks against work on the whole: equal results, and how far chunks keep memory down.

Run: ``python benchmarks/chunked.py [--size N] [--chunks N] [--check]``. Each quantity that is counted is
counted in chunks with their overlap, added up and compared with the whole; local thickness, blur and
distance map are compared voxel by voxel. A process of its own then measures a volume that lies on disk,
under a memory budget of a quarter of it, and its peak of memory (pages of files not counted, which the
system can drop) is printed beside the budget.
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from report import arguments, emit
from volumes import PAPER_SPACING, level_cut

from napari_microgen.features import Feature
from napari_microgen.progress import finish
from napari_microgen.quantify.blurred_planes import TRUNCATE, blurred_planes
from napari_microgen.quantify.catalogue import quantities
from napari_microgen.quantify.chunk import Chunk, bounds
from napari_microgen.quantify.distance_transform import distance_transform
from napari_microgen.quantify.local_thickness import local_thickness
from napari_microgen.quantify.local_thickness_in_chunks import local_thickness_in_chunks

ROUNDED = ("smoothed_mesh",)
"""Sums of single-precision numbers: equal to 1e-6, all else exactly."""
COUNTED = "relative_density,specific_surface_area,euler_number,chord_length,lineal_path"

CHILD = """
import json, sys, threading
from napari_microgen.io.reading import read
from napari_microgen.quantify.table import quantify
peak = 0
def resident():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024
def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, resident())
def measured(path):
    labels = read(path, kind="labels", voxel_size=(25, 18.6, 18.6), unit="nm")
    return quantify(labels, features=tuple(sys.argv[3].split(",")))
measured(sys.argv[2])
before, done = resident(), threading.Event()
watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
measured(sys.argv[1])
done.set()
watcher.join()
print(json.dumps({"over_mib": peak - before}))
"""


def main() -> None:
    parser = arguments(__doc__ or "", size=160)
    parser.add_argument("--chunks", type=int, default=7, help="into how many chunks the volume is cut")
    options = parser.parse_args()
    phase = level_cut((options.size,) * 3)
    equal = dict(counted(phase, options.chunks)) | fields(phase, options.chunks)
    memory = on_disk(options.size) if os.path.exists("/proc/self/status") else {"reason": "no /proc here"}
    emit(
        options,
        benchmark="chunked",
        size=list(phase.shape),
        chunks=options.chunks,
        peer="the same operation on the whole volume",
        ratio=None,
        accuracy={"equal": equal},
        peak_mib=memory,
        target={"equal": True, "over_budget": 1.0},
        passed=all(equal.values()) and memory.get("over_budget", 0.0) <= 1.0,
    )


def counted(phase: np.ndarray, chunks: int) -> Any:
    """Yield each counted quantity and whether chunks give the features of the whole."""
    for quantity in quantities():
        module = quantity.load()
        if 3 in quantity.dimensions and hasattr(module, "count"):
            halo = module.halo(phase.shape, PAPER_SPACING)
            parts = [
                finish(module.count(Chunk.cut(phase, *piece, halo), PAPER_SPACING))
                for piece in bounds(len(phase), chunks)
            ]
            ours = module.features(reduce(add, parts), phase.shape, PAPER_SPACING)
            whole = finish(module.measure(phase, PAPER_SPACING))
            yield quantity.module, all(same(a, b) for a, b in zip(ours, whole, strict=True))


def same(ours: Feature, whole: Feature) -> bool:
    """Return whether two features agree in value, reason and all details."""
    if (ours.name, ours.value, ours.reason) != (whole.name, whole.value, whole.reason):
        return False
    close = [key for key in ROUNDED if key in whole.details]
    return all(abs(ours.details[k] / whole.details[k] - 1) < 1e-6 for k in close) and all(
        ours.details[key] == value for key, value in whole.details.items() if key not in close
    )


def fields(phase: np.ndarray, chunks: int) -> dict[str, bool]:
    """Whether fields worked in chunks are those of the whole, voxel by voxel."""
    planes = -(-len(phase) // chunks)
    thickness = finish(local_thickness_in_chunks(phase, PAPER_SPACING, planes=planes))
    reach = int(TRUNCATE * 1.5 + 0.5)
    whole = np.array([p.copy() for p in blurred_planes(phase, (1.5,) * 3)])
    distance = distance_transform(phase, PAPER_SPACING)
    halo = int(distance.max() / PAPER_SPACING[0]) + 1
    blur_equal = distance_equal = True
    for start, stop in bounds(len(phase), chunks):
        chunk = Chunk.cut(phase, start, stop, (reach, reach))
        blurred = np.array([p.copy() for p in blurred_planes(chunk.phase, (1.5,) * 3)])
        blur_equal &= np.array_equal(blurred[start - chunk.low :][: stop - start], whole[start:stop])
        chunk = Chunk.cut(phase, start, stop, (halo, halo))
        part = distance_transform(chunk.phase, PAPER_SPACING)
        distance_equal &= np.array_equal(part[start - chunk.low :][: stop - start], distance[start:stop])
    return {
        "local_thickness field": bool(np.array_equal(thickness, local_thickness(phase, PAPER_SPACING))),
        "blur": bool(blur_equal),
        "distance map": bool(distance_equal),
    }


def on_disk(size: int) -> dict[str, Any]:
    """Measure 20 times the planes on disk under a budget of a quarter of their bytes, 256 MiB at least."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("large.npy", "small.npy")]
        part = level_cut((size, 2 * size, 2 * size)).astype(np.uint8)
        np.save(paths[0], np.concatenate([part] * 20))
        np.save(paths[1], part[:16])
        volume = 80 * size**3
        budget = max(volume // 4, 256 * 2**20)
        words = [sys.executable, "-c", CHILD, *map(str, paths), COUNTED]
        environment = os.environ | {"MICROGEN_MEMORY": str(budget), "MICROGEN_CACHE": folder}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        return {"over_budget": float("inf"), "error": done.stderr.strip().splitlines()[-1:]}
    found = json.loads(done.stdout)
    return {
        "volume_mib": round(volume / 2**20, 1),
        "budget_mib": round(budget / 2**20, 1),
        "over_mib": round(found["over_mib"], 1),
        "over_budget": round(found["over_mib"] * 2**20 / budget, 2),
    }


if __name__ == "__main__":
    main()
