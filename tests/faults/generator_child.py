"""Trains tiny generators in forked children that say what they are doing and can be killed anywhere.

Reads one JSON job per line; answers with the process number of the child, then its exit status. The
child appends a word to the file ``phases`` at each change of phase, without buffering.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import safetensors.numpy  # noqa: F401 - so that no kill falls into an import
import scipy.linalg
import torch

from napari_microgen.generate import catalogue, latent_prior, snapshots, training
from napari_microgen.generate.methods import vae
from napari_microgen.io import tiff  # noqa: F401
from napari_microgen.operations import OPERATIONS
from napari_microgen.train import checkpoints, engine

STEPS, EVERY = 9, 2
OPTIONS = {
    "edm": {"profile": "tiny", "patch_size": 16},
    "ddpm": {"width": 8, "noise_steps": 12, "patch_size": 8},
    "cgan": {"patch_size": 8, "z_dim": 4},
    "acwgan-gp": {"patch_size": 16, "critic_steps": 2},
    "vae": {"patch_size": 32},
}
torch.optim.AdamW([torch.zeros(1, requires_grad=True)])  # imports half of torch when first made
scipy.linalg.eigh(np.eye(3))
torch.set_num_threads(1)
FUNCTIONS = {name: OPERATIONS[f"train {name}"].load() for name in catalogue.titles()}
latent_prior.PATCHES, vae.MAPPED = 8, 8


def spoken(owner, name, word, after, say):
    """Make a function say its phase; what it does is unchanged."""
    real = getattr(owner, name)

    def wrapped(*arguments, **options):
        say(word)
        try:
            return real(*arguments, **options)
        finally:
            say(after)

    setattr(owner, name, wrapped)


def train(job):
    folder = Path(job["folder"])
    file = os.open(folder / "phases", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(word):
        os.write(file, f"{word}\n".encode())

    spoken(engine.Engine, "step", "step", "between", say)
    spoken(checkpoints.Checkpoints, "save", "save", "between", say)
    spoken(training, "write_model", "export", "exported", say)
    spoken(snapshots, "write_model", "snapshot", "between", say)
    say("begin")
    steps = FUNCTIONS[job["method"]].steps(
        images=folder / "images",
        conditions=folder / "c.csv",
        out=folder / "model",
        steps=STEPS,
        batch_size=2,
        save_every=EVERY,
        snapshots=3,
        preview_seconds=0.0,
        device="cpu",
        threads=1,
        resume=job["resume"],
        **OPTIONS[job["method"]],
    )
    for _ in steps:
        pass
    say("done")


def main():
    print("READY", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                train(job)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
