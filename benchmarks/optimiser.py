"""Muon against AdamW in the default generator: error of denoising new images at equal steps and equal time.

Both learn the simulated sintering series of `porous_quality.py` from the same batches and noise. Judged are
the averaged weights on micrographs that were not learned from, as mean of the weighted error over eight
noise levels. Printed: the steps and processor seconds in which Muon reaches what AdamW has at the end.

``python benchmarks/optimiser.py --work DIR --steps 800 --rates 0.001,0.003``
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from porous_quality import CROP, MATERIALS, SIDE, TEMPERATURES, micrographs, training_files
from quality import halved, patches_of, quality_arguments
from report import emit

LEVELS = (0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 15.0, 50.0)
EACH = 16
"""New patches of each condition."""
EVERY = 50


class Watched:
    """Error on new images of the averaged weights, after every 50 steps, with the processor time of steps."""

    def __init__(self, options):
        count = len(MATERIALS) * len(TEMPERATURES)
        stack = halved(micrographs(options, "again")).reshape(count, -1, 256, 256)
        images = np.array([patches_of(rows, SIDE, EACH, 5) for rows in stack]).reshape(-1, 1, SIDE, SIDE)
        self.images = torch.from_numpy(images.astype(np.float32) / images.max() * 2 - 1)
        self.noise = torch.randn(self.images.shape, generator=torch.Generator().manual_seed(3))
        self.encoded, self.seconds, self.rows = None, 0.0, []

    def error(self, engine):
        """Return the mean error over the noise levels."""
        generator, network = engine.trainee, engine.trainee.networks["denoiser"]
        kept = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(engine.averages["denoiser"].values)
        clean = self.images - generator.expected(self.encoded)
        given = torch.from_numpy(self.encoded.astype(np.float32))
        found = []
        with torch.no_grad(), engine.autocast():
            for level in LEVELS:
                for first in range(0, len(clean), 48):
                    own = slice(first, first + 48)
                    count = len(clean[own])
                    tensors = {"images": clean[own], "noise": self.noise[own], "conditions": given[own]}
                    tensors |= {"levels": torch.full((count,), level), "dropped": torch.zeros(count)}
                    found.append(float(generator._loss(tensors)) * count)
        network.load_state_dict(kept)
        return sum(found) / len(clean) / len(LEVELS)


def learned(options, steps, rate=None):
    """Train with Muon, or with AdamW of a rate; return (step, processor seconds, error) along the way."""
    from napari_microgen.generate.methods.edm import Edm, train_edm
    from napari_microgen.progress import finish
    from napari_microgen.train.engine import Engine

    watched, step, prepare, pairing = Watched(options), Engine.step, Edm.prepare_training, Edm.pairing

    def timed(engine, batch):
        start = time.process_time()
        loss = step(engine, batch)
        watched.seconds += time.process_time() - start
        if engine.position % EVERY == 0:
            watched.rows.append((engine.position, watched.seconds, watched.error(engine)))
        return loss

    def paired(self, data, batch):
        rows = [data.table.groups("condition")[0].tolist().index(n) for n in range(18)]
        watched.encoded = np.repeat(self.setup.encoder.encode(data.table)[rows], EACH, 0)
        return pairing(self, data, batch)

    def adam(self):
        network = self.networks["denoiser"]
        groups = [
            {"params": [w for w in network.parameters() if w.ndim > 1], "weight_decay": 0.01},
            {"params": [w for w in network.parameters() if w.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimisers = {"denoiser": torch.optim.AdamW(groups, rate, betas=(0.9, 0.99))}

    Engine.step, Edm.pairing = timed, paired
    if rate is not None:
        Edm.prepare_training = adam
    try:
        folder, table = training_files(options)
        with tempfile.TemporaryDirectory() as out:
            asked = {"images": folder, "conditions": table, "out": Path(out) / "model", "steps": steps}
            asked |= {"patch_size": SIDE, "crop_size": CROP, "augment": "isotropic", "seed": 0}
            finish(train_edm.steps(**asked, threads=options.threads, preview_seconds=0, device="cpu"))
    finally:
        Engine.step, Edm.prepare_training, Edm.pairing = step, prepare, pairing
    return watched.rows


def main():
    parser = quality_arguments(__doc__.split("\n", 1)[0], "edm")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--rates", default="0.001,0.003", help="step sizes of AdamW, by comma")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    muon = learned(options, options.steps)
    result = {"muon": {"error": muon[-1][2], "seconds": muon[-1][1]}}
    for rate in map(float, options.rates.split(",")):
        rows = learned(options, options.steps, rate)
        steps, seconds, error = rows[-1]
        reached = next(((n, s) for n, s, found in muon if found <= error), (None, None))
        result[f"adamw {rate:g}"] = {
            "error": error,
            "seconds": seconds,
            "steps_over": reached[0] and reached[0] / steps,
            "time_over": reached[1] and reached[1] / seconds,
        }
    passed = all((row.get("time_over") or 0) < 0.8 for name, row in result.items() if name != "muon")
    emit(options, benchmark="optimiser", size=SIDE, steps=options.steps, accuracy=result, passed=passed)


if __name__ == "__main__":
    main()
