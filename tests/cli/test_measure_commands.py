"""Commands that measure a phase: their files, their recipes, and the replay of these."""

import json

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_microgen.cli import main
from napari_microgen.io.ply import read_ply
from napari_microgen.io.reading import read
from napari_microgen.io.writing import write
from napari_microgen.volume import Volume


@pytest.fixture
def phases(tmp_path):
    smooth = ndi.gaussian_filter(np.random.default_rng(0).standard_normal((24, 40, 44)), 3)
    labels = (smooth > np.quantile(smooth, 0.45)).astype(np.uint8)
    return write(Volume(labels, "ZYX", (25.0, 18.6, 18.6), "nm", name="phases"), tmp_path / "phases.tif")


def run(words, capsys):
    capsys.readouterr()
    code = main([*map(str, words), "--json", "--quiet"])
    return code, capsys.readouterr()


@pytest.mark.parametrize("name", ["table.csv", "table.json"])
def test_a_table_has_its_recipe_beside_it_which_can_be_replayed(phases, tmp_path, capsys, name):
    words = ["quantify", phases, "--features", "relative_density,strut_diameter", "--out", tmp_path / name]
    assert run(words, capsys)[0] == 0
    code, said = run(["replay", tmp_path / f"{name}.recipe.json"], capsys)
    assert code == 0
    assert json.loads(said.out)["identical"] is True


@pytest.mark.parametrize(("command", "file"), [("surface", "surface.ply"), ("skeleton", "skeleton.ply")])
def test_meshes_are_written_and_replayed_to_the_same_bytes(phases, tmp_path, capsys, command, file):
    out = tmp_path / "out"
    code, said = run([command, phases, "--out", out], capsys)
    assert code == 0
    facts = json.loads(said.out)
    assert len(read_ply(out / file).places) == facts["vertices"]
    code, said = run(["replay", out / "recipe.json"], capsys)
    assert code == 0
    assert json.loads(said.out)["identical"] is True


def test_a_field_is_an_image_with_the_voxel_size_of_its_labels(phases, tmp_path, capsys):
    out = tmp_path / "thickness.tif"
    code, said = run(["field", phases, out, "--field", "local_thickness"], capsys)
    assert code == 0
    image = read(out)
    assert image.voxel_size == pytest.approx((25.0, 18.6, 18.6))
    labels = np.asarray(read(phases, kind="labels"))
    np.testing.assert_array_equal(np.isfinite(np.asarray(image)), labels == 1)
    assert json.loads(said.out)["mean"] == pytest.approx(np.nanmean(np.asarray(image), dtype=float))


@pytest.mark.parametrize("command", ["field", "surface", "skeleton"])
def test_bad_input_is_one_line_and_leaves_no_file(phases, tmp_path, capsys, command):
    target = [tmp_path / "out.tif"] if command == "field" else ["--out", tmp_path / "out"]
    code, said = run([command, phases, *target, "--phase", "9"], capsys)
    assert code == 2
    assert said.err.count("\n") == 1
    assert "phase 9 is absent; the labels hold 0, 1" in said.err
    assert not [*tmp_path.glob("out/*"), *tmp_path.glob("out.tif*")]
