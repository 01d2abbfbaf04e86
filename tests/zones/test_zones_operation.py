"""``microgen zones`` and ``microgen sweep`` as a user meets them: real files, every bad input."""

import hashlib
import json

import numpy as np
import pytest
import torch
from PIL import Image

from napari_microgen.cli import main
from napari_microgen.generate.images import make_images
from napari_microgen.generate.model import read_generator
from napari_microgen.io.reading import read
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.zones.cell_cache import noise_number
from napari_microgen.zones.cell_images import batch_size
from napari_microgen.zones.classifier import write_classifier
from napari_microgen.zones.classifier_network import StructureNetwork
from napari_microgen.zones.residuals import Residuals

AXES = ["--x", "temperature:700:950:4", "--y", "time:1:100:3"]
FIXED = ["--set", "material=A"]


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Micrographs of three temperatures, three times and two materials."""
    folder = tmp_path_factory.mktemp("series")
    (folder / "images").mkdir()
    random, lines = np.random.default_rng(0), ["file,temperature [C],time [h],material"]
    for t in (700, 800, 900):
        for h in (1, 10, 100):
            for material in "AB":
                name = f"{material}{t}_{h}.png"
                image = np.clip(random.normal(t / 8, 20, (72, 72)), 0, 255).astype(np.uint8)
                Image.fromarray(image).save(folder / "images" / name)
                lines.append(f"{name},{t},{h},{material}")
    (folder / "conditions.csv").write_text("\n".join(lines) + "\n")
    return folder


def trained(series, out, seed):
    options = {"steps": 2, "batch_size": 2, "preview_seconds": 0.0, "threads": 1, "device": "cpu"}
    where = {"images": series / "images", "conditions": series / "conditions.csv", "out": out}
    finish(run("train edm", profile="tiny", patch_size=64, log=("time",), seed=seed, **where, **options))
    return out


@pytest.fixture(scope="module")
def model(series, tmp_path_factory):
    return trained(series, tmp_path_factory.mktemp("model") / "one", 0)


@pytest.fixture(scope="module")
def other_model(series, tmp_path_factory):
    return trained(series, tmp_path_factory.mktemp("model") / "two", 1)


@pytest.fixture(scope="module")
def classifier(model, tmp_path_factory):
    """A network with random weights: what is tested here is what becomes of its answers."""
    source, out = read_generator(model), tmp_path_factory.mktemp("classifier") / "three"
    torch.manual_seed(0)
    weights = {name: tensor.numpy() for name, tensor in StructureNetwork(3).state_dict().items()}
    write_classifier(
        out,
        weights,
        classes=("fine", "coarse", "flat"),
        grey=source.grey,
        pixel_size=None,
        unit=None,
        temperature=1.0,
        details={},
    )
    return out


def call(capsys, *words):
    code = main([str(word) for word in words])
    found = capsys.readouterr()
    return code, json.loads(found.out) if found.out.startswith("{") else None, found.err


@pytest.fixture(scope="module")
def plain(model, tmp_path_factory):
    out = tmp_path_factory.mktemp("plain") / "diagram"
    content = finish(run("zones", model=model, x=AXES[1], y=AXES[3], out=out, set=FIXED[1:], device="cpu"))
    return out, content


def test_what_comes_out(plain, model):
    out, content = plain
    assert len(content["cells"]) == 12
    assert content["window"] is None
    assert sorted(p.name for p in out.iterdir()) == [
        "collage.png",
        "collage.svg",
        "collage.tif",
        "recipe.json",
        "zones.json",
    ]
    assert json.loads((out / "zones.json").read_text())["cells"] == json.loads(json.dumps(content["cells"]))
    cell = content["cells"][5]
    assert (cell["column"], cell["row"]) == (1, 1)
    assert cell["conditions"]["time"] == {"value": 10.0, "unit": "h"}
    assert {"flag", "d1", "ratio", "nearest_image"} <= cell["support"].keys()
    assert cell["nearest"]["image"].endswith(".png")
    assert content["fixed"] == {"material": {"value": "A", "unit": None, "origin": "given"}}
    assert sum(content["support"].values()) == 12
    recipe = json.loads((out / "recipe.json").read_text())
    assert recipe["operation"] == "zones"
    assert recipe["parameters"]["x"] == "temperature:700:950:4"


def test_the_axis_beyond_the_training_is_said_and_hatched(plain):
    _, content = plain
    assert "beyond the 700 to 900 of the training" in content["notes"][0]
    flags = np.array([cell["support"]["flag"] for cell in content["cells"]]).reshape(3, 4)
    assert (flags[:, 3] == "extrapolated").all()
    assert (flags[:, 0] == "seen").all()
    out_of_range = [cell["support"]["out_of_range"] for cell in content["cells"]]
    assert out_of_range[3] == ["temperature"]


def test_each_tile_of_the_collage_is_the_image_of_its_condition(plain, model):
    out, content = plain
    source, collage = read_generator(model), read(out / "collage.tif")
    assert collage.shape == (3 * 64, 4 * 64)
    pixels = np.asarray(collage.data)
    for place in (0, 6, 11):
        cell = content["cells"][place]
        row = {name: entry["value"] for name, entry in cell["conditions"].items()}
        batch = batch_size(source, "cpu")
        made = finish(make_images(source, [row] * batch, numbers=[noise_number(row)] + [0] * (batch - 1)))
        tile = np.s_[
            (2 - cell["row"]) * 64 : (3 - cell["row"]) * 64, cell["column"] * 64 : cell["column"] * 64 + 64
        ]
        np.testing.assert_array_equal(pixels[tile], made.images[0])


def test_the_same_seed_gives_the_same_bytes_cached_or_not(plain, model, tmp_path, capsys):
    out, _ = plain
    for name in ("first", "again"):
        words = [*AXES, *FIXED, "--device", "cpu", "--cache", tmp_path / "cache", "--out", tmp_path / name]
        assert call(capsys, "zones", model, *words)[0] == 0
        for file in ("zones.json", "collage.png", "collage.svg", "collage.tif"):
            assert (tmp_path / name / file).read_bytes() == (out / file).read_bytes(), file
    words = [*AXES, *FIXED, "--device", "cpu", "--seed", "1", "--out", tmp_path / "other"]
    assert call(capsys, "zones", model, *words)[0] == 0
    assert (tmp_path / "other" / "collage.tif").read_bytes() != (out / "collage.tif").read_bytes()


def test_replaying_the_recipe_is_identical(plain, capsys):
    code, content, _ = call(capsys, "replay", plain[0] / "recipe.json", "--json")
    assert code == 0
    assert content["identical"] is True


def test_what_is_not_fixed_is_taken_from_the_training_and_said(model, tmp_path, capsys):
    code, content, _ = call(capsys, "zones", model, *AXES, "--out", tmp_path / "d", "--json")
    assert code == 0
    assert content["fixed"]["material"]["origin"] == "training"
    assert content["fixed_from"].endswith(".png")
    assert any("material = " in note and "--set" in note for note in content["notes"])


@pytest.fixture(scope="module")
def judged(model, other_model, classifier, series, tmp_path_factory):
    out = tmp_path_factory.mktemp("judged") / "diagram"
    content = finish(
        run(
            "zones",
            model=model,
            x=AXES[1],
            y=AXES[3],
            set=FIXED[1:],
            out=out,
            count=3,
            classifier=classifier,
            descriptor=("mean_grey", "relative_density"),
            ensemble=(other_model,),
            where=("temperature<850", "mean_grey>=0"),
            class_="fine",
            probability=0.0,
            direction=("max temperature",),
            images=series / "images",
            conditions=series / "conditions.csv",
            device="cpu",
        )
    )
    return out, content


def test_classes_and_descriptors_of_every_cell(judged):
    out, content = judged
    for cell in content["cells"]:
        assert sum(cell["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert cell["class"] == max(cell["probabilities"], key=cell["probabilities"].get)
        assert set(cell["sd"]) == set(cell["between_models_sd"]) == {"fine", "coarse", "flat"}
        grey = cell["descriptors"]["mean_grey"]
        assert 0 <= grey["value"] <= 1
        assert grey["images"] == 6
        assert grey["standard_error"] is not None
        assert grey["between_models_sd"] is not None
        assert grey["conformal_half_width"] is None
        assert "validate" in grey["reasons"]["conformal_half_width"]
    assert content["measured"]["threshold"] != 0.5, "Otsu's"
    names = {path.name for path in out.iterdir()}
    assert {"classes.png", "probability.svg", "mean_grey.png", "mean_grey-standard_error.png"} <= names
    assert "mean_grey-conformal_half_width.png" not in names


def test_the_window_keeps_its_constraints(judged):
    _, content = judged
    window = content["window"]
    temperatures = {
        content["cells"][row * 4 + column]["conditions"]["temperature"]["value"]
        for row, column in window["cells"]
    }
    assert max(temperatures) < 850
    assert window["best"]["conditions"]["temperature"] == max(temperatures)
    assert window["best"]["safety"]["temperature"]["up_stopped_by"] == ["temperature < 850 C"]


def test_residuals_give_widths_inside_the_training_and_none_outside(model, tmp_path, capsys):
    """Ten errors of +-0.1 at known conditions: the half-width is 0.1 (1 + ratio)."""
    Residuals(
        ("relative_density",),
        ("1",),
        tuple(f"condition {n}" for n in range(10)),
        np.array([[0.1 * (-1) ** n] for n in range(10)]),
        np.zeros(10),
        ("interpolated",) * 10,
        how={"threshold": 0.3, "dark": False, "particles": "image"},
    ).write(tmp_path / "errors.json")
    words = [
        *AXES,
        *FIXED,
        "--descriptor",
        "density",
        "--count",
        "2",
        "--residuals",
        tmp_path / "errors.json",
    ]
    code, content, _ = call(capsys, "zones", model, *words, "--out", tmp_path / "d", "--json")
    assert code == 0
    assert content["measured"]["threshold"] == 0.3, "as the residuals were measured"
    for cell in content["cells"]:
        found = cell["descriptors"]["relative_density"]
        if cell["support"]["flag"] == "extrapolated":
            assert found["conformal_half_width"] is None
            assert "no width is valid" in found["reasons"]["conformal_half_width"]
        else:
            expected = 0.1 * (1 + cell["support"]["ratio"])
            assert found["conformal_half_width"] == pytest.approx(expected)
    assert (tmp_path / "d" / "relative_density-conformal_half_width.png").is_file()


def test_an_empty_window_is_an_answer_with_its_reason(model, tmp_path, capsys):
    words = [*AXES, *FIXED, "--where", "temperature<750,temperature>760", "--out", tmp_path / "d"]
    code, content, _ = call(capsys, "zones", model, *words, "--json")
    assert code == 0
    assert content["window"]["best"] is None
    assert content["window"]["cells"] == []
    assert "temperature" in content["window"]["emptied_by"]
    code, _, _ = call(capsys, "zones", model, *words)
    assert code == 0


def test_the_random_collage_of_the_paper(model, tmp_path, capsys):
    words = [*AXES, *FIXED, "--style", "random", "--patches", "60", "--out", tmp_path / "d"]
    code, content, _ = call(capsys, "zones", model, *words, "--json")
    assert code == 0
    assert content["collage"]["style"] == "random"
    assert content["collage"]["cell_pixels"] == 32
    assert read(tmp_path / "d" / "collage.tif").shape == tuple(content["collage"]["shape"])
    assert len(content["cells"]) == 12


def test_people_get_a_few_lines(model, classifier, tmp_path, capsys):
    words = [*AXES, *FIXED, "--classifier", classifier, "--count", "2", "--where", "temperature<850"]
    assert main([str(w) for w in ("zones", model, *words, "--out", tmp_path / "d", "--quiet")]) == 0
    text = capsys.readouterr().out
    for words in (
        "12 cells: temperature 700 to 950 C across",
        "support: ",
        "most probable structure",
        "window: ",
    ):
        assert words in text
    assert len(text.splitlines()) < 16


BAD = {
    "unknown axis": (["--x", "speed:1:2:4", *AXES[2:], *FIXED], "no condition 'speed'"),
    "labels": (["--x", "material:0:1:4", *AXES[2:]], "holds labels"),
    "twice": ([*AXES[:2], "--y", "temperature:700:900:4", *FIXED], "both temperature"),
    "no axis": (["--x", "temperature", *AXES[2:], *FIXED], "expected NAME:LO:HI:N"),
    "beyond": (["--x", "temperature:1000:1200:4", *AXES[2:], *FIXED], "wholly beyond"),
    "fixed axis": ([*AXES, *FIXED, "time=3"], "--set fixes time, which is on an axis"),
    "unknown label": ([*AXES, "--set", "material=C"], "material is 'C'; the model knows A, B"),
    "class without classifier": ([*AXES, *FIXED, "--class", "fine"], "no classifier that could tell"),
    "constraint": ([*AXES, *FIXED, "--where", "speed<3"], "'speed'"),
    "constraint text": ([*AXES, *FIXED, "--where", "nonsense"], "is no constraint"),
    "direction alone": ([*AXES, *FIXED, "--direction", "max time"], "no window is asked for"),
    "direction": ([*AXES, *FIXED, "--where", "time<9", "--direction", "up"], "--direction is 'up'"),
    "descriptor": ([*AXES, *FIXED, "--descriptor", "beauty"], "beauty cannot be measured"),
    "images alone": ([*AXES, *FIXED, "--images", "somewhere"], "need both their folder"),
    "zoom": ([*AXES, *FIXED, "--style", "random", "--zoom", "0.7"], "zoom is 0.7"),
    "patches": ([*AXES, *FIXED, "--style", "random", "--patches", "0"], "patches is 0"),
    "count": ([*AXES, *FIXED, "--count", "0"], "at least one image"),
    "residuals": ([*AXES, *FIXED, "--descriptor", "mean_grey", "--residuals", "none.json"], "does not exist"),
    "classifier": ([*AXES, *FIXED, "--classifier", "nowhere"], "nowhere does not exist"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_clear_line_and_writes_nothing(model, tmp_path, capsys, what):
    words, expected = BAD[what]
    code, content, error = call(capsys, "zones", model, *words, "--out", tmp_path / "d", "--quiet", "--json")
    assert code == 2
    assert content is None
    assert expected in error
    assert len(error.strip().splitlines()) == 1
    assert "Traceback" not in error
    assert not (tmp_path / "d").exists()


def test_a_classifier_is_no_generator_and_the_other_way_round(model, classifier, tmp_path, capsys):
    assert call(capsys, "zones", classifier, *AXES, "--out", tmp_path / "d")[0] == 2
    code, _, error = call(
        capsys, "zones", model, *AXES, *FIXED, "--classifier", model, "--out", tmp_path / "d"
    )
    assert code == 2
    assert "classifier" in error


def test_the_model_itself_is_no_ensemble(model, tmp_path, capsys):
    words = [*AXES, *FIXED, "--descriptor", "mean_grey", "--ensemble", model]
    code, _, error = call(capsys, "zones", model, *words, "--out", tmp_path / "d")
    assert code == 2
    assert "--ensemble names a model twice" in error


def test_stopping_leaves_no_file(model, tmp_path):
    out = tmp_path / "d"
    steps = run(
        "zones", model=model, x="temperature:700:950:12", y="time:1:100:12", set=["material=A"], out=out
    )
    pictures = [next(steps).preview for _ in range(30)]
    steps.close()
    assert list(out.iterdir()) == []
    shown = [picture for picture in pictures if picture is not None]
    assert all(picture.dtype == np.uint8 and max(picture.shape) <= 256 for picture in shown)


def test_the_first_picture_carries_the_coarse_cells(model, tmp_path):
    ticks = list(
        run(
            "zones",
            model=model,
            x="temperature:700:950:8",
            y="time:1:100:8",
            set=["material=A"],
            out=tmp_path,
        )
    )
    pictures = [tick.preview for tick in ticks if tick.preview is not None]
    assert pictures
    assert pictures[0].shape == pictures[-1].shape == (256, 256)
    shares = [tick.step / tick.total for tick in ticks if tick.total]
    assert shares == sorted(shares)


# -- one at a time ---------------------------------------------------------------------------------


def test_a_sweep_beside_real_images(model, series, tmp_path, capsys):
    real = ["--images", series / "images", "--conditions", series / "conditions.csv"]
    base = ["--set", "temperature=700", "time=1", "material=A"]
    words = ["--vary", "temperature:700:900:3,time:1:100:3", *base, *real, "--out", tmp_path / "s", "--json"]
    code, content, _ = call(capsys, "sweep", model, *words)
    assert code == 0
    heat, hold = content["sweeps"]
    assert [stop["value"] for stop in heat["stops"]] == [700, 800, 900]
    assert [stop["nearest"]["image"] for stop in heat["stops"]] == ["A700_1.png", "A800_1.png", "A900_1.png"]
    assert [stop["nearest"]["difference"] for stop in heat["stops"]] == ["", "", ""]
    assert [stop["value"] for stop in hold["stops"]] == pytest.approx([1, 10, 100])
    assert all(stop["support"]["flag"] == "seen" for sweep in (heat, hold) for stop in sweep["stops"])
    assert read(tmp_path / "s" / "sweep.png").shape[1] > 300
    assert json.loads((tmp_path / "s" / "sweep.json").read_text())["sweeps"] == content["sweeps"]


def test_a_sweep_says_how_far_the_nearest_real_image_is(model, tmp_path, capsys):
    words = ["--vary", "temperature:700:900:5", "--set", "time=10", "material=B", "--out", tmp_path / "s"]
    code, content, _ = call(capsys, "sweep", model, *words, "--json")
    assert code == 0
    between = content["sweeps"][0]["stops"][1]
    assert between["value"] == 750
    assert between["nearest"]["difference"] in ("-50 C (temperature)", "+50 C (temperature)")
    assert main([str(w) for w in ("sweep", model, *words, "--quiet")]) == 0
    assert "50 C (temperature)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--vary", "temperature:700:900:3,temperature:700:800:3"], "twice"),
        (["--vary", "material:1:2:3"], "holds labels"),
        (["--vary", "temperature:700:900"], "expected NAME:LO:HI:N"),
    ],
)
def test_bad_sweeps_are_named(model, tmp_path, capsys, words, expected):
    code, _, error = call(capsys, "sweep", model, *words, "--out", tmp_path / "s", "--quiet")
    assert code == 2
    assert expected in error
    assert not (tmp_path / "s").exists()


def test_sweeps_repeat(model, tmp_path, capsys):
    words = ["--vary", "temperature:700:900:3", "--set", "time=10", "material=B"]
    digests = set()
    for name in "ab":
        assert call(capsys, "sweep", model, *words, "--out", tmp_path / name)[0] == 0
        digests.add(hashlib.sha256((tmp_path / name / "sweep.png").read_bytes()).hexdigest())
    assert len(digests) == 1
