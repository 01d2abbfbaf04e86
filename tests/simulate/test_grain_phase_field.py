"""The multi-phase field against what is known exactly of boundaries that move by their curvature."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_microgen.errors import ParameterError, TooManyPhasesError
from napari_microgen.progress import finish
from napari_microgen.simulate.grain_phase_field import PhaseField
from napari_microgen.simulate.grain_start import voronoi_start

MODELS = ["pairs-and-triples", "plain"]


def run(field, steps, threads=1):
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(steps):
            for _ in field.step(pool):
                pass
    return field


def disk(size, radius, centre=(0.0, 0.0)):
    rows, columns = np.mgrid[:size, :size] - size / 2
    return ((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2).astype(np.uint16)


@pytest.mark.parametrize("epsilon", [2.5, 3.0, 4.0])
@pytest.mark.parametrize("model", MODELS)
def test_a_lone_disk_loses_two_pi_of_area_per_time(model, epsilon):
    field = PhaseField(disk(96, 36, (0.3, 0.2)), model=model, epsilon=epsilon)
    run(field, 200)
    times, areas = [], []
    while field.areas()[1] > np.pi * (np.pi**2 / 2 * epsilon) ** 2:  # two widths of the boundary
        times.append(field.time)
        areas.append(field.areas()[1])
        run(field, 50)
    slope, _ = np.polyfit(times, areas, 1)
    assert np.corrcoef(times, areas)[0, 1] ** 2 > 0.9999
    assert slope == pytest.approx(-2 * np.pi, rel=0.01)


def test_a_disk_stays_round():
    """Its radius is the same along the rows and along the diagonals."""
    field = run(PhaseField(disk(128, 50)), 3000)
    share = np.where(field.ids == 1, field.shares, 0).sum(0)
    rows, columns = np.mgrid[:128, :128] - 64.0
    angle = np.arctan2(rows, columns)
    straight = share[np.abs(np.sin(2 * angle)) < 0.5].sum()
    slanted = share[np.abs(np.sin(2 * angle)) > np.sqrt(0.75)].sum()
    assert np.sqrt(straight / slanted) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("model", MODELS)
def test_three_boundaries_meet_at_120_degrees(model):
    """Columns between two layers: each end becomes an arch that turns by what the angle leaves of 180.

    An arch of width w that turns by f moves at f / w, so that the speed tells the angle.
    """
    width = 48
    rows, columns = np.mgrid[:144, : 2 * width]
    labels = np.where((rows >= 40) & (rows < 130), 1 + columns // width, 0)
    field = run(PhaseField(labels.astype(np.uint16), model=model), 1500)
    times, areas = [], []
    for _ in range(10):
        times.append(field.time)
        areas.append(field.areas()[0])
        run(field, 100)
    speed = np.polyfit(times, areas, 1)[0] / (4 * width)  # two fronts of the whole length
    angle = 180 - np.degrees(speed * width)
    assert angle == pytest.approx(120, abs=5)


def sides(labels, grains):
    """Number of neighbours of each grain."""
    pairs = set()
    for axis in (0, 1):
        other = np.roll(labels, -1, axis)
        pairs |= set(zip(labels[labels != other].tolist(), other[labels != other].tolist(), strict=True))
    unique = {(min(pair), max(pair)) for pair in pairs}
    return np.bincount(np.array(list(unique)).ravel(), minlength=grains)


def growth_by_sides(size, grains, steps, every=100, seed=1):
    """Number of sides and growth of each large grain whose sides stay the same for a while."""
    field = PhaseField(finish(voronoi_start((size, size), grains, seed)))
    run(field, steps // 4)
    found, before, counts, times = [], None, [], []
    for _ in range(0, steps, every):
        areas, number = field.areas(), sides(field.labels(), grains)
        if before is not None:
            same = (before[1] == number) & (areas > 600) & (number > 2)
            rate = (areas - before[0])[same] / (every * field.time_step)
            found.append(np.stack([number[same], rate]))
        before = areas, number
        counts.append(np.count_nonzero(field.sizes()))
        times.append(field.time)
        run(field, every)
    return np.concatenate(found, 1), np.array(times), size**2 / np.array(counts), counts


def test_grains_grow_by_the_law_of_von_neumann_and_mullins():
    (number, rate), _, _, counts = growth_by_sides(192, 140, 2400)
    slope, offset = np.polyfit(number, rate, 1)
    assert len(number) > 200
    assert slope == pytest.approx(np.pi / 3, rel=0.1)
    assert -offset / slope == pytest.approx(6, abs=0.2)
    assert counts == sorted(counts, reverse=True)


@pytest.mark.nightly
def test_many_grains_grow_by_the_laws_of_mullins_and_burke():
    (number, rate), times, area, counts = growth_by_sides(512, 1000, 6000, every=200)
    slope, offset = np.polyfit(number, rate, 1)
    assert slope == pytest.approx(np.pi / 3, rel=0.05)
    assert -offset / slope == pytest.approx(6, abs=0.15)
    assert area[-1] / area[0] > 3
    assert np.corrcoef(times, area)[0, 1] ** 2 > 0.99
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("model", MODELS)
def test_shares_fill_every_cell_whatever_the_tiles(model):
    """A shifted start gives a shifted end, though tiles and strips cut it differently."""
    labels = finish(voronoi_start((90, 83), 30, 0))
    field = run(PhaseField(labels, model=model), 150)
    moved = run(PhaseField(np.roll(labels, (23, 37), (0, 1)), model=model), 150)
    present = np.cumprod(field.ids != field.none, axis=0).astype(bool)
    np.testing.assert_allclose(np.where(present, field.shares, 0).sum(0), 1, atol=1e-5)
    np.testing.assert_allclose(moved.areas(), field.areas(), atol=0.02)
    assert np.mean(np.roll(field.labels(), (23, 37), (0, 1)) != moved.labels()) < 1e-3


def test_threads_change_nothing():
    labels = finish(voronoi_start((150, 60), 40, 0))
    one, three = run(PhaseField(labels), 40), run(PhaseField(labels), 40, threads=3)
    np.testing.assert_array_equal(one.ids, three.ids)
    np.testing.assert_array_equal(one.shares, three.shares)


def test_a_cell_without_room_is_refused_not_cut():
    field = PhaseField(finish(voronoi_start((60, 60), 60, 0)), places=3)
    with pytest.raises(TooManyPhasesError, match="more than 3 grains"):
        run(field, 20)
    assert not field.whole


@pytest.mark.parametrize("options", [{"epsilon": 1.0}, {"time_step": 0.5}, {"places": 2}])
def test_senseless_parameters_are_refused(options):
    with pytest.raises(ParameterError, match=r"expected 1\.5 to 50"):
        PhaseField(disk(16, 4), **options)


def test_grains_finer_than_the_boundaries_are_refused():
    labels = np.random.default_rng(0).permutation(40 * 40).reshape(40, 40)
    with pytest.raises(TooManyPhasesError, match="fewer grains or a finer grid"):
        run(PhaseField(labels), 1)
