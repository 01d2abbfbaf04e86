"""Models of the way of a training: at the right steps, whole, the same after a stop, and no burden."""

import shutil
from collections import namedtuple

import pytest

from napari_microgen.errors import CheckpointError, ParameterError, SaveError
from napari_microgen.generate import snapshots as module
from napari_microgen.generate.images import make_images
from napari_microgen.generate.model import read_generator
from napari_microgen.generate.snapshots import Snapshots, snapshot_folders
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.train.budget import Budget

ALL = ["edm", "ddpm", "cgan", "acwgan-gp", "vae"]


def content(folder):
    return {
        step: {file.name: file.read_bytes() for file in sorted(path.iterdir())}
        for step, path in snapshot_folders(folder).items()
    }


@pytest.mark.parametrize("kind", ALL)
def test_snapshots_are_models_of_their_step_and_change_nothing(kind, train, tmp_path):
    said = train(kind, tmp_path / "with", steps=4, snapshots=2)
    train(kind, tmp_path / "without", steps=4)
    folder = tmp_path / "with.snapshots"
    found = content(folder)
    assert said["snapshots"]["steps"] == [3, 4]
    assert said["snapshots"]["folder"] == str(folder)
    assert said["snapshots"]["bytes"] == sum(len(b) for files in found.values() for b in files.values())
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("with", "without")]
    assert weights[0] == weights[1]
    logs = [tmp_path / f"{name}.training" / "log.jsonl" for name in ("with", "without")]
    assert logs[0].read_bytes() == logs[1].read_bytes()
    assert found[4]["model.safetensors"] == weights[0]
    assert found[3]["model.safetensors"] != weights[0]
    model = read_generator(folder / "step-00000003")
    training = model.card["details"]["training"]
    assert training["steps"] == 3
    assert "seconds" not in training, "a snapshot that is made again has the same bytes"
    made = finish(make_images(model, [{"temperature": 700.0, "material": "A"}] * 2, evaluations=2)).images
    assert made.shape == (2, model.size, model.size)


@pytest.mark.parametrize("kind", ["edm", "vae"])
def test_a_snapshot_is_the_result_of_a_training_of_so_many_steps(kind, train, tmp_path):
    train(kind, tmp_path / "long", steps=4, snapshots=2)
    train(kind, tmp_path / "short", steps=3)
    found = content(tmp_path / "long.snapshots")[3]["model.safetensors"]
    assert found == (tmp_path / "short" / "model.safetensors").read_bytes()


@pytest.mark.parametrize("kind", ["edm", "vae"])
def test_a_stopped_and_resumed_training_has_the_same_snapshots(kind, train, series, kinds, tmp_path):
    train(kind, tmp_path / "whole", steps=4, snapshots=2)
    arguments = {
        "images": series / "images",
        "conditions": series / "conditions.csv",
        "batch_size": 4,
        "preview_seconds": 0.0,
        "threads": 1,
        "device": "cpu",
        **kinds[kind],
    }
    steps = run(f"train {kind}", **arguments, out=tmp_path / "cut", steps=4, snapshots=2)
    for tick in steps:
        if (kind == "vae" and "snapshot of step 3" in tick.message) or (tick.values and tick.step == 3):
            break
    steps.close()
    before = content(tmp_path / "cut.snapshots")
    assert list(before) == ([] if kind == "vae" else [3]), "the one was stopped while a snapshot was made"
    assert not (tmp_path / "cut").exists()
    train(kind, tmp_path / "cut", steps=4, snapshots=2, resume=True)
    assert content(tmp_path / "cut.snapshots") == content(tmp_path / "whole.snapshots")


def test_snapshots_of_steps_that_are_made_again_are_removed(train, tmp_path):
    out = tmp_path / "model"
    train("edm", out, steps=8, snapshots=4)
    later = tmp_path / "model.snapshots" / "step-00000099"
    shutil.copytree(tmp_path / "model.snapshots" / "step-00000008", later)
    train("edm", out, steps=12, snapshots=2, resume=True)
    assert list(snapshot_folders(tmp_path / "model.snapshots")) == [5, 6, 7, 8, 9, 12]


def test_under_a_time_limit_moments_go_by_the_clock(models):
    now = [0.0]
    budget = Budget(None, 100.0, clock=lambda: now[0], start=0.0)
    taken = []
    kept = Snapshots(
        folder=None, count=4, budget=budget, engine=None, generator=None, data=None, seed=0, card=dict
    )
    for step in range(1, 200):
        now[0] += 1.0
        budget.update(step)
        if kept._due(step):
            taken.append(step)
        if budget.done:
            break
    assert taken == pytest.approx([63, 75, 87], abs=4)


@pytest.mark.parametrize("number", [-1, 1001])
def test_a_number_that_makes_no_sense_is_refused(number, train, tmp_path):
    with pytest.raises(ParameterError, match="snapshots"):
        train("edm", tmp_path / "model", snapshots=number)


def test_snapshots_of_two_trainings_are_never_mixed(train, tmp_path):
    train("edm", tmp_path / "model", steps=2, snapshots=1)
    shutil.rmtree(tmp_path / "model")
    shutil.rmtree(tmp_path / "model.training")
    with pytest.raises(CheckpointError, match=r"snapshots of another training\. Delete it"):
        train("edm", tmp_path / "model", steps=2, snapshots=1)


def test_too_little_room_is_said_before_the_training(train, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 100_000))
    with pytest.raises(SaveError, match=r"5 snapshots of .* Take fewer"):
        train("edm", tmp_path / "model", steps=8, snapshots=5)
    assert not (tmp_path / "model").exists()


def test_a_snapshot_that_cannot_be_written_does_not_end_the_training(train, tmp_path, monkeypatch):
    real = module.write_model

    def failing(folder, *arguments):
        if folder.name.endswith("6"):
            raise SaveError("the disk is full")
        real(folder, *arguments)

    monkeypatch.setattr(module, "write_model", failing)
    said = train("edm", tmp_path / "model", steps=8, snapshots=4)
    assert said["snapshots"]["steps"] == [5, 7, 8]
    assert "there is no snapshot of step 6: the disk is full" in said["notes"]


def test_what_they_take_is_said_at_the_start(series, kinds, tmp_path):
    steps = run(
        "train edm",
        images=series / "images",
        conditions=series / "conditions.csv",
        out=tmp_path / "model",
        steps=2,
        snapshots=2,
        threads=1,
        device="cpu",
        **kinds["edm"],
    )
    messages = [tick.message for tick in steps]
    assert any(m.startswith("2 snapshots of") and "model.snapshots" in m for m in messages)
