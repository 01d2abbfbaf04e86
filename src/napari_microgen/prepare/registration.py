"""Shift between slices by least squares, and the path that brings a stack into line.

The shift t of slice k + 1 against slice k minimises the mean of
(I_k(x) - a I_{k+1}(x + t) - b)^2 over the overlap. Gain a and offset b are solved in
closed form for each t, so a change of brightness does not pull the shift.
"""

import math
from dataclasses import dataclass

import numpy as np

SMOOTHING = 1.0
"""Standard deviation in px of the blur before the sub-pixel search."""
TOLERANCE = 0.01
"""The sub-pixel search stops at steps below this, in px."""
SMALLEST = 16
"""Smaller slices leave too little overlap to measure a shift."""
WINDOW = 4096
"""Larger slices are compared in a centred window of this many rows and columns."""


@dataclass(frozen=True, slots=True)
class PairShift:
    """How the next slice lies against a slice."""

    shift: tuple[float, float] | None
    """What is at (row, column) x of the first slice is at x + shift of the next; None if undefined."""
    residual: float
    """Share of the variance of the first slice that the next one does not explain, 0 to 1."""
    reason: str = ""
    """Why the shift is undefined or doubtful."""


def pair_shift(first: np.ndarray, second: np.ndarray, max_shift: int = 16) -> PairShift:
    """Measure the shift of a slice against the one before.

    Parameters
    ----------
    first, second : ndarray, shape (R, C)
        Two slices of one shape.
    max_shift : int
        Largest shift that is looked for along rows and columns, in px.

    Returns
    -------
    PairShift
        Undefined, with the reason, if a slice has one grey value only, or has no
        structure along rows or columns.

    Examples
    --------
    >>> grey = np.random.default_rng(0).normal(size=(64, 64)).cumsum(0).cumsum(1)
    >>> pair_shift(grey[4:60, 4:60], grey[2:58, 7:63]).shift
    (2.0, -3.0)
    """
    first, second = _window(first), _window(second)
    for which, image in (("first", first), ("second", second)):
        if np.ptp(image) == 0:
            return PairShift(None, 1.0, f"the {which} slice of the pair has one grey value only")
    limit = min(max_shift, min(first.shape) // 4)
    if min(first.shape) < SMALLEST:
        return PairShift(None, 1.0, f"the slices have fewer than {SMALLEST} rows or columns")
    start, at_limit = _integer_shift(first, second, limit)
    fine = _fine_shift(first, second, start)
    if fine is None:
        return PairShift(None, 1.0, "the slices have no structure along rows or along columns")
    shift, residual = fine
    reason = f"the best shift lies at the search limit of {limit} px" if at_limit else ""
    return PairShift((round(shift[0], 4) + 0.0, round(shift[1], 4) + 0.0), residual, reason)


def _window(image: np.ndarray) -> np.ndarray:
    starts = [max(0, (n - WINDOW) // 2) for n in image.shape]
    cut = image[starts[0] : starts[0] + WINDOW, starts[1] : starts[1] + WINDOW]
    return np.asarray(cut, dtype=np.float32)


def _integer_shift(first: np.ndarray, second: np.ndarray, limit: int) -> tuple[tuple[int, int], bool]:
    """Whole-pixel shift of least residual, and whether it lies at the limit of the search.

    With a and b in closed form the residual is var(first) (1 - r^2) over the overlap.
    """
    from scipy import fft

    if limit < 1:
        return (0, 0), False
    shape = tuple(fft.next_fast_len(n + limit, real=True) for n in first.shape)
    first, second = first - first.mean(), second - second.mean()
    spectrum = np.conj(fft.rfft2(first, shape)) * fft.rfft2(second, shape)
    products = _lags(fft.irfft2(spectrum, shape), limit).astype(np.float64)
    count = _overlap_counts(first.shape, limit)
    sums = [_overlap_sums(power, limit, sign) for power, sign in _powers(first, second)]
    mean_1, mean_2 = sums[0] / count, sums[2] / count
    variance_1 = sums[1] / count - mean_1**2
    variance_2 = sums[3] / count - mean_2**2
    covariance = products / count - mean_1 * mean_2
    floor_1, floor_2 = 1e-6 * float(first.var()), 1e-6 * float(second.var())
    explained = np.maximum(covariance, 0) ** 2 / np.maximum(variance_2, floor_2)
    residual = np.where(variance_1 > floor_1, variance_1 - explained, np.inf)
    where = np.unravel_index(int(np.argmin(residual)), residual.shape)
    shift = (int(where[0]) - limit, int(where[1]) - limit)
    return shift, max(abs(s) for s in shift) == limit


def _powers(first: np.ndarray, second: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Images whose sums over the overlap are needed, and which side of it they lie on."""
    return [(first, 1), (first**2, 1), (second, -1), (second**2, -1)]


def _lags(correlation: np.ndarray, limit: int) -> np.ndarray:
    """Values at lags -limit to limit, shape (2 limit + 1, 2 limit + 1)."""
    lags = np.arange(-limit, limit + 1)
    return correlation[np.ix_(lags, lags)]


def _overlap_counts(shape: tuple[int, ...], limit: int) -> np.ndarray:
    lags = np.abs(np.arange(-limit, limit + 1))
    return np.outer(shape[0] - lags, shape[1] - lags).astype(np.float64)


def _overlap_sums(image: np.ndarray, limit: int, sign: int) -> np.ndarray:
    """Sum of an image over its overlap with the other slice, for each lag.

    ``sign`` is 1 for the first slice, whose overlap is x with x + t inside, else -1.
    """
    table = np.zeros((image.shape[0] + 1, image.shape[1] + 1))
    np.cumsum(image, axis=0, out=table[1:, 1:], dtype=np.float64)
    np.cumsum(table[1:, 1:], axis=1, out=table[1:, 1:])
    lags = sign * np.arange(-limit, limit + 1)
    (top, bottom), (left, right) = ((np.maximum(0, -lags), n - np.maximum(0, lags)) for n in image.shape)
    return (
        table[np.ix_(bottom, right)]
        - table[np.ix_(top, right)]
        - table[np.ix_(bottom, left)]
        + table[np.ix_(top, left)]
    )


def _fine_shift(
    first: np.ndarray, second: np.ndarray, start: tuple[int, int]
) -> tuple[tuple[float, float], float] | None:
    """Sub-pixel shift by Gauss-Newton on a smoothed pair; None if a direction has no structure."""
    from scipy import ndimage

    one = ndimage.gaussian_filter(first, SMOOTHING)
    knots = ndimage.spline_filter(ndimage.gaussian_filter(second, SMOOTHING), order=3, output=np.float32)
    shift = np.array(start, dtype=np.float64)
    best: tuple[float, np.ndarray] | None = None
    for _ in range(20):
        step, residual = _gauss_newton(one, knots, shift)
        if step is None:
            return None
        if best is None or residual < best[0]:
            best = residual, shift.copy()
        length = float(np.abs(step).max())
        shift = shift + step / max(1.0, length)
        if length < TOLERANCE / 4 or np.abs(shift - start).max() > 3:
            break
    assert best is not None
    if np.abs(shift - start).max() <= 3:
        _, residual = _gauss_newton(one, knots, shift)
        if residual < best[0]:
            best = residual, shift
    return (float(best[1][0]), float(best[1][1])), best[0]


def _gauss_newton(one: np.ndarray, knots: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray | None, float]:
    """One step towards the least residual, and the residual share before it."""
    whole = np.floor(shift).astype(int)
    part = shift - whole
    rows, columns = (_spline_overlap(n, int(w)) for n, w in zip(one.shape, whole, strict=True))
    target = one[rows[0] : rows[1], columns[0] : columns[1]]
    moved, down, right = _spline_values(knots, rows, columns, whole, part)
    target = target - target.mean()
    basis = np.stack([(image - image.mean()).ravel() for image in (moved, down, right)])
    normal = (basis @ basis.T).astype(np.float64)
    products = (basis @ target.ravel()).astype(np.float64)
    variance = float(np.vdot(target, target))
    if variance <= 0 or normal[0, 0] <= 0:
        return None, 1.0
    gain = products[0] / normal[0, 0]
    residual = 1 - products[0] ** 2 / (normal[0, 0] * variance)
    if gain <= 0:
        return np.zeros(2), 1.0
    slopes = normal[1:, 1:] - np.outer(normal[1:, 0], normal[0, 1:]) / normal[0, 0]
    if np.diag(slopes).min() <= 1e-6 * normal[0, 0] or np.linalg.cond(slopes) > 1e6:
        return None, 1.0
    step = np.linalg.solve(slopes, products[1:] - normal[1:, 0] * gain) / gain
    return step, max(0.0, float(residual))


def _spline_overlap(size: int, whole: int) -> tuple[int, int]:
    """Rows x of the first slice for which x + shift has all four spline knots inside."""
    return max(2, 2 - whole), min(size - 2, size - 3 - whole)


def _spline_values(
    knots: np.ndarray, rows: tuple[int, int], columns: tuple[int, int], whole: np.ndarray, part: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cubic spline of a slice at x + shift, and its derivatives along rows and columns."""
    values, slopes = zip(*(_spline_weights(float(p)) for p in part), strict=True)

    def along(image: np.ndarray, axis: int, weights: np.ndarray) -> np.ndarray:
        first, last = (rows, columns)[axis]
        start, stop = first + int(whole[axis]) - 1, last + int(whole[axis]) - 1
        pieces = (np.take(image, range(start + k, stop + k), axis=axis) * w for k, w in enumerate(weights))
        return sum(pieces)  # type: ignore[return-value]

    by_row = along(knots, 0, values[0])
    moved, right = along(by_row, 1, values[1]), along(by_row, 1, slopes[1])
    return moved, along(along(knots, 0, slopes[0]), 1, values[1]), right


def _spline_weights(t: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the knots at -1, 0, 1, 2 for a cubic B-spline at t in [0, 1), and of its slope."""
    value = np.array([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    slope = np.array([-((1 - t) ** 2), 3 * t**2 - 4 * t, -3 * t**2 + 2 * t + 1, t**2]) / 2
    return value.astype(np.float32), slope.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Path:
    """Where the content of each slice lies, seen from the first one."""

    shifts: np.ndarray
    """What is at x of the first slice is at x + shift of slice k, in px; shape (P, 2)."""
    undefined: tuple[int, ...]
    """Slices without structure; their shift is read off the line between their neighbours."""
    replaced: tuple[int, ...]
    """Slices whose pair with the one before was bad and took the mean of its neighbours."""
    trend: tuple[float, float]
    """Mean drift along rows and columns, px per slice."""


def bad_pairs(pairs: list[PairShift]) -> np.ndarray:
    """Return which pairs cannot be trusted: residual above median + 5 MAD, or shift at the limit.

    The MAD is scaled to the standard deviation of a normal spread, and a residual below
    1.5 times the median is never bad, so equal residuals are not split by rounding.
    """
    residuals = np.array([pair.residual for pair in pairs])
    middle = float(np.median(residuals))
    spread = 1.4826 * float(np.median(np.abs(residuals - middle)))
    bad = residuals > max(middle + 5 * spread, 1.5 * middle + 1e-6)
    return bad | np.array([bool(pair.reason) for pair in pairs])


def path_of(pairs: list[PairShift], slices: list[int], count: int, *, keep_trend: bool = False) -> Path:
    """Sum pair shifts to a path over the stack.

    Parameters
    ----------
    pairs : list of PairShift, length n - 1
        Shift of slice ``slices[i + 1]`` against ``slices[i]``.
    slices : list of int, length n
        Slices with structure, in order.
    count : int
        Slices in the stack; those not in ``slices`` are undefined.
    keep_trend : bool
        Take out jitter only: the running median of the path over 51 slices stays in the stack.

    Returns
    -------
    Path
    """
    gaps = np.diff(slices)
    rates = np.array([pair.shift or (math.nan, math.nan) for pair in pairs]).reshape(-1, 2) / gaps[:, None]
    bad = bad_pairs(pairs) if pairs else np.zeros(0, bool)
    good = np.flatnonzero(~bad)
    for i in np.flatnonzero(bad):
        before, after = good[good < i], good[good > i]
        neighbours = [int(side) for side in (*before[-1:], *after[:1])]
        rates[i] = rates[neighbours].mean(axis=0) if neighbours else 0.0
    known = np.concatenate([np.zeros((1, 2)), np.cumsum(rates * gaps[:, None], axis=0)])
    shifts = np.stack([np.interp(np.arange(count), slices, known[:, axis]) for axis in (0, 1)], axis=1)
    shifts -= shifts[0]
    line = np.polyfit(np.arange(count), shifts, 1)[0] if count > 1 else np.zeros(2)
    if keep_trend:
        shifts = shifts - running_median(shifts, 51)
    undefined = tuple(sorted(set(range(count)) - set(slices)))
    replaced = tuple(int(slices[i + 1]) for i in np.flatnonzero(bad))
    return Path(shifts, undefined, replaced, (float(line[0]), float(line[1])))


def running_median(path: np.ndarray, length: int) -> np.ndarray:
    """Return the median of ``path`` in a window along its first axis; a straight line stays as it is.

    Parameters
    ----------
    path : ndarray, shape (P, 2)
        Values along the stack.
    length : int
        Window in slices. At the ends the departure from the straight line through the path is
        mirrored.
    """
    from scipy import ndimage

    if len(path) < 3:
        return path.copy()
    place = np.arange(len(path))
    slope, start = np.polyfit(place, path, 1)
    line = start + place[:, None] * slope
    size = min(length, 2 * ((len(path) - 1) // 2) + 1)
    return np.asarray(line + ndimage.median_filter(path - line, size=(size, 1), mode="reflect"))
