"""Are differences more than chance? Permutations of whole micrographs, adjusted for many questions."""

from dataclasses import dataclass

import numpy as np

from ..progress import Progress, Steps
from .distribution_distance import holm
from .frame import Sides
from .halves import Side, matched
from .space import Space, within_conditions
from .two_sample import energy_test

MOST = 400
"""Images of a side that take part: 999 permutations of as many stay a matter of seconds."""


@dataclass(frozen=True)
class Significance:
    """Permutation p of each descriptor by itself, and of all together."""

    adjusted: dict[str, float]
    """Of each descriptor, adjusted by Holm's method; absent where undefined."""
    together: dict[str, tuple[float, float]]
    """Energy distance and p of ``persistence_image`` and ``descriptors``."""
    images: int
    """Images of each side that took part."""


def significance(sides: Sides, space: Space, *, seed: int = 0) -> Steps[Significance]:
    """Test each descriptor, persistence images, and everything together.

    Parameters
    ----------
    sides : Sides
        All images; equal numbers per condition are drawn.
    space : Space
        Fitted on real images.
    seed : int
        Of drawing and permuting.
    """
    real, synthetic = _equal(sides, np.random.default_rng(seed))
    sides_of = (real, synthetic)
    a, b = within_conditions(
        [space.standardised(s.descriptors) for s in sides_of], [s.condition for s in sides_of]
    )
    raw: dict[str, float] = {}
    names = space.names
    for place, name in enumerate(names):
        yield Progress(place, len(names) + 2, "permuting micrographs")
        known = [np.isfinite(s.descriptors.values[:, place]) for s in (real, synthetic)]
        if min(k.sum() for k in known) < 3:
            continue
        p = energy_test(
            a[known[0], place, None],
            b[known[1], place, None],
            real.groups[known[0]],
            synthetic.groups[known[1]],
            seed=seed,
        )[1]
        if np.isfinite(p):
            raw[name] = p
    together = {}
    if min(len(real), len(synthetic)) > 2:
        for name, points in (("persistence_image", space.persistence), ("descriptors", space.points)):
            yield Progress(len(names), len(names) + 2, "permuting micrographs")
            both = within_conditions(
                [points(s.descriptors) for s in sides_of], [s.condition for s in sides_of]
            )
            together[name] = energy_test(
                both[0],
                both[1],
                real.groups,
                synthetic.groups,
                seed=seed,
            )
    return Significance(holm(raw), together, len(real))


def _equal(sides: Sides, random: np.random.Generator) -> tuple[Side, Side]:
    """Draw equal numbers of both sides per condition, at most `MOST` in all."""
    rows = matched(sides.real, sides.synthetic.condition, random)
    rows = random.permutation(rows)[:MOST]
    others = matched(sides.synthetic, sides.real.condition[rows], random)
    rows = rows[_first_of_each(sides.real.condition[rows], sides.synthetic.condition[others])]
    return sides.real.take(rows), sides.synthetic.take(others)


def _first_of_each(have: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    kept = [np.flatnonzero(have == c)[: int((wanted == c).sum())] for c in np.unique(wanted)]
    result: np.ndarray = np.concatenate(kept)
    return result
