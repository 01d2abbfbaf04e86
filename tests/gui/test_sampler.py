"""The process that keeps a generator loaded: asks, answers, what is outdated, and every kind of end."""

import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from napari_microgen.widgets.sampler import Sampler

ROW = {"temperature": 800.0, "time": 10.0, "material": "A"}


class Heard:
    """A sampler, and all it said."""

    def __init__(self, model, qtbot):
        self.qtbot = qtbot
        self.answers, self.refusals, self.failures = [], [], []
        self.sampler = Sampler(str(model))
        self.sampler.answered.connect(self.answers.extend)
        self.sampler.refused.connect(lambda *about: self.refusals.append(about))
        self.sampler.failed.connect(lambda *about: self.failures.append(about))
        self.sampler.start()

    def until(self, condition, seconds=90):
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=1000 * seconds)

    def until_loaded(self):
        self.until(lambda: self.sampler.loaded or self.failures)
        assert not self.failures, self.failures
        return psutil.Process(self.sampler.pid)


@pytest.fixture
def hear(qtbot):
    """Start samplers; end them with the test."""
    started = []

    def start(model):
        started.append(Heard(model, qtbot))
        return started[-1]

    yield start
    for heard in started:
        heard.sampler.stop(wait=True)


def test_requests_made_before_the_model_is_loaded_are_answered(hear, generator):
    before = "torch" in sys.modules  # an earlier test of this process may have loaded it
    heard = hear(generator)
    number = heard.sampler.ask("live", [ROW, ROW], seed=1)
    heard.until(lambda: heard.answers)
    (answer,) = heard.answers
    assert (answer.key, answer.number) == ("live", number)
    assert answer.images.shape == (2, 16, 16)
    assert answer.images.dtype == np.uint8
    assert before or "torch" not in sys.modules


def test_of_a_row_of_moves_the_last_is_answered_and_few_others(hear, generator):
    heard = hear(generator)
    heard.until_loaded()
    numbers = [heard.sampler.ask("live", [ROW], evaluations=500) for _ in range(40)]
    heard.until(lambda: any(a.number == numbers[-1] for a in heard.answers))
    assert len(heard.answers) < 10


def test_a_map_is_answered_cell_by_cell_and_what_left_the_view_is_not(hear, generator):
    heard = hear(generator)
    heard.until_loaded()
    for cell in range(60):
        heard.sampler.ask(
            f"cell {cell}", [ROW | {"temperature": 700.0 + cell}], same_noise=True, evaluations=100
        )
    heard.sampler.drop(*(f"cell {cell}" for cell in range(30, 60)))
    first = heard.sampler.ask("live", [ROW], urgent=True, evaluations=4)
    heard.until(lambda: len({a.key for a in heard.answers}) == 31)
    assert {a.key for a in heard.answers} == {"live", *(f"cell {cell}" for cell in range(30))}
    order = [a.number for a in heard.answers]
    assert order.index(first) < 10, "what is urgent goes first"


def test_an_impossible_request_is_refused_in_words(hear, generator):
    heard = hear(generator)
    heard.sampler.ask("live", [{"pressure": 3.0}])
    heard.until(lambda: heard.refusals)
    ((key, _, reason),) = heard.refusals
    assert key == "live"
    assert "pressure" in reason


@pytest.mark.parametrize("damage", ["cut", "card", "absent"])
def test_a_damaged_model_is_refused_in_words(hear, generator, tmp_path, damage):
    import shutil

    model = tmp_path / "model"
    if damage != "absent":
        shutil.copytree(generator, model)
    if damage == "cut":
        weights = model / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
    if damage == "card":
        (model / "card.json").write_text("{", encoding="utf-8")
    heard = hear(model)
    heard.until(lambda: heard.failures)
    ((line, report),) = heard.failures
    assert str(model) in line
    assert "napari_microgen.errors." in report
    assert "Traceback" not in line


def test_a_process_that_is_killed_is_noticed(hear, generator):
    heard = hear(generator)
    heard.until_loaded().kill()
    heard.until(lambda: heard.failures)
    assert "exit status" in heard.failures[0][0]


@pytest.mark.parametrize("when", ["at once", "loaded", "busy"])
def test_stop_ends_the_process_within_a_second(hear, generator, when):
    heard = hear(generator)
    if when == "at once":
        heard.until(lambda: heard.sampler.pid)
    else:
        heard.until_loaded()
    process = psutil.Process(heard.sampler.pid)
    if when == "busy":
        heard.sampler.ask("live", [ROW] * 8, evaluations=10_000)
        heard.qtbot.wait(200)
    heard.sampler.stop(wait=True)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert not heard.failures


KILLED = """
import os, signal, sys, time
from qtpy.QtWidgets import QApplication
from qtpy.QtTest import QTest
from napari_microgen.widgets.sampler import Sampler

application = QApplication([])
sampler = Sampler(sys.argv[1])
sampler.start()
while not (sampler.pid and (sampler.loaded or sys.argv[2] == "loading")):
    QTest.qWait(10)
sampler.ask("live", [dict(temperature=800.0, time=10.0, material="A")] * 8, evaluations=10_000)
QTest.qWait(300)
print(sampler.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("when", ["loading", "busy"])
def test_the_process_dies_with_a_window_that_is_killed(generator, when):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(generator), when],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    pid = int(done.stdout)
    end = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end, "the process outlived its window"
        time.sleep(0.05)
