"""The dock is the third front: the same bytes, numbers and recipe as the Python function."""

import json
from pathlib import Path

import numpy as np
import pytest

from napari_microgen.io.reading import read
from napari_microgen.operations import OPERATIONS, result_hash, run
from napari_microgen.progress import finish
from napari_microgen.widgets.layers import KEY, volume_of

SHAPE = (5, 80, 96)

PARAMETERS = {
    "prepare": {"curtaining": "fft", "shading": "additive", "denoise": "gaussian", "denoise_strength": 0.7},
    "segment": {"method": "hybrid", "superpixel_area": 30.0},
    "annotate": {"method": "hybrid", "superpixel_area": 30.0},
    "score": {"compare": "phases"},
    "quantify": {"phase": 1},
    "field": {"field": "geodesic_distance", "direction": "column-"},
    "surface": {"smoothing": 0.05, "most_triangles": 20000},
    "skeleton": {"phase": 0},
    "grains": {"edge": "excluded", "contact": 1},
}
"""What is set in the form of each operation that works on layers, other than its defaults."""


def on_layers():
    """Return the operations a dock runs on layers: those that take volumes."""
    from napari_microgen.parameters import describe

    return {
        name
        for name, operation in OPERATIONS.items()
        if any(p.is_volume for p in describe(operation.load()).parameters)
    }


def test_every_operation_on_layers_is_held_to_this():
    assert on_layers() == set(PARAMETERS)


def expected(identifier, **volumes):
    """Return what Python gives, with its recipe."""
    return finish(run(identifier, **volumes, **PARAMETERS[identifier]))


def assert_same_volume(layer, ours):
    assert np.asarray(layer.data).dtype == ours.dtype
    assert np.asarray(layer.data).tobytes() == np.asarray(ours.data).tobytes()
    stated = layer.metadata[KEY]["recipe"]
    recipe = json.loads(ours.recipe.to_json())
    for key in ("operation", "parameters", "output_sha256"):
        assert stated[key] == recipe[key]
    assert stated["output_sha256"] == result_hash(ours)
    assert [x["sha256"] for x in stated["inputs"]] == [x["sha256"] for x in recipe["inputs"]]


@pytest.fixture
def image(bench, phases):
    """A grey stack with curtains in the viewer."""
    grey, truth = phases(SHAPE)
    curtain = np.random.default_rng(3).normal(0, 6, (SHAPE[0], 1, SHAPE[2]))
    bench.truth = truth
    return bench.image(np.clip(grey + curtain, 0, 255).astype(np.uint8))


def test_prepare(bench, image):
    dock = bench.open("Load and Prepare")
    ours = expected("prepare", image=volume_of(image))
    for form in dock.prepare.steps.forms.values():
        form.set_values(PARAMETERS["prepare"])
    bench.press("Prepare")
    bench.assert_no_error()
    assert_same_volume(bench.viewer.layers["stack [prepared]"], ours)


def test_segment(bench, image):
    dock = bench.open("Segment")
    ours = expected("segment", image=volume_of(image))
    dock.segment.form.set_values(PARAMETERS["segment"])
    bench.press("Phase map")
    bench.assert_no_error()
    assert_same_volume(bench.viewer.layers["stack [hybrid]"], ours)


def test_annotate(bench, image):
    dock = bench.open("Segment")
    ours = expected("annotate", image=volume_of(image))
    dock.annotate.form.set_values(PARAMETERS["annotate"])
    bench.press("Annotate")
    bench.assert_no_error()
    assert_same_volume(bench.viewer.layers["stack [annotation]"], ours)


