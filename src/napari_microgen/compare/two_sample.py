"""Can two sets be told apart? Classifier AUC and energy distance, both by group.

Images of one micrograph are alike, so whole micrographs go into a fold or change sides in a
permutation, never single patches.

References
----------
Lopez-Paz, Oquab, Revisiting classifier two-sample tests, ICLR 2017, arXiv 1610.06545.
Szekely, Rizzo, J. Stat. Plan. Inference 143 (2013) 1249, doi 10.1016/j.jspi.2013.03.018.
"""

import numpy as np

FOLDS = 5
_STEPS = 25


def area_under_curve(negative: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive has the higher score; ties count half.

    Examples
    --------
    >>> area_under_curve(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.875
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    upto = np.searchsorted(ordered, positive, side="right")
    return float((below + upto).mean() / (2 * len(negative)))


def classifier_auc(
    first: np.ndarray,
    second: np.ndarray,
    first_groups: np.ndarray,
    second_groups: np.ndarray,
    *,
    seed: int = 0,
    folds: int = FOLDS,
    penalty: float = 1.0,
) -> float:
    """How well logistic regression tells two sets apart on groups it has not seen.

    Parameters
    ----------
    first, second : ndarray of float, shape (n, d) and (m, d)
        Coordinates of the images, on comparable scales.
    first_groups, second_groups : ndarray of int, shape (n,) and (m,)
        Micrograph of each image; a fold holds whole ones.
    seed : int
        Of the folds.
    folds : int
        Parts left out in turn; fewer where there are fewer groups.
    penalty : float
        Ridge on the coefficients of standardised coordinates.

    Returns
    -------
    float
        Mean AUC over the folds: 0.5 if nothing tells them apart, 1 if everything does; NaN with
        fewer than two groups on a side.
    """
    random = np.random.default_rng(seed)
    sides = [(first, _fold_of(first_groups, folds, random)), (second, _fold_of(second_groups, folds, random))]
    count = min(int(fold.max(initial=-1)) + 1 for _, fold in sides)
    if count < 2:
        return float("nan")
    found = []
    for left_out in range(count):
        parts = [(x[fold % count != left_out], x[fold % count == left_out]) for x, fold in sides]
        train = np.concatenate([parts[0][0], parts[1][0]])
        target = np.repeat([0.0, 1.0], [len(parts[0][0]), len(parts[1][0])])
        weights = np.repeat([0.5 / len(parts[0][0]), 0.5 / len(parts[1][0])], [len(p[0]) for p in parts])
        centre, scale = train.mean(axis=0), train.std(axis=0)
        scale[scale == 0] = 1.0
        rule = logistic_regression((train - centre) / scale, target, weights * len(train), penalty)
        scores = [(part[1] - centre) / scale @ rule[1:] for part in parts]
        found.append(area_under_curve(*scores))
    return float(np.mean(found))


def logistic_regression(x: np.ndarray, target: np.ndarray, weights: np.ndarray, penalty: float) -> np.ndarray:
    """Fit by Newton's method with a ridge on all but the constant.

    Parameters
    ----------
    x : ndarray of float, shape (n, d)
        Standardised coordinates.
    target : ndarray of float, shape (n,)
        0 or 1.
    weights : ndarray of float, shape (n,)
        Weight of each row.
    penalty : float
        Half the ridge is ``penalty`` / 2 times the squared coefficients.

    Returns
    -------
    ndarray of float64, shape (d + 1,)
        Constant and coefficients.
    """
    design = np.column_stack([np.ones(len(x)), x])
    ridge = np.full(design.shape[1], penalty)
    ridge[0] = 1e-9
    rule = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 0.5 * (1 + np.tanh(0.5 * np.clip(design @ rule, -60, 60)))
        gradient = design.T @ (weights * (target - chance)) - ridge * rule
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        step *= min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
        rule += step
        if np.abs(step).max() < 1e-6:
            break
    return rule


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Euclidean distances between two sets of points, shape (n, m)."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(first, second))


def energy_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Energy distance between two sets of points, as a squared distance; 0 for equal distributions.

    Means within a set leave out the distance of a point to itself, so that the expected
    value for two sets of one distribution is 0; a value may be slightly negative.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(400, 2))
    >>> abs(energy_distance(points[:200], points[200:])) < 0.03
    True
    """
    n, m = len(first), len(second)
    within = distances(first, first).sum() / (n * (n - 1)) + distances(second, second).sum() / (m * (m - 1))
    return float(2 * distances(first, second).mean() - within)


def energy_test(
    first: np.ndarray,
    second: np.ndarray,
    first_groups: np.ndarray,
    second_groups: np.ndarray,
    *,
    permutations: int = 999,
    seed: int = 0,
) -> tuple[float, float]:
    """Energy distance of two sets and its permutation p; whole groups change sides.

    Parameters
    ----------
    first, second : ndarray of float, shape (n, d) and (m, d)
        Points.
    first_groups, second_groups : ndarray of int
        Micrograph of each point.
    permutations : int
        Random ways to deal the groups to two sides of as many groups as there were.
    seed : int
        Of the permutations.

    Returns
    -------
    value, p : float
        The value is that of `energy_distance`; p is NaN if one side has a single group, whose scatter
        nobody knows.
    """
    if min(len(np.unique(g)) for g in (first_groups, second_groups)) < 2:
        return energy_distance(first, second), float("nan")
    points = np.concatenate([first, second])
    group = np.concatenate([_codes(first_groups), _codes(second_groups)])
    groups_first = int(_codes(first_groups).max()) + 1
    group[len(first) :] += groups_first
    count = int(group.max()) + 1
    matrix = distances(points, points)
    # Sums of distances and numbers of points between groups are all that a permutation needs.
    order = np.argsort(group, kind="stable")
    size = np.bincount(group, minlength=count).astype(float)
    starts = np.concatenate([[0], np.cumsum(size[:-1])]).astype(int)
    between = np.add.reduceat(np.add.reduceat(matrix[np.ix_(order, order)], starts, 0), starts, 1)
    random = np.random.default_rng(seed)
    sides = np.zeros((permutations + 1, count))
    sides[0, :groups_first] = 1.0
    for row in range(1, permutations + 1):
        sides[row, random.permutation(count)[:groups_first]] = 1.0
    with np.errstate(invalid="ignore", divide="ignore"):  # a side of one image has no energy
        values = _energies(sides, between, size)
    values = np.where(np.isfinite(values), values, np.inf)
    p = (1 + np.count_nonzero(values[1:] >= values[0] - 1e-12 * abs(values[0]))) / (permutations + 1)
    return float(values[0]), float(p)


def _energies(sides: np.ndarray, between: np.ndarray, size: np.ndarray) -> np.ndarray:
    other = 1 - sides
    n, m = sides @ size, other @ size
    half = sides @ between
    own, cross = (half * sides).sum(axis=1), (half * other).sum(axis=1)
    rest = between.sum() - own - 2 * cross
    values: np.ndarray = 2 * cross / (n * m) - own / (n * (n - 1)) - rest / (m * (m - 1))
    return values


def _codes(groups: np.ndarray) -> np.ndarray:
    return np.unique(groups, return_inverse=True)[1].reshape(-1)


def _fold_of(groups: np.ndarray, folds: int, random: np.random.Generator) -> np.ndarray:
    """Deal whole groups to folds of about equal size."""
    codes = _codes(groups)
    sizes = np.bincount(codes)
    order = random.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold, filled = np.zeros(len(sizes), int), np.zeros(min(folds, len(sizes)))
    for group in order:
        fold[group] = int(filled.argmin())
        filled[fold[group]] += sizes[group]
    result: np.ndarray = fold[codes]
    return result
