import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from napari_microgen.progress import finish
from napari_microgen.simulate.grain_maps import boundary_distance, grain_boundaries
from napari_microgen.simulate.grain_start import voronoi_start


def grains(shape=(50, 70), count=20):
    return finish(voronoi_start(shape, count, 0))


def test_boundaries_are_where_the_right_or_lower_neighbour_differs():
    labels = np.array([[1, 1, 2], [1, 1, 2], [3, 3, 3]])
    np.testing.assert_array_equal(grain_boundaries(labels, periodic=False), [[0, 1, 0], [1, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(grain_boundaries(labels), [[0, 1, 1], [1, 1, 1], [1, 1, 1]])


@pytest.mark.parametrize("shape", [(50, 70), (31, 8), (1, 40)])
def test_distances_are_those_of_a_tiled_plane(shape):
    boundaries = grain_boundaries(grains(shape, 6))
    rows, columns = shape
    tiled = distance_transform_edt(~np.tile(boundaries, (5, 5)))
    expected = tiled[2 * rows : 3 * rows, 2 * columns : 3 * columns]
    np.testing.assert_allclose(boundary_distance(boundaries), expected, atol=1e-5)


def test_distances_without_periodic_edges():
    boundaries = grain_boundaries(grains(), periodic=False)
    np.testing.assert_allclose(
        boundary_distance(boundaries, periodic=False), distance_transform_edt(~boundaries), atol=1e-5
    )


def test_one_grain_has_no_boundary():
    assert np.isinf(boundary_distance(grain_boundaries(np.ones((5, 6), int)))).all()


def test_shifting_the_domain_shifts_the_map():
    labels = grains()
    first = boundary_distance(grain_boundaries(labels))
    moved = boundary_distance(grain_boundaries(np.roll(labels, (13, 21), (0, 1))))
    np.testing.assert_array_equal(np.roll(first, (13, 21), (0, 1)), moved)