def test_score(bench, phases):
    first = bench.labels(phases(SHAPE)[1], name="result")
    second = bench.labels(phases(SHAPE, seed=1)[1], name="truth")
    dock = bench.open("Segment")
    ours = expected("score", prediction=volume_of(first), truth=volume_of(second))
    dock.turn_to("Compare")
    dock.compare.prediction.choose(first)
    dock.compare.truth.choose(second)
    dock.compare.form.set_values(PARAMETERS["score"])
    bench.press()
    bench.assert_no_error()
    theirs = dict(dock.compare.scores)
    theirs.pop("seconds", None), ours.pop("seconds", None)
    assert json.dumps(theirs, sort_keys=True) == json.dumps(ours, sort_keys=True)


def test_quantify(bench, phases):
    layer = bench.labels(phases(SHAPE)[1])
    dock = bench.open("Measure")
    names = ("relative_density", "porosity", "specific_surface_area", "euler_number", "chord_length")
    dock.measure.quantities.tick_only(*names)
    ticked = dock.measure.quantities.ticked()
    assert set(ticked) == set(names)
    ours = finish(run("quantify", labels=volume_of(layer), features=ticked, **PARAMETERS["quantify"]))
    dock.measure.form.set_values(PARAMETERS["quantify"])
    bench.press()
    bench.assert_no_error()
    assert dock.measure.table.as_dict() == ours.as_dict()
    assert result_hash(dock.measure.table) == result_hash(ours)


def test_field(bench, phases):
    layer = bench.labels(phases(SHAPE)[1])
    ours = expected("field", labels=volume_of(layer))
    dock = bench.open("Measure")
    dock.turn_to("Fields")
    dock.fields.show_operation("field")
    dock.fields.form.set_values(PARAMETERS["field"])
    bench.press()
    bench.assert_no_error()
    assert_same_volume(bench.viewer.layers[-1], ours)


def test_grains(bench, phases, tmp_path):
    from scipy import ndimage as ndi

    cells = np.stack([ndi.label(plane)[0] for plane in phases(SHAPE)[1]])
    layer = bench.labels(cells)
    ours = finish(
        run("grains", image=volume_of(layer), grain_list=tmp_path / "grains.csv", **PARAMETERS["grains"])
    )
    dock = bench.open("Grains")
    dock.grains.form.set_values(PARAMETERS["grains"])
    bench.press()
    bench.assert_no_error()
    assert dock.grains.table.as_dict() == ours.as_dict()
    assert result_hash(dock.grains.table) == result_hash(ours)
    dock.grains.save_list(tmp_path / "saved.csv")
    lists = [
        np.genfromtxt(tmp_path / name, delimiter=",", names=True) for name in ("grains.csv", "saved.csv")
    ]
    np.testing.assert_array_equal(lists[0]["label"], lists[1]["label"])


@pytest.mark.parametrize("identifier", ["surface", "skeleton"])
def test_surface_and_skeleton(bench, phases, tmp_path, identifier):
    layer = bench.labels(phases((8, 80, 96))[1])
    ours = expected(identifier, labels=volume_of(layer), out=tmp_path)
    recipe = json.loads((tmp_path / "recipe.json").read_text(encoding="utf-8"))
    dock = bench.open("Measure")
    dock.turn_to("Fields")
    dock.fields.show_operation(identifier)
    dock.fields.form.set_values(PARAMETERS[identifier])
    bench.press()
    bench.assert_no_error()
    stated = bench.viewer.layers[-1].metadata[KEY]
    assert stated["facts"]["vertices"] == ours["vertices"]
    assert stated["recipe"]["output_sha256"] == recipe["output_sha256"], "the files are the same bytes"
    known = {k: v for k, v in stated["recipe"]["parameters"].items() if k != "out"}
    assert known == {k: v for k, v in recipe["parameters"].items() if k != "out"}


