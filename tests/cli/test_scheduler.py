"""Files and chunks on a dask.distributed cluster give what this machine gives."""

import json

import numpy as np
import pytest
import tifffile

from napari_microgen.cli import main

distributed = pytest.importorskip(
    "distributed", reason="distributed is not installed: pip install distributed"
)

SIZE = ["--voxel-size", "1.3,1,1", "--unit", "um"]


@pytest.fixture(scope="module")
def scheduler():
    """Address of a cluster of two workers in this process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def volume(tmp_path):
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(0).standard_normal((64, 40, 44))
    path = tmp_path / "labels.tif"
    labels = 3 * (gaussian_filter(noise, 2.5, mode="wrap") > 0).astype(np.uint8)
    tifffile.imwrite(path, labels, photometric="minisblack", metadata={"axes": "ZYX"})
    return str(path)


def measured(capsys, *words):
    assert main(["quantify", *words, *SIZE, "--phase", "3", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    content.pop("seconds")
    return content


def test_one_volume_in_chunks_equals_the_volume_on_this_machine(volume, scheduler, capsys):
    here = measured(capsys, volume)
    there = measured(capsys, volume, "--scheduler", scheduler)
    assert there["failed"] == []
    there = there["features"].get("labels", there["features"])
    assert there.keys() == here["features"].keys()
    for name, feature in here["features"].items():
        for entry in ("value", "reason", "bias", "method", "unit"):
            assert there[name].get(entry) == feature.get(entry), name


def test_sub_volumes_run_on_the_cluster_as_one_task(volume, scheduler, capsys):
    options = ["--features", "porosity", "--voi-count", "3", "--voi-size", "20"]
    here = measured(capsys, volume, *options)["features"]
    there = measured(capsys, volume, *options, "--scheduler", scheduler)["features"]
    assert there["porosity"]["value"] == here["porosity"]["value"]
    assert there["porosity"]["interval_95"] == here["porosity"]["interval_95"]


def test_a_batch_on_the_cluster_names_the_bad_file(volume, scheduler, tmp_path, capsys):
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"II*\x00 and nothing more")
    words = ["quantify", volume, str(bad), "--features", "porosity", "--scheduler", scheduler, "--json"]
    assert main(words) == 2
    content = json.loads(capsys.readouterr().out)
    assert list(content["features"]) == ["porosity"] or list(content["features"]) == ["labels"]
    assert [entry["path"] for entry in content["failed"]] == [str(bad)]


def test_an_error_of_a_single_file_is_said_in_one_line(volume, scheduler, capsys):
    words = ["quantify", volume, "--features", "nonsense", "--scheduler", scheduler, "--json"]
    assert main(words) == 2
    assert "'nonsense' is not a quantity" in capsys.readouterr().err


def test_no_scheduler_is_said(volume, capsys, monkeypatch):
    monkeypatch.setattr("distributed.Client.__init__", _refuse)
    assert main(["quantify", volume, "--scheduler", "tcp://127.0.0.1:1", "--json"]) == 2
    assert "No dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err


def _refuse(*_arguments, **_options):
    raise OSError("connection refused")


def test_a_scheduler_without_workers_is_said(volume, capsys):
    with distributed.LocalCluster(
        n_workers=0, processes=False, dashboard_address=":0", protocol="tcp"
    ) as empty:
        assert main(["quantify", volume, "--scheduler", empty.scheduler_address, "--json"]) == 2
        assert f"has no workers; start one: dask worker {empty.scheduler_address}" in capsys.readouterr().err


def test_a_lost_worker_is_the_error_of_its_file(volume, scheduler, capsys, monkeypatch):
    from napari_microgen.quantify import spreading

    monkeypatch.setattr(spreading, "spread_steps", _lost)
    assert main(["quantify", volume, "--scheduler", scheduler, "--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["failed"][0]["error"].startswith("A worker that measured it was lost")
    assert "1 of 1 files could not be measured" in captured.err


def _lost(*_arguments):
    yield from ()
    raise distributed.KilledWorker("count_chunk", None, 3)


def test_without_a_voxel_size_the_same_is_undefined(volume, scheduler, capsys):
    words = ["quantify", volume, "--phase", "2", "--json"]
    assert main(words) == 0
    here = json.loads(capsys.readouterr().out)["features"]
    assert main([*words, "--scheduler", scheduler]) == 0
    there = json.loads(capsys.readouterr().out)["features"]
    assert {n: (f["value"], f["reason"]) for n, f in there.items()} == {
        n: (f["value"], f["reason"]) for n, f in here.items()
    }
    assert "phase 2 is absent; the labels hold 0, 3" in here["relative_density"]["reason"]


def test_the_same_bias_is_removed(volume, scheduler, capsys):
    options = ["--features", "bruggeman_exponent,geodesic_tortuosity", "--extrapolate"]
    here = measured(capsys, volume, *options)["features"]
    there = measured(capsys, volume, *options, "--scheduler", scheduler)["features"]
    assert {n: (f["value"], f["bias"]) for n, f in there.items()} == {
        n: (f["value"], f["bias"]) for n, f in here.items()
    }
