"""What every operation promises, whichever it is: three fronts, cancel, bad values, replay, small memory."""

import json
from pathlib import Path

import numpy as np
import pytest

from napari_microgen.cli import main
from napari_microgen.errors import MicrogenError
from napari_microgen.features import FeatureTable
from napari_microgen.generate import catalogue
from napari_microgen.io.reading import read
from napari_microgen.io.writing import write
from napari_microgen.operations import OPERATIONS, result_hash, run
from napari_microgen.parameters import describe
from napari_microgen.progress import finish
from napari_microgen.volume import Volume

VOXEL = {"voxel_size": (25.0, 18.6, 18.6), "unit": "nm"}


def two_phases(seed=0, shape=(5, 96, 96)):
    """A smooth two-phase stack with noise: grey image and its exact phase map."""
    from scipy import ndimage

    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 4, mode="wrap")
    truth = (field > np.quantile(field, 0.4)).astype(np.uint8)
    noise = np.random.default_rng(seed + 1).normal(0, 8, shape)
    grey = np.clip(60 + 120 * truth + noise, 0, 255).astype(np.uint8)
    return grey, truth


def image(seed=0):
    return Volume(two_phases(seed)[0], "ZYX", **VOXEL, name="image")


def grains():
    """Distances to the nearest of some random points' borders: cells that look like grains."""
    from scipy.spatial import cKDTree

    points = np.random.default_rng(0).random((5, 60, 2)) * 96
    places = np.stack(np.mgrid[:96, :96], -1).reshape(-1, 2)
    near = [cKDTree(plane).query(places, 2)[0].reshape(96, 96, 2) for plane in points]
    return Volume(np.stack([(n[..., 1] - n[..., 0]) / 2 for n in near]), "ZYX", **VOXEL, name="distances")


def labels(seed=0):
    return Volume(two_phases(seed)[1], "ZYX", **VOXEL, name="labels", kind="labels")


EXAMPLES = {
    "prepare": lambda: {"image": image(), "curtaining": "fft", "denoise": "gaussian"},
    "segment": lambda: {"image": image(), "method": "hybrid"},
    "annotate": lambda: {"image": image()},
    "score": lambda: {"prediction": labels(0), "truth": labels(1)},
    "grains": lambda: {"image": grains(), "depth": 0.4},
    "quantify": lambda: {"labels": labels(), "features": ("relative_density", "porosity")},
    "field": lambda: {"labels": labels(), "field": "geodesic_distance", "direction": "column-"},
}
"""Operations that take images; each with parameters that really do something."""

ELSEWHERE = {"info", "train unet", "regress", "predict", "simulate porous", "simulate fibsem", "demo"}
ELSEWHERE |= {"surface", "skeleton", "compare", "choose", "simulate thin-film", "simulate precipitates"}
ELSEWHERE |= {"simulate grains", "grain-patches", "train grain-vae", "latent"}
ELSEWHERE |= {"train classifier", "validate", "find"}
ELSEWHERE |= {"zones", "sweep"}
ELSEWHERE |= {f"train {name}" for name in catalogue.titles()} | {"generate"}
"""Operations that read or write by paths: their promises are tested beside them."""


def test_every_operation_is_held_to_the_contract():
    assert set(EXAMPLES) | ELSEWHERE == set(OPERATIONS)
    assert not set(EXAMPLES) & ELSEWHERE


def frozen(arguments):
    """Make the arrays read-only, so that changing an input is an error."""
    for value in arguments.values():
        if isinstance(value, Volume):
            value.data.setflags(write=False)
    return arguments


def digest(result):
    return result_hash(result) or json.dumps(result, sort_keys=True)


@pytest.mark.parametrize("identifier", EXAMPLES)
def test_inputs_are_never_changed_and_the_same_call_gives_the_same_bytes(identifier):
    first = finish(run(identifier, **frozen(EXAMPLES[identifier]())))
    again = finish(run(identifier, **frozen(EXAMPLES[identifier]())))
    assert digest(first) == digest(again)


@pytest.mark.parametrize("identifier", EXAMPLES)
def test_ticks_never_go_back(identifier):
    ticks = list(run(identifier, **EXAMPLES[identifier]()))
    assert ticks
    shares = [tick.step / tick.total for tick in ticks if tick.total]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.parametrize("identifier", EXAMPLES)
def test_a_result_carries_its_recipe(identifier):
    arguments = EXAMPLES[identifier]()
    result = finish(run(identifier, **arguments))
    if isinstance(result, dict):
        return
    recipe = result.recipe
    assert recipe.operation == identifier
    assert recipe.output_sha256 == result_hash(result)
    assert {source.parameter for source in recipe.inputs} == {
        n for n, v in arguments.items() if isinstance(v, Volume)
    }
    given = {parameter.name for parameter in describe(OPERATIONS[identifier].load()).parameters}
    assert set(recipe.parameters) | {source.parameter for source in recipe.inputs} == given


