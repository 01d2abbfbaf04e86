"""Train a segmenter from images and labels; go on after a stop."""

import copy
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from ..errors import CheckpointError, ParameterError
from ..io.atomic import sweep_partials
from ..io.weights import save_model
from ..progress import Progress, Steps, stepwise
from ..recipe import installed_versions
from ..train.batches import SeededBatches, shuffled
from ..train.budget import Budget
from ..train.checkpoints import Checkpoints
from ..train.devices import choose_device, threads_kept
from ..train.loop import train
from ..train.seeds import seed_all
from ..train.timing import available_cores, fastest
from .unet_data import TrainingData, load, summary
from .unet_method import Segmenter, build_network
from .unet_paper import STRIDE
from .unet_patches import Sample, draw_patch, whole_plane
from .unet_presets import PRESETS, Preset
from .unet_watch import Watch


@stepwise
def train_unet(
    images: list[Path],
    labels: list[Path],
    out: Path,
    *,
    preset: Literal["default", "paper-002"] = "default",
    steps: int | None = None,
    minutes: float | None = None,
    context: int | None = None,
    unlabelled: int | None = 0,
    trusted: list[int] | None = None,
    base_channels: int = 16,
    patch_size: int = 256,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    validation: float | None = None,
    every_nth: int | None = None,
    normalisation: Literal["batch", "group"] = "batch",
    seed: int = 0,
    resume: bool = False,
    save_every: int = 200,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    threads: int | None = None,
) -> Steps[dict[str, Any]]:
    """Train a network that segments images like the given ones.

    Labels may be dense (from ``annotate``, or a mask) or a few painted strokes on a few
    slices. A few slices labelled by hand improve automatic labels a lot: name them with
    ``trusted``, or give them in a label file of their own with the image once more (each
    label file is drawn equally often). The training can be stopped at any time and resumed; its
    checkpoints lie beside the model, in ``OUT.training``.

    Parameters
    ----------
    images : list of Path
        Images or stacks; ``a.tif+b.tif`` joins detectors of one scene.
    labels : list of Path
        Labels of each image, in the same order and shape.
    out : Path
        Folder for the model; it must not exist yet, except with ``resume``.
    preset : {"default", "paper-002"}
        ``default`` is the better network. ``paper-002`` is network and recipe of Wijaya
        et al. 2024 (every fifth slice, 70 % of these for training, 100 epochs of whole
        slices), for comparison; ``validation`` 0.7 gives its text as printed.
    steps : int, optional
        Updates of the network. Left out: 1500, or the epochs of the preset.
    minutes : float, optional
        Time limit; the learning rate falls to zero in time for it. A run under a time
        limit cannot be repeated bit for bit.
    context : int, optional
        Neighbouring slices seen on each side, 0 to 4. Left out: 2, or 0 for the paper's
        network. Take 0 if slices are far apart.
    unlabelled : int, optional
        Label value that means "no label"; none if every pixel has a label, as in a phase
        map. The default is that of ``annotate``.
    trusted : list of int, optional
        Planes, counted from 0, whose labels are right because they were painted or
        corrected by hand. Half of the patches come from them, and where some of them are
        held back only these judge the result.
    base_channels : int
        Width of the default network at full resolution; 16 suits two processor cores.
    patch_size : int
        Side of the square patches of the default preset, in px.
    batch_size : int, optional
        Patches per step. Left out: 4, or 1 whole slice for the paper's preset.
    learning_rate : float, optional
        Largest step size. Left out: 0.002, or 0.001 for the paper's preset.
    validation : float, optional
        Share of the labelled slices held back to find the best weights and to score
        them; one block at the end of each stack, after a gap of twice the context. Left
        out: 0.2, or 0.3 for the paper's preset. Fewer than 5 slices hold none back.
    every_nth : int, optional
        Use every n-th labelled slice only. Left out: 1, or 5 for the paper's preset.
    normalisation : {"batch", "group"}
        Kind of normalisation layers; batch is faster to apply.
    seed : int
        Start of all random numbers.
    resume : bool
        Go on with the training that was interrupted in ``OUT.training``.
    save_every : int
        Steps between checkpoints; at most this much is lost when the machine stops.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.
    precision : {"auto", "fp32", "bf16"}
        Number format of the convolutions; auto takes the faster one, after timing both.
    threads : int, optional
        Processor threads. Left out: all cores or one, whichever is faster.

    Returns
    -------
    dict
        ``model``, ``steps``, ``seconds``; ``scores`` on the held-back slices: ``accuracy``,
        ``mean_jaccard`` and, by label value, ``jaccard``, ``precision``, ``recall`` (empty if
        none were held back); ``training_planes``, ``validation_planes``, ``parameters``,
        ``device``, ``precision``, ``threads``, ``notes``.

    Raises
    ------
    ShapeMismatchError, LabelValueError, AxesError
        If images and labels do not fit.
    CheckpointError
        If there is nothing to resume, or ``out`` is in use.
    DivergedError
        If the loss is no longer finite.
    SaveError
        If nothing can be written there.
    """
    start = time.monotonic()
    chosen = _settings(preset, context, batch_size, learning_rate, validation, every_nth)
    _require_sizes(base_channels, patch_size, save_every, threads)
    _require_free(Path(out), resume)
    data = yield from load(
        images,
        labels,
        context=chosen.context,
        unlabelled=unlabelled,
        validation=chosen.validation,
        every_nth=chosen.every_nth,
        scale=chosen.scale,
        trusted=trusted or (),
    )
    options: dict[str, Any] = {
        "channels": data.channels * (2 * data.context + 1),
        "classes": len(data.classes),
        "normalisation": normalisation,
    }
    job = _Job(
        out=Path(out),
        preset=preset,
        chosen=chosen,
        data=data,
        options=options | ({"base": base_channels} if chosen.method == "unet-default" else {}),
        unlabelled=unlabelled,
        patch_size=patch_size,
        seed=seed,
        device=choose_device(device),
    )
    budget = Budget(_total(steps, minutes, job), minutes and 60 * minutes, start=start)
    return (yield from job.run(budget, resume, save_every, precision, threads))


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One training with everything decided but the number format and the threads."""

    out: Path
    preset: str
    chosen: Preset
    data: TrainingData
    options: dict[str, Any]
    unlabelled: int | None
    patch_size: int
    seed: int
    device: str

    def run(
        self, budget: Budget, resume: bool, save_every: int, precision: str, threads: int | None
    ) -> Steps[dict[str, Any]]:
        seed_all(self.seed)
        network = build_network(self.chosen.method, self.options)
        batches = SeededBatches(self.draw, self.seed)
        folder = training_folder(self.out)
        with threads_kept(), Checkpoints(folder, identity=self.identity(), resume=resume) as store:
            how = (threads or 1, "fp32")
            if not store.steps():  # a checkpoint knows it
                how = yield from self.fastest_way(network, precision, threads)
            method = Segmenter(
                network, self.chosen.recipe, budget, device=self.device, threads=how[0], precision=how[1]
            )
            torch.set_num_threads(method.threads)
            watch = Watch(method, self.data, budget)
            ticks = train(
                method,
                batches,
                steps=budget,
                checkpoints=store,
                every=save_every,
                evaluate=watch.evaluate,
            )
            for tick in ticks:
                yield replace(tick, preview=watch.preview())
            result = self.result(method, budget) | {"scores": (yield from watch.scores())}
            result["notes"] = _notes(self.data) + watch.notes()
            yield Progress(budget.step, budget.total, "saving the model")
            sweep_partials(self.out.parent)
            save_model(self.out, method.final(), {"method": self.chosen.method, "details": self.card(result)})
        return result

    def draw(self, number: int, generator: np.random.Generator) -> list[Sample]:
        """Return batch ``number``: random patches, or whole planes in a new order each epoch."""
        count = self.chosen.batch_size
        if not self.chosen.whole:
            size = self.patch()
            return [draw_patch(self.data, size, self.chosen.variation, generator) for _ in range(count)]
        planes = [(stack, index) for stack in self.data.stacks for index in stack.training]
        order = (shuffled(number * count + i, len(planes), self.seed) for i in range(count))
        return [whole_plane(*planes[i], self.data.context, STRIDE) for i in order]

    def patch(self) -> int:
        """Return the side of a patch: as asked, but not larger than the largest image."""
        largest = max(max(stack.labels.shape[1:]) for stack in self.data.stacks)
        return min(self.patch_size, -(-largest // STRIDE) * STRIDE)

    def fastest_way(
        self, network: torch.nn.Module, precision: str, threads: int | None
    ) -> Steps[tuple[int, str]]:
        """Time one update with each number format, then on one thread, and return the fastest."""
        batch = self.draw(0, np.random.default_rng(self.seed))
        scratch = Segmenter(copy.deepcopy(network), self.chosen.recipe, Budget(1), device=self.device)

        def work(choice: tuple[int, str]) -> None:
            torch.set_num_threads(choice[0])
            scratch.precision = choice[1]
            scratch.step(batch)

        cores = threads or available_cores()
        formats = ["fp32", "bf16"] if precision == "auto" else [precision]
        best = yield from fastest([(cores, each) for each in formats], work, gain=1.25)
        if threads is None and cores > 1 and self.device == "cpu":
            best = yield from fastest([best, (1, best[1])], work)
        return best

    def identity(self) -> dict[str, Any]:
        """Return what must be the same when a training is resumed."""
        return {
            "preset": self.preset,
            "network": self.options,
            "patch_size": self.patch_size,
            "batch_size": self.chosen.batch_size,
            "learning_rate": self.chosen.recipe.learning_rate,
            "seed": self.seed,
            "data": self.data.sha256,
        }

    def result(self, method: Segmenter, budget: Budget) -> dict[str, Any]:
        training, validation = self.data.counts
        return {
            "model": str(self.out),
            "steps": budget.step,
            "seconds": round(budget.elapsed, 3),
            "training_planes": training,
            "validation_planes": validation,
            "parameters": sum(weight.numel() for weight in method.network.parameters()),
            "device": self.device,
            "precision": method.precision,
            "threads": method.threads,
        }

    def card(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return what whoever applies the model must know, and how it was made."""
        data = self.data
        scale = data.normalisation
        return {
            "network": self.options,
            "classes": data.classes,
            "solid": solid_classes(data.classes, self.unlabelled),
            "channels": data.channels,
            "context": data.context,
            "scale": {"kind": scale.kind, "low": scale.low, "high": scale.high},
            "data": summary(data),
            "training": self.identity()
            | {k: result[k] for k in ("steps", "seconds", "precision", "threads")},
            "scores": result["scores"],
            "notes": result["notes"],
            "versions": dict(installed_versions()),
        }


