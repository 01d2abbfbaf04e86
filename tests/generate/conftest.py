"""A tiny series of micrographs with known conditions, and one tiny model of each generator."""

import numpy as np
import pytest
import torch

from napari_microgen.io.writing import write
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.volume import Volume

TINY = {
    "edm": {"profile": "tiny", "patch_size": 16},
    "ddpm": {"width": 8, "noise_steps": 12, "patch_size": 16},
    "cgan": {"patch_size": 16},
    "cgan porous": {"preset": "porous", "patch_size": 32},
    "acwgan-gp": {"patch_size": 16, "critic_steps": 2},
    "acwgan-gp continuous": {"patch_size": 16, "critic_steps": 2, "labels": "continuous"},
    "vae": {"patch_size": 32},
    "vae grains": {"preset": "grains", "patch_size": 64, "prior": "full"},
}
"""Settings of each method that train within a second."""


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def few_latent_patches(monkeypatch):
    """The law of latent vectors is learned from fewer patches, so that tests are quick."""
    monkeypatch.setattr("napari_microgen.generate.latent_prior.PATCHES", 24)
    monkeypatch.setattr("napari_microgen.generate.methods.vae.MAPPED", 40)


def binary(random, coarseness, fraction, size=72):
    """A two-phase image, coarser or finer, with a given fraction of white."""
    from scipy import ndimage

    field = ndimage.gaussian_filter(random.standard_normal((size, size)), coarseness, mode="wrap")
    return (field > np.quantile(field, 1 - fraction)).astype(np.uint8) * 255


@pytest.fixture(scope="session")
def series(tmp_path_factory):
    """Two-phase micrographs of three temperatures and two materials: folder and table."""
    folder = tmp_path_factory.mktemp("series")
    (folder / "images").mkdir()
    random = np.random.default_rng(0)
    lines = ["file,temperature [C],material"]
    for temperature in (700, 800, 900):
        for material, fraction in (("A", 0.4), ("B", 0.6)):
            name = f"{material}{temperature}.tif"
            image = binary(random, 1 + (temperature - 700) / 100, fraction)
            write(Volume(image, "YX", voxel_size=(0.1, 0.1), unit="um"), folder / "images" / name)
            lines.append(f"{name},{temperature},{material}")
    (folder / "conditions.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def train(series):
    """Return a function that trains a tiny model of a kind of `TINY` and returns what the operation said."""

    def trained(kind, out, **options):
        arguments = {
            "images": series / "images",
            "conditions": series / "conditions.csv",
            "out": out,
            "steps": 4,
            "batch_size": 4,
            "preview_seconds": 0.0,
            "threads": 1,
            "device": "cpu",
        }
        return finish(run(f"train {kind.split()[0]}", **(arguments | TINY[kind] | options)))

    return trained


@pytest.fixture(scope="session")
def models(train, tmp_path_factory):
    """Return a function that gives the folder of a tiny model, trained once per session."""
    root, made = tmp_path_factory.mktemp("models"), {}

    def folder(kind):
        if kind not in made:
            out = root / kind.replace(" ", "-")
            train(kind, out)
            made[kind] = out
        return made[kind]

    return folder


@pytest.fixture
def kinds():
    return TINY
