"""What the sides of `gui_gaps` share: a fresh process on two cores, an open dock, gaps between ticks."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from report import emit

GAPS = {"p95_ms": 40.0, "largest_ms": 80.0}
"""What no side may exceed."""
INTERVAL = 15
"""Milliseconds between ticks."""


def fresh(command: list[str]) -> dict[str, float]:
    """Run a benchmark file in a process with settings of its own and return what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        own = {
            "NAPARI_CONFIG": f"{folder}/settings.yaml",
            "MICROGEN_CACHE": folder,
            "LIBGL_ALWAYS_SOFTWARE": "1",
        }
        done = subprocess.run(
            [sys.executable, *command], env=os.environ | own, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"Watching failed ({' '.join(command)}):\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def emit_median(
    options: argparse.Namespace,
    name: str,
    file: str,
    target: dict[str, float],
    must_be_zero: tuple[str, ...] = (),
) -> None:
    """Watch a dock with a model in fresh processes and print one line with the medians."""
    runs = [fresh([file, options.model, str(options.seconds)]) for _ in range(options.runs)]
    middle = {key: round(float(np.median([run[key] for run in runs])), 3) for key in runs[0]}
    emit(
        options,
        benchmark=name,
        peer=None,
        peer_version=None,
        peer_s=None,
        ratio=None,
        runs=options.runs,
        ours_s=middle["largest_ms"] / 1000,
        **middle,
        each_run=[run["largest_ms"] for run in runs],
        model=options.model,
        target=target,
        passed=all(middle[key] <= target[key] for key in target)
        and not any(run[key] for run in runs for key in must_be_zero),
    )


def window() -> Any:
    """Return a viewer of the size of a small screen; this process is kept to two cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1366, 768)
    return viewer


class Ticks:
    """Times of the ticks of a timer, from half a second after it was started."""

    def __init__(self, act: Callable[[int], None] = lambda number: None) -> None:
        from qtpy.QtCore import QTimer
        from qtpy.QtTest import QTest

        self._times: list[float] = []
        self._act = act
        self._timer = QTimer()
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        QTest.qWait(500)
        self._times.clear()

    def _tick(self) -> None:
        self._times.append(time.perf_counter())
        self._act(len(self._times))

    def gaps(self) -> np.ndarray:
        """Return the gaps since the last call, in ms."""
        found = 1000 * np.diff(self._times)
        self._times.clear()
        return found

    def stop(self) -> None:
        """Tick no more."""
        self._timer.stop()


def figures(gaps: np.ndarray) -> dict[str, float]:
    """Return what is said of gaps."""
    return {"p95_ms": float(np.percentile(gaps, 95)), "largest_ms": float(gaps.max())}


def wait_for(condition: Callable[[], Any], seconds: float = 300) -> float:
    """Wait until something holds and return when it did."""
    from qtpy.QtTest import QTest

    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain for {seconds:g} s")
        QTest.qWait(2)
    return time.perf_counter()