def training_folder(out: Path) -> Path:
    """Return where the checkpoints of the model ``out`` lie."""
    return out.with_name(f"{out.name}.training")


def solid_classes(classes: list[int], unlabelled: int | None) -> list[int]:
    """Return the label values that count as solid in a phase map.

    In an annotation (0 means no label) that is 1. Where every pixel has a label, 0 is
    the dark phase and everything else solid.

    Examples
    --------
    >>> solid_classes([1, 2, 3], 0), solid_classes([0, 1], None)
    ([1], [1])
    """
    if unlabelled is not None and 1 in classes:
        return [1]
    return [value for value in classes if value != min(classes)]


def _settings(
    preset: str,
    context: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    validation: float | None,
    every_nth: int | None,
) -> Preset:
    """Return the preset with what the user said put in."""
    chosen = PRESETS.get(preset)
    if chosen is None:
        raise ParameterError(f"{preset!r} is no preset; there are {', '.join(PRESETS)}.")
    chosen = replace(
        chosen,
        context=chosen.context if context is None else context,
        batch_size=chosen.batch_size if batch_size is None else batch_size,
        validation=chosen.validation if validation is None else validation,
        every_nth=chosen.every_nth if every_nth is None else every_nth,
    )
    if learning_rate is not None:
        chosen = replace(chosen, recipe=replace(chosen.recipe, learning_rate=learning_rate))
    if not 0 <= chosen.context <= 4:
        raise ParameterError(f"context is {chosen.context}; it must lie between 0 and 4.")
    if chosen.batch_size < 1 or chosen.every_nth < 1:
        raise ParameterError("batch_size and every_nth must be at least 1.")
    if not 0 < chosen.recipe.learning_rate <= 1:
        raise ParameterError(
            f"learning_rate is {chosen.recipe.learning_rate:g}; it must lie above 0, up to 1."
        )
    return chosen


