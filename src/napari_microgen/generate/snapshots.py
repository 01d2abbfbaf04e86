"""Models of the second part of a training, kept beside the result, so that the best moment can be chosen."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError, SaveError
from ..io.atomic import require_writable, sweep_partials
from ..io.limits import readable_bytes
from ..progress import Progress, Steps
from ..train.budget import Budget
from ..train.engine import Engine
from ..train.seeds import random_states, restore_random_states
from .contract import Generator
from .model import write_model
from .training_set import TrainingSet

_HEAD = "step-"


@dataclass(kw_only=True)
class Snapshots:
    """Writes the model of some moments of a training; the training is the same with and without.

    Each is written before the checkpoint of its step: a training that was killed writes it again, the
    same bit for bit on a processor.
    """

    folder: Path
    """Where they go."""
    count: int
    """How many, the end included; 0 for none."""
    budget: Budget
    """How far the training is."""
    engine: Engine
    """Has the averaged weights."""
    generator: Generator[Any]
    """What is trained."""
    data: TrainingSet
    """What it is trained on."""
    seed: int
    """Of the training."""
    card: Callable[[], dict[str, Any]]
    """Returns what the card of a model of this moment says."""
    notes: list[str] = field(default_factory=list)
    """What went wrong."""
    _passed: int = 0

    def begin(self, resumed: int) -> str:
        """Get the folder ready for a training that goes on from a step; return what it will take.

        Raises
        ------
        SaveError
            If it cannot be written, or has too little room.
        """
        require_writable(self.folder)
        sweep_partials(self.folder)
        for step, path in snapshot_folders(self.folder).items():
            if step > resumed:  # of steps that will be made again
                shutil.rmtree(path)
        self._passed = len(snapshot_folders(self.folder))
        nets = [self.generator.networks[name] for name in self.generator.kept]
        each = sum(t.numel() * t.element_size() for net in nets for t in net.state_dict().values())
        needed = each * max(1, self.count - self._passed)
        free = shutil.disk_usage(self.folder).free
        said = f"{self.count} snapshots of {readable_bytes(each)} each"
        if needed > free:
            raise SaveError(
                f"{said} go to {self.folder}, which has {readable_bytes(free)} free. Take fewer "
                f"(--snapshots), or free some space there."
            )
        return f"{said} will be kept in {self.folder.name}"

    def evaluate(self, step: int) -> Steps[Mapping[str, float]]:
        """Write the model of this step if it is one of the moments; nothing for the curves."""
        if not self._due(step):
            return {}
        states = random_states()
        try:
            kept = self.engine.final()
            twin = self._twin(kept)
            for tick in twin.after_training(self.data, self.seed):
                message = f"snapshot of step {step}: {tick.message}"
                yield Progress(self.budget.step, self.budget.total, message)
            self._write(step, twin, kept)
        finally:
            restore_random_states(states)
        return {}

    def end(self, generator: Generator[Any], kept: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """Write the last one, which is the result."""
        if self.count:
            self._write(self.budget.step, generator, kept)

    def facts(self) -> dict[str, Any]:
        """Return where they are and what they take on the disk."""
        if not self.count:
            return {}
        found = snapshot_folders(self.folder)
        size = sum(file.stat().st_size for path in found.values() for file in path.iterdir())
        return {"snapshots": {"folder": str(self.folder), "steps": list(found), "bytes": size}}

    def _due(self, step: int) -> bool:
        """Return whether a step is a moment; with a number of steps this depends on the step alone."""
        budget, shares = self.budget, [(self.count + k, 2 * self.count) for k in range(1, self.count)]
        if budget.seconds is None and budget.total is not None:
            return step in {-(-budget.total * part // whole) for part, whole in shares} - {budget.total}
        passed = sum(part / whole <= budget.fraction() for part, whole in shares)
        due, self._passed = passed > self._passed, max(passed, self._passed)
        return due

    def _twin(self, kept: Mapping[str, Mapping[str, np.ndarray]]) -> Generator[Any]:
        """Return a generator with these weights; what it learns does not go into the one in training."""
        twin = type(self.generator)(self.generator.config, self.generator.setup)
        self.engine.use(kept, twin.networks)
        return twin

    def _write(
        self, step: int, generator: Generator[Any], kept: Mapping[str, Mapping[str, np.ndarray]]
    ) -> None:
        """Write one; where that fails the training is worth more than the snapshot."""
        card = self.card()
        card["training"] = {name: value for name, value in card["training"].items() if name != "seconds"}
        try:
            write_model(self.folder / f"{_HEAD}{step:08d}", generator, kept, card)
        except SaveError as error:
            self.notes.append(f"there is no snapshot of step {step}: {error}")


def snapshots_folder(out: Path) -> Path:
    """Return where the snapshots of the training of the model ``out`` lie."""
    return out.with_name(f"{out.name}.snapshots")


def snapshot_folders(folder: Path) -> dict[int, Path]:
    """Return the snapshots in a folder by their steps, earliest first."""
    found = {path.name.removeprefix(_HEAD): path for path in folder.glob(f"{_HEAD}*") if path.is_dir()}
    numbers = sorted((step for step in found if step.isdigit()), key=int)
    return {int(step): found[step] for step in numbers}


def require_no_snapshots(folder: Path) -> None:
    """Refuse to mix the snapshots of two trainings.

    Raises
    ------
    CheckpointError
        If there are some already.
    """
    if folder.is_dir() and snapshot_folders(folder):
        raise CheckpointError(
            f"{folder} holds the snapshots of another training. Delete it, train into another folder, or go "
            f"on with that training by --resume."
        )
