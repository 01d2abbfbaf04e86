"""Many files with one command: one table, and a bad file is named at the end without stopping the rest."""

import csv
import json

import numpy as np
import pytest
import tifffile

from napari_microgen.cli import main


@pytest.fixture
def maps(tmp_path):
    """Three phase maps with known densities 1/4, 2/4, 3/4."""
    paths = []
    for quarter in (1, 2, 3):
        labels = np.zeros((4, 8, 8), np.uint8)
        labels[:quarter] = 1
        path = tmp_path / f"map{quarter}.tif"
        tifffile.imwrite(path, labels, photometric="minisblack", metadata={"axes": "ZYX"})
        paths.append(str(path))
    return paths


def test_one_table_for_all(maps, tmp_path, capsys):
    words = ["quantify", *maps, "--features", "relative_density", "--out", str(tmp_path / "t.csv"), "--json"]
    assert main(words) == 0
    content = json.loads(capsys.readouterr().out)
    values = [content["features"][f"map{q}"]["relative_density"]["value"] for q in (1, 2, 3)]
    assert values == [0.25, 0.5, 0.75]
    assert content["failed"] == []
    with open(tmp_path / "t.csv", newline="", encoding="utf-8") as file:
        assert [row["sample"] for row in csv.DictReader(file)] == ["map1", "map2", "map3"]


def test_a_bad_file_is_named_and_the_rest_measured(maps, tmp_path, capsys):
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\x00 and nothing more")
    words = [
        "quantify",
        maps[0],
        str(broken),
        maps[2],
        "--features",
        "porosity",
        "--out",
        str(tmp_path / "t.csv"),
        "--json",
    ]
    assert main(words) == 2
    captured = capsys.readouterr()
    content = json.loads(captured.out)
    assert [entry["path"] for entry in content["failed"]] == [str(broken)]
    assert set(content["features"]) == {"map1", "map3"}
    assert (tmp_path / "t.csv").exists()
    assert len(captured.err.strip().splitlines()) == 1
    assert "1 of 3 files could not be measured" in captured.err


def test_nothing_is_written_when_all_are_bad(tmp_path, capsys):
    words = ["quantify", str(tmp_path / "a.tif"), str(tmp_path / "b.tif"), "--out", str(tmp_path / "t.csv")]
    assert main(words) == 2
    assert "2 of 2 files" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_files_of_the_same_name_are_told_apart(tmp_path, capsys):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        tifffile.imwrite(tmp_path / folder / "map.tif", np.ones((4, 4), np.uint8))
    paths = [str(tmp_path / folder / "map.tif") for folder in ("x", "y")]
    assert main(["quantify", *paths, "--features", "relative_density", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["features"]) == set(paths)


def test_sub_volumes_and_excel_by_the_command(tmp_path, capsys):
    openpyxl = pytest.importorskip("openpyxl")
    labels = (np.random.default_rng(0).random((24, 24, 24)) < 0.4).astype(np.uint8)
    tifffile.imwrite(tmp_path / "map.tif", labels, photometric="minisblack", metadata={"axes": "ZYX"})
    table = tmp_path / "t.xlsx"
    words = ["quantify", str(tmp_path / "map.tif"), "--features", "relative_density,euler_number", "--json"]
    words += [
        "--voi-count",
        "4",
        "--voi-size",
        "12",
        "--voi-unit",
        "voxel",
        "--voi-rows",
        "--out",
        str(table),
    ]
    assert main(words) == 0
    content = json.loads(capsys.readouterr().out)
    density = content["features"]["relative_density"]
    assert density["interval_95"][0] < density["value"] < density["interval_95"][1]
    assert density["bias"] == "none: every voxel counts alike"
    assert content["sub_volumes"]["side_by_side"] == 4
    head, *rows = openpyxl.load_workbook(table).active.values
    assert len(rows) == 5 * 3  # the mean and four sub-volumes, of density and both Euler numbers
    found = {(row[0] or "", row[1]): row[head.index("value")] for row in rows}
    assert found["", "relative_density"] == pytest.approx(density["value"], rel=1e-15)
    assert sum(sample.startswith("voi ") for sample, _ in found) == 12


def test_sub_volumes_of_several_files_stay_apart(maps, capsys):
    words = ["quantify", *maps[:2], "--features", "porosity", "--voi-size", "4", "--voi-unit", "voxel"]
    assert main([*words, "--voi-rows", "--json"]) == 0
    samples = list(json.loads(capsys.readouterr().out)["features"])
    assert samples[0] == "map1"
    assert samples[1].startswith("map1, voi 0:4")
    assert len(samples) == 2 * (1 + 4)


def test_people_read_the_interval(tmp_path, capsys):
    labels = (np.random.default_rng(0).random((12, 12, 12)) < 0.4).astype(np.uint8)
    tifffile.imwrite(tmp_path / "map.tif", labels, photometric="minisblack", metadata={"axes": "ZYX"})
    words = ["--features", "relative_density", "--voi-size", "6", "--voi-unit", "voxel"]
    assert main(["quantify", str(tmp_path / "map.tif"), *words]) == 0
    assert "relative_density: 0.394" in (line := capsys.readouterr().out)
    assert "[95 %: 0." in line
