"""Topology and place of the skeleton."""

from itertools import product

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import euler_number

from napari_microgen.quantify.skeleton import skeleton
from napari_microgen.quantify.thinning_kernels import is_simple


def random_structure(shape, sigma, seed, solid=0.5):
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma)
    return smooth > np.quantile(smooth, 1 - solid)


def is_simple_by_definition(cube):
    """Deleting the centre keeps the Euler number and the pieces of phase and rest, in the neighbourhood."""
    phase = cube.copy()
    phase[1, 1, 1] = False
    pieces = ndimage.label(phase, np.ones((3, 3, 3)))[1]
    eighteen = ndimage.generate_binary_structure(3, 2)
    labels, _ = ndimage.label(~cube & eighteen)
    faces = ndimage.generate_binary_structure(3, 1).copy()
    faces[1, 1, 1] = False
    return pieces == 1 and len(set(labels[faces].tolist()) - {0}) == 1


def test_simple_voxels_are_those_of_the_definition():
    rng = np.random.default_rng(0)
    simple = 0
    for solid in (0.2, 0.5, 0.8):
        for _ in range(700):
            cube = rng.random((3, 3, 3)) < solid
            cube[1, 1, 1] = True
            bits = sum(1 << k for k, inside in enumerate(cube.ravel()) if inside)
            expected = is_simple_by_definition(cube)
            assert is_simple(bits) == expected
            simple += expected
    assert 300 < simple < 1800


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0)])
def test_the_topology_is_that_of_the_phase(seed, spacing):
    phase = random_structure((30, 31, 32), 1.0 + 0.5 * seed, seed)
    lines = skeleton(phase, spacing)
    everywhere = np.ones((3, 3, 3))
    assert not (lines & ~phase).any()
    assert euler_number(lines, 3) == euler_number(phase, 3)
    assert ndimage.label(lines, everywhere)[1] == ndimage.label(phase, everywhere)[1]
    assert ndimage.label(~np.pad(lines, 1))[1] == ndimage.label(~np.pad(phase, 1))[1]
    assert lines.sum() < 0.2 * phase.sum()


def test_noise_keeps_its_topology_too():
    for seed, solid in product(range(3), (0.2, 0.5, 0.8)):
        phase = np.random.default_rng(seed).random((15, 16, 17)) < solid
        lines = skeleton(phase, (1.0, 1.0, 1.0))
        assert euler_number(lines, 3) == euler_number(phase, 3)
        assert ndimage.label(lines, np.ones((3, 3, 3)))[1] == ndimage.label(phase, np.ones((3, 3, 3)))[1]


def test_nothing_more_can_be_deleted():
    phase = random_structure((24, 24, 24), 2.0, 7)
    lines = np.pad(skeleton(phase, (1.0, 1.0, 1.0)), 1)
    for z, y, x in np.argwhere(lines):
        cube = lines[z - 1 : z + 2, y - 1 : y + 2, x - 1 : x + 2]
        assert cube.sum() <= 2 or not is_simple_by_definition(cube)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_rod_becomes_its_axis_from_face_to_face(axis):
    across = [k for k in range(3) if k != axis]
    phase = np.hypot(*(np.indices((21, 21, 21))[k] - 10 for k in across)) <= 5
    lines = np.argwhere(skeleton(phase, (1.0, 1.0, 1.0)))
    assert lines.shape == (21, 3)
    assert (lines[:, across] == 10).all()


def test_a_ring_becomes_a_closed_line():
    z, y, x = np.indices((13, 41, 41)) - np.array([6, 20, 20])[:, None, None, None]
    ring = (np.hypot(y, x) - 13) ** 2 + z**2 <= 16
    lines = skeleton(ring, (1.0, 1.0, 1.0))
    assert euler_number(lines, 3) == 0
    away = np.hypot(np.hypot(y, x)[lines] - 13, z[lines])
    assert np.quantile(away, 0.5) < 1.0


@pytest.mark.parametrize("shape", [(5, 5, 5), (1, 6, 6), (1, 1, 4), (1, 1, 1), (6, 6)])
def test_degenerate_phases(shape):
    full = skeleton(np.ones(shape, bool), (1.0,) * len(shape))
    assert full.sum() >= 1
    assert not skeleton(np.zeros(shape, bool), (1.0,) * len(shape)).any()


def test_an_image_is_thinned_like_a_volume_of_one_plane():
    phase = random_structure((60, 60), 3.0, 0)
    flat = skeleton(phase, (1.0, 1.0))
    np.testing.assert_array_equal(flat, skeleton(phase[None], (1.0, 1.0, 1.0))[0])
    assert euler_number(flat, 2) == euler_number(phase, 2)
