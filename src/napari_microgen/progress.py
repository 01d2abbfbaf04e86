"""Long work as a generator that can be watched and stopped.

A function decorated with `stepwise` is written as a generator: it yields `Progress`
and returns its result. Calling it runs it to the end and gives the result; its
``steps`` attribute gives the generator itself, for a progress bar and for Cancel
(closing the generator stops the work).
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import update_wrapper
from inspect import isgeneratorfunction
from typing import Generic, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Progress:
    """One tick of long work."""

    step: int
    """Steps done so far."""
    total: int | None = None
    """Steps in all; None if unknown."""
    message: str = ""
    """What is being done, in a few words."""
    values: dict[str, float] = field(default_factory=dict)
    """Numbers worth a live curve, such as ``{"loss": 0.31}``."""
    preview: np.ndarray | None = None
    """A small uint8 picture, shape (R, C), at most 256 px on a side."""


Steps = Generator[Progress, None, R]


class Stepwise(Generic[P, R]):
    """A long operation: call it for the result, or take ``steps`` to watch it."""

    def __init__(self, generator_function: Callable[P, Steps[R]]) -> None:
        if not isgeneratorfunction(generator_function):
            raise TypeError(f"{generator_function!r} must be a generator function to be stepwise.")
        self.steps = generator_function
        update_wrapper(self, generator_function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run to the end and return the result."""
        return finish(self.steps(*args, **kwargs))


def stepwise(generator_function: Callable[P, Steps[R]]) -> Stepwise[P, R]:
    """Turn a generator of `Progress` into a `Stepwise` operation.

    Examples
    --------
    >>> @stepwise
    ... def count(n):
    ...     for i in range(n):
    ...         yield Progress(i + 1, n)
    ...     return n
    >>> count(3)
    3
    >>> [p.step for p in count.steps(3)]
    [1, 2, 3]
    """
    return Stepwise(generator_function)


def finish(steps: Steps[R]) -> R:
    """Run a generator of `Progress` to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def scaled(steps: Iterator[Progress] | Steps[R], done: int, share: int, total: int) -> Steps[R]:
    """Pass on ``steps`` as the part from ``done`` to ``done + share`` of ``total`` steps."""
    while True:
        try:
            tick = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        inner = tick.step / tick.total if tick.total else 0.0
        yield Progress(done + int(share * min(inner, 1.0)), total, tick.message, tick.values, tick.preview)


def waited(work: Callable[[], R], done: int = 0, total: int | None = None, message: str = "") -> Steps[R]:
    """Run one indivisible piece of work in a thread and tick four times a second until it ends.

    For library calls that release the interpreter lock, such as Fourier transforms. If the
    generator is closed, the call runs out unheeded.
    """
    from concurrent.futures import ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(1)
    try:
        future = pool.submit(work)
        while True:
            yield Progress(done, total, message)
            if wait([future], 0.25).done:
                return future.result()
    finally:
        pool.shutdown(wait=False)
