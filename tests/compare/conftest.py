"""Simulated micrographs of known kind, and comparisons of arrays."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_microgen.compare.frame import evaluate
from napari_microgen.compare.image_set import of_arrays
from napari_microgen.compare.mode_collapse import collapse_alarm
from napari_microgen.compare.preparation import Choices, prepared_sets
from napari_microgen.compare.space import Space
from napari_microgen.conditions import ConditionTable
from napari_microgen.progress import finish


def draw_precipitates(random, count, density=24.0, edge=64, size=2.5):
    """Bright round spots at random places on a dark ground with noise; ``density`` per 64 x 64 pixels."""
    margin = 10
    side = edge + 2 * margin
    impulses = np.zeros((count, side, side))
    for image in impulses:
        number = random.poisson(density * (side / 64) ** 2)
        rows, columns = random.integers(side, size=(2, number))
        np.add.at(image, (rows, columns), random.uniform(0.5, 1.0, number))
    spots = gaussian_filter(impulses, (0, size, size)) * (2 * np.pi * size**2)
    grey = 0.15 + 0.45 * spots[:, margin:-margin, margin:-margin]
    grey += 0.02 * random.standard_normal(grey.shape)
    return np.clip(np.rint(grey * 255), 0, 255).astype(np.uint8)


def draw_fields(random, count, edge=64, smoothing=3.0, share=0.5):
    """Level-cut Gaussian fields, as phase maps of 0 and 1."""
    fields = gaussian_filter(
        random.standard_normal((count, edge, edge)), (0, smoothing, smoothing), mode="wrap"
    )
    return (fields > np.quantile(fields, 1 - share)).astype(np.uint8)


def shifted_copies(random, images, count, noise=0.0):
    """Copies of some images, each turned or mirrored and cut from another place of a periodic mosaic."""
    chosen = images[random.integers(len(images), size=count)]
    reach = images.shape[1] // 4
    copies = []
    for image in chosen:
        moved = np.roll(image, tuple(random.integers(-reach, reach + 1, 2)), (0, 1))
        turned = np.rot90(moved, random.integers(4))
        copies.append(turned[:, ::-1] if random.integers(2) else turned)
    grey = np.array(copies).astype(float) + random.normal(0, noise, chosen.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def precipitates():
    """Return the function that draws spots."""
    return draw_precipitates


@pytest.fixture(scope="session")
def fields():
    """Return the function that draws phase maps."""
    return draw_fields


@pytest.fixture(scope="session")
def copies():
    """Return the function that draws hidden copies."""
    return shifted_copies


@pytest.fixture(scope="session")
def table():
    """Return a function that makes a table of one condition and, if wanted, micrographs."""

    def make(values, micrographs=(), name="T"):
        return ConditionTable.from_columns({name: list(values)}, units={name: "C"}, micrographs=micrographs)

    return make


@pytest.fixture(scope="session")
def compared():
    """Return a function that compares arrays of images: metrics, runs, space, sides, collapse."""

    def run(real, synthetic, *, training=None, tables=None, repeats=12, seed=0):
        tables = tables or {}
        arrays = {"real": real, "synthetic": synthetic, "training": training}
        sets = [of_arrays(n, a, tables.get(n)) for n, a in arrays.items() if a is not None]
        prepared = finish(prepared_sets(sets, Choices(count=5000)))
        space = Space.fit(prepared.sides.real.descriptors)
        metrics, runs = finish(evaluate(prepared.sides, space, repeats=repeats, seed=seed))
        names = ("diversity", "nearest_spacing")
        signs = [{n: [r.get(n, np.nan) for r in runs[k]] for n in names} for k in ("value", "floor")]
        return SimpleNamespace(
            metrics=metrics, runs=runs, space=space, prepared=prepared, collapse=collapse_alarm(*signs)
        )

    return run
