"""One training of a generator from the table of conditions to the model folder."""

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import CheckpointError, ParameterError
from ..io.atomic import sweep_partials
from ..io.limits import memory_budget
from ..io.model_card import LARGEST_CARD
from ..progress import Progress, Steps, waited
from ..train.batches import SeededBatches
from ..train.budget import Budget
from ..train.checkpoints import Checkpoints
from ..train.devices import choose_device, fast_half_precision, threads_kept
from ..train.engine import Engine
from ..train.followers import FollowedCheckpoints
from ..train.loop import train
from ..train.prefetch import PrefetchedBatches
from ..train.ranks import Ranks
from ..train.seeds import seed_all
from ..train.timing import available_cores, fastest
from .conditioning import Encoder
from .contract import Generator, Setup
from .model import write_model
from .options import TrainingOptions
from .preview import Preview
from .snapshots import Snapshots, require_no_snapshots, snapshots_folder
from .training_set import TrainingSet, load_training_set

SAVE_SECONDS = 300.0
"""Time after which a checkpoint is made even if fewer steps than wanted were."""


@dataclass(frozen=True)
class Recipe:
    """How a method is trained where the user does not say otherwise."""

    method: type[Generator[Any]]
    """The generator."""
    config: Callable[[int, str], Any]
    """Returns the settings for a side in px and a device."""
    size: int
    """Side of a patch in px."""
    batch: Callable[[str], int]
    """Returns the images per step on a device."""
    steps: Callable[[str], int]
    """Returns the number of steps on a device."""
    preset: str = ""
    """Name of the published recipe, if it is one."""


