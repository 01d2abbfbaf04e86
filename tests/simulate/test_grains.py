import json

import numpy as np
import pytest

from napari_microgen.cli import main
from napari_microgen.errors import CheckpointError, MicrogenError, ParameterError
from napari_microgen.io.reading import read
from napari_microgen.io.tables import read_table
from napari_microgen.simulate.grain_maps import boundary_distance, grain_boundaries
from napari_microgen.simulate.grains import simulate_grains

SMALL = {"shape": (100, 120), "grains": 120, "stages": (6.5, 8.0), "patch_size": 40}


@pytest.mark.parametrize("method", ["potts", "phase-field"])
def test_files_of_each_stage(tmp_path, method):
    result = simulate_grains(tmp_path, method=method, patches=5, test_patches=3, pixel_size=2.5, **SMALL)
    names = {"growth.csv", *(f"{kind}_{k}" for k in (1, 2) for kind in ("grains", "distances", "patches"))}
    expected = {name if "." in name else f"{name}.{'zarr' if 'patches' in name else 'tif'}" for name in names}
    assert set(result["files"]) == expected | {f"test_{name}" for name in expected} | {"truth.csv"}
    assert {path.name for path in tmp_path.iterdir()} == set(result["files"])
    for number, stage in zip((1, 2), result["stages"], strict=False):
        labels = read(tmp_path / f"grains_{number}.tif", kind="labels")
        assert labels.voxel_size == pytest.approx((2.5, 2.5))
        assert labels.notes == ("simulated",)
        assert len(np.unique(labels)) == stage["count"]
        assert np.asarray(labels).min() >= 1
        distances = np.asarray(read(tmp_path / f"distances_{number}.tif"))
        expected = boundary_distance(grain_boundaries(np.asarray(labels)))
        np.testing.assert_array_equal(distances, expected)
        patches = read(tmp_path / f"patches_{number}.zarr")
        assert patches.shape == (5, 40, 40)
        assert 0 <= np.asarray(patches).min() < np.asarray(patches).max() <= expected.max()
    assert result["stages"][0]["mean_radius"] == pytest.approx(6.5, rel=0.05)
    truth = read_table(tmp_path / "truth.csv")
    assert truth.samples() == ("stage 1", "stage 2", "test stage 1", "test stage 2")


def test_domains_for_training_and_testing_are_separate(tmp_path):
    simulate_grains(tmp_path, patches=1, test_patches=1, **SMALL)
    first, second = (np.asarray(read(tmp_path / f"{p}grains_1.tif", kind="labels")) for p in ("", "test_"))
    edges = grain_boundaries(first), grain_boundaries(second)
    together = np.mean(edges[0] & edges[1])
    assert together == pytest.approx(edges[0].mean() * edges[1].mean(), rel=0.25)  # as by chance


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate_grains(tmp_path / name, patches=2, seed=seed, **SMALL)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a") != content(tmp_path / "c")


@pytest.mark.parametrize("method", ["potts", "phase-field"])
def test_a_stopped_run_is_continued_to_the_same_bytes(tmp_path, method):
    options = {"method": method, "patches": 2, "test_patches": 2, **SMALL}
    simulate_grains(tmp_path / "whole", **options)
    ticks = 0
    for _ in simulate_grains.steps(tmp_path / "probe", **options):
        ticks += 1
    stopped = 0
    for stop in (ticks // 5, ticks // 2, ticks - 2):
        folder = tmp_path / f"stopped-{stop}"
        steps = simulate_grains.steps(folder, **options)
        for _ in zip(range(max(stop, 1)), steps, strict=False):
            pass
        steps.close()
        if (folder / "truth.csv").exists():
            continue  # some ticks come by the clock: a faster run has fewer and was over already
        stopped += 1
        simulate_grains(folder, continued=True, **options)
        assert content(folder) == content(tmp_path / "whole")
    assert stopped >= 1


def test_a_run_is_continued_with_its_own_parameters_only(tmp_path):
    with pytest.raises(CheckpointError, match="nothing to continue"):
        simulate_grains(tmp_path, continued=True, **SMALL)
    steps = simulate_grains.steps(tmp_path, **SMALL)
    next(steps)
    steps.close()
    with pytest.raises(CheckpointError, match="other parameters"):
        simulate_grains(tmp_path, continued=True, seed=3, **SMALL)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shape": (4, 100)}, "rows and columns"),
        ({"grains": 1}, "1 grains"),
        ({"stages": (50.0,)}, "larger domain"),
        ({"patches": 1, "patch_size": 99}, "smaller patches"),
        ({"patches": -1}, "negative"),
        ({"method": "phase-field", "epsilon": 0.1}, "epsilon"),
    ],
)
def test_senseless_parameters_are_named(tmp_path, options, words):
    with pytest.raises(ParameterError, match=words):
        simulate_grains(tmp_path, **(SMALL | options))


def test_the_command(tmp_path, capsys):
    words = ["simulate", "grains", "--out", str(tmp_path), "--shape", "80,80", "--grains", "60"]
    assert main([*words, "--stages", "6.5,8", "--patches", "2", "--patch-size", "30", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert "grains_2.tif" in result["files"]
    assert json.loads((tmp_path / "recipe.json").read_text())["output_sha256"]
    assert main([*words, "--stages", "8,6.5"]) == 2
    assert "rise" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises((MicrogenError, OSError)):
        simulate_grains(tmp_path / "file" / "out", **SMALL)
