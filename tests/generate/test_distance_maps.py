"""Maps of decimals, such as distances in px: generators take them and give them back in the same numbers."""

import numpy as np
import pytest

from napari_microgen.generate.grey import GreyScale, scale_of
from napari_microgen.generate.model import read_generator
from napari_microgen.io.writing import write
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.volume import Volume

RADII = (3.0, 9.0)


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """Two stores of smooth maps with means of 3 and 9 px and a deviation of 0.3 px."""
    from scipy import ndimage

    folder = tmp_path_factory.mktemp("maps")
    random = np.random.default_rng(0)
    for radius in RADII:
        stack = np.stack([ndimage.gaussian_filter(random.standard_normal((16, 16)), 2) for _ in range(40)])
        stack = radius + 0.3 * (stack - stack.mean()) / stack.std()
        write(Volume(stack.astype(np.float32), "ZYX"), folder / f"r{radius:g}.zarr")
    rows = [f"r{radius:g}.zarr,{radius:g}" for radius in RADII]
    (folder / "conditions.csv").write_text("\n".join(["image,mean_radius [px]", *rows]) + "\n")
    return folder


@pytest.fixture(scope="module")
def model(maps, tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "edm"
    options = {"profile": "tiny", "patch_size": 16, "batch_size": 8, "steps": 30, "augment": "isotropic"}
    fixed = {"preview_seconds": 0.0, "threads": 1, "device": "cpu"}
    finish(run("train edm", images=maps, conditions=maps / "conditions.csv", out=out, **options, **fixed))
    return out


def test_the_scale_is_that_of_the_maps(model):
    grey = read_generator(model).grey
    assert grey.dtype == "float32"
    assert not grey.binary
    assert 1.5 < grey.low < 3
    assert 9 < grey.high < 10.5


@pytest.mark.parametrize("radius", RADII)
def test_generated_maps_have_the_lengths_of_the_training(model, radius):
    made = finish(
        run("generate", model=model, set=[f"mean_radius={radius:g}"], count=8, device="cpu", threads=1)
    )
    assert made.dtype == np.float32
    assert made.data.mean() == pytest.approx(radius, abs=0.3)


def test_decimals_come_back_and_boundaries_stay_zero():
    distances = np.sqrt(np.arange(1000, dtype=np.float32))
    scale = scale_of(0.0, float(distances.max()), distances.dtype, {0.0, 1.0, 2.0})
    back = scale.inverse(scale.forward(distances))
    assert back.dtype == np.float32
    assert back[0] == 0
    np.testing.assert_allclose(back, distances, atol=4e-6)
    assert GreyScale(0.0, 10.0, "float32").inverse(np.array([-1.3, 0.0])).tolist() == [0.0, 5.0]
