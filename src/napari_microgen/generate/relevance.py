"""How much each condition matters for the images: lengths over which simple descriptors change.

A Gaussian process with one length scale per condition is fitted to the mean of each
descriptor over the conditions (Rasmussen and Williams 2006, chapter 5). A condition with
a long scale hardly matters, so images at some distance along it are still alike.
"""

import numpy as np

LEAST = 8
"""Distinct conditions below which no scale is told."""
SHORTEST, LONGEST = 0.2, 3.0
"""Limits of a length scale, in standard deviations of the condition."""


def descriptors(patch: np.ndarray) -> list[float]:
    """Return mean, spread, mean gradient and coarse spread of a patch."""
    side = patch.shape[0] // 4 * 4
    coarse = patch[:side, :side].reshape(side // 4, 4, side // 4, 4).mean((1, 3))
    gradient = np.abs(np.diff(patch, axis=0)).mean() + np.abs(np.diff(patch, axis=1)).mean()
    return [float(patch.mean()), float(patch.std()), float(gradient), float(coarse.std())]


def inverse_squared_lengths(points: np.ndarray, values: np.ndarray) -> np.ndarray | None:
    """Return 1 / length^2 of each condition, or None where it cannot be told.

    Parameters
    ----------
    points : ndarray, shape (conditions, numbers)
        Standardised conditions, each once.
    values : ndarray, shape (conditions, descriptors)
        Mean descriptors there.

    Returns
    -------
    ndarray, shape (numbers,), or None
        Averaged over the descriptors, each as far as the conditions explain it.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> points = random.standard_normal((60, 2))
    >>> found = inverse_squared_lengths(points, np.sin(2 * points[:, :1]))
    >>> bool(found[0] > 5 * found[1])
    True
    """
    count, numbers = points.shape
    if count < LEAST or numbers < 2:
        return None
    total, weight = np.zeros(numbers), 0.0
    squared = (points[:, None] - points[None]) ** 2
    for column in values.T:
        spread = column.std()
        if spread < 1e-9:
            continue
        lengths, noise = _fitted(squared, (column - column.mean()) / spread)
        explained = max(0.0, 1 - noise)
        total += explained / np.clip(lengths, SHORTEST, LONGEST) ** 2
        weight += explained
    return total / weight if weight > 0.1 else None


def _fitted(squared: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Return length scales and noise variance of the likeliest process, under a weak prior on the lengths."""
    from scipy.optimize import minimize

    numbers = squared.shape[-1]

    def cost(logs: np.ndarray) -> tuple[float, np.ndarray]:
        inverse, noise = np.exp(-2 * logs[:-1]), np.exp(logs[-1])
        smooth = np.exp(-0.5 * squared @ inverse)
        covariance = smooth + (noise + 1e-6) * np.eye(len(values))
        precision = np.linalg.inv(covariance)
        solved = precision @ values
        slope = 0.5 * (precision - np.outer(solved, solved))
        gradient = np.array([(slope * smooth * squared[..., j]).sum() * inverse[j] for j in range(numbers)])
        value = 0.5 * values @ solved + 0.5 * np.linalg.slogdet(covariance)[1]
        prior = logs[:-1] / 1.5**2
        whole = np.append(gradient + prior, np.trace(slope) * noise)
        return float(value + 0.5 * (logs[:-1] * prior).sum()), whole

    bounds = [(np.log(0.05), np.log(30.0))] * numbers + [(np.log(1e-4), np.log(2.0))]
    tried = [
        minimize(
            cost,
            np.append(np.zeros(numbers), np.log(noise)),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 60},
        )
        for noise in (0.1, 0.9)
    ]
    found = min(tried, key=lambda result: float(result.fun))
    return np.exp(found.x[:-1]), float(np.exp(found.x[-1]))
