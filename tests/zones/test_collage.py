"""Painting: pixels sit where their condition says, later patches lie over earlier ones, edges are cut."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.zones.collage import grid_collage, scatter_collage, scatter_side, shrunk


def test_each_cell_of_a_grid_sits_in_its_tile_with_the_high_end_on_top():
    images = {(i, j): np.full((4, 6), 10 * j + i, np.uint8) for i in range(3) for j in range(2)}
    collage = grid_collage(images, 3, 2)
    assert collage.image.shape == (8, 18)
    for (i, j), image in images.items():
        tile = np.s_[(1 - j) * 4 : (2 - j) * 4, i * 6 : (i + 1) * 6]
        np.testing.assert_array_equal(collage.image[tile], image)
        assert (collage.owner[tile] == 3 * j + i).all()
    assert collage.bare == 0


def test_a_coarse_grid_shows_stand_ins_at_their_own_scale():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    collage = grid_collage({(2, 2): image}, 16, 16)
    np.testing.assert_array_equal(collage.image[-4:, :4], image)
    assert set(np.unique(collage.owner)) == {-1, 2 * 16 + 2}


def test_patches_of_a_scatter_sit_at_their_places_in_order():
    places = np.array([[0.5, 0.5], [0.5, 0.25], [0.52, 0.5]])
    images = [np.full((8, 8), value, np.uint8) for value in (10, 20, 30)]
    collage = scatter_collage(places, images, side=101, zoom=1.0)
    assert collage.image[50, 46] == 10
    assert collage.image[75, 50] == 20, "a quarter from below is three quarters from the top"
    assert collage.image[50, 52] == 30, "the later one lies over the earlier"
    assert set(np.unique(collage.owner)) == {-1, 0, 1, 2}
    rows, columns = np.nonzero(collage.owner == 2)
    assert (rows.mean(), columns.mean()) == pytest.approx((50, 52), abs=0.51)


def test_patches_are_cut_at_the_edge():
    corners = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    collage = scatter_collage(
        corners, [np.full((8, 8), v, np.uint8) for v in (1, 2, 3, 4)], side=40, zoom=0.5
    )
    assert [collage.image[r, c] for r, c in ((39, 0), (0, 39), (0, 0), (39, 39))] == [1, 2, 3, 4]
    assert (collage.owner >= 0).sum() <= 4 * 3 * 3


def test_half_zoom_is_the_mean_of_blocks():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    half = shrunk(image, 0.5)
    assert half.shape == (4, 4)
    assert half.mean() == pytest.approx(image.mean(), abs=0.5)
    assert shrunk(np.ones((6, 6), np.float32), 1 / 3).dtype == np.float32


@pytest.mark.parametrize("zoom", [0.0, -0.5, 0.7, 2.0, 0.001])
def test_other_zooms_are_refused(zoom):
    with pytest.raises(ParameterError, match="zoom is"):
        shrunk(np.zeros((64, 64), np.uint8), zoom)


def test_three_thousand_patches_leave_hardly_a_bare_pixel():
    places = np.random.default_rng(0).random((3000, 2))
    collage = scatter_collage(places, [np.ones((64, 64), np.uint8)] * 3000, side=scatter_side(3000, 64, 0.5))
    assert collage.bare < 0.03
    assert collage.of_cells(np.arange(3000.0), np.nan).shape == collage.image.shape
