"""Parts of a table for training and testing that share no micrograph, library or condition."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..errors import ParameterError, TableError
from .table import By, ConditionTable

FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}


def split(
    table: ConditionTable,
    by: By = "micrograph",
    *,
    fractions: Mapping[str, float] | None = None,
    held_out: Sequence[str] | None = None,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Split a table; what shares a group is never torn apart.

    Parameters
    ----------
    table : ConditionTable
        What to split.
    by : {"image", "micrograph", "library", "condition"}
        What may not be in two parts. Micrographs of one library are often alike, and so are
        images of one condition: the honest test of an interpolation is by condition.
    fractions : mapping of str to float, optional
        Share of the images by name of the part; 0.8 ``train``, 0.1 ``validation`` and 0.1
        ``test`` if left out.
    held_out : sequence of str, optional
        Names of groups (see `ConditionTable.groups`) that make up the part ``held_out``; the
        rest is ``train``. Instead of fractions.
    seed : int
        The same seed gives the same split.

    Returns
    -------
    dict of ndarray of int
        Rows of each part, ascending.

    Raises
    ------
    ParameterError
        If the fractions make no sense, or both ways are asked for.
    TableError
        If there are fewer groups than parts, or a held-out group is unknown.

    Examples
    --------
    >>> table = ConditionTable.from_columns({"T": [1, 1, 2, 2]}, libraries=["A", "A", "B", "B"])
    >>> {k: v.tolist() for k, v in split(table, "library", held_out=["B"]).items()}
    {'train': [0, 1], 'held_out': [2, 3]}
    """
    group, names = table.groups(by)
    if held_out is not None:
        if fractions is not None:
            raise ParameterError("Give fractions or held_out, not both.")
        return _without(group, names, held_out, by)
    shares = dict(FRACTIONS if fractions is None else fractions)
    if not shares or min(shares.values()) <= 0 or abs(sum(shares.values()) - 1) > 1e-6:
        raise ParameterError(f"The fractions are {shares}; each must be above 0, and their sum 1.")
    if len(names) < len(shares):
        raise TableError(
            f"There are {len(names)} groups by {by} for {len(shares)} parts ({', '.join(shares)}). "
            f"Ask for fewer parts, or split by something finer."
        )
    return _shared_out(group, len(names), shares, seed)


def leave_one_out(
    table: ConditionTable, by: By = "condition"
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Give each group in turn as the one left out.

    Yields
    ------
    name : str
        The group.
    train : ndarray of int
        Rows of all others.
    held_out : ndarray of int
        Its rows.
    """
    group, names = table.groups(by)
    for number, name in enumerate(names):
        yield name, np.flatnonzero(group != number), np.flatnonzero(group == number)


def _without(
    group: np.ndarray, names: tuple[str, ...], held_out: Sequence[str], by: str
) -> dict[str, np.ndarray]:
    unknown = [name for name in held_out if name not in names]
    if unknown:
        some = "; ".join(names[:20]) + ("; ..." if len(names) > 20 else "")
        raise TableError(f"There is no {by} {'; '.join(unknown)}. There are: {some}.")
    out = np.isin(group, [names.index(name) for name in held_out])
    if out.all():
        raise TableError("Everything is held out; leave something to train on.")
    return {"train": np.flatnonzero(~out), "held_out": np.flatnonzero(out)}


def _shared_out(
    group: np.ndarray, count: int, shares: Mapping[str, float], seed: int
) -> dict[str, np.ndarray]:
    """Deal groups out in random order, each to the part that lacks most; no part stays empty."""
    sizes = np.bincount(group, minlength=count)
    wanted = np.array(list(shares.values())) * sizes.sum()
    part_of = np.empty(count, int)
    empty = set(range(len(shares)))
    for left, number in zip(range(count, 0, -1), np.random.default_rng(seed).permutation(count), strict=True):
        open_parts = sorted(empty) if left == len(empty) else range(len(shares))
        part = max(open_parts, key=lambda place: wanted[place])
        part_of[number] = part
        wanted[part] -= sizes[number]
        empty.discard(part)
    return {name: np.flatnonzero(part_of[group] == place) for place, name in enumerate(shares)}
