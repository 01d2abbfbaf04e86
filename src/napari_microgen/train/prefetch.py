"""Batches made ahead by threads, so that a GPU need not wait; the same row of batches as without."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from .batches import SeededBatches
from .state import State

AHEAD = 6
"""Batches kept ready."""


class PrefetchedBatches(SeededBatches[Any]):
    """Like `SeededBatches`; the next batches are made while the caller works on the current one.

    Parameters
    ----------
    make : callable
        As for `SeededBatches`; called from several threads.
    seed : int
        The seed of the whole row.
    workers : int
        Threads that make batches.

    Examples
    --------
    >>> with PrefetchedBatches(lambda n, random: (n, float(random.random())), seed=3) as ahead:
    ...     found = [next(ahead) for _ in range(4)]
    >>> plain = SeededBatches(ahead.make, seed=3)
    >>> found == [next(plain) for _ in range(4)]
    True
    """

    def __init__(self, make: Callable[[int, np.random.Generator], Any], seed: int, workers: int = 3) -> None:
        super().__init__(make, seed)
        self._pool = ThreadPoolExecutor(workers)
        self._ready: deque[tuple[int, Future[Any]]] = deque()

    def __enter__(self) -> "PrefetchedBatches":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> Any:
        self._fill()
        _, future = self._ready.popleft()
        batch = future.result()
        self.position += 1
        return batch

    def restore(self, state: State) -> None:
        """Go to where ``state`` was taken; what was made ahead is thrown away."""
        super().restore(state)
        self._drop()

    def close(self) -> None:
        """End the threads."""
        self._drop()
        self._pool.shutdown(wait=True)

    def _fill(self) -> None:
        last = self._ready[-1][0] + 1 if self._ready else self.position
        for number in range(last, self.position + AHEAD):
            random = np.random.default_rng((self.seed, number))
            self._ready.append((number, self._pool.submit(self.make, number, random)))

    def _drop(self) -> None:
        for _, future in self._ready:
            future.cancel()
        self._ready.clear()
