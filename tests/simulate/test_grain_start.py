import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_microgen.errors import ParameterError
from napari_microgen.progress import finish
from napari_microgen.simulate.grain_start import voronoi_start


@pytest.mark.parametrize(("shape", "grains"), [((60, 90), 50), ((33, 7), 4), ((40, 40), 400), ((16, 16), 2)])
def test_every_cell_belongs_to_the_nearest_point_through_the_edges(shape, grains):
    labels = finish(voronoi_start(shape, grains, 3))
    points = np.random.default_rng(3).random((grains, 2)) * shape
    centres = np.stack(np.mgrid[: shape[0], : shape[1]], -1).reshape(-1, 2) + 0.5
    expected = cKDTree(points, boxsize=shape).query(centres)[1].reshape(shape)
    np.testing.assert_array_equal(labels, expected)


def test_seeds_decide():
    first, again, other = (finish(voronoi_start((40, 40), 30, seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(("shape", "grains"), [((10, 10), 1), ((10, 10), 26), ((0, 10), 2)])
def test_grains_that_do_not_fit_are_refused(shape, grains):
    with pytest.raises(ParameterError, match=f"{grains} grains"):
        finish(voronoi_start(shape, grains, 0))
