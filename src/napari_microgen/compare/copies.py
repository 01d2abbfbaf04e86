"""The search for copies on the sides of a comparison: equal numbers of known images per condition."""

import numpy as np

from ..progress import Steps
from .frame import Sides
from .halves import Side
from .memorisation import Known, Memorisation, memorisation

LEAST = 8
"""Images of a kind below which the search says nothing."""

Search = tuple[Memorisation | str, np.ndarray, np.ndarray]
"""The result or why there is none, rows of the images searched, rows of the training images."""


def search_copies(sides: Sides, *, count: int = 500, seed: int = 0) -> Steps[Search]:
    """Search the training images for copies, and held-out ones as a measure.

    Parameters
    ----------
    sides : Sides
        All images; the real ones are held out if there are training ones.
    count : int
        Most images of each kind.
    seed : int
        Of the images taken.

    Returns
    -------
    found : Memorisation or str
        The result, or why there is none.
    generated : ndarray of int
        Rows of the synthetic images that were searched.
    known : ndarray of int
        Rows of the training images that `Neighbour.known` counts.
    """
    nothing = np.zeros(0, int)
    if sides.training is None:
        return "the images the generator was trained on are not known (--training or --held-out)", *(
            nothing,
        ) * 2
    random = np.random.default_rng(seed)
    training, held_out = equal_numbers(sides.training.condition, sides.real.condition, count, random)
    if len(training) < LEAST:
        reason = f"only {len(training)} training and held-out images are of the same conditions"
        return reason, *(nothing,) * 2
    codes = np.unique(sides.real.condition[held_out])
    usable = np.flatnonzero(np.isin(sides.synthetic.condition, codes))
    generated = np.sort(random.permutation(usable)[:count])
    if len(generated) < LEAST:
        return f"only {len(generated)} synthetic images are of conditions with held-out images", *(
            nothing,
        ) * 2
    others = np.setdiff1d(np.arange(len(sides.training)), training)[: 2 * count]
    found: Memorisation = yield from memorisation(
        sides.synthetic.images.images[generated],
        _known(sides.training, training),
        _known(sides.real, held_out),
        others=_known(sides.training, others),
        seed=seed,
    )
    return found, generated, np.concatenate([training, others])


def equal_numbers(
    training: np.ndarray, held_out: np.ndarray, count: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw as many images of each condition from both, at most ``count`` in all.

    Parameters
    ----------
    training, held_out : ndarray of int, shape (n,) and (m,)
        Condition of each image; -1 for none.
    count : int
        Most images of each.
    random : numpy.random.Generator
        Source of chance.

    Returns
    -------
    training, held_out : ndarray of int
        Rows, as many of each.
    """
    pairs = []
    for code in sorted(set(held_out.tolist()) - {-1}):
        rows = [random.permutation(np.flatnonzero(codes == code)) for codes in (training, held_out)]
        number = min(len(rows[0]), len(rows[1]))
        pairs += [(k, int(rows[0][k]), int(rows[1][k])) for k in range(number)]
    pairs = sorted(pairs, key=lambda pair: pair[0])[:count]  # condition by condition in turns
    first, second = np.array([p[1] for p in pairs], int), np.array([p[2] for p in pairs], int)
    return first, second


def _known(side: Side, rows: np.ndarray) -> Known:
    return Known(side.images.images[rows], side.groups[rows])
