"""The proposed experiment really takes the most variance away."""

import numpy as np
import pytest

from napari_microgen.zones.next_experiment import NOISE, kernel, next_experiments

LENGTHS = np.array([4.0, 1.0])


def mean_variance(known, wanted):
    """Variance of a Gaussian process at wanted points, from its textbook formula."""
    inner = kernel(known, known, LENGTHS) + NOISE * np.eye(len(known))
    cross = kernel(wanted, known, LENGTHS)
    return float((1 - np.diag(cross @ np.linalg.solve(inner, cross.T))).mean())


def test_no_other_proposal_takes_more_away():
    random = np.random.default_rng(0)
    known, proposals, wanted = (random.uniform(0, 2, (n, 2)) for n in (8, 40, 5))
    (best,) = next_experiments(known, proposals, wanted, np.ones(5), LENGTHS, count=1)
    left = [mean_variance(np.vstack([known, p]), wanted) for p in proposals]
    assert best.place == int(np.argmin(left))
    assert best.reduction == pytest.approx(1 - min(left) / mean_variance(known, wanted), abs=1e-6)


def test_several_experiments_suppose_each_other():
    known = np.zeros((1, 2))
    wanted = np.array([[2.0, 0.0], [0.0, 4.0]])
    first, second = next_experiments(known, wanted, wanted, np.ones(2), LENGTHS, count=2)
    assert {first.place, second.place} == {0, 1}
    assert second.reduction > first.reduction + 0.3


def test_what_counts_more_is_asked_first():
    wanted = np.array([[2.0, 0.0], [0.0, 4.0]])
    for weights, place in (([1.0, 0.1], 0), ([0.1, 1.0], 1)):
        (best,) = next_experiments(np.zeros((1, 2)), wanted, wanted, np.array(weights), LENGTHS, count=1)
        assert best.place == place
