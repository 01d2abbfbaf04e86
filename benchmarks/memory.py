"""Peak memory of every quantity on the 400 x 538 x 538 volume, each in a process of its own.

Run: ``python benchmarks/memory.py [--size N] [--only NAME,NAME] [--check]``. The labels lie on disk, as a
user's would; the child reads them, measures one quantity and reports its high-water mark (VmHWM), which
holds the interpreter, the libraries, the labels and everything the quantity needs. On systems without
``/proc`` the largest resident size seen every 5 ms is taken.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from report import arguments, emit
from volumes import PAPER_SHAPE, PAPER_SPACING, level_cut

TARGET_GIB = 3.0

CHILD = """
import json, sys, time
from napari_microgen.io.reading import read
from napari_microgen.quantify.table import quantify
path, name, spacing = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
start = time.perf_counter()
table = quantify(read(path, kind="labels", voxel_size=tuple(spacing), unit="um"), features=(name,))
entry = {"seconds": round(time.perf_counter() - start, 1)}
entry["value"], entry["reason"] = table[name].value, table[name].reason
try:
    lines = open("/proc/self/status").read().splitlines()
    entry["peak_mib"] = next(int(l.split()[1]) for l in lines if l.startswith("VmHWM")) / 1024
except OSError:
    entry["peak_mib"] = None
print(json.dumps(entry))
"""


def main() -> None:
    parser = arguments(__doc__ or "", size=None)
    parser.add_argument("--size", type=int, help="edge of a cube instead of the whole volume")
    parser.add_argument("--only", help="names of quantities, separated by commas")
    options = parser.parse_args()
    shape = (options.size,) * 3 if options.size else PAPER_SHAPE
    with tempfile.TemporaryDirectory() as folder:
        volume = Path(folder) / "labels.npy"
        np.save(volume, level_cut(shape).astype(np.uint8))
        plane = Path(folder) / "plane.npy"
        np.save(plane, np.load(volume, mmap_mode="r")[0])
        found = {}
        for name, dimensions in names(options.only):
            source, spacing = (volume, PAPER_SPACING) if 3 in dimensions else (plane, PAPER_SPACING[1:])
            found[name] = child(source, name, spacing)
            print(name, found[name], file=sys.stderr, flush=True)
    worst = max(entry["peak_mib"] for entry in found.values())
    emit(
        options,
        benchmark="memory",
        size=list(shape),
        peer=None,
        ratio=None,
        peak_mib=round(worst, 1),
        accuracy=found,
        target={"peak_gib": TARGET_GIB},
        passed=worst <= TARGET_GIB * 1024,
    )


def names(only: str | None) -> list[tuple[str, tuple[int, ...]]]:
    """Return the first name of each quantity and the dimensions it is defined for."""
    from napari_microgen.quantify.catalogue import quantities

    wanted = only.split(",") if only else None
    return [(q.names[0], q.dimensions) for q in quantities() if wanted is None or q.names[0] in wanted]


def child(path: Path, name: str, spacing: tuple[float, ...]) -> dict:
    """Measure one quantity in a fresh process."""
    words = [sys.executable, "-c", CHILD, str(path), name, json.dumps(spacing)]
    start = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode:
        return {"peak_mib": float("inf"), "error": done.stderr.strip().splitlines()[-1:]}
    entry = json.loads(done.stdout.strip().splitlines()[-1])
    return entry | {"wall_s": round(time.perf_counter() - start, 1)}


if __name__ == "__main__":
    main()
