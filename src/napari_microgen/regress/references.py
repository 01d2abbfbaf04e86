"""Two models to hold a subset regression against: ridge and a Gaussian process on all features.

If the best subset is not clearly better than these, its selection bought nothing but a
shorter formula; if a Gaussian process is clearly better, the relation is not linear.
"""

import numpy as np

PENALTIES = np.logspace(-4, 3, 43)
"""Ridge penalties tried, as share of the rows."""


def ridge_coefficients(features: np.ndarray, target: np.ndarray, penalty: float) -> np.ndarray:
    """Coefficients of ridge regression on centred features, penalty in units of squared features.

    Minimises ``sum (y - X b)^2 + penalty * sum b^2``, shape (n, k) and (n,) to (k,).
    """
    u, s, vt = np.linalg.svd(features, full_matrices=False)
    return np.asarray(vt.T @ (s / (s**2 + penalty) * (u.T @ target)))


def best_penalty(features: np.ndarray, target: np.ndarray) -> float:
    """Return the penalty with the smallest leave-one-out error, by its closed form.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        Standardised.
    target : ndarray, shape (n,)
        Centred.
    """
    rows = len(target)
    u, s, _ = np.linalg.svd(features, full_matrices=False)
    penalties = PENALTIES * rows
    shrink = s**2 / (s**2 + penalties[:, None])
    fitted = (u * (u.T @ target)) @ shrink.T
    leverage = 1 / rows + (u**2) @ shrink.T
    errors = (target[:, None] - fitted) / (1 - leverage)
    return float(penalties[np.argmin(np.mean(errors**2, axis=0))])


def ridge_error(features: np.ndarray, target: np.ndarray, row: int) -> float:
    """Return the error on one row of ridge on all features; scaling and penalty are found without it.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        All candidates.
    target : ndarray, shape (n,)
        The property.
    row : int
        The row left out.
    """
    x, y, mean, scale = _without(features, target, row)
    penalty = best_penalty(x, y - y.mean())
    weights = ridge_coefficients(x, y - y.mean(), penalty)
    return float(target[row] - y.mean() - ((features[row] - mean) / scale) @ weights)


def gaussian_process_error(features: np.ndarray, target: np.ndarray, row: int) -> float:
    """Return the error on one row of a Gaussian process (squared exponential plus noise) on all features.

    Length, amplitude and noise maximise the marginal likelihood of the other rows.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        All candidates.
    target : ndarray, shape (n,)
        The property.
    row : int
        The row left out.
    """
    x, y, mean, scale = _without(features, target, row)
    level, size = y.mean(), y.std() or 1.0
    settings = fit_kernel(x, (y - level) / size, np.log([2.0, 1.0, 0.1]))
    new = ((features[row] - mean) / scale)[None]
    return float(target[row] - level - size * predict_process(x, (y - level) / size, new, settings)[0])


def fit_kernel(features: np.ndarray, target: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the logarithms of length, amplitude and noise that maximise the marginal likelihood.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        Standardised.
    target : ndarray, shape (n,)
        Standardised.
    start : ndarray, shape (3,)
        Where the search begins; a second one begins at a long length.
    """
    from scipy.optimize import minimize

    squared = _squared_distances(features, features)
    bounds = [(np.log(0.1), np.log(100)), (np.log(0.05), np.log(100)), (np.log(1e-3), np.log(3))]
    found = [
        minimize(
            _negative_evidence, begin, args=(squared, target), jac=True, method="L-BFGS-B", bounds=bounds
        )
        for begin in (start, np.log([10.0, 3.0, 0.03]))
    ]
    return np.asarray(min(found, key=lambda result: result.fun).x)


def predict_process(
    features: np.ndarray, target: np.ndarray, new: np.ndarray, settings: np.ndarray
) -> np.ndarray:
    """Return the mean of the process at new rows, shape (m, k) to (m,)."""
    length, amplitude, noise = np.exp(settings)
    kernel = amplitude**2 * np.exp(-_squared_distances(features, features) / (2 * length**2))
    cross = amplitude**2 * np.exp(-_squared_distances(new, features) / (2 * length**2))
    return np.asarray(cross @ np.linalg.solve(kernel + noise**2 * np.eye(len(target)), target))


def _without(
    features: np.ndarray, target: np.ndarray, row: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    x, y = np.delete(features, row, axis=0), np.delete(target, row)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return (x - mean) / scale, y, mean, scale


def _squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.sum((first[:, None] - second[None]) ** 2, axis=-1)


def _negative_evidence(
    settings: np.ndarray, squared: np.ndarray, target: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return minus the log marginal likelihood and its gradient (Rasmussen and Williams 2006, eq. 5.9)."""
    length, amplitude, noise = np.exp(settings)
    shape = np.exp(-squared / (2 * length**2))
    kernel = amplitude**2 * shape + noise**2 * np.eye(len(target))
    inverse = np.linalg.inv(kernel)
    weights = inverse @ target
    _, logdet = np.linalg.slogdet(kernel)
    value = 0.5 * (target @ weights + logdet + len(target) * np.log(2 * np.pi))
    slopes = (
        amplitude**2 * shape * squared / length**2,
        2 * amplitude**2 * shape,
        2 * noise**2 * np.eye(len(target)),
    )
    inner = inverse - np.outer(weights, weights)
    return float(value), np.array([0.5 * np.sum(inner * slope) for slope in slopes])
