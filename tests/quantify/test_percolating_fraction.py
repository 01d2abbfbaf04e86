"""Percolation against an independent union-find, and simple shapes."""

import numpy as np
import pytest

from napari_microgen.errors import LabelValueError
from napari_microgen.progress import finish
from napari_microgen.quantify.percolating_fraction import NAMES, measure, percolates, percolating_fraction


def fraction_by_voxels(phase, axis):
    """The same by union-find over single voxels, in plain Python."""
    solid = [tuple(voxel) for voxel in np.argwhere(phase).tolist()]
    parent = {voxel: voxel for voxel in solid}

    def root(voxel):
        while parent[voxel] != voxel:
            voxel = parent[voxel]
        return voxel

    for voxel in solid:
        for direction in range(phase.ndim):
            before = (*voxel[:direction], voxel[direction] - 1, *voxel[direction + 1 :])
            if before in parent:
                parent[root(voxel)] = root(before)
    low = {root(voxel) for voxel in solid if voxel[axis] == 0}
    high = {root(voxel) for voxel in solid if voxel[axis] == phase.shape[axis] - 1}
    return sum(root(voxel) in low & high for voxel in solid) / len(solid)


def test_500_random_volumes_equal_an_independent_union_find():
    rng = np.random.default_rng(0)
    some = none = 0
    for _ in range(500):
        phase = rng.random(rng.integers(2, 9, 3)) < rng.uniform(0.2, 0.6)
        phase.flat[0] = True
        for axis in range(3):
            expected = fraction_by_voxels(phase, axis)
            assert percolating_fraction(phase, axis=axis) == pytest.approx(expected, abs=1e-12)
            assert percolates(phase, axis=axis) == (expected > 0)
            some, none = some + (expected > 0), none + (expected == 0)
    assert some > 300
    assert none > 300


def test_flips_swap_nothing():
    phase = np.random.default_rng(1).random((14, 15, 16)) < 0.4
    for axis in range(3):
        value = percolating_fraction(phase, axis=axis)
        for flipped in range(3):
            assert percolating_fraction(np.flip(phase, flipped), axis=axis) == value


def test_two_channels_of_which_one_is_cut():
    phase = np.zeros((8, 10, 4), bool)
    phase[1:3, :, 1] = phase[5:7, :, 2] = True
    phase[5:7, 4, 2] = False
    assert percolating_fraction(phase, axis=1) == pytest.approx(20 / 38)
    assert percolating_fraction(phase, axis=0) == 0.0
    features = {f.name: f for f in finish(measure(phase))}
    assert features["percolating_fraction.row"].value == pytest.approx(20 / 38)
    assert features["percolating_fraction"].value == pytest.approx(20 / 38 / 3)
    assert features["percolating_fraction"].details == {"parts": 3, "largest_part": pytest.approx(20 / 38)}


@pytest.mark.parametrize("shape", [(5, 5, 5), (1, 1, 1), (1, 6, 6), (6, 6), (1, 1)])
def test_a_full_volume_percolates_everywhere(shape):
    features = finish(measure(np.ones(shape, bool)))
    assert [f.value for f in features] == [1.0] * (len(shape) + 1)
    assert {f.name for f in features} <= set(NAMES)


@pytest.mark.parametrize("shape", [(5, 5, 5), (0, 5, 5), (6, 6)])
def test_an_absent_phase_is_undefined(shape):
    for feature in finish(measure(np.zeros(shape, bool))):
        assert feature.value is None
        assert feature.reason == "the phase is absent"
    with pytest.raises(LabelValueError, match="absent"):
        percolating_fraction(np.zeros(shape, bool), axis=0)
    assert not percolates(np.zeros(shape, bool), axis=0)
