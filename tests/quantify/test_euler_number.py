"""Euler number of bodies of known topology, and against scikit-image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import euler_number as published

from napari_microgen.progress import finish
from napari_microgen.quantify.euler_number import (
    CELLS,
    euler_number,
    euler_numbers,
    euler_numbers_from_counts,
    measure,
)
from napari_microgen.quantify.voxel_configurations import count_configurations


def hollow(phase):
    """Remove the core of a cube: a cavity."""
    phase = phase.copy()
    phase[2:-2, 2:-2, 2:-2] = False
    return phase


def test_bodies_of_known_topology(ball, torus):
    assert set(euler_numbers(ball(8)).values()) == {1}
    assert set(euler_numbers(torus(14, 5)).values()) == {0}
    assert set(euler_numbers(hollow(np.ones((8, 8, 8), bool))).values()) == {2}
    assert set(euler_numbers(~np.pad(ball(5), 1)).values()) == {2}


def test_three_balls_and_a_handle(ball, torus):
    one = ball(4)
    row = np.concatenate([one, one, one])
    assert euler_number(row) == 3
    assert euler_number(np.concatenate([torus(10, 3), ~torus(10, 3)])) == euler_number(~torus(10, 3))


volumes = st.builds(
    lambda shape, share, seed: np.random.default_rng(seed).random(shape) < share,
    st.one_of(
        st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 5, 62, 63, 64, 70])),
        st.tuples(st.integers(1, 9), st.sampled_from([1, 5, 62, 63, 64, 70])),
    ),
    st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    st.integers(0, 99),
)


@given(volumes)
def test_both_numbers_are_those_of_scikit_image(phase):
    numbers = euler_numbers(phase)
    for (neighbours, number), connectivity in zip(sorted(numbers.items()), (1, phase.ndim), strict=True):
        assert number == published(phase, connectivity=connectivity), neighbours


def test_chunks_add_up(level_cut):
    phase = np.pad(level_cut((30, 25, 26), 2.0).phase, 1)
    parts = [count_configurations(phase[:11], CELLS[3])]
    parts += [count_configurations(phase[a - 1 : a + 11], CELLS[3], lead=1) for a in (11, 22)]
    assert euler_numbers_from_counts(sum(parts[1:], start=parts[0]), 3) == euler_numbers(phase)


def test_flips_and_turns_change_nothing(level_cut):
    phase = level_cut((30, 31, 32), 2.0).phase
    assert euler_numbers(phase[::-1, :, ::-1].transpose(1, 2, 0)) == euler_numbers(phase)


def test_degenerate_volumes_have_a_number(degenerate, degenerate_image):
    for phase in (degenerate, degenerate_image):
        both = finish(measure(phase))
        assert [f.name for f in both] == ["euler_number", "euler_number.faces_only"]
        assert all(f.value is not None for f in both)


def test_unfitting_connectivity_is_refused():
    with pytest.raises(ValueError, match=r"one of \[4, 8\]"):
        euler_number(np.eye(3, dtype=bool), connectivity=26)
