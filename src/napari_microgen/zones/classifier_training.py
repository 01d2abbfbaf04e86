"""Train a structure classifier on own labels, and say how good it is on images it has not seen."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from ..errors import CheckpointError, ParameterError
from ..io.atomic import sweep_partials
from ..progress import Progress, Steps, stepwise
from ..train.batches import SeededBatches
from ..train.budget import Budget
from ..train.checkpoints import Checkpoints
from ..train.devices import choose_device, threads_kept
from ..train.engine import Engine
from ..train.loop import train
from ..train.ranks import Ranks
from ..train.seeds import seed_all
from .calibration import calibration_error, fitted_temperature, log_loss, probabilities
from .classifier import write_classifier
from .classifier_data import LabelledImages, load_labelled
from .classifier_network import StructureNetwork, Trainee, logits_of
from .classifier_scores import by_group, class_scores
from .grouped_folds import grouped_folds, lonely

EPOCHS = 13
PATCHES = 128
"""Published: about 13 epochs of 128 patches of each micrograph."""
TESTED = 36
"""Patches of each micrograph that judge a fold, evenly spread."""


@stepwise
def train_classifier(
    *,
    images: Path,
    labels: Path,
    out: Path,
    label: str = "structure",
    group: str = "micrograph",
    where: tuple[str, ...] = (),
    folds: int = 5,
    steps: int | None = None,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    balance: Literal["weights", "none"] = "weights",
    augment: Literal["none", "flips", "isotropic"] = "none",
    pixel_size: float | None = None,
    crop_size: int | None = None,
    seed: int = 0,
    resume: bool = False,
    save_every: int = 1000,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int = 1,
    licence: str = "",
) -> Steps[dict[str, Any]]:
    """Train a network that tells structures apart from own labels.

    The network is that of Banko et al. 2020 and sees 64 x 64 px. One is trained per fold without its
    micrographs and judged on them; their answers also set the temperature that makes probabilities
    mean what they say. The network that is kept is then trained on all images. A training that
    was stopped goes on with ``resume``.

    Parameters
    ----------
    images : Path
        Folder with the micrographs; patches are cut from them at random.
    labels : Path
        CSV with one row per image: its name, its class and, if there is one, its group.
    out : Path
        Folder for the classifier; it must not exist yet, except with ``resume``.
    label : str
        Column with the class of each image.
    group : str
        Column whose values are never torn apart by the folds, such as the library. Left alone: the
        micrograph (column ``micrograph`` if there is one, else each image).
    where : tuple of str
        Rows to keep: NAME=VALUE, NAME=LOW:HIGH or NAME!=VALUE.
    folds : int
        Parts of the cross-validation, 2 to 50; each costs as much as the training itself.
    steps : int, optional
        Updates of each network. Left out: 13 epochs of 128 patches per micrograph, as published.
    batch_size : int
        Patches per step.
    learning_rate : float
        Step size of Adam; as published.
    balance : {"weights", "none"}
        Weights let every class count alike, however few micrographs it has.
    augment : {"none", "flips", "isotropic"}
        Mirrored and turned patches that count as real; only where direction has no meaning.
    pixel_size : float, optional
        Edge that the pixels of all images are brought to first, in um; needed where images were
        taken at different magnifications.
    crop_size : int, optional
        Side of the crops that become a patch of 64 px each: 128 halves the resolution.
    seed : int
        Start of all random numbers.
    resume : bool
        Go on with the training that was interrupted in ``OUT.training``.
    save_every : int
        Steps between checkpoints; at most this much is lost when the machine stops.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.
    threads : int
        Processor threads; the network is too small to gain from more than one or two.
    licence : str
        Note on the licence of the images, kept in the model.

    Returns
    -------
    dict
        ``model``, ``classes``, ``parameters``, ``steps``, ``seconds``; ``validation``: ``folds``,
        ``group``, ``patches`` and ``micrographs`` (each ``count``, ``accuracy``,
        ``balanced_accuracy``, ``recall``, ``precision``, ``confusion``), ``calibration``
        (``temperature``, expected calibration error and log loss before and after); ``notes``.

    Raises
    ------
    TableError, ConditionsError
        If the table lacks a column or does not fit the images, or there are fewer groups than folds.
    ShapeMismatchError
        If an image is smaller than 64 px.
    CheckpointError
        If there is nothing to resume, or ``out`` exists.
    """
    start = time.monotonic()
    _require(folds, steps, batch_size, learning_rate, save_every, threads, seed)
    _require_free(out, resume)
    found = yield from load_labelled(
        images,
        labels,
        label=label,
        group=group,
        where=where,
        pixel_size=pixel_size,
        crop_size=crop_size,
        augment=augment,
    )
    count = steps or max(1, round(EPOCHS * PATCHES * len(found.labels) / batch_size))
    job = _Job(
        found, out, folds, count, batch_size, learning_rate, balance, seed, save_every,
        choose_device(device), threads,
    )  # fmt: skip
    with threads_kept():
        torch.set_num_threads(threads)
        result = yield from job.run(group, licence, start)
    return result


@dataclass(frozen=True)
class _Job:
    """One training with everything decided."""

    found: LabelledImages
    out: Path
    folds: int
    steps: int
    batch_size: int
    learning_rate: float
    balance: str
    seed: int
    save_every: int
    device: str
    threads: int

    def run(self, group: str, licence: str, start: float) -> Steps[dict[str, Any]]:
        found = self.found
        fold = grouped_folds(found.groups, found.labels, self.folds, self.seed)
        logits, rows = [], []
        for number in range(self.folds):
            network = yield from self.network(f"fold-{number + 1}", np.flatnonzero(fold != number), number)
            for row in np.flatnonzero(fold == number):
                yield Progress(self.steps * (number + 1), self.total, "judging images not seen")
                answers = logits_of(network, found.spread(int(row), TESTED))
                logits.append(answers)
                rows.append(np.full(len(answers), row))
        validation = self.validation(np.concatenate(logits), np.concatenate(rows), group)
        everything = np.arange(len(found.labels))
        network = yield from self.network("all", everything, self.folds)
        result = self.result(network, validation, group, time.monotonic() - start)
        yield Progress(self.total, self.total, "writing the classifier")
        self.write(network, result, licence)
        return result

    @property
    def total(self) -> int:
        return self.steps * (self.folds + 1)

    def network(self, name: str, rows: np.ndarray, number: int) -> Steps[StructureNetwork]:
        """Train one network on some rows, going on from its checkpoint if there is one."""
        folder = training_folder(self.out) / name
        identity = self.identity() | {"rows": rows.tolist()}
        weights = np.ones(len(self.found.classes))
        if self.balance == "weights":
            weights = self.found.class_weights(rows)
        seed_all(self.seed)
        trainee = Trainee(weights, self.learning_rate)
        engine = Engine(
            trainee, Ranks(self.device), seed=self.seed, batch=self.batch_size, threads=self.threads
        )
        batches = SeededBatches(lambda _, random: self.found.batch(rows, self.batch_size, random), self.seed)
        begun = (folder / "training.json").exists()
        with Checkpoints(folder, identity=identity, resume=begun, keep=1) as store:
            ticks = train(engine, batches, steps=Budget(self.steps), checkpoints=store, every=self.save_every)
            for tick in ticks:
                done = number * self.steps + tick.step
                yield Progress(done, self.total, f"training: {name.replace('-', ' ')}", tick.values)
        return trainee.network

    def identity(self) -> dict[str, Any]:
        """Return what must be the same when a training is resumed."""
        return {
            "network": "paper-000",
            "classes": list(self.found.classes),
            "labels": self.found.labels.tolist(),
            "batch_size": self.batch_size,
            "learning_rate": self.learning_rate,
            "balance": self.balance,
            "augment": self.found.data.augment,
            "seed": self.seed,
            "data": self.found.data.sha256,
        }

    def validation(self, logits: np.ndarray, rows: np.ndarray, group: str) -> dict[str, Any]:
        """Return scores on images not seen, before and after calibration."""
        found, truth = self.found, self.found.labels[rows]
        temperature = fitted_temperature(logits, truth)
        raw, shares = probabilities(logits), probabilities(logits, temperature)
        return {
            "folds": self.folds,
            "group": group,
            "groups": len(found.group_names),
            "patches": class_scores(truth, shares, found.classes),
            "micrographs": class_scores(found.labels[np.unique(rows)], by_group(shares, rows), found.classes),
            "calibration": {
                "temperature": round(temperature, 4),
                "error_before": round(calibration_error(raw, truth), 4),
                "error_after": round(calibration_error(shares, truth), 4),
                "log_loss_before": round(log_loss(logits, truth), 4),
                "log_loss_after": round(log_loss(logits, truth, temperature), 4),
            },
        }

    def result(
        self, network: StructureNetwork, validation: dict[str, Any], group: str, seconds: float
    ) -> dict[str, Any]:
        found, notes = self.found, list(self.found.data.notes)
        alone = lonely(found.groups, found.labels, found.classes)
        if alone:
            notes.append(
                f"{', '.join(alone)}: all images are of one {group}, so the networks of the folds that "
                f"judge them have never seen this class and its recall says nothing"
            )
        counts = np.bincount(found.labels, minlength=len(found.classes))
        return {
            "model": str(self.out),
            "classes": {n: int(c) for n, c in zip(found.classes, counts, strict=True)},
            "parameters": sum(weight.numel() for weight in network.parameters()),
            "steps": self.steps,
            "seconds": round(seconds, 3),
            "pixel_size": found.data.pixel_size,
            "unit": found.data.unit,
            "validation": validation,
            "notes": notes,
        }

    def write(self, network: StructureNetwork, result: Mapping[str, Any], licence: str) -> None:
        from ..train.torch_state import weights

        found = self.found
        sweep_partials(self.out.parent)
        identity = {k: v for k, v in self.identity().items() if k not in ("labels", "classes", "network")}
        write_classifier(
            self.out,
            weights(network),
            classes=found.classes,
            grey=found.data.scale,
            pixel_size=found.data.pixel_size,
            unit=found.data.unit,
            temperature=result["validation"]["calibration"]["temperature"],
            details={
                "training": identity | {"steps": self.steps, "seconds": result["seconds"]},
                "micrographs": result["classes"],
                "scores": result["validation"],
                "licence": licence,
                "notes": result["notes"],
            },
        )
        shutil.rmtree(training_folder(self.out), ignore_errors=True)


def training_folder(out: Path) -> Path:
    """Return where the checkpoints of the classifier ``out`` lie."""
    return out.with_name(f"{out.name}.training")


def _require(
    folds: int, steps: int | None, batch: int, rate: float, every: int, threads: int, seed: int
) -> None:
    limits = {"folds": (folds, 2, 50), "batch_size": (batch, 1, 100_000), "save_every": (every, 1, 10**9)}
    limits |= {"threads": (threads, 1, 1024), "seed": (seed, 0, 2**63 - 1)}
    if steps is not None:
        limits["steps"] = (steps, 1, 10**9)
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise ParameterError(f"{name} is {value}; it must lie between {low} and {high}.")
    if not 0 < rate <= 1:
        raise ParameterError(f"learning_rate is {rate:g}; it must lie between 0 and 1.")


def _require_free(out: Path, resume: bool) -> None:
    folder = training_folder(out)
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(f"{out} already exists. Train into another folder, or delete it.")
    if resume and not folder.exists():
        raise CheckpointError(
            f"There is nothing to resume: no training was begun in {folder}. Train without --resume."
        )
    if not resume and folder.exists() and any(folder.iterdir()):
        raise CheckpointError(
            f"{folder} holds a training that was interrupted. Go on with it by --resume, or delete it."
        )
