import errno
import random
import shutil

import numpy as np
import pytest

from napari_microgen.errors import DivergedError
from napari_microgen.progress import Progress
from napari_microgen.train import checkpoints as checkpoints_module
from napari_microgen.train.budget import Budget
from napari_microgen.train.checkpoints import Checkpoints
from napari_microgen.train.log import read_log
from napari_microgen.train.loop import train
from napari_microgen.train.seeds import seed_all

STEPS, EVERY = 17, 5


@pytest.fixture
def start(line, batches, tmp_path):
    """Return a function that opens a training of the line and gives its parts."""

    def begin(name, resume=False, steps=STEPS, wrap=lambda method: method, evaluation=lambda method: None):
        seed_all(3)
        method = wrap(line())
        store = Checkpoints(tmp_path / name, identity={"seed": 3}, resume=resume)
        evaluate = evaluation(method)
        ticks = train(method, batches(), steps=steps, checkpoints=store, every=EVERY, evaluate=evaluate)
        return method, ticks, store

    return begin


@pytest.fixture
def unbroken(start):
    method, ticks, store = start("unbroken")
    with store:
        losses = [tick.values["loss"] for tick in ticks]
    return method.weights, losses, store.log.path.read_bytes()


def test_every_step_ticks_and_the_line_is_found(unbroken, start):
    method, ticks, store = start("long", steps=300)
    with store:
        found = list(ticks)
    assert [tick.step for tick in found] == list(range(1, 301))
    assert {tick.total for tick in found} == {300}
    assert method.weights == pytest.approx([2, 1], abs=0.05)
    assert len(unbroken[1]) == STEPS


@pytest.mark.parametrize("stop", range(1, STEPS))
def test_stopped_anywhere_and_resumed_it_is_the_training_that_was_not_stopped(start, unbroken, stop):
    _, ticks, store = start("broken")
    with store:
        for _ in range(stop):
            next(ticks)
        ticks.close()
    random.random(), np.random.standard_normal(5)  # noqa: NPY002 - somebody else draws numbers meanwhile
    method, ticks, store = start("broken", resume=True)
    with store:
        losses = [tick.values["loss"] for tick in ticks]
    assert np.array_equal(method.weights, unbroken[0])
    assert losses == unbroken[1][stop:]
    assert store.log.path.read_bytes() == unbroken[2]


@pytest.mark.parametrize("stop", range(0, STEPS, 2))
def test_the_same_after_a_sudden_death(start, unbroken, tmp_path, stop):
    """What is on disk at any step, without the chance to save, is enough."""
    _, ticks, store = start("alive")
    with store:
        for _ in range(stop):
            next(ticks)
        if not stop:
            next(ticks)
        shutil.copytree(tmp_path / "alive", tmp_path / "dead")
        ticks.close()
    method, ticks, store = start("dead", resume=True)
    with store:
        first = next(ticks)
        list(ticks)
    assert first.step >= stop - EVERY + 1, "at most one interval is lost"
    assert np.array_equal(method.weights, unbroken[0])
    assert store.log.path.read_bytes() == unbroken[2]


def test_resuming_a_finished_training_with_more_steps_goes_on(start, unbroken):
    for steps, resume in ((9, False), (STEPS, True)):
        method, ticks, store = start("longer", resume=resume, steps=steps)
        with store:
            list(ticks)
    assert np.array_equal(method.weights, unbroken[0])


@pytest.mark.parametrize("bad", [1, 4, 5, 6, 13])
def test_a_loss_that_is_not_finite_stops_with_the_last_good_checkpoint(start, bad):
    class Breaking:
        def __init__(self, inner):
            self.inner, self.count = inner, 0
            self.state, self.restore = inner.state, inner.restore

        def step(self, batch):
            self.count += 1
            x, y = batch
            return self.inner.step((x, y * np.nan) if self.count == bad else batch)

    _, ticks, store = start("nan", wrap=Breaking)
    with store:
        with pytest.raises(DivergedError, match=rf"step {bad};.*learning rate"):
            list(ticks)
        assert store.steps()
        assert max(store.steps()) == (bad - 1) // EVERY * EVERY
    assert [row["step"] for row in read_log(store.log.path)] == list(range(1, bad))


def test_an_error_in_the_middle_of_a_step_saves_no_half_done_state(start):
    method, ticks, store = start("error")
    with store:
        for _ in range(7):
            next(ticks)
        method.weights = None
        with pytest.raises(TypeError):
            next(ticks)
        assert store.steps() == [0, 5]


def test_a_checkpoint_that_cannot_be_written_is_said_and_tried_again(start, unbroken, monkeypatch):
    real, refused = checkpoints_module._write, []

    def sometimes(folder, tensors, numbers):
        if 5 <= numbers["budget"]["step"] < 8:
            refused.append(numbers["budget"]["step"])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(folder, tensors, numbers)

    monkeypatch.setattr(checkpoints_module, "_write", sometimes)
    method, ticks, store = start("full")
    with store:
        said = {tick.step: tick.message for tick in ticks}
    assert refused == [5, 6, 7]
    assert [step for step, text in said.items() if text] == [5, 6, 7]
    assert "going on in memory" in said[5]
    assert "No space left" in said[5]
    assert np.array_equal(method.weights, unbroken[0])
    assert store.log.path.read_bytes() == unbroken[2]


def test_a_checkpoint_is_written_at_the_end(start):
    _, ticks, store = start("end")
    with store:
        list(ticks)
        assert store.steps()[-1] == STEPS


class Evaluation:
    """Two ticks after every third step, then a number that depends on the weights."""

    made = ()

    def __init__(self, method):
        self.method = method

    def __call__(self, step):
        if step == 0 or step % 3:
            return {}
        yield Progress(step, None, "validating")
        yield Progress(step, None, "validating")
        Evaluation.made += (step,)
        return {"score": float(self.method.weights.sum())}


@pytest.mark.parametrize("stop", range(1, 26, 3))
def test_an_interrupted_evaluation_is_made_again(start, monkeypatch, stop):
    monkeypatch.setattr(Evaluation, "made", ())
    method, ticks, store = start("unbroken", evaluation=Evaluation)
    with store:
        scored = [tick.step for tick in ticks if "score" in tick.values]
    assert scored == [3, 6, 9, 12, 15]
    expected, log = method.weights, store.log.path.read_bytes()

    monkeypatch.setattr(Evaluation, "made", ())
    _, ticks, store = start("broken", evaluation=Evaluation)
    with store:
        for _ in range(stop):
            next(ticks)
        ticks.close()
    method, ticks, store = start("broken", resume=True, evaluation=Evaluation)
    with store:
        list(ticks)
    assert Evaluation.made == (3, 6, 9, 12, 15)
    assert np.array_equal(method.weights, expected)
    assert store.log.path.read_bytes() == log


def test_a_time_limit_ends_it(start):
    class Clock:
        now = 0.0

        def __call__(self):
            self.now += 0.5
            return self.now

    budget = Budget(None, 30.0, clock=Clock())
    _, ticks, store = start("timed", steps=budget)
    with store:
        steps = [tick.step for tick in ticks]
    assert steps == list(range(1, budget.step + 1))
    assert 10 < budget.step < 60


def test_a_slow_training_is_saved_after_some_time_too(line, batches, tmp_path):
    with Checkpoints(tmp_path / "slow", identity={}) as store:
        ticks = train(line(), batches(), steps=8, checkpoints=store, every=1000, every_seconds=0.0)
        seen = []
        for tick in ticks:
            seen.append((tick.step, store.steps()[-1]))
    assert all(saved == step for step, saved in seen)
