"""What every benchmark shares: timing two sides in turn and one JSON line as the result.

A benchmark is run as ``python benchmarks/NAME.py [--size N] [--check]``. It prints one JSON line with
the peer, its version, the times, the ratio, the accuracy and the target; ``--check`` exits with 1 when
the target is missed. Only ratios of one run count: absolute times drift with the machine.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

import psutil


def arguments(description: str, size: int | None = None) -> argparse.ArgumentParser:
    """Return a parser with the options every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="exit with 1 if the target is missed")
    parser.add_argument("--runs", type=int, default=3, help="runs of each side")
    if size is not None:
        parser.add_argument("--size", type=int, default=size, help="edge of the test volume or image")
    return parser


def seconds(work: Callable[[], Any]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternate(peer: Callable[[], Any] | None, ours: Callable[[], Any], runs: int = 3) -> dict[str, Any]:
    """Time both sides in turn and return their medians and the ratio (peer over ours)."""
    peer_times: list[float] = []
    our_times: list[float] = []
    for _ in range(runs):
        if peer is not None:
            peer_times.append(seconds(peer))
        our_times.append(seconds(ours))
    result: dict[str, Any] = {"runs": runs, "ours_s": round(statistics.median(our_times), 5)}
    if peer is None:
        return result | {"peer_s": None, "ratio": None}
    ratios = [p / o for p, o in zip(peer_times, our_times, strict=True)]
    result["peer_s"] = round(statistics.median(peer_times), 5)
    result["ratio"] = [round(value, 3) for value in (statistics.median(ratios), min(ratios), max(ratios))]
    return result


def peak_mib(work: Callable[[], Any]) -> float:
    """Return the highest resident memory during a call, less what was resident before, in MiB."""
    process, stop, peak = psutil.Process(), threading.Event(), [0]
    before = process.memory_info().rss

    def watch() -> None:
        while not stop.wait(0.002):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    work()
    stop.set()
    watcher.join()
    return round(max(0, max(peak[0], process.memory_info().rss) - before) / 2**20, 1)


def version(package: str) -> str | None:
    """Return the installed version of a package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def emit(options: argparse.Namespace, **entries: Any) -> None:
    """Print the JSON line; with ``--check``, exit with 1 unless ``passed`` is true."""
    line = {"threads": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()}
    print(json.dumps(line | entries, default=float))
    if options.check and not entries.get("passed", False):
        sys.exit(1)