def test_a_network_trained_in_the_dock_is_the_one_the_command_trains(bench, image, tmp_path):
    """Bit-equal weights with threads and precision fixed (auto takes the faster); equal phase maps."""
    small = {"steps": 4, "base_channels": 8, "patch_size": 64, "batch_size": 2, "context": 0}
    small |= {"threads": 1, "precision": "fp32"}
    labels = bench.labels(2 - bench.truth, name="labels")
    dock = bench.open("Segment")
    dock.turn_to("Train")
    dock.train.out.setText(str(tmp_path / "dock"))
    dock.train.form.set_values(small)
    bench.press("Train", timeout=200)
    bench.assert_no_error()
    train_by_command(volume_of(image), volume_of(labels), tmp_path, small)
    weights = [next(Path(tmp_path / name).glob("*.safetensors")).read_bytes() for name in ("dock", "command")]
    assert weights[0] == weights[1]
    bench.press("Phase map", timeout=100)
    bench.assert_no_error()
    result = bench.viewer.layers["stack [unet]"]
    theirs = read(segment_by_command(tmp_path), kind="labels")
    assert np.asarray(result.data).tobytes() == np.asarray(theirs.data).tobytes()


WANTED = {"temperature": 830.0, "time": 25.0, "material": "B"}


def test_generate(bench, generator, tmp_path):
    """The samples of the dock are the bytes of the command, with the same recipe."""
    dock = bench.open("Generate")
    dock.make.open_model(generator)
    bench.until(lambda: dock.make.model.card is not None, 60)
    dock.make.panel.conditions.set_values(WANTED)
    dock.make.form.set_values({"count": 3, "seed": 11})
    dock.make.details.set_values({"evaluations": 6, "threads": 1})
    bench.press(timeout=90)
    bench.assert_no_error()
    layer = bench.viewer.layers["tiny 1"]
    out = tmp_path / "made.tif"
    settings = [
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in WANTED.items()
    ]
    microgen(
        *("generate", generator, "--out", out, "--set", *settings),
        *("--count", 3, "--seed", 11, "--evaluations", 6, "--threads", 1),
    )
    theirs = read(out)
    assert np.asarray(layer.data).tobytes() == np.asarray(theirs.data).tobytes()
    assert np.asarray(layer.data).dtype == theirs.dtype
    assert volume_of(layer).content_hash() == theirs.content_hash(), "pixel size and unit too"
    stated, recipe = layer.metadata[KEY]["recipe"], json.loads(theirs.recipe.to_json())
    for key in ("operation", "parameters", "output_sha256"):
        assert stated[key] == recipe[key]


def test_a_generator_trained_in_the_dock_is_the_one_the_command_trains(bench, film, small, tmp_path):
    small = small | {"precision": "fp32", "seed": 3}
    dock = bench.open("Generate")
    page = dock.turn_to("Train")
    page.source.images.setText(str(film / "images"))
    page.source.table.setText(str(film / "conditions.csv"))
    page.out.setText(str(tmp_path / "dock"))
    page.form.set_values(small)
    bench.until(lambda: page.source.problem() is None, 60)
    page.source.columns.choose_scale("time", "log")
    bench.until(lambda: page.source.problem() is None, 60)
    bench.press(timeout=120)
    bench.assert_no_error()
    words = [f"--{name.replace('_', '-')}={value}" for name, value in small.items()]
    microgen(
        *("train", "edm", "--images", film / "images", "--conditions", film / "conditions.csv", "--log=time"),
        *("--out", tmp_path / "command", *words),
    )
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("dock", "command")]
    assert weights[0] == weights[1]


def microgen(*words):
    """Run the command in a process of its own, as a user would."""
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "napari_microgen.cli", *map(str, words)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def train_by_command(image, labels, folder, small):
    from napari_microgen.io.writing import write

    write(image, folder / "image.tif")
    write(labels, folder / "labels.tif")
    words = [f"--{name.replace('_', '-')}={value}" for name, value in small.items()]
    microgen(
        *("train", "unet", "--images", folder / "image.tif", "--labels", folder / "labels.tif"),
        *("--out", folder / "command", *words),
    )


def segment_by_command(folder):
    out = folder / "phases.tif"
    microgen("segment", folder / "image.tif", out, "--method", "unet", "--model", folder / "dock")
    return out
