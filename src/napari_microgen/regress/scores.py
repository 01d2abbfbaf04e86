"""How far predictions are from the truth."""

from collections.abc import Sequence

import numpy as np


def rmse(target: np.ndarray, predicted: np.ndarray) -> float:
    """Root mean square error, in the unit of the target."""
    return float(np.sqrt(np.mean((np.asarray(target) - predicted) ** 2)))


def mean_absolute_error(target: np.ndarray, predicted: np.ndarray) -> float:
    """Mean of the absolute errors; over single rows left out, the mean of the fold-wise RMSE."""
    return float(np.mean(np.abs(np.asarray(target) - predicted)))


def r_squared(target: np.ndarray, predicted: np.ndarray) -> float | None:
    """Coefficient of determination, 1 - SS_res / SS_tot, around the mean of ``target``.

    Returns
    -------
    float or None
        At most 1; negative if the mean would have been better. None where the target does
        not vary or has a single row.

    Examples
    --------
    >>> r_squared(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    0.5
    """
    target = np.asarray(target, float)
    total = float(np.sum((target - target.mean()) ** 2))
    if target.size < 2 or total <= 1e-24 * float(np.sum(target**2)):
        return None
    return 1.0 - float(np.sum((target - predicted) ** 2)) / total


def by_group(
    target: np.ndarray, predicted: np.ndarray, groups: Sequence[str]
) -> dict[str, dict[str, float | int | None]]:
    """Return rows, RMSE and R² of each group, around the mean of its own rows.

    Parameters
    ----------
    target, predicted : ndarray, shape (n,)
        Truth and predictions.
    groups : sequence of str
        Group of each row.
    """
    labels = np.asarray(groups)
    found: dict[str, dict[str, float | int | None]] = {}
    for group in dict.fromkeys(groups):
        rows = labels == group
        found[group] = {
            "rows": int(rows.sum()),
            "rmse": rmse(target[rows], predicted[rows]),
            "r2": r_squared(target[rows], predicted[rows]),
        }
    return found
