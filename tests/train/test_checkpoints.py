import errno
import json
import os
import shutil

import numpy as np
import pytest

from napari_microgen.errors import CheckpointError, SaveError
from napari_microgen.train.checkpoints import Checkpoints
from napari_microgen.train.state import State


def state(value, **numbers):
    return State({"w": np.full((3, 2), value, np.float32)}, {"value": value, **numbers})


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "model.training"


def opened(folder, resume=False, identity=None, **options):
    return Checkpoints(folder, identity=identity or {"seed": 0}, resume=resume, **options)


def test_what_is_saved_comes_back(folder):
    tensors = {
        "f": np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32),
        "scalar": np.array(7, np.int64),
        "bytes": np.arange(9, dtype=np.uint8),
        "strided": np.arange(12.0).reshape(3, 4)[:, ::2],
    }
    numbers = {"big": 2**100, "none": None, "list": [1, "a", 0.1]}
    with opened(folder) as store:
        store.save(5, State(tensors, numbers))
    with opened(folder, resume=True) as store:
        found = store.newest()
    assert {k: v.dtype for k, v in found.tensors.items()} == {k: v.dtype for k, v in tensors.items()}
    assert all(np.array_equal(found.tensors[name], tensors[name]) for name in tensors)
    assert dict(found.numbers) == numbers | {"log_bytes": 0}


def test_two_are_kept_and_the_old_goes_after_the_new(folder):
    with opened(folder) as store:
        for step in (1, 2, 3, 4):
            store.save(step, state(float(step)))
        assert store.steps() == [3, 4]
    assert sorted(p.name for p in folder.iterdir()) == [
        "lock",
        "log.jsonl",
        "step-00000003",
        "step-00000004",
        "training.json",
    ]


def test_nothing_to_resume_is_an_error(folder):
    with pytest.raises(CheckpointError, match=r"nothing to resume.*--resume"):
        opened(folder, resume=True)
    assert not folder.exists()


def test_a_training_that_was_begun_without_a_checkpoint_can_be_resumed_or_begun_again(folder):
    with opened(folder) as store:
        store.log.append({"step": 1})
    with opened(folder, resume=True) as store:
        assert store.newest() is None
        assert store.log.path.read_bytes() == b""
        store.log.append({"step": 1})
    with opened(folder) as store:
        assert store.log.path.read_bytes() == b""


def test_a_folder_with_checkpoints_is_not_overwritten(folder):
    with opened(folder) as store:
        store.save(3, state(1.0))
    with pytest.raises(CheckpointError, match=r"step 3.*--resume"):
        opened(folder)


def test_another_training_is_not_resumed(folder):
    with opened(folder, identity={"seed": 0, "rate": 0.1}) as store:
        store.save(3, state(1.0))
    with pytest.raises(CheckpointError, match=r"rate was 0\.1 and is now 0\.2"):
        opened(folder, resume=True, identity={"seed": 0, "rate": 0.2})


def test_the_same_folder_is_not_used_twice_at_once(folder):
    with opened(folder), pytest.raises(CheckpointError, match="Another training"):
        opened(folder)


@pytest.mark.parametrize("damage", ["cut tensors", "cut json", "no json", "garbage"])
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(folder, damage):
    with opened(folder) as store:
        store.log.append({"step": 1})
        store.save(1, state(1.0))
        store.log.append({"step": 2})
        store.save(2, state(2.0))
    newest = folder / "step-00000002"
    if damage == "cut tensors":
        path = newest / "state.safetensors"
        path.write_bytes(path.read_bytes()[:-5])
    elif damage == "cut json":
        (newest / "state.json").write_text('{"format": 1, "numb')
    elif damage == "no json":
        (newest / "state.json").unlink()
    else:
        (newest / "state.safetensors").write_bytes(b"\xff" * 64)
    with opened(folder, resume=True) as store:
        assert store.newest().numbers["value"] == 1.0
        assert json.loads(store.log.path.read_text()) == {"step": 1}
        store.save(2, state(3.0))
        assert store.newest().numbers["value"] == 3.0


def test_no_readable_checkpoint_at_all_is_said(folder):
    with opened(folder) as store:
        store.save(1, state(1.0))
    (folder / "step-00000001" / "state.json").unlink()
    with opened(folder, resume=True) as store, pytest.raises(CheckpointError, match="can be read"):
        store.newest()


def test_leftovers_of_a_killed_training_are_swept(folder):
    with opened(folder) as store:
        store.save(1, state(1.0))
    shutil.copytree(folder / "step-00000001", folder / ".step-00000002.123.abcd.partial")
    (folder / ".step-00000000.partial").mkdir()
    (folder / ".training.json.77.ffff.partial").write_text("{")
    with opened(folder, resume=True):
        assert not list(folder.glob(".*.partial"))


FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO)


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("call", ["fsync", "replace", "open", "rename"])
def test_a_failed_save_leaves_the_last_checkpoint_and_no_litter(folder, monkeypatch, code, call):
    def refuse(*arguments, **options):
        if call == "open" and (
            not isinstance(arguments[0], str | os.PathLike) or "step-" not in str(arguments[0])
        ):
            return real(*arguments, **options)
        raise OSError(code, os.strerror(code))

    with opened(folder) as store:
        store.save(1, state(1.0))
        before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"}
        with monkeypatch.context() as patch:
            import builtins

            owner = builtins if call == "open" else os
            real = getattr(owner, call)
            patch.setattr(owner, call, refuse)
            if call == "rename":  # used to give old checkpoints another name: no reason to fail
                store.save(2, state(2.0))
                return
            with pytest.raises(SaveError):
                store.save(2, state(2.0))
        assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "lock"} == before
        store.save(2, state(2.0))
        assert store.newest().numbers["value"] == 2.0