def fit(recipe: Recipe, options: TrainingOptions) -> Steps[dict[str, Any]]:
    """Train a generator as an operation was asked to."""
    start = time.monotonic()
    _require_free(options)
    ranks = Ranks(choose_device(options.device))
    if ranks.world > 1 and options.minutes is not None:
        raise ParameterError("Several processes need a number of steps, not minutes: their clocks differ.")
    device = ranks.device.type
    found = options.read()
    asked = options.patch_size or recipe.size
    config = recipe.config(asked, device)
    multiple = recipe.method.multiple(config)
    size = -(-asked // multiple) * multiple
    crop = None if options.crop_size is None else round(options.crop_size * size / asked)
    data = yield from load_training_set(
        found.table,
        found.paths,
        patch_size=size,
        crop_size=crop,
        pixel_size=options.pixel_size,
        augment=options.augment,
    )
    batch = options.batch_size or recipe.batch(device)
    job = Job(recipe, config, options, data, asked, batch, ranks)
    steps = options.steps
    if steps is None and options.minutes is None:
        steps = recipe.steps(device)
    budget = Budget(steps, options.minutes and 60 * options.minutes, start=start)
    return (yield from job.run(budget))


@dataclass(frozen=True)
class Job:
    """One training with everything decided but the number format and the threads."""

    recipe: Recipe
    config: Any
    options: TrainingOptions
    data: TrainingSet
    asked: int
    """Side of the images that will be generated; those of the training may be larger."""
    batch: int
    ranks: Ranks

    def run(self, budget: Budget) -> Steps[dict[str, Any]]:
        """Train to the end of the budget and write the model."""
        options, method = self.options, self.recipe.method
        encoder = Encoder.fit(self.data.table, method.encoding(self.config))
        facts = yield from waited(
            lambda: method.measure(self.config, self.data, encoder, options.seed),
            0,
            budget.total,
            "measuring the training set",
        )
        setup = Setup(self.data.size, encoder, facts)
        _require_card(setup, self.data)
        seed_all(options.seed)
        generator = method(self.config, setup)
        pairing = generator.pairing(self.data, self.batch)
        with threads_kept(), self.store() as store, self.batches(pairing.draw) as batches:
            how = (options.threads or 1, "fp32")
            if not store.steps():  # a checkpoint knows it
                how = yield from self.fastest_way(generator, pairing.draw)
            generator.prepare_training()
            engine = self.engine(generator, *how)
            if not store.steps() and self.ranks.device.type == "cpu":  # a GPU says so itself
                engine.fit_into(pairing.draw(0, np.random.default_rng(options.seed)), memory_budget())
            seed_all(options.seed + 1)
            preview = Preview(
                generator, engine, self.data, options.preview_seconds if self.ranks.leads else 0
            )
            resumed = store.steps()[-1] if store.steps() else 0
            snapshots = self.snapshots(generator, engine, budget)
            if snapshots.count:
                yield Progress(resumed, budget.total, snapshots.begin(resumed))
            ticks = train(
                engine,
                batches,
                steps=budget,
                checkpoints=store,
                every=options.save_every,
                every_seconds=SAVE_SECONDS,
                evaluate=snapshots.evaluate if snapshots.count else None,
            )
            yield from self.watched(ticks, engine, preview, budget, resumed)
            kept = engine.final()
            engine.use(kept)
            yield from generator.after_training(self.data, options.seed)
            yield Progress(budget.step, budget.total, "writing the model")
            result = self.result(engine, budget)
            if self.ranks.leads:
                snapshots.end(generator, kept)
                sweep_partials(options.out.parent)
                write_model(options.out, generator, kept, self.card(result))
            self.ranks.wait()
        return result | snapshots.facts() | {"notes": [*result["notes"], *snapshots.notes]}

    def snapshots(self, generator: Generator[Any], engine: Engine, budget: Budget) -> Snapshots:
        """Return what keeps models of the way; the first process keeps them."""
        return Snapshots(
            folder=snapshots_folder(self.options.out),
            count=self.options.snapshots if self.ranks.leads else 0,
            budget=budget,
            engine=engine,
            generator=generator,
            data=self.data,
            seed=self.options.seed,
            card=lambda: self.card(self.result(engine, budget)),
        )

    def watched(
        self, ticks: Iterator[Progress], engine: Engine, preview: Preview, budget: Budget, first: int
    ) -> Steps[None]:
        """Pass the ticks on with the speed and, now and then, a preview."""
        torch.set_num_threads(engine.threads)
        start = time.monotonic()
        for tick in ticks:
            seconds = max(time.monotonic() - start, 1e-9)
            speed = {"images_per_second": round((tick.step - first) * self.batch / seconds, 3)}
            if self.ranks.device.type == "cuda":
                speed["gpu_memory_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 3)
            yield replace(tick, values=tick.values | speed, preview=preview.due())

    def batches(
        self, draw: Callable[[int, np.random.Generator], Any]
    ) -> AbstractContextManager[SeededBatches[Any]]:
        """Return the row of batches; made ahead by threads where a GPU would wait for them."""
        if self.ranks.device.type == "cuda":
            return PrefetchedBatches(draw, self.options.seed)
        return nullcontext(SeededBatches(draw, self.options.seed))

    def engine(self, generator: Generator[Any], threads: int, precision: str) -> Engine:
        """Return what makes the updates."""
        torch.set_num_threads(threads)
        return Engine(
            generator,
            self.ranks,
            seed=self.options.seed,
            batch=self.batch,
            precision=precision,
            threads=threads,
        )

    def store(self) -> Checkpoints:
        """Open the folder of checkpoints; all but the first process only read there."""
        folder = training_folder(self.options.out)
        if not self.ranks.leads:
            self.ranks.wait()
            return FollowedCheckpoints(folder)
        store = Checkpoints(folder, identity=self.identity(), resume=self.options.resume)
        self.ranks.wait()
        return store

    def fastest_way(
        self, generator: Generator[Any], draw: Callable[[int, np.random.Generator], Any]
    ) -> Steps[tuple[int, str]]:
        """Time one update on all cores and on one, and return the faster; bf16 where the device has it."""
        device, wanted = self.ranks.device.type, self.options.precision
        precision = wanted
        if wanted == "auto":
            fast = self.recipe.method.half_precision and (device == "cuda" or fast_half_precision())
            precision = "bf16" if fast else "fp32"
        cores = self.options.threads or available_cores()
        if self.options.threads or cores == 1 or device == "cuda" or self.ranks.world > 1:
            return (self.options.threads or (1 if self.ranks.world > 1 else cores), precision)
        scratch = copy.deepcopy(generator)
        scratch.prepare_training()
        engine = self.engine(scratch, cores, precision)
        batch = draw(0, np.random.default_rng(self.options.seed))

        def work(threads: int) -> None:
            torch.set_num_threads(threads)
            engine.step(batch)

        return ((yield from fastest([cores, 1], work)), precision)

    def identity(self) -> dict[str, Any]:
        """Return what must be the same when a training is resumed."""
        return {
            "method": self.recipe.method.name,
            "preset": self.recipe.preset,
            "settings": asdict(self.config),
            "patch_size": self.data.size,
            "batch_size": self.batch,
            "augment": self.data.augment,
            "seed": self.options.seed,
            "data": self.data.sha256,
        }

    def result(self, engine: Engine, budget: Budget) -> dict[str, Any]:
        """Return what was done."""
        weights = {
            name: sum(w.numel() for w in net.parameters()) for name, net in engine.trainee.networks.items()
        }
        notes = list(self.data.notes)
        if engine.pieces > 1:
            notes.append(f"each batch was cut into {engine.pieces} parts to fit into memory")
        seconds = budget.elapsed
        return {
            "model": str(self.options.out),
            "steps": budget.step,
            "seconds": round(seconds, 3),
            "images_per_second": round(budget.step * self.batch / max(seconds, 1e-9), 3),
            "parameters": weights,
            "images": len(self.data.planes),
            "conditions": len(self.data.table.groups("condition")[1]),
            "patch_size": self.asked,
            "pixel_size": self.data.pixel_size,
            "unit": self.data.unit,
            "device": self.ranks.device.type,
            "processes": self.ranks.world,
            "precision": engine.precision,
            "threads": engine.threads,
            "notes": notes,
        }

    def card(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return how the model was made, for its card."""
        data, table = self.data, self.data.table
        return {
            "image": {
                "size": self.asked,
                "pixel_size": data.pixel_size,
                "unit": data.unit,
                "grey": data.scale.to_dict(),
            },
            "conditions": _ranges(table),
            "support": table.support().to_dict() if table.complete.any() else None,
            "training": self.identity()
            | {
                name: result[name]
                for name in ("steps", "seconds", "images", "precision", "threads", "processes")
            },
            "licence": self.options.licence,
            "scores": {},
            "notes": result["notes"],
        }


def training_folder(out: Path) -> Path:
    """Return where the checkpoints of the model ``out`` lie."""
    return out.with_name(f"{out.name}.training")


def _require_free(options: TrainingOptions) -> None:
    out = options.out
    if options.resume:
        return
    if options.snapshots:
        require_no_snapshots(snapshots_folder(out))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(
            f"{out} already exists. Train into another folder, delete it, or go on with its training by "
            f"--resume."
        )


def _require_card(setup: Setup, data: TrainingSet) -> None:
    """Refuse before the training what could not be written after it."""
    support = data.table.support().to_dict() if data.table.complete.any() else None
    parts = [setup.encoder.to_dict(), dict(setup.facts), support, _ranges(data.table)]
    if len(json.dumps(parts, indent=2)) > 0.9 * LARGEST_CARD:
        count = len(data.table.groups("condition")[1])
        raise ParameterError(
            f"There are {count} different conditions, more than the card of a model can list. Round the "
            f"numbers in the table, or leave conditions out (--columns)."
        )


def _ranges(table: Any) -> list[dict[str, Any]]:
    """Return what each condition is and which values the training saw."""
    rows = []
    for condition, column in zip(table.conditions, table.columns, strict=True):
        entry: dict[str, Any] = {"name": condition.name, "unit": condition.unit, "kind": condition.kind}
        if condition.kind == "categorical":
            entry["values"] = sorted({str(value) for value in column if value})
        else:
            known = column[~np.isnan(column)]
            entry |= {"low": float(known.min()), "high": float(known.max()), "transform": condition.transform}
        rows.append(entry)
    return rows
