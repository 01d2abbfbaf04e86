import csv
import json
from functools import cache

import numpy as np
import pytest

from napari_microgen.cli import main
from napari_microgen.errors import LabelTypeError, NothingToSegmentError, ParameterError
from napari_microgen.grains import kind_of, measure_grains
from napari_microgen.io.reading import read
from napari_microgen.io.writing import write
from napari_microgen.progress import finish
from napari_microgen.simulate.grain_growth import Stage, grow
from napari_microgen.simulate.grain_maps import boundary_distance, grain_boundaries
from napari_microgen.simulate.grain_phase_field import PhaseField
from napari_microgen.simulate.grain_start import voronoi_start
from napari_microgen.volume import Volume


@cache
def structure():
    labels = finish(voronoi_start((300, 300), 400, 9))
    grown = next(t.labels for t in grow(PhaseField(labels), (10.0,)) if isinstance(t, Stage))
    return grown.astype(np.uint16) + 1


def labels(data=None, **options):
    return Volume(structure() if data is None else data, "YX", name="map", kind="labels", **options)


def distance():
    return Volume(boundary_distance(grain_boundaries(structure())), "YX", name="distances")


def test_labels_and_their_distance_map_tell_the_same():
    ours = measure_grains(labels(), periodic=True)
    found = measure_grains(distance(), periodic=True)
    assert (ours.facts["source"], found.facts["source"]) == ("labels", "distance")
    assert ours.facts["count"] == len(np.unique(structure()))
    assert found.facts["count"] == pytest.approx(ours.facts["count"], rel=0.01)
    assert ours.facts["mean_neighbours"] == pytest.approx(6, abs=0.02)
    assert found.facts["mean_neighbours"] == pytest.approx(6, abs=0.02)
    assert found.facts["slope"] == pytest.approx(ours.facts["slope"], rel=0.02)
    assert found.facts["mean_radius"] == pytest.approx(ours.facts["mean_radius"], rel=0.01)


def test_triple_points_are_two_for_each_grain_on_a_torus():
    table = measure_grains(labels(), periodic=True)
    assert table["triple_points"].value == pytest.approx(2 * table["count"].value, rel=0.01)


def test_lengths_follow_the_pixel_size():
    plain = measure_grains(labels())
    scaled = measure_grains(labels(voxel_size=(250.0, 250.0), unit="nm"))
    assert (plain["slope"].unit, scaled["slope"].unit) == ("px", "um")
    assert scaled["slope"].value == pytest.approx(0.25 * plain["slope"].value)
    assert scaled["mean_area"].value == pytest.approx(0.0625 * plain["mean_area"].value)
    assert scaled["mean_neighbours"].value == plain["mean_neighbours"].value


def test_planes_of_a_stack_are_samples_of_one_structure():
    whole = structure()
    parts = np.stack([whole[:150, :150], whole[:150, 150:], whole[150:, :150], whole[150:, 150:]])
    table = measure_grains(Volume(parts, "ZYX", name="parts", kind="labels"))
    alone = [measure_grains(labels(part)) for part in parts]
    assert table["count"].value == sum(one["count"].value for one in alone)
    assert table.facts["samples"] == 4
    truth = measure_grains(labels(), periodic=True)
    assert table["mean_radius"].value == pytest.approx(truth["mean_radius"].value, rel=0.06)
    assert table["slope"].low < truth["slope"].value < table["slope"].high


def test_what_an_image_is():
    assert kind_of(labels()) == "labels"
    assert kind_of(distance()) == "distance"
    assert kind_of(labels(structure().astype(np.float32))) == "labels"


def test_the_list_of_grains(tmp_path):
    table = measure_grains(labels(), grain_list=tmp_path / "grains.csv")
    rows = list(csv.DictReader((tmp_path / "grains.csv").read_text().splitlines()))
    assert len(rows) == table.facts["count"]
    assert sum(float(row["area"]) for row in rows) == structure().size
    assert {row["touches_edge"] for row in rows} == {"True", "False"}


@pytest.mark.parametrize("source", ["labels", "distance"])
def test_the_map_of_grains_has_the_numbers_of_the_list(tmp_path, source):
    image = labels() if source == "labels" else distance()
    table = measure_grains(image, grain_list=tmp_path / "grains.csv", grain_map=tmp_path / "map.tif")
    found = read(tmp_path / "map.tif", kind="labels").data
    rows = list(csv.DictReader((tmp_path / "grains.csv").read_text().splitlines()))
    numbers, counts = np.unique(found, return_counts=True)
    assert [int(row["label"]) for row in rows] == numbers[numbers > 0].tolist()
    assert [float(row["area"]) for row in rows] == counts[numbers > 0].tolist()
    assert table.facts["count"] == len(rows)
    if source == "labels":
        np.testing.assert_array_equal(found, structure())


def test_one_grain_has_a_count_and_reasons():
    table = measure_grains(labels(np.ones((20, 20), np.uint8)))
    assert table["count"].value == 1
    for name in (
        "mean_radius",
        "mean_neighbours",
        "slope",
        "hillert_distance",
        "aboav_weaire_a",
        "lewis_slope",
    ):
        assert table[name].value is None
        assert table[name].reason
    assert table.facts["slope"] is None


def test_bad_input_is_named():
    with pytest.raises(NothingToSegmentError, match="no grains"):
        measure_grains(labels(np.zeros((9, 9), int)))
    with pytest.raises(LabelTypeError, match="whole"):
        measure_grains(distance(), source="labels")
    with pytest.raises(NothingToSegmentError, match="same everywhere"):
        measure_grains(labels(np.zeros((9, 9), int)), source="distance")
    with pytest.raises(ParameterError, match="contact"):
        measure_grains(labels(), contact=-1)
    with pytest.raises(ParameterError, match="depth"):
        measure_grains(distance(), depth=2.0)


def test_the_command_has_the_keys_others_read(tmp_path, capsys):
    write(distance(), tmp_path / "distances.tif")
    assert main(["grains", str(tmp_path / "distances.tif"), "--periodic", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["mean_neighbours"] == pytest.approx(6, abs=0.02)
    assert content["slope"] == content["features"]["slope"]["value"]
    assert content["count"] == content["features"]["count"]["value"]
    assert main(["grains", str(tmp_path / "missing.tif")]) == 2
    assert "missing.tif" in capsys.readouterr().err
