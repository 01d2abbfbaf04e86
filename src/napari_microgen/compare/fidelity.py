"""Every number of one set of images against another, in one dictionary."""

import numpy as np

from .descriptors import Descriptors
from .distribution_distance import kolmogorov_smirnov, wasserstein, wasserstein_of_counts
from .neighbourhood import neighbourhood
from .space import Space, with_squares, within_conditions
from .two_sample import classifier_auc, energy_distance

HIGHER_IS_BETTER = ("precision", "recall", "density", "coverage", "diversity", "nearest_spacing")
"""Names of numbers that should be about 1 or as high as real against real; all others should be low."""

MEANING = {
    "two_point_correlation.curve": "root mean square difference of S2(r), over its variance at r = 0",
    "lineal_path.curve": "root mean square difference of the lineal path, over the phase fraction",
    "chord_length.distribution": "Wasserstein-1 distance of the chord lengths, over the real mean chord",
    "distance_transform.distribution": "Wasserstein-1 distance of the distances to the edge of the phase "
    "(or to the boundaries of grains), over their real mean",
    "area_fraction.points": "largest difference of the area fraction at ten thresholds, in points",
    "persistence_image.l2": "difference of the mean persistence images, over the size of the real one",
    "persistence_image.auc": "how well the two are told apart by three components of persistence images",
    "persistence_image.energy": "energy distance in these three components",
    "descriptors.auc": "how well the two are told apart by all descriptors and their squares",
    "descriptors.energy": "energy distance in all descriptors",
    "precision": "share of images that lie where real ones lie",
    "recall": "share of real images that lie where these images lie",
    "density": "how densely they lie where real ones lie; 1 for real ones",
    "coverage": "share of real images with one of these among their five nearest",
    "diversity": "spread of all descriptors over that of the real images, worst condition",
    "nearest_spacing": "distance to the nearest other image, over that of the real images, worst condition",
}
"""What the numbers mean, for the report."""


def meaning(name: str) -> str:
    """Return in words what a number means.

    Examples
    --------
    >>> meaning("relative_density.wasserstein")
    'Wasserstein-1 distance of the distributions over images, in real standard deviations'
    """
    kinds = {
        "wasserstein": "Wasserstein-1 distance of the distributions over images, in real standard deviations",
        "mean": "root mean square difference of the condition means, in real standard deviations",
        "mape": "mean difference of the condition means, in per cent of the real ones",
        "ks": "largest distance of the cumulative distributions over images",
        "r2": "share of the variance over conditions that the condition means explain",
        "worst": "largest difference of a condition mean, in per cent of the real one",
        "bias": "mean difference of the condition means with its sign, in per cent of the real ones",
        "error": "mean absolute difference of the condition means",
    }
    name, _, group = name.partition("[")
    if group:
        return f"{kinds[name.rpartition('.')[2]]}; {_group_words(group.removesuffix(']'))}"
    if name.startswith("read_back."):
        return "share of the variance of this condition that a regression on real images reads from images"
    return MEANING.get(name) or kinds[name.rpartition(".")[2]]


def _group_words(group: str) -> str:
    words = {
        "mean": "mean of all series",
        "worst": "worst of all series",
        "all conditions": "all conditions",
        "inside": "held-out conditions inside the hull of the training",
    }
    return words.get(group, f"conditions with {group}" if "=" in group else f"{group} conditions")


def fidelity(
    real: Descriptors,
    other: Descriptors,
    groups: tuple[np.ndarray, np.ndarray],
    conditions: tuple[np.ndarray, np.ndarray],
    space: Space,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """Compare a set of images with real ones.

    Parameters
    ----------
    real, other : Descriptors
        Of as many images each, for a fair floor.
    groups, conditions : pair of ndarray of int
        Micrograph and condition of each real and each other image.
    space : Space
        Fitted on real images.
    seed : int
        Of the folds of the classifiers.

    Returns
    -------
    dict of float
        By name; NaN where undefined.
    """
    found = marginals(real, other, space) | curves(real, other)
    points = space.points(real), space.points(other)
    persistence = space.persistence(real), space.persistence(other)
    rings, everything = (within_conditions(list(p), list(conditions)) for p in (persistence, points))
    found["persistence_image.auc"] = classifier_auc(rings[0], rings[1], groups[0], groups[1], seed=seed)
    squares = [with_squares(p) for p in everything]
    found["descriptors.auc"] = classifier_auc(squares[0], squares[1], groups[0], groups[1], seed=seed)
    if min(len(real), len(other)) > 1:
        found["persistence_image.energy"] = energy_distance(*persistence)
        found["descriptors.energy"] = energy_distance(*points)
    return found | neighbourhood(*points)


def marginals(real: Descriptors, other: Descriptors, space: Space) -> dict[str, float]:
    """Compare the distribution of each descriptor by itself."""
    found = {}
    for place, name in enumerate(real.names):
        a, b = real.values[:, place], other.values[:, place]
        found[f"{name}.wasserstein"] = wasserstein(a, b) / float(space.deviation[place])
        found[f"{name}.ks"] = kolmogorov_smirnov(a, b)
    return found


def curves(real: Descriptors, other: Descriptors) -> dict[str, float]:
    """Compare mean curves and mean images."""
    s2 = real.correlation.mean(axis=0)
    variance = s2[0] * (1 - s2[0])
    path = real.path.mean(axis=0)
    chords = real.chords.sum(axis=0)
    depths = real.depths.sum(axis=0)
    rings = real.rings.mean(axis=0)
    return {
        "two_point_correlation.curve": _ratio(_rms(other.correlation.mean(axis=0) - s2), variance),
        "lineal_path.curve": _ratio(_rms(other.path.mean(axis=0) - path), path[0]),
        "chord_length.distribution": _of_counts(chords, other.chords.sum(axis=0)),
        "distance_transform.distribution": _of_counts(depths, other.depths.sum(axis=0)),
        "area_fraction.points": 100 * float(np.abs(other.area.mean(axis=0) - real.area.mean(axis=0)).max()),
        "persistence_image.l2": _ratio(
            float(np.linalg.norm(other.rings.mean(axis=0) - rings)), float(np.linalg.norm(rings))
        ),
    }


def _of_counts(real: np.ndarray, other: np.ndarray) -> float:
    """Return the distance of two histograms of whole pixels over the real mean; NaN where one is empty."""
    mean = float(real @ np.arange(len(real)) / real.sum()) if real.sum() else 0.0
    return wasserstein_of_counts(real, other) / mean if mean > 0 and other.sum() else float("nan")


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _ratio(value: float, over: float) -> float:
    return value / float(over) if over > 0 else float("nan")
