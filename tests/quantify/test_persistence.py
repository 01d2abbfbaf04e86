"""Persistence intervals against counts of components at every threshold, and against gudhi."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter, label

from napari_microgen.errors import AxesError, NonFiniteError
from napari_microgen.quantify.persistence import persistence_intervals, persistence_of_patches

EIGHT, FOUR = np.ones((3, 3)), [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
CONSTRUCTIONS = {"vertices": (FOUR, EIGHT), "top_cells": (EIGHT, FOUR)}


def alive(intervals, threshold):
    return int(((intervals[:, 0] <= threshold) & (threshold < intervals[:, 1])).sum())


def counted(image, threshold, construction):
    """Dark regions and bright spots off the edge at one threshold, by labelling."""
    dark, bright = CONSTRUCTIONS[construction]
    regions = label(image <= threshold, dark)[1]
    spots, count = label(image > threshold, bright)
    frame = np.concatenate([spots[0], spots[-1], spots[:, 0], spots[:, -1]])
    return regions, count - len(np.unique(frame[frame > 0]))


images = arrays(np.int8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-3, 4))


@pytest.mark.parametrize("construction", CONSTRUCTIONS)
@given(image=images)
def test_intervals_count_regions_and_spots_at_every_threshold(construction, image):
    found = persistence_intervals(image, construction=construction)
    for threshold in np.unique(image):
        regions, spots = counted(image, threshold, construction)
        assert (1 + alive(found.components, threshold), alive(found.rings, threshold)) == (regions, spots)


@pytest.mark.parametrize("construction", CONSTRUCTIONS)
@pytest.mark.parametrize("levels", [None, 256, 8])
def test_identical_to_gudhi(construction, levels):
    gudhi = pytest.importorskip("gudhi", reason="gudhi is not installed: pip install gudhi")
    image = gaussian_filter(np.random.default_rng(0).standard_normal((90, 70)), 1.5)
    if levels:
        image = np.round((image - image.min()) / np.ptp(image) * (levels - 1))
    cells = "vertices" if construction == "vertices" else "top_dimensional_cells"
    complex_ = gudhi.CubicalComplex(**{cells: image})
    complex_.compute_persistence()
    found = persistence_intervals(image, construction=construction)
    for ours, dimension in ((found.components, 0), (found.rings, 1)):
        theirs = complex_.persistence_intervals_in_dimension(dimension)
        theirs = theirs[np.isfinite(theirs).all(axis=1) & (theirs[:, 0] < theirs[:, 1])]
        assert np.array_equal(in_order(ours), in_order(theirs))


def in_order(intervals):
    return intervals[np.lexsort(intervals.T)]


@given(image=images)
def test_the_negative_swaps_regions_and_spots(image):
    """Dark regions of an image in a bright frame are the bright spots of its negative."""
    framed = np.pad(image, 1, constant_values=9)
    spots = persistence_intervals(-framed.astype(int), construction="top_cells").rings
    regions = persistence_intervals(framed).components
    turned = np.concatenate([-regions[:, ::-1], [[-9, -framed.min()]]])
    assert np.array_equal(in_order(turned), in_order(spots))


def test_one_bright_blob_is_one_ring_and_a_blob_on_the_edge_is_none():
    y, x = np.mgrid[:31, :31]
    inside = np.exp(-((y - 15) ** 2 + (x - 14) ** 2) / 40)
    found = persistence_intervals(inside).rings
    assert len(found) == 1
    assert found[0, 1] == inside.max()
    assert len(persistence_intervals(np.exp(-(y**2 + (x - 14) ** 2) / 40)).rings) == 0


@given(image=images, shift=st.integers(-5, 5), factor=st.integers(1, 5))
def test_flips_and_grey_scale_go_through(image, shift, factor):
    plain = persistence_intervals(image)
    other = persistence_intervals(factor * image[::-1].T.astype(int) + shift)
    assert np.array_equal(in_order(other.rings), in_order(factor * plain.rings + shift))
    assert np.array_equal(in_order(other.components), in_order(factor * plain.components + shift))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (5, 5)])
def test_flat_images_have_no_intervals(shape):
    found = persistence_intervals(np.zeros(shape))
    assert (len(found.components), len(found.rings)) == (0, 0)


def test_patches_in_threads_are_those_one_by_one():
    patches = np.random.default_rng(0).random((6, 20, 21))
    for found, patch in zip(persistence_of_patches(patches), patches, strict=True):
        assert np.array_equal(found.rings, persistence_intervals(patch).rings)


def test_bad_images_are_refused():
    with pytest.raises(AxesError, match="plane image"):
        persistence_intervals(np.zeros((2, 2, 2)))
    with pytest.raises(NonFiniteError):
        persistence_intervals(np.array([[0.0, np.nan]]))
