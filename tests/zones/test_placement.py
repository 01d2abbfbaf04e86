"""Order of cells, stand-ins, scatter and the tiles of a map that is zoomed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.zones.axes import Axis
from napari_microgen.zones.placement import LiveMap, coarse_to_fine, scatter, stand_ins

SIDES = st.integers(2, 40)


@given(SIDES, SIDES)
def test_every_cell_is_made_once_and_the_first_level_is_coarse(columns, rows):
    levels = coarse_to_fine(columns, rows)
    order = [index for level in levels for index in level]
    assert len(order) == len(set(order)) == columns * rows
    assert {(i, j) for i in range(columns) for j in range(rows)} == set(order)
    assert len(levels[0]) <= 16
    assert len(levels[0]) >= min(4, columns * rows, 2 * 2)


def test_levels_of_a_square_grid():
    assert [len(level) for level in coarse_to_fine(8, 8)] == [16, 48]
    assert [len(level) for level in coarse_to_fine(64, 64)] == [16, 48, 192, 768, 3072]


@given(SIDES, SIDES, st.integers(0, 5))
def test_after_each_level_every_cell_has_a_stand_in_nearby(columns, rows, stop):
    levels = coarse_to_fine(columns, rows)[: stop + 1]
    made = {index: True for level in levels for index in level}
    found = stand_ins(made, columns, rows)
    assert set(found) == {(i, j) for i in range(columns) for j in range(rows)}
    assert all(found[index] == index for index in made)
    reach = max(2, -(-max(columns, rows) // 4 * 2))
    assert all(abs(i - a) < reach and abs(j - b) < reach for (i, j), (a, b) in found.items())


def test_scatter_is_even_and_seeded():
    places = scatter(3000, 5)
    np.testing.assert_array_equal(places, scatter(3000, 5))
    assert not np.array_equal(places, scatter(3000, 6))
    counts = np.histogram2d(*places.T, bins=5, range=[[0, 1], [0, 1]])[0]
    assert abs(counts - 120).max() < 5 * np.sqrt(120)


@pytest.fixture
def live():
    return LiveMap(Axis("T", "C", 0.0, 800.0, 8), Axis("t", "h", 1.0, 10_000.0, 8, "log"))


def test_tiles_of_a_level_cover_the_map_and_stand_in_their_middles(live):
    tiles = live.visible((0, 1, 0, 1), 0)
    assert len(tiles) == 16
    rows = live.conditions(tiles)
    assert {r["T"] for r in rows} == {100.0, 300.0, 500.0, 700.0}
    np.testing.assert_allclose(
        sorted({r["t"] for r in rows}), 10.0 ** np.array([0.5, 1.5, 2.5, 3.5]), rtol=1e-9
    )


def test_zooming_asks_for_finer_tiles_of_the_view_only(live):
    wanted = list(live.wanted((0.5, 0.75, 0.25, 0.5)))
    assert live.level_for(0.25) == 3
    finest = [t for t in wanted if t[0] == 3]
    assert len(finest) == 64
    assert all(16 <= i < 24 and 8 <= j < 16 for _, i, j in finest)
    assert [t[0] for t in wanted] == sorted(t[0] for t in wanted), "coarse ones first"


def test_a_tile_stands_for_the_same_condition_however_it_came_into_view(live):
    one = live.conditions(live.visible((0.1, 0.35, 0.1, 0.35), 4))
    other = live.conditions(live.visible((0.0, 0.5, 0.0, 0.5), 4))
    assert {tuple(r.values()) for r in one} <= {tuple(r.values()) for r in other}


def test_the_level_is_bounded(live):
    assert live.level_for(1e-9) == live.deepest
    assert live.visible((-1, 0, 0, 1), 3) == []
