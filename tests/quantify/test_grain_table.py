from functools import cache

import numpy as np
import pytest

from napari_microgen.progress import finish
from napari_microgen.quantify.grain_table import grain_table, joined
from napari_microgen.simulate.grain_growth import Stage, grow
from napari_microgen.simulate.grain_phase_field import PhaseField
from napari_microgen.simulate.grain_start import voronoi_start


@cache
def cells():
    """A large periodic structure."""
    return finish(voronoi_start((900, 900), 3000, 4)).astype(int) + 1


@cache
def grown():
    labels = finish(voronoi_start((400, 400), 700, 7))
    return next(t.labels for t in grow(PhaseField(labels), (10.0,)) if isinstance(t, Stage)).astype(int) + 1


def test_a_hand_made_map():
    labels = np.array([[1, 1, 2, 2], [1, 5, 5, 2], [1, 3, 5, 2], [3, 3, 3, 3]])
    table = grain_table(labels, (0.5, 2.0), edge="excluded")
    assert table.label.tolist() == [1, 2, 3, 5]
    assert table.area.tolist() == [4.0, 4.0, 5.0, 3.0]
    assert table.radius == pytest.approx(np.sqrt(table.area / np.pi))
    assert table.neighbours.tolist() == [3, 3, 3, 3]
    assert table.touches_edge.tolist() == [True, True, True, False]
    assert table.weight.tolist() == [0, 0, 0, 1]
    assert (table.centroid_row[3], table.centroid_column[3]) == pytest.approx((4 / 3, 5 / 3))


def test_on_a_torus_grains_have_six_neighbours():
    """Euler: exactly 6 where only triples meet."""
    table = grain_table(grown(), periodic=True)
    assert table.neighbours.mean() == pytest.approx(6, abs=0.02)
    assert table.area.sum() == grown().size
    assert not table.touches_edge.any()


def test_means_of_windows_are_those_of_the_whole_once_corrected():
    """Miles and Lantuejoul: large grains are cut more often, which the weights make up for."""
    whole = grain_table(cells(), periodic=True)
    windows = [cells()[y : y + 100, x : x + 100] for y in range(0, 900, 100) for x in range(0, 900, 100)]
    means = {}
    for edge in ("corrected", "excluded", "included"):
        all_of_them = joined([grain_table(window, edge=edge) for window in windows])
        means[edge] = [
            np.average(getattr(all_of_them, name), weights=all_of_them.weight) / getattr(whole, name).mean()
            for name in ("radius", "area", "neighbours")
        ]
    assert means["corrected"] == pytest.approx([1, 1, 1], abs=0.01)
    assert means["excluded"][1] < 0.97
    assert means["included"][1] < 0.9
    assert means["included"][2] < 0.97


def test_the_weights_sum_to_the_number_density():
    """The expected sum of weights is the number of grains of an area as large as the window."""
    sums = [
        grain_table(cells()[y : y + 100, x : x + 100]).weight.sum()
        for y in range(0, 900, 100)
        for x in range(0, 900, 100)
    ]
    assert np.mean(sums) == pytest.approx(3000 / 81, rel=0.03)


def test_numbers_flips_and_shifts_do_not_matter():
    labels = cells()[:120, :150]
    table = grain_table(labels)
    names = np.random.default_rng(0).permutation(labels.max() + 1) + 10
    renamed = grain_table(names[labels])
    for name in ("area", "neighbours", "weight"):
        assert sorted(getattr(renamed, name)) == pytest.approx(sorted(getattr(table, name)))
        flipped = grain_table(labels[::-1].T)
        assert getattr(flipped, name) == pytest.approx(getattr(table, name))
    torus = grain_table(np.roll(cells(), (70, 411), (0, 1)), periodic=True)
    before = grain_table(cells(), periodic=True)
    np.testing.assert_array_equal(torus.neighbours, before.neighbours)
    gap = (torus.centroid_row - before.centroid_row - 70 + 450) % 900 - 450
    assert np.abs(gap).max() < 1e-6


def test_background_is_no_grain():
    labels = np.array([[0, 0, 0, 0], [0, 1, 2, 0], [0, 0, 0, 0]])
    assert grain_table(labels).neighbours.tolist() == [1, 1]
    assert grain_table(labels, background=None).label.tolist() == [0, 1, 2]
    assert len(grain_table(np.zeros((3, 3), int))) == 0


def test_short_contacts_can_be_left_out():
    labels = np.array([[1, 1, 2, 2], [1, 1, 3, 2], [3, 3, 3, 3]])
    assert grain_table(labels, contact=1).neighbours.tolist() == [2, 2, 2]
    assert grain_table(labels, contact=2).neighbours.tolist() == [1, 1, 2]
