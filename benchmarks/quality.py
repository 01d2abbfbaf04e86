"""What the benchmarks of trained generators share: training by the command, samples, descriptors.

Everything lies in the working folder and is used again: a training that was stopped goes on, and a model
that is there is not trained a second time. All methods get the same processor time.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from report import arguments


def quality_arguments(description, methods):
    """Return a parser with the options of every benchmark of trained generators."""
    parser = arguments(description)
    parser.add_argument("--work", type=Path, required=True, help="folder for data, models and samples")
    parser.add_argument("--methods", default=methods, help="rows to fill, by comma")
    parser.add_argument("--seeds", default="0,1,2", help="seeds of the trainings, by comma")
    parser.add_argument("--minutes", type=float, default=30.0, help="processor time of each training")
    parser.add_argument("--count", type=int, default=100, help="images of each condition")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto")
    return parser


def seeds(options):
    """Return the seeds as numbers."""
    return [int(part) for part in options.seeds.split(",")]


def trained(options, name, method, images, table, seed, extra=()):
    """Return the folder of a model, trained now if it is not there.

    The number of steps is what ``--minutes`` of processor time pay for, measured on 40 steps of the method,
    so that other work on the machine takes nothing from anyone.
    """
    model = options.work / "models" / name
    if (model / "card.json").exists():
        return model
    model.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "napari_microgen.cli", "train", method, "--images", images]
    command += [
        "--conditions",
        table,
        "--seed",
        seed,
        "--threads",
        options.threads,
        "--device",
        options.device,
    ]
    command += ["--preview-seconds", 0, "--json", "--quiet", *extra]
    steps = round(60 * options.minutes / _step_seconds(options, method, [*command, "--out"]))
    print(f"training {name}: {steps} steps", file=sys.stderr, flush=True)
    command += ["--steps", steps, "--out", model]
    if Path(f"{model}.training").exists():
        command.append("--resume")
    output, _ = _run(options, command)
    (options.work / "models" / f"{name}.json").write_text(output)
    shutil.rmtree(f"{model}.training", ignore_errors=True)
    return model


def _step_seconds(options, method, command):
    """Return the processor time of a step of a method, or its time on a GPU; measured once and kept."""
    kept = options.work / "models" / f"{method}-step-seconds.json"
    if not kept.exists():
        spent = []
        for steps in (10, 50):
            with tempfile.TemporaryDirectory() as folder:
                output, seconds = _run(options, [*command, Path(folder) / "pilot", "--steps", steps])
            said = json.loads(output)
            spent.append(said["seconds"] if said["device"] == "cuda" else seconds / options.threads)
        kept.write_text(json.dumps((spent[1] - spent[0]) / 40))
    return json.loads(kept.read_text())


def _run(options, command):
    """Run a command; return what it prints and the processor time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    done = subprocess.run(
        [*map(str, command)], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def training_facts(options, name):
    """Return steps and images per second of a training."""
    facts = json.loads((options.work / "models" / f"{name}.json").read_text())
    return {key: facts[key] for key in ("steps", "seconds", "images_per_second") if key in facts}


def sampled(options, name, rows, count, *, seed=1, **how):
    """Return ``count`` images of each row of conditions, shape (rows, count, R, C); kept in the working
    folder."""
    kept = options.work / "samples" / f"{name}-{count}.npy"
    if kept.exists():
        return np.load(kept)
    from napari_microgen.generate.images import make_images
    from napari_microgen.generate.model import read_generator
    from napari_microgen.progress import finish

    model = read_generator(options.work / "models" / name)
    print(f"sampling {name}", file=sys.stderr, flush=True)
    many = [row for row in rows for _ in range(count)]
    steps = make_images(model, many, seed=seed, device=options.device, threads=options.threads, **how)
    images = finish(steps).images
    images = images.reshape(len(rows), count, *images.shape[1:])
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, images)
    return images


def described(options, name, images, threshold=0.5, **how):
    """Return descriptors of images, shape (rows, count, K) by name; kept in the working folder."""
    from napari_microgen.compare.descriptors import NAMES, describe_images
    from napari_microgen.compare.image_set import of_arrays
    from napari_microgen.progress import finish

    kept = options.work / "descriptors" / f"{name}-{images.shape[1]}.npy"
    if kept.exists():
        values = np.load(kept)
    else:
        flat = images.reshape(-1, *images.shape[2:])
        values = finish(describe_images(of_arrays(name, flat), threshold, **how)).values
        values = values.reshape(*images.shape[:2], -1)
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, values)
    return {key: values[..., place] for place, key in enumerate(NAMES)}


def patches_of(micrographs, side, count, seed):
    """Return random patches of micrographs (N, R, C) that do not overlap, shape (count, side, side)."""
    number, rows, columns = micrographs.shape
    cut = micrographs[:, : rows // side * side, : columns // side * side]
    tiles = (
        cut.reshape(number, rows // side, side, columns // side, side).swapaxes(2, 3).reshape(-1, side, side)
    )
    if count > len(tiles):
        raise SystemExit(f"{count} patches are asked for, but the micrographs hold {len(tiles)}.")
    return tiles[np.random.default_rng(seed).permutation(len(tiles))[:count]]


def halved(images):
    """Return images at half the resolution, resampled as those of a training are."""
    from napari_microgen.generate.training_set import resampled

    flat = images.reshape(-1, *images.shape[-2:])
    found = np.stack([resampled(image, 2.0) for image in flat])
    return found.reshape(*images.shape[:-2], *found.shape[-2:])


def memorised(generated, training, held_out):
    """Return the AUC of the search for copies, and that of real images that were not trained on.

    All have shape (conditions, images, R, C). At .5 generated images are as far from the training as
    from new real images of the same conditions.
    """
    from napari_microgen.compare.memorisation import Known, memorisation
    from napari_microgen.progress import finish

    def known(images):
        group = np.tile(np.arange(images.shape[1]), len(images))  # the floor takes half of each condition
        return Known(images.reshape(-1, *images.shape[2:]), group)

    found = finish(memorisation(known(generated).images, known(training), known(held_out)))
    return {"memorisation_auc": round(float(found.auc), 4), "floor_auc": round(float(found.floor_auc), 4)}


def summary(values):
    """Return mean and range of numbers over seeds."""
    known = np.array([v for v in values if v is not None], float)
    if not len(known):
        return None
    return {
        "mean": round(float(known.mean()), 4),
        "low": round(float(known.min()), 4),
        "seeds": len(known),
    } | {"high": round(float(known.max()), 4)}


def only(options: argparse.Namespace, method: str) -> bool:
    """Return whether a row is asked for."""
    return method in options.methods.split(",")
