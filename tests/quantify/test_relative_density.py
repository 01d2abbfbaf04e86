"""Relative density against counts and formulas."""

import numpy as np
import pytest

from napari_microgen.errors import AxesError
from napari_microgen.progress import finish
from napari_microgen.quantify.relative_density import (
    measure,
    porosity,
    relative_density,
    relative_density_of_slabs,
)


def test_ball_has_the_volume_of_a_ball():
    z, y, x = np.ogrid[-30:31, -30:31, -30:31]
    ball = (z - 0.13) ** 2 + (y - 0.27) ** 2 + (x - 0.41) ** 2 <= 25**2
    assert relative_density(ball) == pytest.approx(4 / 3 * np.pi * 25**3 / 61**3, rel=1e-3)


def test_phase_and_complement_fill_the_volume():
    phase = np.random.default_rng(0).random((7, 8, 9)) < 0.3
    assert relative_density(phase) + relative_density(~phase) == 1
    assert porosity(phase) == pytest.approx(relative_density(~phase))


def test_slabs_in_any_order_give_the_whole():
    phase = np.random.default_rng(1).random((9, 8, 7)) < 0.6
    assert relative_density_of_slabs([phase[5:], phase[:2], phase[2:5]]) == relative_density(phase)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5), (5, 1, 4), (40, 3, 3)])
@pytest.mark.parametrize("value", [False, True])
def test_degenerate_volumes_are_defined(shape, value):
    table = {f.name: f.value for f in finish(measure(np.full(shape, value)))}
    assert table == {"relative_density": float(value), "porosity": 1.0 - value}


def test_no_voxels_is_said_not_guessed():
    with pytest.raises(AxesError, match="no voxels"):
        relative_density(np.zeros((0, 3), bool))
    assert all(f.value is None and f.reason for f in finish(measure(np.zeros((0, 3), bool))))


def test_measure_gives_the_counts_and_ticks():
    phase = np.zeros((4, 4, 4), bool)
    phase[0] = True
    steps = measure(phase, (0.1, 0.1, 0.1))
    assert next(steps).total == 4
    density, pores = finish(steps)
    assert (density.value, pores.value, density.unit) == (0.25, 0.75, "1")
    assert density.details == {"phase_voxels": 16, "voxels": 64}
