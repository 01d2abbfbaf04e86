"""Random halves of real images by micrograph: the ground on which floors and intervals stand.

The scatter of a number over random halves, drawn without replacement, estimates the scatter of
the same number over whole samples of this size: a bootstrap of whole micrographs that never has
one twice.

References
----------
Politis, Romano, Ann. Stat. 22 (1994) 2031, doi 10.1214/aos/1176325770.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .descriptors import Descriptors
from .image_set import ImageSet


@dataclass(frozen=True, eq=False)
class Side:
    """Images of one kind with all that is known of them."""

    images: ImageSet
    """Pictures and conditions."""
    descriptors: Descriptors
    """One row per image."""
    condition: np.ndarray
    """Condition of each image, shape (N,)."""
    groups: np.ndarray
    """Micrograph or library of each image, shape (N,)."""

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> "Side":
        """Return some of the images."""
        return Side(
            self.images.take(rows), self.descriptors.take(rows), self.condition[rows], self.groups[rows]
        )


@dataclass(frozen=True, eq=False)
class Draw:
    """One random half of the real images, and as many others of the same conditions."""

    real: np.ndarray
    """Rows of the real images: the half."""
    rest: np.ndarray
    """As many rows of the other half, none of the same micrograph; empty where there is no other."""
    synthetic: np.ndarray
    """As many rows of the synthetic images."""


def draws(real: Side, synthetic: Side, count: int, random: np.random.Generator) -> Iterator[Draw]:
    """Draw halves of the real micrographs and equal numbers of synthetic images, condition by condition.

    Parameters
    ----------
    real, synthetic : Side
        Both sides.
    count : int
        How many times.
    random : numpy.random.Generator
        Source of chance.
    """
    conditions = sorted(set(real.condition.tolist()) & set(synthetic.condition.tolist()) - {-1})
    splittable = [c for c in conditions if len(set(real.groups[real.condition == c].tolist())) > 1]
    for _ in range(count):
        parts = [_halves(real, c, random) for c in (splittable or conditions)]
        rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for code, (first, second) in zip(splittable or conditions, parts, strict=True):
            others = random.permutation(np.flatnonzero(synthetic.condition == code))
            number = min(len(first), len(others), len(second) if splittable else len(first))
            rows.append((first[:number], second[:number], others[:number]))
        yield Draw(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def matched(pool: Side, wanted: Sequence[int] | np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw rows of a side so that their conditions are those wanted, as many of each as there are.

    Parameters
    ----------
    pool : Side
        Where to draw from.
    wanted : sequence of int
        Condition of each image wanted.
    random : numpy.random.Generator
        Source of chance.
    """
    chosen = []
    for code, number in zip(*np.unique(np.asarray(wanted), return_counts=True), strict=True):
        rows = random.permutation(np.flatnonzero(pool.condition == code))
        chosen.append(rows[:number])
    return np.concatenate(chosen) if chosen else np.zeros(0, int)


def _halves(side: Side, code: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Deal the micrographs of a condition to two halves of about equal size, images in random order."""
    rows = np.flatnonzero(side.condition == code)
    groups, member = np.unique(side.groups[rows], return_inverse=True)
    if len(groups) < 2:
        return random.permutation(rows), np.zeros(0, int)
    sizes = np.bincount(member)
    order = random.permutation(len(groups))
    before = np.cumsum(sizes[order]) - sizes[order] / 2
    first = order[before < len(rows) / 2]
    first = order[:1] if not len(first) else first[: len(groups) - 1]
    chosen = np.isin(member, first)
    return random.permutation(rows[chosen]), random.permutation(rows[~chosen])
