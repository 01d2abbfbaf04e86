"""kill -9 at random moments, and before every single touch of the disk: training resumes bit for bit."""

import collections
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_microgen.io.writing import write
from napari_microgen.train.checkpoints import STARTED
from napari_microgen.train.log import read_log
from napari_microgen.volume import Volume

CHILD = Path(__file__).with_name("training_child.py")
EVERY = 3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


class Trainer:
    """The process that forks trainings."""

    def __init__(self):
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout.readline() == "READY\n"

    def start(self, folder, **job):
        resume = (folder / "model.training" / STARTED).exists()
        job = {"folder": str(folder), "resume": resume} | job
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def status(self):
        return int(self.process.stdout.readline())

    def run(self, folder, **job):
        self.start(folder, **job)
        return self.status()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def trainer():
    trainer = Trainer()
    yield trainer
    trainer.close()


def place(folder):
    """Write a tiny stack with two phases and its labels."""
    folder.mkdir()
    random_ = np.random.default_rng(0)
    from scipy import ndimage as ndi

    solid = ndi.gaussian_filter(random_.standard_normal((8, 32, 32)), 2) > 0
    grey = (90 * solid + 60 + 15 * random_.standard_normal(solid.shape)).clip(0, 255).astype(np.uint8)
    write(Volume(grey, "ZYX"), folder / "grey.tif")
    write(Volume(np.where(solid, 1, 2).astype(np.uint8), "ZYX", kind="labels"), folder / "labels.tif")
    return folder


def result(folder):
    return (folder / "model" / "model.safetensors").read_bytes(), (
        folder / "model.training" / "log.jsonl"
    ).read_bytes()


@pytest.fixture(scope="module")
def unbroken(trainer, tmp_path_factory):
    folder = place(tmp_path_factory.mktemp("kills") / "unbroken")
    assert trainer.run(folder) == 0
    again = place(folder.parent / "again")
    assert trainer.run(again) == 0
    assert result(again) == result(folder), "without a kill the training is the same twice"
    words = (folder / "phases").read_bytes().count(b"\n")
    return result(folder), words, int((folder / "touches").read_text())


def last_phase(folder):
    path = folder / "phases"
    words = path.read_text().split() if path.exists() else []
    return words[-1] if words else "start"


def after_a_kill(folder):
    """Check what lies on the disk before anything is repaired; return the newest whole checkpoint."""
    training = folder / "model.training"
    steps = sorted(int(p.name.removeprefix("step-")) for p in training.glob("step-*"))
    begun = sum(word == "step" for word in (folder / "phases").read_text().split())
    if steps:
        assert begun - steps[-1] <= EVERY + 1, "at most one interval is lost"
    model = folder / "model"
    assert not model.exists() or {p.name for p in model.iterdir()} == {"model.safetensors", "card.json"}
    return steps[-1] if steps else None


def resumes(trainer, folder, expected):
    (folder / "phases").unlink(missing_ok=True)
    assert trainer.run(folder) == 0
    assert result(folder) == expected
    assert not list(folder.rglob(".*.partial"))
    rows = read_log(folder / "model.training" / "log.jsonl")
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 13))


def kill_at_random(trainer, unbroken, folder_of, count, seed):
    """Kill trainings at ``count`` random moments; return in which phases, and the newest checkpoints."""
    expected, words, _ = unbroken
    moments = random.Random(seed)
    phases, checkpoints = collections.Counter(), []
    for number in range(count):
        folder = place(folder_of(number))
        assert kill(trainer, folder, moments, moments.randrange(words)) in (-signal.SIGKILL, 0)
        phases[last_phase(folder)] += 1
        checkpoints.append(after_a_kill(folder))
        resumes(trainer, folder, expected)
    return phases, checkpoints


def kill(trainer, folder, moments, word):
    """Kill a training some time after it has changed its phase ``word`` times; return its exit status.

    Counting phases, not seconds, keeps the moments spread over the whole run on a busy machine.
    """
    child = trainer.start(folder)
    path, deadline = folder / "phases", time.monotonic() + 600
    while not path.exists() or path.read_bytes().count(b"\n") <= word:
        assert time.monotonic() < deadline
        time.sleep(0.0005)
    time.sleep(moments.uniform(0, 0.01))
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it was faster
    return trainer.status()


def proves(phases, checkpoints):
    """The kills must have fallen where it matters."""
    total = phases.total()
    assert phases["save"] >= 0.1 * total, phases
    assert phases["step"] >= 0.1 * total, phases
    assert sum(step is not None for step in checkpoints) >= 0.7 * total, checkpoints
    assert len(set(checkpoints)) >= 4, checkpoints


def test_twenty_random_kills(trainer, unbroken, tmp_path):
    phases, checkpoints = kill_at_random(trainer, unbroken, lambda n: tmp_path / f"run{n}", 20, seed=1)
    proves(phases, checkpoints)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_hundred_random_kills(trainer, unbroken, tmp_path):
    phases, checkpoints = kill_at_random(trainer, unbroken, lambda n: tmp_path / f"run{n}", 100, seed=2)
    print(f"killed during {dict(phases)}; newest checkpoint {collections.Counter(checkpoints)}")
    proves(phases, checkpoints)


def dies_before(trainer, unbroken, folder, touch):
    folder = place(folder)
    assert trainer.run(folder, die_at=touch) == -signal.SIGKILL
    after_a_kill(folder)
    resumes(trainer, folder, unbroken[0])


@pytest.mark.parametrize("part", range(10))
def test_death_before_a_write_flush_rename_or_removal(trainer, unbroken, tmp_path, part):
    touches = unbroken[2]
    dies_before(trainer, unbroken, tmp_path / "run", 1 + part * (touches - 1) // 9)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_death_before_every_write_flush_rename_and_removal(trainer, unbroken, tmp_path):
    for touch in range(1, unbroken[2] + 1):
        dies_before(trainer, unbroken, tmp_path / f"run{touch}", touch)


def test_killed_again_and_again_it_still_arrives(trainer, unbroken, tmp_path):
    expected, words, _ = unbroken
    folder = place(tmp_path / "run")
    moments = random.Random(3)
    kills = 0
    for _ in range(6):
        (folder / "phases").unlink(missing_ok=True)
        kills += kill(trainer, folder, moments, moments.randrange(2, words // 3)) == -signal.SIGKILL
    assert kills >= 3
    resumes(trainer, folder, expected)
