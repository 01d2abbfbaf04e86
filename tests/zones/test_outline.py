"""Outlines whose shape is known, and laws that hold for every region."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_microgen.zones.outline import largest_region, rings, steps_inside


def enclosed(corners):
    row, column = corners.T.astype(float)
    return 0.5 * (column * np.roll(row, -1) - row * np.roll(column, -1)).sum()


@given(arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_rings_enclose_as_many_cells_as_there_are(mask):
    found = rings(mask)
    assert sum(enclosed(ring) for ring in found) == mask.sum()
    sides = sum(np.abs(np.diff(ring, axis=0, append=ring[:1])).sum() for ring in found)
    padded = np.pad(mask, 1).astype(int)
    assert sides == np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()
    for ring in found:
        assert (np.count_nonzero(np.diff(ring, axis=0, append=ring[:1]), axis=1) == 1).all()


def test_a_hole_is_a_ring_of_its_own():
    mask = np.ones((3, 3), bool)
    mask[1, 1] = False
    outer, hole = rings(mask)
    assert outer.tolist() == [[0, 0], [0, 3], [3, 3], [3, 0]]
    assert enclosed(hole) == -1


def test_cells_that_touch_at_a_corner_are_two_regions():
    mask = np.eye(2, dtype=bool)
    assert [len(ring) for ring in rings(mask)] == [4, 4]
    assert largest_region(mask).tolist() == [[True, False], [False, False]]


def test_steps_to_the_border_of_a_square():
    assert steps_inside(np.ones((5, 5), bool))[2].tolist() == [1, 2, 3, 2, 1]
    assert not steps_inside(np.zeros((2, 3), bool)).any()


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_an_empty_mask_has_no_ring(shape):
    assert rings(np.zeros(shape, bool)) == []
