"""One job per dock: Cancel within a second at any moment, frozen parameters, generators closed."""

import random
import time

import numpy as np
import pytest

from napari_microgen.progress import Progress


def counting(steps, each, log):
    """Work of so many steps that notes how it ended."""
    try:
        for step in range(steps):
            time.sleep(each)
            yield Progress(step + 1, steps, "counting")
        log.append("finished")
        return steps
    finally:
        log.append("closed")


@pytest.mark.parametrize("seed", range(5))
def test_cancel_at_a_random_moment_ends_the_work_within_a_second(bench, seed):
    dock, log, results = bench.open("Measure"), [], []
    dock.launch("Counting", counting(1000, 0.05, log), results.append)
    bench.settle(int(1000 * random.Random(seed).uniform(0.0, 1.5)))
    start = time.monotonic()
    bench.click(dock.cancel_button)
    bench.wait(2)
    assert time.monotonic() - start < 1.0
    assert log == ["closed"] or (log == [] and seed == 0)
    assert results == []
    assert "Cancelled" in bench.message


@pytest.mark.parametrize("seed", range(4))
def test_a_cancelled_segmentation_adds_nothing_and_the_next_one_is_whole(bench, phases, seed):
    grey, truth = phases((16, 300, 400), seed=seed)
    bench.image(grey)
    dock = bench.open("Segment")
    dock.segment.form.set_values({"method": "hybrid"})
    bench.press("Phase map", wait=False)
    bench.settle(int(1000 * random.Random(seed).uniform(0.0, 1.0)))
    if dock.job is not None:
        start = time.monotonic()
        bench.click(dock.cancel_button)
        bench.wait(2)
        assert time.monotonic() - start < 1.0
        assert len(bench.viewer.layers) == 1
    dock.segment.form.set_values({"method": "otsu"})
    bench.press()
    bench.assert_no_error()
    assert np.mean(bench.viewer.layers["stack [otsu]"].data == truth) > 0.98


def test_a_second_click_does_not_start_a_second_job(bench):
    dock, log, results = bench.open("Measure"), [], []
    dock.launch("Counting", counting(5, 0.05, log), results.append)
    assert not dock.run_button.isEnabled()
    assert "is running" in dock.run_button.toolTip()
    dock.launch("Counting", counting(5, 0.05, log), results.append)
    bench.wait()
    assert log == ["finished", "closed"]
    assert results == [5]


def test_parameters_are_frozen_at_the_click(bench, phases):
    grey, _ = phases((12, 300, 400))
    bench.image(grey)
    dock = bench.open("Segment")
    dock.segment.form.set_values({"smoothing": 2.0})
    bench.press("Phase map", wait=False)
    dock.segment.form.set_values({"smoothing": 0.0})
    bench.wait()
    recipe = bench.viewer.layers["stack [otsu]"].metadata["microgen"]["recipe"]
    assert recipe["parameters"]["smoothing"] == 2.0


def test_progress_is_shown_at_least_each_half_second(bench, phases):
    grey, _ = phases((24, 300, 400))
    bench.image(grey)
    dock = bench.open("Segment")
    dock.segment.form.set_values({"method": "hybrid"})
    times = [time.monotonic()]
    bench.press("Phase map", wait=False)
    dock.job.ticked.connect(lambda _: times.append(time.monotonic()))
    bench.wait()
    times.append(time.monotonic())
    assert len(times) > 3
    assert max(np.diff(times[1:])) < 1.5


def test_warnings_of_an_operation_are_shown(bench):
    import warnings

    def careless():
        yield Progress(0, 1)
        warnings.warn("please check the unit", UserWarning, stacklevel=1)
        return 1

    dock = bench.open("Measure")
    dock.launch("Careless", careless(), lambda _: None)
    bench.wait()
    bench.settle()
    assert "please check the unit" in bench.message


def test_a_dock_that_is_closed_and_opened_again_keeps_its_job_and_state(bench, phases):
    grey, _ = phases((16, 300, 400))
    bench.image(grey)
    dock = bench.open("Segment")
    dock.segment.form.set_values({"method": "hybrid", "smoothing": 1.0})
    bench.press("Phase map", wait=False)
    again = bench.open("Segment")
    assert again is dock
    assert dock.segment.form.values()["smoothing"] == 1.0
    bench.wait()
    bench.assert_no_error()
    assert "stack [hybrid]" in bench.viewer.layers
