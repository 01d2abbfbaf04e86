"""Batches drawn at random, each from its own seed: the position in the data is one number."""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from ..errors import CheckpointError
from .state import State

B = TypeVar("B")


class SeededBatches(Generic[B]):
    """An endless row of batches; number ``n`` depends on the seed and on ``n`` alone.

    Parameters
    ----------
    make : callable
        ``make(n, generator)`` returns batch ``n``; all its randomness comes from the
        generator.
    seed : int
        The seed of the whole row.

    Examples
    --------
    >>> row = SeededBatches(lambda n, generator: (n, int(generator.integers(1000))), seed=3)
    >>> first, second = next(row), next(row)
    >>> again = SeededBatches(row.make, seed=3)
    >>> again.restore(State(numbers={"seed": 3, "position": 1}))
    >>> next(again) == second
    True
    """

    def __init__(self, make: Callable[[int, np.random.Generator], B], seed: int) -> None:
        self.make = make
        self.seed = seed
        self.position = 0

    def __iter__(self) -> "SeededBatches[B]":
        return self

    def __next__(self) -> B:
        batch = self.make(self.position, np.random.default_rng((self.seed, self.position)))
        self.position += 1
        return batch

    def state(self) -> State:
        """Return the seed and the number of the next batch."""
        return State(numbers={"seed": self.seed, "position": self.position})

    def restore(self, state: State) -> None:
        """Go to where `state` was taken.

        Raises
        ------
        CheckpointError
            If it was taken of a row with another seed.
        """
        if state.numbers["seed"] != self.seed:
            raise CheckpointError(
                f"The checkpoint was made with seed {state.numbers['seed']}, and seed {self.seed} was "
                f"asked for. "
                f"Resume with the first, or train into another folder."
            )
        self.position = int(state.numbers["position"])


def shuffled(n: int, count: int, seed: int) -> int:
    """Return element ``n`` of a row that goes through ``range(count)`` in a new order each time round.

    Examples
    --------
    >>> sorted(shuffled(n, 5, seed=0) for n in range(5, 10))
    [0, 1, 2, 3, 4]
    """
    order = np.random.default_rng((seed, 0x5EED, n // count)).permutation(count)
    return int(order[n % count])
