"""The side of `gui_gaps` in which the live map of the Zones dock is panned, zoomed and changed.

Figures: seconds from the loaded model to the first coarse picture (the first 16 cells of 8 x 8) and to all
cells; then 30 random pans, zooms and slider steps: gaps between the ticks of the window's event loop,
errors, what is left behind (layers, child processes, memory), and the longest time from a slider to the
request that replaces what is under way (the process takes it within one evaluation: see `zone_speed`).
"""

import argparse
import json
import sys
import time

import numpy as np
from gui_watching import GAPS, Ticks, emit_median, figures, wait_for, window

TARGET = {**GAPS, "first_picture_s": 2.0, "all_cells_s": 5.0, "asked_s": 1.0}
MUST_BE_ZERO = ("layers_too_many", "processes_too_many", "errors")
STEPS = 30
SIDE = 512.0


def main(options: argparse.Namespace) -> None:
    """Watch the dock in fresh processes and print one line."""
    emit_median(options, "gui_gaps_zones", __file__, TARGET, MUST_BE_ZERO)


def watch(model: str, seconds: float) -> dict[str, float]:
    """Pan, zoom and slide at random and note the gaps."""
    viewer = window()
    import psutil
    from qtpy.QtTest import QTest

    _, dock = viewer.window.add_plugin_dock_widget("napari-microgen", "Zones")
    page, live = dock.map, dock.map.live
    QTest.qWait(1500)
    ticks = Ticks()
    page.model.open_model(model)
    loaded = wait_for(lambda: live.server is not None and live.server.loaded)
    first = wait_for(lambda: len(live.tiles) >= 16)
    everything = wait_for(lambda: live.diagram() is not None)
    opening = ticks.gaps()
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
            wait_for(lambda number=number: live._number > number, 3)
            waits.append(time.perf_counter() - begin)
        QTest.qWait(int(1000 * seconds / STEPS))
    ticks.stop()
    found = figures(ticks.gaps()) | {
        "largest_while_opening_ms": float(opening.max()),
        "first_picture_s": first - loaded,
        "all_cells_s": everything - loaded,
        "asked_s": max(waits, default=0.0),
        "layers_too_many": float(max(0, len(viewer.layers) - 4)),
        "processes_too_many": float(len(process.children(recursive=True)) - children),
        "memory_mib": (process.memory_info().rss - memory) / 2**20,
        "errors": float(dock.notice.is_error),
    }
    dock.close_down()
    viewer.close()
    return found


if __name__ == "__main__":
    print(json.dumps(watch(sys.argv[1], float(sys.argv[2]))))
