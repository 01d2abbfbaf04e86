import os
import time

import pytest

from napari_microgen.progress import finish
from napari_microgen.train import timing
from napari_microgen.train.timing import available_cores, fastest


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves only when the work says so."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    assert timing.time is time
    return now


@pytest.mark.parametrize(("seconds", "winner"), [((1.0, 0.5), "b"), ((1.0, 0.95), "a"), ((0.5, 1.0), "a")])
def test_the_first_is_kept_unless_another_is_clearly_faster(clock, seconds, winner):
    taken = dict(zip("ab", seconds, strict=True))

    def work(choice):
        clock[0] += taken[choice]

    assert finish(fastest(["a", "b"], work)) == winner


def test_one_choice_is_not_timed():
    assert finish(fastest(["only"], lambda choice: pytest.fail("was run"))) == "only"


def test_it_yields_after_each_run(clock):
    assert len(list(fastest([1, 2, 3], lambda choice: None, runs=2))) == 9


def test_cores_are_those_of_this_process_and_can_be_fewer(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert available_cores() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert available_cores() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "1000")
    assert available_cores() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert available_cores() == len(os.sched_getaffinity(0))
