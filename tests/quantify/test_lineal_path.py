"""Lineal path against sliding windows and closed forms."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from napari_microgen.progress import finish
from napari_microgen.quantify.lineal_path import lineal_paths, measure


@pytest.mark.parametrize("shape", [(6, 7, 8), (9, 10), (1, 5, 4)])
def test_chances_are_those_of_sliding_windows(shape):
    phase = np.random.default_rng(0).random(shape) < 0.8
    for axis, path in enumerate(lineal_paths(phase)):
        assert len(path) == shape[axis]
        for k, chance in enumerate(path):
            assert chance == pytest.approx(sliding_window_view(phase, k + 1, axis).all(axis=-1).mean())


def test_independent_voxels_have_powers_of_the_fraction():
    phase = np.random.default_rng(0).random((80, 80, 80)) < 0.7
    for path in lineal_paths(phase):
        assert path[:8] == pytest.approx(0.7 ** np.arange(1, 9), rel=0.02)


def test_overlapping_disks_have_their_closed_form():
    """Between overlapping disks the chance falls as exp(-density x area swept by the segment)."""
    random = np.random.default_rng(0)
    phase, radius, count = np.ones((1500, 1500), bool), 10.0, 3000
    for y, x in random.uniform(-20, 1520, (count, 2)):
        rows = slice(max(0, int(y - 11)), max(0, int(y + 12)))
        columns = slice(max(0, int(x - 11)), max(0, int(x + 12)))
        window = phase[rows, columns]
        a, b = np.ogrid[
            rows.start : rows.start + window.shape[0], columns.start : columns.start + window.shape[1]
        ]
        window &= (a - y) ** 2 + (b - x) ** 2 > radius**2
    density = count / 1540**2
    for path in lineal_paths(phase):
        length = np.arange(30)
        exact = np.exp(-density * (np.pi * radius**2 + 2 * radius * length))
        assert path[:30] == pytest.approx(exact, rel=0.06)


def test_length_scales_with_the_voxel(level_cut):
    phase = level_cut((64, 64, 64), 2.5).phase
    (one,), (other,) = (finish(measure(phase, (s,) * 3)) for s in (1.0, 0.5))
    assert other.value == pytest.approx(one.value / 2)
    assert set(one.details["curves"]) == {"plane", "row", "column"}


def test_degenerate_volumes_are_named(degenerate, degenerate_image):
    for phase in (degenerate, degenerate_image):
        for feature in finish(measure(phase, (1.0,) * phase.ndim)) + finish(measure(phase, None)):
            assert feature.value is not None or feature.reason
