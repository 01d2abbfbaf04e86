"""Mean grey value of an image as a function of the conditions, for sampling that is right on average.

A deterministic sampler that starts from noise around 0 ends, with few steps, at a mean
that is too small by the factor 1 - r, r = s_m / sqrt(s_m^2 + s_n^2), where s_m is the
spread of image means within a condition and s_n = s_max / side. Starting around the
mean told by a regression removes this.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ModelFileError

RIDGES = (1e-3, 1e-2, 1e-1, 1.0)
LENGTHS = (0.5, 1.0, 2.0, 4.0)
SHRINKAGE = 5.0
"""Patches' worth of the common spread in the spread of one condition."""
MOST = 600
"""Distinct conditions that carry the regression at most."""


@dataclass(frozen=True, eq=False)
class MeanModel:
    """Kernel regression of the mean of patches on encoded conditions, chosen by leave-one-out."""

    points: np.ndarray
    """Encoded distinct conditions, shape (conditions, width)."""
    weights: np.ndarray
    """One per point."""
    offset: float
    """Mean over all conditions."""
    length: float
    """Length scale of the kernel over the median distance of the points."""
    unit: float
    """That median distance."""
    spread: float
    """Standard deviation of patch means within a condition (s_m)."""

    def mean(self, encoded: np.ndarray) -> np.ndarray:
        """Return the expected mean of patches at encoded conditions, shape (N,)."""
        return (
            self.offset
            + _kernel(np.asarray(encoded, float), self.points, self.length * self.unit) @ self.weights
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON values."""
        return {
            "points": self.points.tolist(),
            "weights": self.weights.tolist(),
            "offset": self.offset,
            "length": self.length,
            "unit": self.unit,
            "spread": self.spread,
        }

    @classmethod
    def from_dict(cls, content: Any) -> "MeanModel":
        """Read what `to_dict` gives.

        Raises
        ------
        ModelFileError
            If it is no such model.
        """
        try:
            points, weights = np.array(content["points"], float), np.array(content["weights"], float)
            numbers = [float(content[name]) for name in ("offset", "length", "unit", "spread")]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"The regression of image means is damaged: {error!r}.") from None
        fits = points.ndim == 2 and weights.shape == points.shape[:1] and min(numbers[1:3], default=0) > 0
        if (
            not fits
            or not all(np.isfinite(a).all() for a in (points, weights, np.array(numbers)))
            or numbers[3] < 0
        ):
            raise ModelFileError("The regression of image means contradicts itself.")
        return cls(points, weights, *numbers)


def fit_means(
    encoded: np.ndarray,
    means: np.ndarray,
    group: np.ndarray,
    whole: np.ndarray | None = None,
    pieces: np.ndarray | None = None,
) -> MeanModel:
    """Return the regression of patch means on conditions.

    Parameters
    ----------
    encoded : ndarray, shape (patches, width)
        Encoded condition of each patch.
    means : ndarray, shape (patches,)
        Their means, of images from -1 to 1.
    group : ndarray of int, shape (patches,)
        Number of the distinct condition of each.
    whole : ndarray, optional
        Mean of whole micrographs by number of the condition, which is surer than that of
        some patches; shape (conditions,).
    pieces : ndarray, optional
        How many separate patches these hold, shape (conditions,).
    """
    different = np.unique(group)
    if len(different) > MOST:
        used = np.isin(group, different[np.linspace(0, len(different) - 1, MOST).round().astype(int)])
        encoded, means, group = encoded[used], means[used], group[used]
    numbers, first, counts = np.unique(group, return_index=True, return_counts=True)
    points = np.asarray(encoded, float)[first]
    sums = np.bincount(np.searchsorted(numbers, group), weights=means)
    own = sums / counts
    within = means - own[np.searchsorted(numbers, group)]
    spread = float(np.sqrt((within**2).sum() / max(1, len(means) - len(numbers))))
    if whole is not None:
        own = np.asarray(whole, float)[numbers]
    sure = counts if pieces is None else np.maximum(np.asarray(pieces, float)[numbers], 1)
    squares = np.bincount(np.searchsorted(numbers, group), weights=within**2)
    uncertain = (squares + SHRINKAGE * spread**2) / (counts - 1 + SHRINKAGE) / sure
    offset = float(own.mean())
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    apart = distances[distances > 0]
    unit = float(np.median(apart)) if apart.size else 1.0
    best: tuple[float, float, np.ndarray] = (np.inf, LENGTHS[0], np.zeros(len(points)))
    noise = uncertain / max(float(own.var()), 1e-12)
    for length in LENGTHS:
        kernel = _kernel(points, points, length * unit)
        for ridge in RIDGES:
            inverse = np.linalg.inv(kernel + np.diag(1e-6 + ridge * 1e-3 + noise * (1 + ridge)))
            weights = inverse @ (own - offset)
            left_out = weights / np.diag(inverse)
            error = float((left_out**2).mean())
            if error < best[0]:
                best = (error, length, weights)
    return MeanModel(points, best[2], offset, best[1], unit, spread)


def contraction(spread: float, s_max: float, side: int) -> float:
    """Return r, the share by which a deterministic sampler pulls image means to where it starts.

    Examples
    --------
    >>> round(0.70 * (1 - contraction(0.06, 80, 224)), 4)
    0.584
    """
    noise = s_max / side
    return spread / float(np.hypot(spread, noise))


def _kernel(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    squared = ((a[:, None] - b[None]) ** 2).sum(-1)
    return np.exp(-squared / (2 * length**2))
