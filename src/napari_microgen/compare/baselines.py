"""What one would do without a generator: copy the nearest condition, or interpolate numbers linearly."""

from dataclasses import replace

import numpy as np

from ..conditions import ConditionTable, Scaler
from ..conditions.support import Support
from .descriptors import ARRAYS, Descriptors
from .halves import Side
from .matching import Conditions

NAMES = ("nearest_condition_copy", "linear_interpolation", "paper_model")
"""Baselines in every table."""

_RIDGE = 1e-3


def nearest_copies(conditions: Conditions, reference: Side, *, leave_own_out: bool) -> Side | None:
    """Take images of the nearest other condition for those of each condition.

    Parameters
    ----------
    conditions : Conditions
        Those wanted.
    reference : Side
        Images to copy from, with their own codes of conditions (-1 for conditions not wanted).
    leave_own_out : bool
        Never take the wanted condition itself: for a reference that is not the training set.

    Returns
    -------
    Side or None
        Rows of the reference, each with the code of the condition it stands in for; None if no
        condition has any.
    """
    rows, codes = [], []
    if not conditions.table.conditions:
        if leave_own_out:
            return None
        return replace(reference, condition=np.zeros(len(reference), int))
    table = _own_names(reference.images.table.select(names=conditions.table.names))
    group, _ = table.groups("condition")
    for code in range(len(conditions)):
        usable = table.complete & (reference.condition != code if leave_own_out else True)
        if not usable.any():
            continue
        nearest = Support.fit(table.select(usable)).of(conditions.table.select([code]))[0].nearest
        if not nearest:
            continue
        found = np.flatnonzero(group == group[table.images.index(nearest)])
        rows.append(found)
        codes.append(np.full(len(found), code))
    if not rows:
        return None
    return replace(reference.take(np.concatenate(rows)), condition=np.concatenate(codes))


def interpolated(conditions: Conditions, reference: Side, *, leave_own_out: bool) -> Descriptors | None:
    """Interpolate the means of all descriptors over the conditions.

    Inside the triangulation of the known conditions linearly on its simplices, outside by ridge
    regression on the (scaled, transformed) conditions.

    Parameters
    ----------
    conditions, reference, leave_own_out
        See `nearest_copies`.

    Returns
    -------
    Descriptors or None
        Means, one row per condition, NaN where there are fewer than two known conditions.
    """
    if not conditions.table.conditions:
        return None
    table = _own_names(reference.images.table.select(names=conditions.table.names))
    complete = np.flatnonzero(table.complete)
    group, _ = table.select(complete).groups("condition")
    distinct = table.select(complete).distinct()
    own = conditions.codes(distinct)
    means = [_means(reference.descriptors.take(complete[group == k])) for k in range(len(distinct))]
    everything = np.stack([np.concatenate([a.ravel() for a in m]) for m in means])
    scaler = distinct.scaler("minmax")
    known, wanted = scaler.encode(distinct).astype(float), _encoded(scaler, conditions.table)
    result = np.full((len(conditions), everything.shape[1]), np.nan)
    for code in range(len(conditions)):
        usable = own != code if leave_own_out else np.ones(len(own), bool)
        if usable.sum() >= 2:
            result[code] = linear_prediction(known[usable], everything[usable], wanted[code])
    if np.isnan(result).all():
        return None
    return _unpacked(result, reference.descriptors)


def linear_prediction(points: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Predict values at a point by linear interpolation, or by ridge regression outside the known points.

    Parameters
    ----------
    points : ndarray of float, shape (n, d)
        Known conditions, scaled.
    values : ndarray of float, shape (n, k)
        Values there.
    wanted : ndarray of float, shape (d,)
        Where.

    Examples
    --------
    >>> corners = np.array([[0.0, 0.0], [1, 0], [0, 1], [1, 1]])
    >>> linear_prediction(corners, corners @ [[1.0], [2.0]], np.array([0.25, 0.5])).round(6).tolist()
    [1.25]
    """
    varying = np.ptp(points, axis=0) > 0
    x, target = points[:, varying], wanted[varying]
    if x.shape[1] == 1:
        inside = x.min() <= target[0] <= x.max()
        if inside:
            order = np.argsort(x[:, 0])
            return np.array([np.interp(target[0], x[order, 0], column[order]) for column in values.T])
    elif 1 < x.shape[1] <= 4 and len(x) > x.shape[1] and np.linalg.matrix_rank(x - x.mean(0)) == x.shape[1]:
        weights = _barycentric(x, target)
        if weights is not None:
            inner: np.ndarray = weights @ values
            return inner
    centre = x.mean(axis=0)
    centred = x - centre
    gram = centred.T @ centred + _RIDGE * np.eye(x.shape[1])
    slope = np.linalg.solve(gram, centred.T @ (values - values.mean(axis=0)))
    outer: np.ndarray = values.mean(axis=0) + (target - centre) @ slope
    return outer


def _barycentric(points: np.ndarray, wanted: np.ndarray) -> np.ndarray | None:
    from scipy.spatial import Delaunay

    mesh = Delaunay(points)
    simplex = int(mesh.find_simplex(wanted[None], tol=1e-9)[0])
    if simplex < 0:
        return None
    transform = mesh.transform[simplex]
    share = transform[:-1] @ (wanted - transform[-1])
    weights = np.zeros(len(points))
    weights[mesh.simplices[simplex]] = np.append(share, 1 - share.sum())
    return weights


def _own_names(table: ConditionTable) -> ConditionTable:
    """Give each row a name of its own: patches of a micrograph share theirs."""
    return ConditionTable(table.conditions, table.columns, tuple(f"r{k}" for k in range(len(table))))


def _encoded(scaler: Scaler, table: ConditionTable) -> np.ndarray:
    """Encode conditions; labels that were never seen are far from all."""
    rows = []
    for row in range(len(table)):
        try:
            rows.append(scaler.encode(table.select([row]))[0].astype(float))
        except ValueError:
            rows.append(np.full(scaler.width, 1.0))
    return np.array(rows)


def _means(images: Descriptors) -> list[np.ndarray]:
    arrays = [getattr(images, name) for name in ARRAYS]
    known = np.isfinite(arrays[0])
    counts = known.sum(axis=0)
    sums = np.where(known, arrays[0], 0.0).sum(axis=0)
    first = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return [first, *(a.mean(axis=0) for a in arrays[1:])]


def _unpacked(rows: np.ndarray, like: Descriptors) -> Descriptors:
    widths = [getattr(like, name).shape[1] for name in ARRAYS]
    return like.with_arrays(np.split(rows, np.cumsum(widths)[:-1], axis=1))
