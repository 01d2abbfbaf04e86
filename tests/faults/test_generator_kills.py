"""kill -9 at random moments of the training of every generator: it resumes bit for bit, snapshots too."""

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

from napari_microgen.generate import catalogue
from napari_microgen.io.writing import write
from napari_microgen.train.checkpoints import STARTED
from napari_microgen.train.log import read_log
from napari_microgen.volume import Volume

CHILD = Path(__file__).with_name("generator_child.py")
STEPS, EVERY = 9, 2

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


class Trainer:
    """The process that forks trainings."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        assert self.process.stdout.readline() == "READY\n"

    def start(self, method, folder):
        resume = (folder / "model.training" / STARTED).exists()
        job = {"method": method, "folder": str(folder), "resume": resume}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def status(self):
        return int(self.process.stdout.readline())

    def run(self, method, folder):
        self.start(method, folder)
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
    """Write three tiny images and their conditions."""
    (folder / "images").mkdir(parents=True)
    random_ = np.random.default_rng(0)
    lines = ["file,T"]
    for number in range(3):
        image = random_.integers(0, 256, (40, 40)).astype(np.uint8)
        write(Volume(image, "YX"), folder / "images" / f"{number}.tif")
        lines.append(f"{number}.tif,{number}")
    (folder / "c.csv").write_text("\n".join(lines))
    return folder


def result(folder):
    log = folder / "model.training" / "log.jsonl"
    snapshots = {p.relative_to(folder): p.read_bytes() for p in (folder / "model.snapshots").glob("*/*")}
    assert {path.parts[1] for path in snapshots} == {"step-00000006", "step-00000008", "step-00000009"}
    return (folder / "model" / "model.safetensors").read_bytes(), log.read_bytes(), snapshots


@pytest.fixture(scope="module")
def unbroken(trainer, tmp_path_factory):
    """Return a function that gives the result of a training that nobody killed, and its number of phases."""
    made = {}

    def of(method):
        if method not in made:
            folders = [place(tmp_path_factory.mktemp("whole") / f"{method}-{n}") for n in range(2)]
            assert [trainer.run(method, folder) for folder in folders] == [0, 0]
            assert result(folders[0]) == result(folders[1]), "without a kill the training is the same twice"
            made[method] = result(folders[0]), (folders[0] / "phases").read_bytes().count(b"\n")
        return made[method]

    return of


def kill(trainer, method, folder, moments, word):
    """Kill a training some time after it has changed its phase ``word`` times; return its exit status."""
    child = trainer.start(method, folder)
    path, deadline = folder / "phases", time.monotonic() + 300
    while not path.exists() or path.read_bytes().count(b"\n") <= word:
        assert time.monotonic() < deadline
        time.sleep(0.0005)
    time.sleep(moments.uniform(0, 0.01))
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it was faster
    return trainer.status()


def last_phase(folder):
    words = (folder / "phases").read_text().split()
    return words[-1] if words else "start"


def newest_checkpoint(folder):
    steps = [int(p.name.removeprefix("step-")) for p in (folder / "model.training").glob("step-*")]
    begun = (folder / "phases").read_text().split().count("step")
    if steps:
        assert begun - max(steps) <= EVERY + 1, "at most one interval is lost"
    model = folder / "model"
    assert not model.exists() or {p.name for p in model.iterdir()} == {"model.safetensors", "card.json"}
    return max(steps) if steps else None


def killed_and_resumed(trainer, unbroken, method, root, count, seed):
    """Kill trainings at random moments and resume each; return the phases and the newest checkpoints."""
    expected, words = unbroken(method)
    moments = random.Random(seed)
    phases, checkpoints = collections.Counter(), []
    for number in range(count):
        folder = place(root / f"run{number}")
        assert kill(trainer, method, folder, moments, moments.randrange(words)) in (-signal.SIGKILL, 0)
        phases[last_phase(folder)] += 1
        checkpoints.append(newest_checkpoint(folder))
        assert trainer.run(method, folder) == 0
        assert result(folder) == expected, f"{method}, kill {number}: the resumed training differs"
        assert not list(folder.rglob(".*.partial"))
        rows = read_log(folder / "model.training" / "log.jsonl")
        assert [row["step"] for row in rows] == list(range(1, STEPS + 1))
    return phases, checkpoints


@pytest.mark.parametrize("method", sorted(catalogue.titles()))
def test_two_random_kills_of_each_method(trainer, unbroken, method, tmp_path):
    phases, checkpoints = killed_and_resumed(trainer, unbroken, method, tmp_path, 2, seed=1)
    assert phases.total() == 2
    assert len(checkpoints) == 2


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("method", sorted(catalogue.titles()))
def test_a_hundred_random_kills_of_each_method(trainer, unbroken, method, tmp_path):
    phases, checkpoints = killed_and_resumed(trainer, unbroken, method, tmp_path, 100, seed=2)
    print(f"{method}: killed during {dict(phases)}; newest checkpoint {collections.Counter(checkpoints)}")
    assert phases["save"] >= 10, phases
    assert phases["step"] >= 10, phases
    assert sum(step is not None for step in checkpoints) >= 70, checkpoints
    assert len(set(checkpoints)) >= 4, checkpoints
