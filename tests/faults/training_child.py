"""Trains a tiny U-Net in forked children that say what they are doing and can be killed anywhere.

Reads one JSON job per line; answers with the process number of the child, then its exit status. The
child appends a word to the file ``phases`` at each change of phase, without buffering. With ``die_at``
it kills itself at the n-th write, flush, rename or removal.
"""

import json
import os
import signal
import sys
from pathlib import Path

import safetensors.numpy
import scipy.ndimage  # noqa: F401 - so that no kill falls into an import
import torch

from napari_microgen.io import tiff, weights  # noqa: F401
from napari_microgen.segment import unet_job, unet_method, unet_training
from napari_microgen.train import checkpoints, log

STEPS, EVERY = 12, 3
torch.optim.AdamW([torch.zeros(1, requires_grad=True)])  # imports half of torch when first made


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


def deadly(calls, die_at):
    """Count calls that touch the disk and die just before number ``die_at``."""
    count = [0]

    def counted(owner, name):
        real = getattr(owner, name)

        def wrapped(*arguments, **options):
            count[0] += 1
            if count[0] == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        setattr(owner, name, wrapped)

    for owner, name in calls:
        counted(owner, name)
    return count


def train(job):
    folder = Path(job["folder"])
    file = os.open(folder / "phases", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(word):
        os.write(file, f"{word}\n".encode())

    spoken(unet_method.Segmenter, "step", "step", "between", say)
    spoken(checkpoints.Checkpoints, "save", "save", "between", say)
    spoken(unet_job, "save_model", "export", "exported", say)
    touching = [(os, "fsync"), (os, "replace"), (os, "rename"), (os, "unlink"), (os, "chmod")]
    touching += [
        (log.LossLog, "_append_whole"),
        (safetensors.numpy, "save_file"),
        (checkpoints, "write_text"),
    ]
    count = deadly(touching, job.get("die_at", 0))
    say("begin")
    steps = unet_training.train_unet.steps(
        [folder / "grey.tif"],
        [folder / "labels.tif"],
        folder / "model",
        steps=STEPS,
        context=1,
        base_channels=8,
        patch_size=32,
        batch_size=2,
        save_every=EVERY,
        precision="fp32",
        threads=1,
        device="cpu",
        resume=job["resume"],
    )
    for tick in steps:
        if tick.message == "validating":
            say("validate")
    say("done")
    (folder / "touches").write_text(str(count[0]))


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
