"""Does a generator hand out its training images? Nearest neighbours, whatever the shift and symmetry.

A generator that has learnt the process is as near to held-out real images as to those it was
trained on. Copies may be shifted, turned or mirrored, because training patches are cuts.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..progress import Progress, Steps, scaled, waited
from ..quantify.threads import available_threads
from .cross_correlation import Prepared, best_correlation, prepare, symmetric
from .two_sample import area_under_curve
from .window_search import Candidates, Windows, candidates, window_basis, window_index

LIMIT = 0.55
"""AUC above which a generator is suspected of memorising."""
CLOSE = 0.5
"""A nearest training image at less than this share of the distance to the second is a copy of it."""
SHARE = 0.01
"""Share of copies that is too many."""
LEVEL = 0.002
"""Permutation p below which an AUC above `LIMIT` is no accident."""

_CANDIDATES = 4
_PERMUTATIONS = 999
_DRAWS = 400


@dataclass(frozen=True)
class Neighbour:
    """A generated image and the training image nearest to it."""

    image: int
    """Row of the generated image."""
    known: int
    """Row of the training image."""
    symmetry: int
    """Symmetry of the generated image that fits, see `cross_correlation.symmetric`."""
    shift: tuple[int, int]
    """Rows and columns by which it then lies in the training image."""
    correlation: float
    """Normalised correlation of the overlap."""


@dataclass(frozen=True)
class Memorisation:
    """Whether generated images are nearer to training images than to others like them."""

    auc: float
    """Chance that a training image is nearer than a held-out one; 0.5 for a generator that has learnt."""
    interval: tuple[float, float]
    """95 % bootstrap interval over generated images."""
    p: float
    """Permutation p: training and held-out micrographs change roles."""
    close_share: float
    """Share whose nearest training image is at under half the distance of the second."""
    copies: int
    """Generated images nearer to a training image than any of the floor, and than half its median."""
    count: int
    """Generated images searched."""
    floor_auc: float | None
    """The same AUC for held-out real images; None if there are too few."""
    flagged: bool
    """True if it memorises."""
    nearest: tuple[Neighbour, ...]
    """The closest pairs, closest first."""


@dataclass(frozen=True, eq=False)
class Known:
    """Real images, and the micrograph of each."""

    images: np.ndarray
    """Grey values, shape (N, R, C)."""
    groups: np.ndarray
    """Micrograph of each, shape (N,)."""

    def take(self, rows: np.ndarray) -> "Known":
        """Return some of the images."""
        return Known(self.images[rows], self.groups[rows])


@dataclass(frozen=True, eq=False)
class _Nearest:
    """Best known images of each image in question."""

    place: np.ndarray
    symmetry: np.ndarray
    distance: np.ndarray
    shift: np.ndarray


def memorisation(
    generated: np.ndarray,
    training: Known,
    held_out: Known,
    *,
    others: Known | None = None,
    pairs: int = 10,
    seed: int = 0,
) -> Steps[Memorisation]:
    """Search training and held-out images for the nearest ones.

    Parameters
    ----------
    generated : ndarray of number, shape (M, R, C)
        Images of the generator.
    training, held_out : Known
        As many real images each, made under the same conditions.
    others : Known or None
        Further training images, searched for copies only.
    pairs : int
        How many of the closest pairs to return.
    seed : int
        Of bootstrap and permutations.

    Yields
    ------
    Progress
        Ticks.
    """
    random = np.random.default_rng(seed)
    both = np.concatenate([training.images, held_out.images])
    basis = yield from waited(lambda: window_basis(both, seed=seed), 0, 100, "indexing known images")
    index_training: Windows = yield from scaled(window_index(training.images, basis), 0, 10, 100)
    index_held_out: Windows = yield from scaled(window_index(held_out.images, basis), 10, 10, 100)
    of_training: _Nearest = yield from scaled(
        _search(generated, training.images, index_training), 20, 25, 100
    )
    of_held_out: _Nearest = yield from scaled(
        _search(generated, held_out.images, index_held_out), 45, 25, 100
    )
    everything = of_training
    if others is not None and len(others.images):
        index: Windows = yield from scaled(window_index(others.images, basis), 70, 5, 100)
        more: _Nearest = yield from scaled(_search(generated, others.images, index), 75, 10, 100)
        everything = _joined(of_training, more, len(training.images))
    floor: tuple[float, np.ndarray] | None = yield from scaled(
        _floor(training, held_out, index_training, index_held_out, random), 85, 10, 100
    )
    yield Progress(95, 100, "judging")
    d_training, d_held_out = of_training.distance[:, 0], of_held_out.distance[:, 0]
    auc = area_under_curve(-d_held_out, -d_training)
    interval = _interval(d_training, d_held_out, random)
    p = _permutation_p(of_training, of_held_out, training.groups, held_out.groups, auc, random)
    close = _close_share(everything)
    copies = 0
    if floor is not None:
        limit = min(float(floor[1].min()), CLOSE * float(np.median(floor[1])))
        copies = int(np.count_nonzero(everything.distance[:, 0] < limit))
    flagged = (auc > LIMIT and p <= LEVEL) or many_copies(copies, close, len(generated))
    return Memorisation(
        auc=auc,
        interval=interval,
        p=p,
        close_share=close,
        copies=copies,
        count=len(generated),
        floor_auc=None if floor is None else floor[0],
        flagged=bool(flagged),
        nearest=_closest(everything, pairs),
    )


def many_copies(copies: int, close_share: float, count: int) -> bool:
    """Return whether there are more copies than accidents make, whatever the AUC.

    Parameters
    ----------
    copies, close_share, count : int, float, int
        See `Memorisation`.

    Examples
    --------
    >>> many_copies(1, 0.0, 300), many_copies(6, 0.0, 300), many_copies(0, 0.05, 300)
    (False, True, True)
    """
    return copies >= max(2, SHARE * count) or close_share >= 5 * SHARE


def _search(images: np.ndarray, known: np.ndarray, index: Windows) -> Steps[_Nearest]:
    """Find the nearest known images: candidates by windows, then full correlation of these."""
    found: Candidates = yield from scaled(candidates(index, images, _CANDIDATES), 0, 70, 100)
    place, symmetry, _ = found
    wanted = np.unique(place)
    with ThreadPoolExecutor(available_threads()) as pool:
        prepared = dict(zip(wanted.tolist(), pool.map(prepare, known[wanted]), strict=True))

        def one(row: int) -> list[tuple[float, int, int]]:
            turned: dict[int, Prepared] = {}
            result = []
            for k, s in zip(place[row].tolist(), symmetry[row].tolist(), strict=True):
                if s not in turned:
                    turned[s] = prepare(symmetric(images[row], s))
                result.append(best_correlation(prepared[k], turned[s]))
            return result

        full = []
        for row, result in enumerate(pool.map(one, range(len(images)))):
            full.append(result)
            if row % 16 == 0:
                yield Progress(70 + 30 * row // len(images), 100, "comparing candidates")
    values = np.array(full)
    distance = np.sqrt(np.maximum(2 - 2 * values[..., 0], 0.0))
    order = np.argsort(distance, axis=1, kind="stable")
    rows = np.arange(len(images))[:, None]
    shift = values[..., 1:].astype(int)[rows, order]
    return _Nearest(place[rows, order], symmetry[rows, order], distance[rows, order], shift)


def _joined(first: _Nearest, second: _Nearest, offset: int) -> _Nearest:
    """Return the nearest of two parts of the known images."""
    place = np.concatenate([first.place, second.place + offset], axis=1)
    symmetry = np.concatenate([first.symmetry, second.symmetry], axis=1)
    distance = np.concatenate([first.distance, second.distance], axis=1)
    shift = np.concatenate([first.shift, second.shift], axis=1)
    order = np.argsort(distance, axis=1, kind="stable")
    rows = np.arange(len(place))[:, None]
    return _Nearest(place[rows, order], symmetry[rows, order], distance[rows, order], shift[rows, order])


def _floor(
    training: Known,
    held_out: Known,
    index_training: Windows,
    index_held_out: Windows,
    random: np.random.Generator,
) -> Steps[tuple[float, np.ndarray] | None]:
    """Take half the held-out micrographs for generated ones: AUC and distances to training images."""
    codes = np.unique(held_out.groups, return_inverse=True)[1].reshape(-1)
    count = int(codes.max()) + 1
    if count < 2:
        return None
    asked = np.isin(codes, random.permutation(count)[: count // 2])
    rows = np.flatnonzero(asked)
    queries = held_out.images[rows if len(rows) <= 100 else np.sort(random.choice(rows, 100, replace=False))]
    rest = np.flatnonzero(~asked)
    equal = random.permutation(len(training.images))[: len(rest)]
    near: _Nearest = yield from scaled(
        _search(queries, training.images[equal], index_training.take(equal)), 0, 50, 100
    )
    other: _Nearest = yield from scaled(
        _search(queries, held_out.images[rest], index_held_out.take(rest)), 50, 50, 100
    )
    return area_under_curve(-other.distance[:, 0], -near.distance[:, 0]), near.distance[:, 0]


def _interval(training: np.ndarray, held_out: np.ndarray, random: np.random.Generator) -> tuple[float, float]:
    rows = random.integers(len(training), size=(_DRAWS, len(training)))
    drawn = [area_under_curve(-held_out[r], -training[r]) for r in rows]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _permutation_p(
    training: _Nearest,
    held_out: _Nearest,
    training_groups: np.ndarray,
    held_out_groups: np.ndarray,
    auc: float,
    random: np.random.Generator,
) -> float:
    """Deal the micrographs to two new sides of as many images; the candidates of both tell who is nearest."""
    first = np.unique(training_groups, return_inverse=True)[1].reshape(-1)
    second = np.unique(held_out_groups, return_inverse=True)[1].reshape(-1)
    count = int(first.max()) + 1
    sizes = np.concatenate([np.bincount(first), np.bincount(second)])
    owner = np.concatenate([first[training.place], second[held_out.place] + count], axis=1)
    distance = np.concatenate([training.distance, held_out.distance], axis=1)
    farthest = distance.max(axis=1)
    above = 0
    for _ in range(_PERMUTATIONS):
        order = random.permutation(len(sizes))
        side = np.empty(len(sizes), bool)
        side[order] = np.cumsum(sizes[order]) - sizes[order] / 2 < len(training_groups)
        chosen = side[owner]
        near = np.where(chosen, distance, farthest[:, None]).min(axis=1)
        other = np.where(chosen, farthest[:, None], distance).min(axis=1)
        above += area_under_curve(-other, -near) >= auc
    return (1 + above) / (1 + _PERMUTATIONS)


def _close_share(nearest: _Nearest) -> float:
    if nearest.distance.shape[1] < 2:
        return float("nan")
    return float((nearest.distance[:, 0] < CLOSE * nearest.distance[:, 1]).mean())


def _closest(nearest: _Nearest, count: int) -> tuple[Neighbour, ...]:
    order: Sequence[int] = np.argsort(nearest.distance[:, 0], kind="stable")[:count].tolist()
    return tuple(
        Neighbour(
            row,
            int(nearest.place[row, 0]),
            int(nearest.symmetry[row, 0]),
            (int(nearest.shift[row, 0, 0]), int(nearest.shift[row, 0, 1])),
            float(1 - nearest.distance[row, 0] ** 2 / 2),
        )
        for row in order
    )
