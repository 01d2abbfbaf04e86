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
