"""Directions of a lattice and their shares of all directions."""

import numpy as np
import pytest

from napari_microgen.quantify.lattice_directions import direction_weights, lattice_directions


def test_weights_of_cubic_voxels_are_the_published_ones():
    steps = lattice_directions(3)
    weights = direction_weights(steps, (1.0, 1.0, 1.0))
    published = {1: 0.0916 / 2 * 2, 2: 0.0740, 3: 0.0704}
    for step, weight in zip(steps, weights, strict=True):
        assert weight == pytest.approx(published[sum(map(abs, step))], abs=5e-5)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize("edges", [(1, 1, 1), (25, 18.6, 18.6), (10, 1, 1), (1, 2, 3)])
def test_weights_sum_to_one_and_are_shares(dimensions, reach, edges):
    steps = lattice_directions(dimensions, reach)
    weights = direction_weights(steps, tuple(map(float, edges[:dimensions])))
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).all()


def test_only_ratios_of_the_spacing_matter():
    steps = lattice_directions(3)
    assert np.allclose(
        direction_weights(steps, (2.0, 1.0, 1.0)), direction_weights(steps, (50.0, 25.0, 25.0))
    )


def test_shares_agree_with_random_directions():
    steps, spacing = lattice_directions(3, 2), (1.5, 1.0, 0.8)
    vectors = np.array(steps) * spacing
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    random = np.random.default_rng(0).standard_normal((200_000, 3))
    nearest = np.abs(random @ vectors.T).argmax(axis=1)
    drawn = np.bincount(nearest, minlength=len(steps)) / len(nearest)
    assert np.allclose(drawn, direction_weights(steps, spacing), atol=1.5e-3)


def test_no_direction_is_given_twice():
    steps = np.array(lattice_directions(3, 2))
    units = steps / np.linalg.norm(steps, axis=1)[:, None]
    assert np.abs(units @ units.T - np.eye(len(steps))).max() < 1 - 1e-6
