"""One volume on a dask.distributed cluster: two workers against one, with the same result as no cluster.

Run: ``python benchmarks/distributed.py [--size N] [--runs N] [--check]``. Each side is a cluster of worker
processes of one thread on this machine that measures the quantities counted in chunks; both clusters run
side by side and are used in turn; a run that is not timed comes before each one that is, because the memory
of workers that have idled for seconds has to be paged in again. Afterwards the table is compared with the
one measured without a cluster. Two workers need two free cores: on a busy machine the ratio says little.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

if Path(sys.path[0]).resolve() == Path(__file__).parent.resolve():
    sys.path.append(sys.path.pop(0))  # the package of this file's name comes first

import numpy as np
from distributed import LocalCluster
from report import arguments, emit, seconds, version
from volumes import PAPER_SPACING, level_cut

from napari_microgen.batch import run_batch
from napari_microgen.io.reading import read
from napari_microgen.progress import finish
from napari_microgen.quantify.table import quantify

TARGET = {"ratio": 1.7, "equal": True}
COUNTED = (
    "relative_density",
    "specific_surface_area",
    "mean_curvature",
    "euler_number",
    "chord_length",
    "lineal_path",
    "two_point_correlation",
)
READING = {"voxel_size": PAPER_SPACING, "unit": "um"}


def main() -> None:
    options = arguments(__doc__ or "", size=256).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.npy"
        np.save(path, level_cut((options.size,) * 3).astype(np.uint8))
        settings: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": ":0", "memory_limit": 0}
        with LocalCluster(n_workers=1, **settings) as one, LocalCluster(n_workers=2, **settings) as two:
            table = measured(path, two.scheduler_address)  # compiles on both workers
            measured(path, one.scheduler_address)
            times = in_turn(path, one.scheduler_address, two.scheduler_address, options.runs)
        local = quantify(read(path, kind="labels", **READING), features=COUNTED)
    equal = [(f.name, f.value, f.bias) for f in table] == [(f.name, f.value, f.bias) for f in local]
    emit(
        options,
        benchmark="distributed",
        size=[options.size] * 3,
        peer="the same on one worker",
        peer_version=version("distributed"),
        **times,
        accuracy={"equal_to_no_cluster": equal, "cores": len(os.sched_getaffinity(0))},
        target=TARGET,
        passed=bool(equal and times["ratio"][0] >= TARGET["ratio"]),
    )


def in_turn(path: Path, one: str, two: str, runs: int) -> dict[str, Any]:
    """Time both clusters in turn, each while it is warm; return medians and the ratio of one over two."""
    times: dict[str, list[float]] = {one: [], two: []}
    for _ in range(runs):
        for address, found in times.items():
            measured(path, address)
            found.append(seconds(lambda address=address: measured(path, address)))  # type: ignore[misc]
    ratios = [a / b for a, b in zip(times[one], times[two], strict=True)]
    return {
        "runs": runs,
        "peer_s": round(statistics.median(times[one]), 5),
        "ours_s": round(statistics.median(times[two]), 5),
        "ratio": [round(v, 3) for v in (statistics.median(ratios), min(ratios), max(ratios))],
    }


def measured(path: Path, address: str) -> Any:
    """Measure on a cluster and return the table."""
    steps = run_batch("quantify", [path], arguments={"features": COUNTED}, reading=READING, scheduler=address)
    batch = finish(steps)
    assert not batch.failed, batch.failed
    return batch.table


if __name__ == "__main__":
    main()
