"""Probabilities that mean what they say: one temperature on the logits, fitted on images not seen.

References
----------
Guo, Pleiss, Sun, Weinberger, Proc. ICML 70 (2017) 1321 (temperature scaling, calibration error).
"""

import numpy as np

from ..errors import ParameterError

COLDEST, HOTTEST = 0.05, 20.0
"""Limits of the temperature."""


def probabilities(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return the softmax of logits over a temperature; the last axis is that of the classes.

    Examples
    --------
    >>> probabilities(np.array([[0.0, np.log(3)]])).round(2).tolist()
    [[0.25, 0.75]]
    """
    scaled = np.asarray(logits, float) / temperature
    raised = np.exp(scaled - scaled.max(-1, keepdims=True))
    shares: np.ndarray = raised / raised.sum(-1, keepdims=True)
    return shares


def log_loss(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """Return the mean negative logarithm of the probability of the right class."""
    scaled = np.asarray(logits, float) / temperature
    top = scaled.max(-1)
    total = top + np.log(np.exp(scaled - top[:, None]).sum(-1))
    return float((total - scaled[np.arange(len(labels)), labels]).mean())


def fitted_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature with the least log loss.

    Parameters
    ----------
    logits : ndarray, shape (N, classes)
        Of images the network was not trained on.
    labels : ndarray of int, shape (N,)
        Their classes.

    Raises
    ------
    ParameterError
        If there are none, or shapes do not fit.
    """
    from scipy.optimize import minimize_scalar

    logits, labels = np.asarray(logits, float), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ParameterError(
            f"Logits of shape {logits.shape} and {labels.size} labels do not fit; "
            f"give one row of logits and one label per image."
        )
    found = minimize_scalar(
        lambda log: log_loss(logits, labels, float(np.exp(log))),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(found.x))


def calibration_error(shares: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Return the expected calibration error: how far confidence is from the share of right answers.

    Parameters
    ----------
    shares : ndarray, shape (N, classes)
        Probabilities.
    labels : ndarray of int, shape (N,)
        The classes.
    bins : int
        Bins of the confidence of equal width; 15 as published.

    Examples
    --------
    >>> shares = np.tile([0.8, 0.2], (10, 1))
    >>> calibration_error(shares, np.array([0] * 8 + [1] * 2)), calibration_error(shares, np.zeros(10, int))
    (0.0, 0.2)
    """
    confidence, right = shares.max(-1), shares.argmax(-1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    gap = np.abs(
        np.bincount(place, confidence, minlength=bins) - np.bincount(place, right.astype(float), bins)
    )
    return round(float(gap.sum() / max(1, count.sum())), 12)