def _require_sizes(base_channels: int, patch_size: int, save_every: int, threads: int | None) -> None:
    if not 8 <= base_channels <= 128 or base_channels % 8:
        raise ParameterError(f"base_channels is {base_channels}; it must be a multiple of 8 from 8 to 128.")
    if not 32 <= patch_size <= 2048 or patch_size % STRIDE:
        raise ParameterError(
            f"patch_size is {patch_size}; it must be a multiple of {STRIDE} from 32 to 2048."
        )
    if save_every < 1 or (threads is not None and threads < 1):
        raise ParameterError("save_every and threads must be at least 1.")


def _require_free(out: Path, resume: bool) -> None:
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(
            f"{out} already exists. Train into another folder, delete it, or go on with its training by "
            f"--resume."
        )


def _total(steps: int | None, minutes: float | None, job: _Job) -> int | None:
    """Return the number of steps, or None if only the time counts."""
    if steps is not None or minutes is not None:
        return steps
    if job.chosen.steps is not None:
        return job.chosen.steps
    return job.chosen.epochs * max(1, job.data.counts[0] // job.chosen.batch_size)


def _notes(data: TrainingData) -> list[str]:
    notes = []
    if data.context and all(stack.depth == 1 for stack in data.stacks):
        notes.append(
            "there is one plane only, so its neighbours are the plane itself; context 0 does the same"
        )
    if not data.counts[1]:
        notes.append("nothing was held back for validation; the weights are the average of the last steps")
    return notes
