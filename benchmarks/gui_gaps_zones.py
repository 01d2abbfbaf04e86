"""The side of `gui_gaps` in which the live map of the Zones dock is panned, zoomed and changed.

Figures: seconds from the loaded model to the first coarse picture (the first 16 cells of 8 x 8) and to all
cells; then 30 random pans, zooms and slider steps: gaps between the ticks of the window's event loop,
errors, what is left behind (layers, child processes, memory), and the longest time from a slider to the
request that replaces what is under way (the process takes it within one evaluation: see `zone_speed`).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from report import emit

TARGET = {"p95_ms": 40.0, "largest_ms": 80.0, "first_picture_s": 2.0, "all_cells_s": 5.0, "asked_s": 1.0}
INTERVAL = 15
STEPS = 30
SIDE = 512.0


def main(options: argparse.Namespace) -> None:
    """Watch the dock in fresh processes and print one line."""
    runs = [fresh(options.model, options.seconds) for _ in range(options.runs)]
    middle = {key: round(float(np.median([run[key] for run in runs])), 3) for key in runs[0]}
    leaks = max(run["layers_too_many"] + run["processes_too_many"] + run["errors"] for run in runs)
    emit(
        options,
        benchmark="gui_gaps_zones",
        peer=None,
        peer_version=None,
        peer_s=None,
        ratio=None,
        runs=options.runs,
        ours_s=middle["largest_ms"] / 1000,
        **middle,
        each_run=[run["largest_ms"] for run in runs],
        model=options.model,
        target=TARGET,
        passed=all(middle[key] <= TARGET[key] for key in TARGET) and not leaks,
    )


def fresh(model: str, seconds: float) -> dict[str, float]:
    """Watch in a fresh process and return what was seen."""
    with tempfile.TemporaryDirectory() as folder:
        own = {
            "NAPARI_CONFIG": f"{folder}/settings.yaml",
            "MICROGEN_CACHE": folder,
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        command = [sys.executable, __file__, model, str(seconds)]
        done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Watching failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def watch(model: str, seconds: float) -> dict[str, float]:
    """Pan, zoom and slide at random and note the gaps."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    import napari
    import psutil
    from qtpy.QtCore import QTimer
    from qtpy.QtTest import QTest

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1366, 768)
    _, dock = viewer.window.add_plugin_dock_widget("napari-microgen", "Zones")
    page, live, times = dock.map, dock.map.live, []
    QTest.qWait(1500)
    timer = QTimer()
    timer.setInterval(INTERVAL)
    timer.timeout.connect(lambda: times.append(time.perf_counter()))
    timer.start()
    page.model.open_model(model)
    loaded = wait_for(QTest, lambda: live.server is not None and live.server.loaded)
    first = wait_for(QTest, lambda: len(live.tiles) >= 16)
    everything = wait_for(QTest, lambda: live.diagram() is not None)
    opening = 1000 * np.diff(times)
    times.clear()
    process, random = psutil.Process(), np.random.default_rng(0)
    memory, children = process.memory_info().rss, len(process.children(recursive=True))
    camera, rows = viewer.scene.camera, [row for row in page.fixed.rows.values() if row.isVisible()]
    waits = []
    for _ in range(STEPS):
        kind = random.integers(3)
        if kind == 0:
            camera.zoom = float(random.uniform(0.8, 10))
        elif kind == 1:
            camera.center = (0.0, *random.uniform(0, SIDE, 2))
        else:
            row = rows[random.integers(len(rows))]
            number, begin = live._number, time.perf_counter()
            row.slider.setValue(int(random.integers(0, 1001)))
            wait_for(QTest, lambda number=number: live._number > number, 3)
            waits.append(time.perf_counter() - begin)
        QTest.qWait(int(1000 * seconds / STEPS))
    gaps = 1000 * np.diff(times)
    timer.stop()
    found = {
        "p95_ms": float(np.percentile(gaps, 95)),
        "largest_ms": float(gaps.max()),
        "largest_while_opening_ms": float(opening.max()),
        "first_picture_s": first - loaded,
        "all_cells_s": everything - loaded,
        "asked_s": max(waits, default=0.0),
        "layers_too_many": float(max(0, len(viewer.layers) - 4)),
        "processes_too_many": float(len(process.children(recursive=True)) - children),
        "memory_mib": (process.memory_info().rss - memory) / 2**20,
        "errors": float(dock.notice.is_error),
    }
    viewer.close()
    dock.close_down()
    return found


def wait_for(test, condition, seconds: float = 300) -> float:
    """Wait until something holds and return when it did."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("waited in vain for the map")
        test.qWait(2)
    return time.perf_counter()


if __name__ == "__main__":
    print(json.dumps(watch(sys.argv[1], float(sys.argv[2]))))
