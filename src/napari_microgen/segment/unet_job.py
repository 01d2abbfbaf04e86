"""One training of a segmenter with everything decided: draws batches, runs the loop, saves the model."""

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..io.atomic import sweep_partials
from ..io.limits import memory_budget, require_memory
from ..io.weights import save_model
from ..progress import Progress, Steps
from ..recipe import installed_versions
from ..train.batches import SeededBatches, shuffled
from ..train.budget import Budget
from ..train.checkpoints import Checkpoints
from ..train.devices import threads_kept
from ..train.loop import train
from ..train.seeds import seed_all
from ..train.timing import available_cores, fastest
from .unet_data import TrainingData, summary
from .unet_method import Segmenter, build_network
from .unet_paper import STRIDE
from .unet_patches import Sample, draw_patch, whole_plane
from .unet_presets import Preset
from .unet_watch import Watch

KEPT_FOR_GRADIENTS = 5
"""Memory of a training step over that of an inference, measured on both networks."""


@dataclass(frozen=True, kw_only=True)
class Job:
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
        """Train to the end of the budget and save the model; see `train_unet`."""
        seed_all(self.seed)
        network = build_network(self.chosen.method, self.options)
        pieces = self.pieces(int(network.bytes_per_pixel)) if self.device == "cpu" else 1
        batches = SeededBatches(self.draw, self.seed)
        folder = training_folder(self.out)
        with threads_kept(), Checkpoints(folder, identity=self.identity(), resume=resume) as store:
            how = (threads or 1, "fp32")
            if not store.steps():  # a checkpoint knows it
                how = yield from self.fastest_way(network, precision, threads, pieces)
            method = Segmenter(
                network, self.chosen.recipe, budget, device=self.device, threads=how[0], precision=how[1]
            )
            torch.set_num_threads(method.threads)
            method.pieces = pieces
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
        return max(2 * STRIDE, min(self.patch_size, -(-largest // STRIDE) * STRIDE))

    def pieces(self, bytes_per_pixel: int) -> int:
        """Return into how many parts a batch must be cut so that it fits into memory.

        Raises
        ------
        MemoryLimitError
            If one patch or plane alone does not fit.
        """
        side = self.patch() ** 2
        planes = [stack.labels[0].size for stack in self.data.stacks]
        sample = KEPT_FOR_GRADIENTS * bytes_per_pixel * (max(planes) if self.chosen.whole else side)
        require_memory(
            sample,
            "Training on whole planes" if self.chosen.whole else "Training on one patch",
            "Take the default preset, smaller patches or a smaller base, or crop the images.",
        )
        return -(-self.chosen.batch_size // max(1, min(self.chosen.batch_size, memory_budget() // sample)))

    def fastest_way(
        self, network: torch.nn.Module, precision: str, threads: int | None, pieces: int
    ) -> Steps[tuple[int, str]]:
        """Time one update with each number format, then on one thread, and return the fastest."""
        batch = self.draw(0, np.random.default_rng(self.seed))
        scratch = Segmenter(copy.deepcopy(network), self.chosen.recipe, Budget(1), device=self.device)
        scratch.pieces = pieces

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
        """Return what was done, without the scores."""
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


def _notes(data: TrainingData) -> list[str]:
    notes = []
    if data.context and all(stack.depth == 1 for stack in data.stacks):
        notes.append(
            "there is one plane only, so its neighbours are the plane itself; context 0 does the same"
        )
    if not data.counts[1]:
        notes.append("nothing was held back for validation; the weights are the average of the last steps")
    return notes
