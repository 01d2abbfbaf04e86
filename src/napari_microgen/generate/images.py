"""Images of a trained generator for rows of conditions, in batches that fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..io.limits import allocate
from ..progress import Progress, Steps
from ..train.devices import choose_device, out_of_memory, threads_kept
from ..train.timing import available_cores
from .contract import Noise
from .model import GeneratorModel

BATCH = {"cpu": 16, "cuda": 256}
UNDECIDED = 0.9
"""Pixels of a binary image that are nearer to 0 than this, before the threshold, count as undecided."""
MANY = 32
"""Images from which all processor cores are used."""


@dataclass(frozen=True, eq=False)
class Made:
    """Images and what was seen while making them."""

    images: np.ndarray
    """Shape (N, R, C), in the grey values of the training images."""
    undecided: float | None
    """Share of pixels that were not clearly black or white, for binary images."""


def make_images(
    model: GeneratorModel,
    rows: Sequence[Mapping[str, Any]],
    *,
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    same_noise: bool = False,
    numbers: Sequence[int] | None = None,
    precision: str = "auto",
    **options: Any,
) -> Steps[Made]:
    """Make one image for each row of conditions.

    Parameters
    ----------
    model : GeneratorModel
        What makes them.
    rows : sequence of mapping
        Conditions by name, one row per image.
    seed : int
        Image n depends on the seed and on n alone, however many are made.
    device : {"auto", "cpu", "cuda"}
        Where.
    threads : int, optional
        Processor threads; one for a few images and all cores for many if left out.
    same_noise : bool
        Give all images the same random numbers, so that only the conditions differ.
    numbers : sequence of int, optional
        Number of each image, not negative; its place among the rows if left out.
    precision : {"auto", "fp32", "bf16"}
        Number format of the networks; auto takes bf16 on a GPU where the method allows it. Noise
        levels and the image under way are always fp32.
    **options
        ``evaluations`` and ``sampler``, where the method has a choice.
    """
    encoded = model.generator.setup.encoder.encode(list(rows))
    where = choose_device(device)
    for network in model.generator.networks.values():
        network.to(where, memory_format=torch.channels_last)
    images = allocate((len(rows), model.size, model.size), np.dtype(model.grey.dtype))
    batch, done, soft = BATCH[where], 0, 0
    half = precision == "bf16" or (precision == "auto" and where == "cuda" and model.generator.half_precision)
    with threads_kept():
        torch.set_num_threads(threads or (available_cores() if len(rows) >= MANY else 1))
        while done < len(rows):
            chosen = slice(done, min(done + batch, len(rows)))
            own = None if numbers is None or same_noise else numbers[chosen]
            noise = Noise(seed, 0 if same_noise else done, shared=same_noise, numbers=own)
            try:
                with torch.autocast(where, torch.bfloat16, enabled=half):
                    made = yield from _sampled(model, encoded[chosen], noise, done, len(rows), options)
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error) or batch == 1:
                    raise
                batch //= 2
                continue
            made = made[:, : model.size, : model.size]
            soft += int((np.abs(made) < UNDECIDED).sum())
            images[chosen] = model.grey.inverse(made)
            done = chosen.stop
    yield Progress(len(rows), len(rows), "generated")
    return Made(images, soft / images.size if model.grey.binary else None)


def _sampled(
    model: GeneratorModel,
    encoded: np.ndarray,
    noise: Noise,
    done: int,
    total: int,
    options: Mapping[str, Any],
) -> Steps[np.ndarray]:
    steps = model.generator.sample(encoded, noise, **options)
    while True:
        try:
            evaluation, evaluations = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        part = done + len(encoded) * evaluation / (evaluations + 1)
        yield Progress(int(part), total, "generating")
