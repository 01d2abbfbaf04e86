from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_microgen.progress import finish
from napari_microgen.simulate.grain_potts import Potts
from napari_microgen.simulate.grain_start import voronoi_start


def run(model, steps):
    with ThreadPoolExecutor(1) as pool:
        for _ in range(steps):
            for _ in model.step(pool):
                pass
    return model


def grown(size, grains, looks, every, seed=0):
    model = Potts(finish(voronoi_start((size, size), grains, seed)), seed=seed)
    times, counts = [], []
    for _ in range(looks):
        run(model, every)
        times.append(model.time)
        counts.append(np.count_nonzero(model.sizes()))
    return model, np.array(times), np.array(counts)


def test_mean_area_grows_in_proportion_to_time_and_grains_only_vanish():
    _, times, counts = grown(256, 300, 12, 30)
    assert (np.diff(counts) <= 0).all()
    area = 256**2 / counts
    assert area[-1] / area[0] > 2
    assert np.corrcoef(times, area)[0, 1] ** 2 > 0.98  # about 100 grains are left


@pytest.mark.nightly
def test_mean_area_of_many_grains_is_linear_in_time():
    _, times, counts = grown(512, 1150, 46, 25)
    area = 512**2 / counts
    assert area[-1] / area[2] > 4
    assert np.corrcoef(times[2:], area[2:])[0, 1] ** 2 > 0.99


def test_cold_sweeps_smooth_the_boundaries_and_change_nothing_else():
    model, _, _ = grown(128, 60, 1, 40)
    before = model.spins.copy()
    smooth = model.labels()
    np.testing.assert_array_equal(model.spins, before)

    def length(labels):
        return sum(np.count_nonzero(labels != np.roll(labels, 1, axis)) for axis in (0, 1))

    assert length(smooth) < 0.9 * length(before)
    assert np.mean(smooth != before) < 0.1


@pytest.mark.nightly
def test_boundaries_move_alike_along_rows_and_diagonals():
    """Disks that shrink stay round on average: moments along the axes and the diagonals agree."""
    rows, columns = np.mgrid[:96, :96] - 47.5
    total = np.zeros((96, 96))
    for seed in range(12):
        model = run(Potts((rows**2 + columns**2 < 40**2).astype(np.uint16), seed=seed), 120)
        total += model.spins == 1
    angle = np.arctan2(rows, columns)
    straight = total[np.abs(np.sin(2 * angle)) < 0.5].sum()
    slanted = total[np.abs(np.sin(2 * angle)) > np.sqrt(0.75)].sum()
    assert np.sqrt(straight / slanted) == pytest.approx(1, abs=0.06)


def test_seeds_decide():
    one, again, other = (run(Potts(disk(), seed=seed), 3).spins for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def disk():
    rows, columns = np.mgrid[:40, :40] - 20
    return (rows**2 + columns**2 < 150).astype(np.uint16)
