"""Checkpoints of a training: written whole or not at all, found again after a kill.

A training folder holds ``training.json`` (what is being trained), ``log.jsonl`` (one row
per step), ``lock``, and one folder ``step-00000500`` per checkpoint with arrays in
``state.safetensors`` and the rest in ``state.json``. Nothing in it can run code.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..errors import CheckpointError, SaveError
from ..io.atomic import PARTIAL, atomic_path, require_writable, write_text
from ..io.limits import readable_bytes
from .lock import FolderLock
from .log import LossLog
from .state import State

FORMAT = 1
STARTED = "training.json"


class Checkpoints:
    """The folder of one training, locked while it is open.

    Parameters
    ----------
    folder : Path
        Where checkpoints and the log go.
    identity : mapping
        Plain JSON values that say what is trained on what (settings, hash of the data).
        A training is resumed only with the same.
    resume : bool
        Go on with the training in the folder; False to begin one.
    keep : int
        Newest checkpoints to keep.

    Raises
    ------
    CheckpointError
        If there is nothing to resume, if the folder holds a training and ``resume`` is
        False, if it is another training, or if a process is at work in it.
    SaveError
        If the folder cannot be written.
    """

    def __init__(
        self, folder: Path | str, *, identity: Mapping[str, Any], resume: bool = False, keep: int = 2
    ) -> None:
        self.folder = Path(folder)
        self.keep = keep
        self.log = LossLog(self.folder / "log.jsonl")
        self._unreadable: set[int] = set()
        self._require_something_to(resume)
        self._lock = FolderLock(self.folder)
        self._lock.acquire()
        try:
            self._sweep()
            require_writable(self.folder)
            self._claim(json.loads(json.dumps(identity)), resume)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def steps(self) -> list[int]:
        """Return the steps at which there is a checkpoint, oldest first."""
        found = (path.name.removeprefix("step-") for path in self.folder.glob("step-*"))
        return sorted({int(number) for number in found if number.isdigit()} - self._unreadable)

    def newest(self) -> State | None:
        """Return the newest whole checkpoint, or None; the log goes back to where it was then.

        Raises
        ------
        CheckpointError
            If there are checkpoints and none can be read.
        """
        failures = []
        for step in reversed(self.steps()):
            try:
                state = _read(self._path(step))
                self.log.rewind(int(state.numbers["log_bytes"]))
            except (OSError, ValueError, KeyError, TypeError) as error:
                failures.append(f"{self._path(step).name}: {error}")
                self._unreadable.add(step)
                continue
            return state
        if failures:
            raise CheckpointError(
                f"No checkpoint in {self.folder} can be read ({'; '.join(failures)}). Delete the folder to "
                f"train "
                f"afresh."
            )
        self.log.rewind(0)
        return None

    def save(self, step: int, state: State) -> None:
        """Write the checkpoint of ``step`` and then remove all but the newest ones.

        Raises
        ------
        SaveError
            If it cannot be written; what was there is untouched.
        """
        final = self._path(step)
        try:
            length = self.log.sync()
            self._require_room(state)
            with atomic_path(final) as temporary:
                _write(temporary, state.tensors, dict(state.numbers) | {"log_bytes": length})
        except SaveError:
            raise
        except Exception as error:
            raise SaveError(f"The checkpoint {final} could not be written: {error}.") from error
        self._unreadable.discard(step)
        for old in self.steps()[: -self.keep]:
            self._forget(old)

    def _sweep(self) -> None:
        """Remove what a killed training left half written; the lock says that nobody is writing."""
        for entry in self.folder.glob(f".*{PARTIAL}"):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)

    def _require_something_to(self, resume: bool) -> None:
        started = (self.folder / STARTED).exists()
        if resume and not started:
            raise CheckpointError(
                f"There is nothing to resume: no training was begun in {self.folder}. Train without "
                f"--resume, or "
                f"name the folder of a training that was interrupted."
            )
        if not resume and started and self.steps():
            raise CheckpointError(
                f"{self.folder} already holds a training with checkpoints up to step {self.steps()[-1]}. "
                f"Go on "
                f"with it by --resume, delete the folder, or train into another one."
            )

    def _claim(self, identity: dict[str, Any], resume: bool) -> None:
        path = self.folder / STARTED
        if not resume:
            self.log.rewind(0)
            write_text(
                path, json.dumps({"format": FORMAT, "identity": identity}, indent=1, sort_keys=True) + "\n"
            )
            return
        try:
            before = json.loads(path.read_text(encoding="utf-8"))["identity"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path} is damaged ({error}). Delete {self.folder} to train afresh."
            ) from None
        changed = sorted(k for k in before.keys() | identity.keys() if before.get(k) != identity.get(k))
        if changed:
            said = ", ".join(f"{key} was {before.get(key)} and is now {identity.get(key)}" for key in changed)
            raise CheckpointError(
                f"The training in {self.folder} is another one: {said}. Resume with the same settings and "
                f"data, "
                f"or train into another folder."
            )

    def _path(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}"

    def _require_room(self, state: State) -> None:
        needed = sum(int(array.nbytes) for array in state.tensors.values()) + 1_000_000
        free = shutil.disk_usage(self.folder).free
        if needed > free:
            raise SaveError(
                f"A checkpoint needs {readable_bytes(needed)} and {self.folder} has {readable_bytes(free)} "
                f"free. "
                f"Free some space there."
            )

    def _forget(self, step: int) -> None:
        """Remove a checkpoint; it loses its name first, so that it is never found half gone."""
        path = self._path(step)
        doomed = path.with_name(f".{path.name}{PARTIAL}")
        shutil.rmtree(doomed, ignore_errors=True)
        try:
            path.rename(doomed)
        except OSError:
            return
        shutil.rmtree(doomed, ignore_errors=True)


def _write(folder: Path, tensors: Mapping[str, np.ndarray], numbers: dict[str, Any]) -> None:
    from safetensors.numpy import save_file

    folder.mkdir()
    save_file({k: np.asarray(a, order="C") for k, a in tensors.items()}, folder / "state.safetensors")
    text = json.dumps({"format": FORMAT, "numbers": numbers})
    (folder / "state.json").write_text(text, encoding="utf-8")


def _read(folder: Path) -> State:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    content = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    if content["format"] != FORMAT:
        raise ValueError(f"it has format {content['format']}, and this version reads {FORMAT}")
    try:
        tensors = load_file(folder / "state.safetensors")
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    return State(tensors, content["numbers"])
