"""``microgen train METHOD`` and ``microgen generate`` as a user meets them."""

import json

import numpy as np
import pytest

from napari_microgen.cli import main
from napari_microgen.generate import catalogue
from napari_microgen.generate.operation import generate
from napari_microgen.io.reading import read


def said(capsys):
    found = capsys.readouterr()
    return json.loads(found.out) if found.out else None, found.err


@pytest.fixture
def model(models):
    return models("edm")


def test_training_by_the_command(series, tmp_path, capsys):
    words = [
        "train",
        "edm",
        "--images",
        str(series / "images"),
        "--conditions",
        str(series / "conditions.csv"),
    ]
    words += [
        "--out",
        str(tmp_path / "model"),
        "--profile",
        "tiny",
        "--patch-size",
        "16",
        "--batch-size",
        "4",
    ]
    assert main([*words, "--steps", "2", "--json", "--device", "cpu"]) == 0
    content, _ = said(capsys)
    assert {"steps", "seconds", "images_per_second"} <= content.keys()
    assert content["steps"] == 2
    assert content["conditions"] == 6
    assert main([*words, "--steps", "3", "--json", "--device", "cpu"]) == 2
    assert main([*words, "--steps", "3", "--json", "--device", "cpu", "--resume"]) == 0, (
        "more steps for a whole model"
    )
    assert said(capsys)[0]["steps"] == 3


def test_generating_by_the_command(model, tmp_path, capsys):
    words = [
        "generate",
        str(model),
        "--set",
        "temperature=750",
        "--set",
        "material=A",
        "--count",
        "3",
        "--json",
    ]
    assert main([*words, "--seed", "5", "--out", str(tmp_path / "made.tif")]) == 0
    content, _ = said(capsys)
    assert content["count"] == 3
    assert content["support"]["flag"] == "interpolated"
    assert content["seconds"] >= 0
    made = read(tmp_path / "made.tif")
    assert made.axes == "ZYX"
    assert made.voxel_size_zyx[1:] == pytest.approx((0.1, 0.1))
    recipe = json.loads((tmp_path / "made.tif.recipe.json").read_text())
    assert recipe["parameters"]["set"] == ["temperature=750", "material=A"]
    assert main(["replay", str(tmp_path / "made.tif.recipe.json"), "--json"]) == 0
    assert said(capsys)[0]["identical"] is True


def test_one_image_is_a_plane_with_its_conditions(model):
    made = generate(model, set=["temperature=700", "material=B"], seed=1)
    assert made.axes == "YX"
    assert made.metadata["conditions"] == {"temperature": 700.0, "material": "B"}
    assert made.facts["support"]["flag"] == "seen"
    assert 0 <= made.facts["undecided"] <= 1
    assert made.notes == ()


@pytest.mark.parametrize(
    ("temperature", "flag"), [(700, "seen"), (750, "interpolated"), (2000, "extrapolated")]
)
def test_support_is_flagged_and_never_refused(model, temperature, flag):
    made = generate(model, set=[f"temperature={temperature}", "material=A"])
    assert made.facts["support"]["flag"] == flag
    assert ("guess" in " ".join(made.notes)) == (flag == "extrapolated")
    json.dumps(made.facts, allow_nan=False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["temperature=750"], "does not give material"),
        (["temperature=750", "material=A", "pressure=1"], "no condition 'pressure'"),
        (["temperature=hot", "material=A"], "temperature is 'hot'; expected a finite number in C"),
        (["temperature=nan", "material=A"], "temperature is 'nan'"),
        (["temperature=750", "material=C"], "the model knows A, B"),
        (["temperature=750", "temperature=760", "material=A"], "temperature twice"),
        (["temperature", "material=A"], "expected NAME=VALUE"),
    ],
)
def test_conditions_that_make_no_sense_are_named(model, words, expected, tmp_path, capsys):
    arguments = [part for word in words for part in ("--set", word)]
    assert main(["generate", str(model), *arguments, "--out", str(tmp_path / "made.tif")]) == 2
    assert expected in said(capsys)[1]
    assert not (tmp_path / "made.tif").exists()


@pytest.mark.parametrize(("option", "value"), [("--count", "0"), ("--evaluations", "1"), ("--seed", "-1")])
def test_numbers_out_of_range_are_refused(model, option, value, tmp_path, capsys):
    words = [
        "generate",
        str(model),
        "--set",
        "temperature=750",
        "material=A",
        "--out",
        str(tmp_path / "a.tif"),
    ]
    assert main([*words, option, value]) == 2
    assert "must" in said(capsys)[1]


def test_models_that_are_not_there_are_named(tmp_path, capsys):
    for name, expected in (("builtin:nothing", "There is no model"), (str(tmp_path / "x"), "does not exist")):
        assert main(["generate", name, "--set", "T=1", "--out", str(tmp_path / "a.tif")]) == 2
        assert expected in said(capsys)[1]


def test_images_that_no_row_names_and_rows_without_image_are_listed_at_once(series, tmp_path, capsys):
    table = (series / "conditions.csv").read_text().replace("A800.tif", "lost.tif")
    (tmp_path / "table.csv").write_text(table)
    words = ["train", "edm", "--images", str(series / "images"), "--conditions", str(tmp_path / "table.csv")]
    assert main([*words, "--out", str(tmp_path / "model"), "--steps", "1"]) == 2
    text = said(capsys)[1]
    assert "lost.tif" in text
    assert "A800.tif" in text
    assert not (tmp_path / "model").exists()


def test_patches_larger_than_the_images_are_refused(series, tmp_path, capsys):
    words = [
        "train",
        "edm",
        "--images",
        str(series / "images"),
        "--conditions",
        str(series / "conditions.csv"),
    ]
    assert main([*words, "--out", str(tmp_path / "model"), "--steps", "1", "--patch-size", "128"]) == 2
    assert "smaller than a patch" in said(capsys)[1]


def test_the_catalogue_is_read_without_importing():
    assert list(catalogue.titles()) == ["acwgan-gp", "cgan", "ddpm", "edm", "vae"]


def test_a_stack_holds_the_same_images_as_single_ones(model):
    stack = np.asarray(generate(model, set=["temperature=700", "material=B"], seed=1, count=2))
    single = np.asarray(generate(model, set=["temperature=700", "material=B"], seed=1))
    assert (stack[0] != single).mean() < 0.01


def test_of_several_processes_only_the_first_speaks(series, monkeypatch, capsys):
    image = str(series / "images" / "A700.tif")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert main(["info", image, "--json"]) == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("RANK", "0")
    assert main(["info", image, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["shape"] == [72, 72]
