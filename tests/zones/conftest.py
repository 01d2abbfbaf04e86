"""Two textures that a small network tells apart, as micrographs with a table."""

import numpy as np
import pytest
from PIL import Image

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
