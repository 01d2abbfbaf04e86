"""Textures that a small network tells apart, and a generator whose images are formulas."""

from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from napari_microgen.conditions import ConditionTable
from napari_microgen.generate.conditioning import Encoder
from napari_microgen.generate.contract import Generator, Setup
from napari_microgen.generate.grey import GreyScale
from napari_microgen.generate.model import GeneratorModel
from napari_microgen.zones.classifier_training import train_classifier


def draw_texture(kind, random, shape=(96, 112)):
    """Stripes of one of two widths or flat noise, at a random place."""
    columns = np.arange(shape[1]) + random.uniform(0, 40)
    period = {"fine": 6, "coarse": 24}.get(kind)
    wave = np.zeros(shape[1]) if period is None else np.sin(2 * np.pi * columns / period)
    noise = random.normal(0, 12, shape)
    return np.clip(128 + 70 * wave[None] + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def texture():
    """Return what draws one image of a structure."""
    return draw_texture


@pytest.fixture(scope="session")
def labelled(tmp_path_factory):
    """Return folder and table of 26 micrographs of three structures, two of them rare."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "images").mkdir()
    random, lines = np.random.default_rng(0), ["file,library,structure"]
    for number in range(26):
        kind = "flat" if number < 4 else ("coarse" if number < 12 else "fine")
        Image.fromarray(draw_texture(kind, random)).save(folder / "images" / f"film_{number:02d}.png")
        lines.append(f"film_{number:02d}.png,L{number % 4},{kind}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def trained(labelled, tmp_path_factory):
    """Return a classifier trained on them and what its training said."""
    out = tmp_path_factory.mktemp("classifier") / "three"
    result = train_classifier(
        images=labelled / "images",
        labels=labelled / "labels.csv",
        out=out,
        folds=2,
        steps=40,
        batch_size=16,
        seed=1,
    )
    return out, result


@dataclass(frozen=True)
class AnalyticConfig:
    """Settings of a generator whose images are formulas."""

    style: str = "noise"
    bias: float = 0.0


class Analytic(Generator):
    """Grey noise whose mean follows ``heat`` and whose spread follows ``flux``; or stripes that widen.

    With u and v the conditions from 0 to 1: mean share of white 0.2 + 0.6 u + bias + offset, where the
    offset of each image has the standard deviation 0.02; spread 0.02 + 0.1 v. Stripes have a period of
    6 px up to u = 0.5 and of 24 px beyond.
    """

    name = "analytic"
    config_class = AnalyticConfig

    @classmethod
    def encoding(cls, config):
        return "minmax"

    def prepare_training(self):
        raise NotImplementedError

    def phases(self, batch, generator, device):
        raise NotImplementedError

    def sample(self, conditions, noise, **options):
        yield 1, 1
        size = self.setup.size
        u, v = (conditions[:, column, None, None].astype(float) for column in range(2))
        own = noise.normal(len(conditions), size, size).numpy().astype(float)
        offset = noise.normal(len(conditions), 1, 1, stream=1).numpy().astype(float)
        if self.config.style == "stripes":
            period = np.where(u <= 0.5, 6.0, 24.0)
            share = 0.5 + 0.27 * np.sin(2 * np.pi * (np.arange(size) / period + offset)) + 0.05 * own
        else:
            share = 0.2 + 0.6 * u + self.config.bias + 0.02 * offset + (0.02 + 0.1 * v) * own
        return 2 * share - 1


GRID = [(heat, flux) for heat in (0.0, 25.0, 50.0, 75.0, 100.0) for flux in (0.0, 10.0, 20.0, 30.0, 40.0)]


@pytest.fixture(scope="session")
def analytic():
    """Return what makes a model of formulas, trained (it says) on a grid without some conditions."""

    def make(style="noise", bias=0.0, without=(), size=16):
        points = [point for point in GRID if point not in set(without)]
        table = ConditionTable.from_columns(
            {"heat": [p[0] for p in points], "flux": [p[1] for p in points]}, units={"heat": "C"}
        )
        encoder = Encoder.fit(table, "minmax")
        generator = Analytic(AnalyticConfig(style, bias), Setup(size, encoder))
        conditions = [
            {"name": name, "unit": unit, "kind": "continuous", "low": 0.0, "high": high}
            | {"transform": "identity"}
            for name, unit, high in (("heat", "C", 100.0), ("flux", None, 40.0))
        ]
        grey = GreyScale(0.0, 255.0, "uint8")
        name = f"{style} {bias} {sorted(without)}"
        return GeneratorModel(generator, size, grey, 2.0, "nm", conditions, table.support(), {}, name)

    return make
