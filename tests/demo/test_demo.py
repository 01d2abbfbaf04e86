"""``microgen demo`` runs the whole main job and its findings agree with the exact truth."""

import json

import numpy as np
import pytest

from napari_microgen.cli import main
from napari_microgen.demo import QUANTITIES
from napari_microgen.io.reading import read
from napari_microgen.io.tables import read_table


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "results"
    assert main(["demo", "--out", str(out), "--train-steps", "12", "--quiet"]) == 0
    return out, json.loads((out / "demo.json").read_text(encoding="utf-8"))


def test_every_stage_is_there_and_timed(story):
    _, stages = story
    names = [stage["name"] for stage in stages]
    assert names == ["simulate", "prepare", "otsu", "hybrid", "annotate", "train", "unet", "measure", "zones"]
    assert all(stage["seconds"] >= 0 for stage in stages)


def test_the_density_of_the_truth_is_the_share_of_solid_voxels(story):
    out, stages = story
    truth = np.asarray(read(out / "truth.tif", kind="labels"))
    assert stages[-2]["relative_density_truth"] == pytest.approx(truth.mean())


def test_the_table_holds_each_quantity_of_each_map_with_its_unit(story):
    out, stages = story
    table = read_table(out / "measurements.csv")
    assert table.samples() == ("truth", "otsu", "unet")
    found = {(f.sample, f.name): f for f in table}
    for name in QUANTITIES:
        entry = stages[-2]["quantities"][name]
        for sample in table.samples():
            feature = found[sample, name]
            assert feature.value == pytest.approx(entry[sample])
            assert feature.unit == entry["unit"]
            assert feature.value is not None, feature.reason
    truth = {f.name: f for f in table if f.sample == "truth"}
    assert 1 < truth["geodesic_tortuosity"].value < 1.2
    assert 0.1 < truth["strut_diameter"].value < truth["local_thickness"].value < 0.6


def test_the_thickness_map_has_the_mean_of_the_table(story):
    out, _ = story
    thickness = np.asarray(read(out / "thickness.tif"))
    table = read_table(out / "measurements.csv")
    expected = next(f.value for f in table if (f.sample, f.name) == ("unet", "local_thickness"))
    assert np.nanmean(thickness, dtype=float) == pytest.approx(expected, rel=1e-5)


def test_the_hybrid_map_beats_otsu_where_walls_shine_through(story):
    scores = {stage["name"]: stage.get("jaccard_pore") for stage in story[1]}
    assert scores["hybrid"] > scores["otsu"] + 0.05


def test_pictures_and_maps_keep_the_voxel_size(story):
    out, _ = story
    for name in ("raw", "prepare", "otsu", "hybrid", "unet", "annotate", "painted"):
        volume = read(out / f"{name}.tif")
        assert volume.voxel_size == pytest.approx((25.0, 18.6, 18.6))
        assert volume.unit == "nm"
    assert (out / "demo.png").stat().st_size > 10_000
    assert (out / "otsu.tif.recipe.json").exists()
    assert not list(out.glob(".*.partial"))


def test_the_diagram_of_the_shipped_generator_says_what_it_does_not_know(story):
    out, stages = story
    if "left_out" in stages[-1]:
        assert "no model" in stages[-1]["left_out"]
        return
    assert stages[-1]["cells"] == sum(stages[-1]["support"].values()) == 25
    assert 0 < stages[-1]["support"]["extrapolated"] < 25
    assert (out / "zones" / "collage.png").is_file()