def command_words(identifier, arguments, folder):
    """Write the volumes to files and return the same call as words of a command."""
    words = identifier.split()
    for name, value in arguments.items():
        if isinstance(value, Volume):
            path = folder / f"{name}.tif"
            write(value, path)
            words.append(str(path))
    description = describe(OPERATIONS[identifier].load())
    if description.returns_volume:
        words.append(str(folder / "result.tif"))
    for name, value in arguments.items():
        if not isinstance(value, Volume):
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            words += [f"--{name.replace('_', '-')}", text]
    return words


@pytest.mark.parametrize("identifier", EXAMPLES)
def test_python_and_command_give_the_same_bytes(identifier, tmp_path, capsys):
    arguments = EXAMPLES[identifier]()
    ours = finish(run(identifier, **arguments))
    assert main([*command_words(identifier, arguments, tmp_path), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    if isinstance(ours, Volume):
        written = read(tmp_path / "result.tif", kind=ours.kind)
        assert written.dtype == ours.dtype
        np.testing.assert_array_equal(np.asarray(written), np.asarray(ours))
        assert written.voxel_size == pytest.approx(ours.voxel_size, rel=1e-9)
        recipe = json.loads((tmp_path / "result.tif.recipe.json").read_text())
        assert recipe["output_sha256"] == ours.content_hash()
    elif isinstance(ours, FeatureTable):
        assert content["features"] == json.loads(json.dumps(ours.as_dict()))
    else:
        content.pop("seconds")
        ours.pop("seconds", None)
        assert content == json.loads(json.dumps(ours))


@pytest.mark.parametrize(
    "identifier", [key for key in EXAMPLES if describe(OPERATIONS[key].load()).returns_volume]
)
def test_replay_is_identical(identifier, tmp_path, capsys):
    assert main(command_words(identifier, EXAMPLES[identifier](), tmp_path)) == 0
    capsys.readouterr()
    assert main(["replay", str(tmp_path / "result.tif.recipe.json"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["identical"] is True


@pytest.mark.parametrize("identifier", EXAMPLES)
def test_stopping_anywhere_leaves_the_next_run_clean(identifier, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    clean = digest(finish(run(identifier, **EXAMPLES[identifier]())))
    ticks = len(list(run(identifier, **EXAMPLES[identifier]())))
    for stop in np.random.default_rng(0).integers(1, ticks + 1, 4):
        steps = run(identifier, **EXAMPLES[identifier]())
        for _ in zip(range(stop), steps, strict=False):  # fewer ticks where the machine is faster
            pass
        steps.close()
    assert list(Path(tmp_path).iterdir()) == []
    assert digest(finish(run(identifier, **EXAMPLES[identifier]()))) == clean


DAMAGE = {
    "one NaN": lambda a: a.__setitem__((0, 1, 2), np.nan),
    "all NaN": lambda a: a.fill(np.nan),
    "+inf": lambda a: a.__setitem__((1, 0, 0), np.inf),
    "-inf": lambda a: a.__setitem__((-1, -1, -1), -np.inf),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("identifier", EXAMPLES)
def test_values_that_are_not_finite_are_named(identifier, damage):
    arguments = EXAMPLES[identifier]()
    name = next(n for n, v in arguments.items() if isinstance(v, Volume))
    spoilt = np.asarray(arguments[name].data).astype(np.float32)
    DAMAGE[damage](spoilt)
    arguments[name] = arguments[name].with_data(spoilt)
    with pytest.raises(MicrogenError, match=r"NaN or infinite values of 46080, first at \(\d+, \d+, \d+\)"):
        finish(run(identifier, **arguments))


@pytest.mark.parametrize("axes", ["YXS", "TYX", "CYX"])
@pytest.mark.parametrize("identifier", EXAMPLES)
def test_axes_are_never_guessed(identifier, axes):
    arguments = EXAMPLES[identifier]()
    name = next(n for n, v in arguments.items() if isinstance(v, Volume))
    data = np.random.default_rng(0).integers(0, 2, (3, 20, 30), dtype=np.uint8)
    data = np.moveaxis(data, 0, -1) if axes == "YXS" else data
    arguments[name] = Volume(data, axes, name="strange", kind=arguments[name].kind)
    with pytest.raises(MicrogenError, match="strange has axes"):
        finish(run(identifier, **arguments))


@pytest.mark.parametrize("identifier", EXAMPLES)
def test_an_axis_of_length_zero_is_refused(identifier):
    arguments = EXAMPLES[identifier]()
    name = next(n for n, v in arguments.items() if isinstance(v, Volume))
    arguments[name] = Volume(np.zeros((3, 0, 5), np.uint8), "ZYX", name="nothing", kind=arguments[name].kind)
    with pytest.raises(MicrogenError, match="length 0"):
        finish(run(identifier, **arguments))


@pytest.mark.parametrize("identifier", ["prepare", "segment", "annotate", "score"])
def test_little_memory_gives_the_same_bytes(identifier, monkeypatch, tmp_path):
    plenty = digest(finish(run(identifier, **EXAMPLES[identifier]())))
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    monkeypatch.setenv("MICROGEN_MEMORY", str(60_000))
    monkeypatch.setattr("napari_microgen.io.limits.require_memory", lambda *_: None)
    assert digest(finish(run(identifier, **EXAMPLES[identifier]()))) == plenty
