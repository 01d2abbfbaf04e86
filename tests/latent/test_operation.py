"""The analysis of a latent space writes what it says, from patches the model was not trained on."""

import json

import numpy as np
import pytest

from napari_microgen.errors import ModelFileError, ParameterError
from napari_microgen.generate.model import read_generator
from napari_microgen.grain_data import grain_patches
from napari_microgen.io.reading import read
from napari_microgen.io.table_csv import read_table
from napari_microgen.io.weights import read_card
from napari_microgen.io.writing import write
from napari_microgen.latent.operation import latent
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.volume import Volume


def cells(seed, count, size=128):
    """Label map of the cells of random points on a torus."""
    from scipy.spatial import cKDTree

    points = np.random.default_rng(seed).random((count, 2)) * size
    places = np.stack(np.mgrid[:size, :size], -1).reshape(-1, 2)
    return (cKDTree(points, boxsize=size).query(places)[1] + 1).reshape(size, size).astype(np.uint16)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Patches of two stages, one domain for training and one for testing."""
    folder = tmp_path_factory.mktemp("grains")
    for number, name in enumerate(("train/grains", "test/grains")):
        for stage, count in ((1, 160), (2, 60)):
            path = folder / "maps" / f"{name}_{stage}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(Volume(cells(10 * number + stage, count), "YX", kind="labels"), path)
    grain_patches(maps=folder / "maps", out=folder / "data", patches=12, patch_size=64, periodic=True)
    return folder / "data"


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "vae"
    arguments = {
        "images": data,
        "conditions": data / "conditions.csv",
        "patch_size": 64,
        "latent": 12,
        "steps": 3,
        "batch_size": 2,
        "threads": 1,
        "device": "cpu",
        "preview_seconds": 0.0,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_microgen.generate.latent_prior.PATCHES", 24)
        finish(run("train grain-vae", out=out, **arguments))
    return out


@pytest.fixture(scope="module")
def analysed(data, model, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "latent"
    options = {"patches": 30, "components": 5, "activations": 3, "samples": 2}
    result = latent(model=model, images=data, conditions=data / "conditions.csv", out=out, **options)
    return out, result


def test_the_model_is_that_of_the_paper_with_settings_for_grains(model):
    card = read_card(model)
    assert card["method"] == "vae"
    assert card["details"]["settings"]["network"] == "grains"
    assert card["details"]["settings"]["latent"] == 12
    assert card["details"]["settings"]["prior"] == "full"
    assert card["details"]["training"]["preset"] == "grains"
    assert card["details"]["training"]["images"] == 24, "patches of the domain for testing stay out"


def test_generated_maps_are_distances_in_the_pixels_of_the_patches(data, model):
    maps = finish(run("generate", model=model, set=["mean_radius=6"], count=3, device="cpu", threads=1))
    highest = max(float(np.asarray(read(path)).max()) for path in data.glob("train*.zarr"))
    assert maps.dtype == np.float32
    assert maps.data.min() >= 0
    assert maps.data.max() <= highest * (1 + 1e-6)


def test_all_files_are_there_and_hold_what_they_say(analysed, model):
    out, result = analysed
    assert {path.name for path in out.iterdir()} == set(result["files"])
    assert np.asarray(read(out / "activations.tif")).shape == (3, 64, 64)
    assert np.asarray(read(out / "eigenmodes.tif")).shape == (5, 64, 64)
    assert np.asarray(read(out / "cumulated.tif")).shape == (2, 64, 64)
    assert np.asarray(read(out / "levels.tif")).shape == (6, 64, 64)
    assert np.asarray(read(out / "full_2.tif")).shape == (2, 64, 64)
    source = read_generator(model)
    baseline = source.grey.inverse(source.generator.decoded(np.zeros((1, 12)))[0])
    np.testing.assert_array_equal(np.asarray(read(out / "baseline.tif")), baseline)
    assert all(
        (out / name).read_text().startswith("<svg") for name in result["files"] if name.endswith(".svg")
    )


def test_the_numbers_agree_with_each_other(analysed):
    out, result = analysed
    whole = json.loads((out / "latent.json").read_text())
    assert whole["explained"] == result["explained"] == sorted(result["explained"], reverse=True)
    assert sum(result["explained"]) <= 1
    assert [stage["patches"] for stage in result["stages"]] == [30, 30]
    for stage in whole["stages"]:
        assert len(stage["mean"]) == len(stage["deviation"]) == len(stage["distance"]) == 12
        assert stage["mean_size"] == pytest.approx(np.sqrt(np.mean(np.square(stage["mean"]))), abs=1e-5)
    table = read_table(out / "scores.csv")
    assert len(table) == 60
    scores = np.array([table.numbers(f"component {k + 1}") for k in range(5)])
    np.testing.assert_allclose(scores.mean(1), 0, atol=1e-5)
    r = np.corrcoef(scores)
    assert np.abs(r[np.triu_indices(5, 1)]).max() < 1e-3, "components are not correlated"


def test_the_same_seed_gives_the_same_files(analysed, data, model, tmp_path):
    out, _ = analysed
    options = {"patches": 30, "components": 5, "activations": 3, "samples": 2}
    latent(model=model, images=data, conditions=data / "conditions.csv", out=tmp_path, **options)
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_what_cannot_be_is_refused(data, model, tmp_path):
    arguments = {"images": data, "conditions": data / "conditions.csv", "out": tmp_path / "x"}
    with pytest.raises(ParameterError, match="patches"):
        latent(model=model, patches=2, **arguments)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFileError):
        latent(model=tmp_path / "empty", **arguments)
