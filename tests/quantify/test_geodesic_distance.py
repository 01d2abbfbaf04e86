"""The field of geodesic distances against formulas."""

import numpy as np
import pytest

from napari_microgen.errors import AxesError, ParameterError
from napari_microgen.quantify.geodesic_distance import geodesic_distance


@pytest.mark.parametrize("direction", ["plane+", "plane-", "row+", "row-", "column+", "column-"])
def test_in_a_block_the_distance_is_the_depth(direction):
    spacing = (0.3, 0.2, 0.1)
    axis, back = ("plane", "row", "column").index(direction[:-1]), direction.endswith("-")
    field = geodesic_distance(np.ones((9, 20, 11), bool), spacing, direction=direction)
    depth = (np.arange(field.shape[axis]) + 0.5) * spacing[axis]
    depth = depth[::-1] if back else depth
    expected = np.broadcast_to(np.moveaxis(depth[:, None, None], 0, axis), field.shape)
    np.testing.assert_allclose(field, expected, rtol=1e-6)


def test_round_a_corner_the_distance_is_that_of_a_point():
    """Behind a half wall, distances are those from its edge (second order: a tenth of a voxel)."""
    phase = np.ones((40, 3, 60), bool)
    phase[10, :, :30] = False
    field = geodesic_distance(phase, (1.0, 1.0, 1.0), direction="plane+")[:, 1]
    depth, column = np.arange(40) + 0.5, np.arange(60) + 0.5
    shadow = (depth[:, None] > 12) & (column[None] < 28)
    edge = 11.0 + np.hypot(depth[:, None] - 11.0, column[None] - 30.0)
    error = (field - edge)[shadow]
    assert error.min() > -0.2
    assert error.max() < 1.0  # the way passes half a voxel beside both corners of the wall
    assert (field[:, 31:] - depth[:, None]).max() < 1e-4


def test_what_cannot_be_reached_is_nan():
    phase = np.zeros((5, 12), bool)
    phase[:, :3] = phase[:, 8:] = True
    field = geodesic_distance(phase, (1.0, 1.0), direction="column+")
    np.testing.assert_allclose(field[:, :3], [[0.5, 1.5, 2.5]] * 5)
    assert np.isnan(field[:, 3:]).all()


def test_an_empty_phase_gives_an_empty_field():
    assert np.isnan(geodesic_distance(np.zeros((4, 4, 4), bool), (1.0, 1.0, 1.0))).all()


def test_progress_comes_while_it_works():
    ticks = [tick.step for tick in geodesic_distance.steps(np.ones((130, 130, 130), bool), (1.0, 1.0, 1.0))]
    assert len(ticks) >= 2
    assert ticks == sorted(ticks)


def test_wrong_spacing_is_refused():
    with pytest.raises(AxesError, match="one edge per axis"):
        geodesic_distance(np.ones((3, 3), bool), (1.0, 1.0, 1.0))
    with pytest.raises(ParameterError, match="finite length"):
        geodesic_distance(np.ones((3, 3), bool), (1.0, 0.0))
