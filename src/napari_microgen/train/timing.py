"""Time a few ways of doing the same work once and keep the fastest."""

import os
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..progress import Progress, Steps

T = TypeVar("T")


def available_cores() -> int:
    """Return the processor cores this process may use, or fewer if ``OMP_NUM_THREADS`` says so."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        cores = os.cpu_count() or 1
    said = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores, int(said))) if said.isdigit() and int(said) > 0 else cores


def fastest(choices: Sequence[T], work: Callable[[T], None], *, runs: int = 2, gain: float = 1.1) -> Steps[T]:
    """Run ``work`` with each choice and return the fastest.

    The first choice is kept unless another one is at least ``gain`` times as fast, so
    that noise does not decide. A single choice is not timed at all.

    Examples
    --------
    >>> from napari_microgen.progress import finish
    >>> finish(fastest([1, 2], lambda threads: time.sleep(0.02 / threads)))
    2
    """
    if len(choices) == 1:
        return choices[0]
    taken = []
    for number, choice in enumerate(choices):
        work(choice)  # the first call sets up memory and kernels
        yield Progress(number, len(choices), "finding the fastest way")
        best = float("inf")
        for _ in range(runs):
            best = min(best, _seconds(work, choice))
            yield Progress(number, len(choices), "finding the fastest way")
        taken.append(best)
    winner = min(range(len(choices)), key=taken.__getitem__)
    return choices[winner] if taken[winner] * gain <= taken[0] else choices[0]


def _seconds(work: Callable[[T], None], choice: T) -> float:
    start = time.perf_counter()
    work(choice)
    return time.perf_counter() - start
