"""Which one is real? Pairs to show to a person, and what a score is worth."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Sorted(Protocol):
    """Images of which the condition is known."""

    @property
    def condition(self) -> np.ndarray:
        """Number of the condition of each; -1 where it is none of the shared ones."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Pair:
    """A real and a synthetic image of one condition."""

    real: int
    """Row of the real image."""
    synthetic: int
    """Row of the synthetic image."""
    real_is_left: bool
    """Where the real one is shown."""


def blind_pairs(real: Sorted, synthetic: Sorted, count: int, *, seed: int = 0) -> tuple[Pair, ...]:
    """Draw pairs of one condition each, the real image left or right by chance.

    Parameters
    ----------
    real, synthetic : Sorted
        Both sides.
    count : int
        Pairs wanted; fewer come back where there are not as many images, as none is shown twice.
    seed : int
        The same seed gives the same pairs.
    """
    random = np.random.default_rng(seed)
    left, right = random.permutation(len(real)), list(random.permutation(len(synthetic)))
    pairs: list[Pair] = []
    for row in left:
        match = next((k for k in right if synthetic.condition[k] == real.condition[row] >= 0), None)
        if match is not None and len(pairs) < count:
            right.remove(match)
            pairs.append(Pair(int(row), int(match), bool(random.integers(2))))
    return tuple(pairs)


def score_interval(right: int, shown: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the exact binomial interval of the chance to be right.

    Parameters
    ----------
    right : int
        Pairs in which the real image was named.
    shown : int
        Pairs judged.
    level : float
        Coverage, at least.

    References
    ----------
    Clopper, Pearson, Biometrika 26 (1934) 404, doi 10.1093/biomet/26.4.404.

    Examples
    --------
    >>> [round(end, 3) for end in score_interval(7, 10)]
    [0.348, 0.933]
    """
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = 0.0 if right == 0 else float(betaincinv(right, shown - right + 1, tail))
    high = 1.0 if right == shown else float(betaincinv(right + 1, shown - right, 1 - tail))
    return low, high
