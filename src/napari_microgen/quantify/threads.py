"""How many threads may work, and a way to share compiled work among them."""

import os
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from ..progress import Progress, Steps

R = TypeVar("R")


def available_threads() -> int:
    """Return how many threads this process may run at once (``MICROGEN_THREADS`` sets it by hand).

    Examples
    --------
    >>> available_threads() >= 1
    True
    """
    fixed = os.environ.get("MICROGEN_THREADS")
    if fixed:
        return max(1, int(fixed))
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def this_process() -> tuple[str, int]:
    """Return what tells this process from every other, on this machine and elsewhere."""
    return platform.node(), os.getpid()


def one_thread_elsewhere(home: tuple[str, int]) -> None:
    """Let a worker of a cluster use one thread for each of its tasks, unless it was told otherwise.

    A cluster runs as many tasks at once as it has threads. In the process that sent the task (``home``, as
    `this_process` gave it there) nothing is changed.
    """
    if this_process() != home:
        os.environ.setdefault("MICROGEN_THREADS", "1")


def run_in_parts(
    kernel: Callable[..., Any], count: int, *arguments: Any, threads: int | None = None
) -> list[int]:
    """Call ``kernel(*arguments, first, last)`` for parts of ``range(count)``, side by side in threads.

    The kernel must release the interpreter lock and its parts must not disturb each other.
    Returns the bounds of the parts, from 0 to ``count``.
    """
    threads = threads or available_threads()
    pieces = min(count, 4 * threads) if threads > 1 else 1
    bounds = [count * k // pieces for k in range(pieces + 1)] if count else [0, 0]
    _run_between(bounds, kernel, arguments, threads)
    return bounds


def run_in_shares(
    kernel: Callable[..., Any], loads: np.ndarray, *arguments: Any, threads: int | None = None
) -> list[int]:
    """Call ``kernel(*arguments, first, last)`` once per thread, for parts of about the same load.

    For kernels whose setting up is dear. ``loads`` is what each of the numbers counts, shape (N,).
    Returns the bounds of the parts, from 0 to N.
    """
    threads = threads or available_threads()
    done = np.cumsum(loads + loads.sum() / max(1, 8 * len(loads)))
    inner = np.searchsorted(done, done[-1] * np.arange(1, threads) / threads) + 1 if len(loads) else []
    bounds = sorted({0, *(int(bound) for bound in inner), len(loads)})
    _run_between(bounds, kernel, arguments, threads)
    return bounds


def _run_between(
    bounds: list[int], kernel: Callable[..., Any], arguments: tuple[Any, ...], threads: int
) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(kernel, *arguments, first, last) for first, last in pairwise(bounds)]:
            future.result()


def stoppable(work: Callable[[np.ndarray], R], message: str) -> Steps[R]:
    """Run ``work(stop)`` in a thread and tick four times a second until it ends.

    If the generator is closed, ``stop[0]`` becomes 1, and compiled work that looks at it ends early.
    """
    stop = np.zeros(1, np.uint8)
    with ThreadPoolExecutor(1) as pool:
        try:
            future = pool.submit(work, stop)
            while not wait([future], 0.25).done:
                yield Progress(0, None, message)
            return future.result()
        finally:
            stop[0] = 1
