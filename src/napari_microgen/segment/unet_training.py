"""Train a segmenter from images and labels; go on after a stop."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ..errors import CheckpointError, ParameterError
from ..progress import Steps, stepwise
from ..train.budget import Budget
from ..train.devices import choose_device
from .unet_data import TrainingData, load
from .unet_job import Job
from .unet_paper import STRIDE
from .unet_presets import PRESETS, Preset


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
    _require_room_for(chosen, data)
    options: dict[str, Any] = {
        "channels": data.channels * (2 * data.context + 1),
        "classes": len(data.classes),
        "normalisation": normalisation,
    }
    job = Job(
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


def _require_room_for(chosen: Preset, data: TrainingData) -> None:
    for stack in data.stacks:
        rows, columns = stack.labels.shape[1:]
        if chosen.whole and chosen.batch_size == 1 and max(rows, columns) <= STRIDE:
            raise ParameterError(
                f"{stack.name} has planes of {rows} x {columns} px; to train on whole planes one by one, a "
                f"side must have at least {STRIDE + 1} px. Take the default preset."
            )


def _require_free(out: Path, resume: bool) -> None:
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(
            f"{out} already exists. Train into another folder, delete it, or go on with its training by "
            f"--resume."
        )


def _total(steps: int | None, minutes: float | None, job: Job) -> int | None:
    """Return the number of steps, or None if only the time counts."""
    if steps is not None or minutes is not None:
        return steps
    if job.chosen.steps is not None:
        return job.chosen.steps
    return job.chosen.epochs * max(1, job.data.counts[0] // job.chosen.batch_size)
