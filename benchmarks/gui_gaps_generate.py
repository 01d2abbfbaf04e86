"""The side of `gui_gaps` in which a slider of the Generate dock moves while a child process samples.

Figures: gaps between the ticks that move the slider while images come; the largest gap before that, while
the card is read, sliders and layer are made, and the process loads the model; seconds from the loaded model
to the first preview; images in a second.
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

TARGET = {"p95_ms": 40.0, "largest_ms": 80.0, "first_preview_s": 1.0}
INTERVAL = 15


def main(options: argparse.Namespace) -> None:
    """Watch the dock in fresh processes and print one line."""
    runs = [fresh(options.model, options.seconds) for _ in range(options.runs)]
    middle = {key: round(float(np.median([run[key] for run in runs])), 3) for key in runs[0]}
    passed = all(middle[key] <= TARGET[key] for key in TARGET)
    emit(
        options,
        benchmark="gui_gaps_generate",
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
        passed=passed,
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
    """Move a slider of the dock at every tick and note the gaps."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    import napari
    from qtpy.QtCore import QTimer
    from qtpy.QtTest import QTest

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1366, 768)
    _, dock = viewer.window.add_plugin_dock_widget("napari-microgen", "Generate")
    page, times, shown = dock.make, [], []
    QTest.qWait(1500)

    def tick() -> None:
        times.append(time.perf_counter())
        for row in list(page.panel.conditions.rows.values())[:1]:
            row.slider.setValue((7 * len(times)) % 1000)

    show = page.live.show

    def noted(*arguments, **options) -> None:
        show(*arguments, **options)
        shown.append(time.perf_counter())

    page.live.show = noted
    timer = QTimer()
    timer.setInterval(INTERVAL)
    timer.timeout.connect(tick)
    timer.start()
    QTest.qWait(500)
    times.clear()
    page.open_model(model)
    loaded = wait_for(QTest, lambda: page.sampler is not None and page.sampler.loaded)
    wait_for(QTest, lambda: shown)
    QTest.qWait(500)
    opening = 1000 * np.diff(times)
    times.clear()
    begin, before = time.perf_counter(), len(shown)
    QTest.qWait(int(1000 * seconds))
    timer.stop()
    gaps = 1000 * np.diff(times)
    result = {
        "p95_ms": float(np.percentile(gaps, 95)),
        "largest_ms": float(gaps.max()),
        "largest_while_opening_ms": float(opening.max()),
        "first_preview_s": shown[0] - loaded,
        "images_per_second": (len(shown) - before) / (time.perf_counter() - begin),
    }
    viewer.close()
    dock.close_down()
    return result


def wait_for(test, condition) -> float:
    """Wait until something holds and return when it did."""
    end = time.monotonic() + 120
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("waited in vain for the model")
        test.qWait(5)
    return time.perf_counter()


if __name__ == "__main__":
    print(json.dumps(watch(sys.argv[1], float(sys.argv[2]))))
