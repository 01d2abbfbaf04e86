"""Precision, recall, density and coverage in cases with a known answer."""

import numpy as np
import pytest

from napari_microgen.compare.neighbourhood import nearest_distances, neighbourhood


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def test_equal_sets():
    found = neighbourhood(normal(0, 1000, 4), normal(1, 1000, 4))
    assert found["precision"] > 0.95
    assert found["recall"] > 0.95
    assert found["density"] == pytest.approx(1.0, abs=0.1)
    # A ball of five neighbours stays empty with chance 1 / 2^5 for equal numbers.
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.02)


def test_one_mode_of_two():
    """Real images of two kinds, generated ones of the first only: precise, but half is missing."""
    far = np.array([50.0, 0.0])
    real = np.concatenate([normal(0, 300, 2), normal(1, 300, 2) + far])
    found = neighbourhood(real, normal(2, 600, 2))
    assert found["precision"] > 0.95
    assert found["recall"] == pytest.approx(0.5, abs=0.05)
    assert found["coverage"] == pytest.approx(0.5, abs=0.05)


def test_one_invented_mode():
    """Generated images of a kind that is not real: half of them are imprecise, nothing is missing."""
    far = np.array([50.0, 0.0])
    found = neighbourhood(normal(0, 600, 2), np.concatenate([normal(1, 300, 2), normal(2, 300, 2) + far]))
    assert found["precision"] == pytest.approx(0.5, abs=0.05)
    assert found["recall"] > 0.9


def test_scikit_learn_finds_the_same_neighbours():
    neighbors = pytest.importorskip("sklearn.neighbors")
    points = normal(3, 100, 3)
    expected = neighbors.NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points)[0][:, 5]
    np.testing.assert_allclose(nearest_distances(points, 5), expected)


def test_too_few_points_are_undefined():
    assert all(np.isnan(v) for v in neighbourhood(normal(0, 5, 2), normal(1, 9, 2)).values())
