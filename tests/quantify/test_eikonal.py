"""The march itself: memory, pausing, order, refinement."""

import numpy as np
from scipy import ndimage

from napari_microgen.progress import finish
from napari_microgen.quantify.eikonal import March, march_all


def structure(shape, seed=0):
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 3.0)
    return smooth > np.quantile(smooth, 0.4)


def run(march, voxels=10**9):
    while not march.advance(voxels):
        pass
    return march.arrival()


def test_pausing_changes_nothing():
    phase = structure((40, 40, 40))
    whole, pieces = run(March(phase, (1, 1, 1), 0, 0)), run(March(phase, (1, 1, 1), 0, 0), 100)
    np.testing.assert_array_equal(whole.count, pieces.count)
    np.testing.assert_array_equal(whole.mean, pieces.mean)


def test_threads_change_nothing():
    phase = structure((40, 40, 40))
    faces = [(axis, side, 1) for axis in range(3) for side in range(2)]
    one, three = (finish(march_all(phase, (1, 1, 1), faces, threads)) for threads in (1, 3))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_array_equal(a.mean, b.mean)


def test_memory_grows_with_the_front_and_not_with_the_volume():
    phase = np.ones((640, 48, 48), bool)
    march = March(phase, (1.0, 1.0, 1.0), 0, 0)
    run(march)
    assert march.done == phase.size
    assert march.front.counters[6] < 6 * 6 * 6  # slots ever used; the volume has 80 * 6 * 6 bricks


def test_the_front_finds_room_when_it_grows():
    """An island in each brick keeps every brick in memory to the end."""
    phase = np.ones((3200, 64, 64), bool)
    for shift in np.vstack([np.eye(3, dtype=int), -np.eye(3, dtype=int)]):
        phase[3 + shift[0] :: 8, 3 + shift[1] :: 8, 3 + shift[2] :: 8] = False
    march = March(phase, (1.0, 1.0, 1.0), 0, 0)
    slots = march.front.brick.size
    march.front = march.front._replace(pool=march.front.pool[:4500].copy())
    arrival = run(march)
    islands = phase[3::8, 3::8, 3::8].size
    assert march.done == phase.sum() - islands
    assert march.front.brick.size > slots
    assert march.front.pool.shape[0] > 4500
    assert arrival.mean[-1] < 1.05


def test_refinement_is_the_same_as_repeating_every_voxel():
    phase = structure((24, 24, 24))
    inside = run(March(phase, (2.0, 1.0, 1.0), 1, 0, refine=2))
    outside = run(March(phase.repeat(2, 0).repeat(2, 1).repeat(2, 2), (1.0, 0.5, 0.5), 1, 0))
    np.testing.assert_array_equal(inside.count, outside.count)
    np.testing.assert_array_equal(inside.mean, outside.mean)


def test_exactly_the_connected_voxels_are_reached():
    for seed in range(10):
        phase = np.random.default_rng(seed).random((17, 19, 23)) < 0.5
        labels, _ = ndimage.label(phase)
        march = March(phase, (1.0, 1.0, 1.0), 0, 0)
        run(march)
        assert march.done == np.isin(labels, np.unique(labels[0][phase[0]])).sum()


def test_cancel_leaves_no_thread_behind():
    import threading

    before = threading.active_count()
    steps = march_all(np.ones((150, 150, 150), bool), (1, 1, 1), [(0, 0, 1), (1, 0, 1)], 2)
    next(steps)
    steps.close()
    assert threading.active_count() == before
