"""Trains a tiny generator in one of several processes; used by the test beside it."""

import os
import sys
from pathlib import Path

import numpy as np
import torch

from napari_microgen.generate import catalogue
from napari_microgen.generate.networks import unet
from napari_microgen.generate.networks.thin_film_gan import ThinFilmDiscriminator
from napari_microgen.io.writing import write
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.volume import Volume

OPTIONS = {"edm": {"profile": "tiny"}, "cgan": {}}


def main():
    kind, folder = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    data = folder / f"data-{os.environ.get('RANK', '0')}"  # each process its own copy, the same bytes
    (data / "images").mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    lines = ["file,T"]
    for number in range(3):
        image = random.integers(0, 256, (24, 24)).astype(np.uint8)
        write(Volume(image, "YX"), data / "images" / f"{number}.tif")
        lines.append(f"{number}.tif,{number}")
    (data / "c.csv").write_text("\n".join(lines))
    without_dropout()
    finish(
        run(
            f"train {kind}",
            images=data / "images",
            conditions=data / "c.csv",
            out=folder / f"{kind}-{os.environ['WORLD_SIZE']}",
            steps=20,
            batch_size=8,
            patch_size=16,
            threads=1,
            device="cpu",
            precision="fp32",  # sums of bf16 numbers differ by 1e-4 when they are cut in two
            preview_seconds=0.0,
            **OPTIONS[kind],
        )
    )


def without_dropout():
    """Masks are drawn by each process for its own share, so they are left out of the comparison."""
    from dataclasses import replace

    catalogue.load("edm")
    unet.PROFILES["tiny"] = replace(unet.PROFILES["tiny"], dropout=0.0)
    real = ThinFilmDiscriminator.__init__

    def plain(self, *arguments, **options):
        real(self, *arguments, **options)
        self.dropout = torch.nn.Identity()

    ThinFilmDiscriminator.__init__ = plain


if __name__ == "__main__":
    main()
