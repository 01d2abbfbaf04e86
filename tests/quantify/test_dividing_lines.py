"""Particles that touch are cut where their floods meet, in time that does not depend on the lines."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter, label
from skimage.morphology import h_maxima

from napari_microgen.quantify.dividing_lines import divided
from napari_microgen.quantify.particles import label_particles

TOUCHING = np.ones((3, 3), bool)


def disks(shape, *centres, radius=12):
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.any([(y - r) ** 2 + (x - c) ** 2 <= radius**2 for r, c in centres], axis=0)


def test_two_disks_are_cut_at_their_neck():
    phase = disks((31, 51), (15, 15), (15, 35))
    middles = np.zeros(phase.shape, int)
    middles[15, 15], middles[15, 35] = 1, 2
    found = divided(-distance_transform_edt(phase), middles, phase)
    assert np.array_equal(found > 0, phase & (np.arange(51) != 25))
    assert (found[:, :25].max(), found[:, 26:].min(initial=9, where=phase[:, 26:])) == (1, 2)


def test_what_is_outside_or_without_a_middle_is_nothing():
    phase = disks((31, 51), (15, 12), (15, 40), radius=8)
    middles = np.zeros(phase.shape, int)
    middles[15, 12] = 7
    found = divided(-distance_transform_edt(phase), middles, phase)
    assert np.array_equal(found == 7, disks((31, 51), (15, 12), radius=8))
    assert set(np.unique(found)) == {0, 7}
    assert not divided(np.zeros((3, 3)), np.ones((3, 3), int), np.zeros((3, 3), bool)).any()


@pytest.mark.parametrize("seed", range(6))
def test_lines_are_those_of_the_library_where_it_ends(seed):
    from skimage.segmentation import watershed

    random = np.random.default_rng(seed)
    height = gaussian_filter(random.normal(size=(40, 50)), 3)
    phase = gaussian_filter(random.normal(size=height.shape), 4) > -0.02
    middles = np.zeros(height.shape, int)
    rows, columns = np.divmod(random.permutation(10 * 12)[:12], 12)
    middles[4 * rows, 4 * columns] = np.arange(1, 13)  # none beside another
    theirs = watershed(height, middles, mask=phase, connectivity=TOUCHING, watershed_line=True)
    assert np.array_equal(divided(height, middles, phase), theirs)


def test_wide_particles_with_long_lines_end():
    """The flood of scikit-image 0.26 pushes the pixels of such lines again and again, without an end."""
    field = gaussian_filter(np.random.default_rng(4).normal(size=(64, 64)), 8)
    phase = field > np.quantile(field, 0.13)
    distance = distance_transform_edt(phase)
    middles = label(h_maxima(distance, 0.5) > 0, TOUCHING)[0]
    found = divided(-distance, middles, phase)
    assert set(np.unique(found)) == {0, 1, 2, 3}
    assert (found[middles > 0] == middles[middles > 0]).all()
    assert (phase & (found == 0)).sum() < 0.05 * phase.sum()


def test_no_two_particles_touch():
    phase = gaussian_filter(np.random.default_rng(1).normal(size=(128, 128)), 3) > -0.01
    found = label_particles(phase, (1.0, 1.0), separate=True)
    count = found.max()
    assert count > 10
    joined, together = label(found > 0, TOUCHING)
    assert together == count
    assert all(len(np.unique(found[joined == number])) == 1 for number in range(1, together + 1))
