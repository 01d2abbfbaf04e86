import numpy as np
import pytest

from napari_microgen.errors import AxesError, LabelValueError, ParameterError, UnknownVoxelSizeError
from napari_microgen.io.reading import read
from napari_microgen.io.tables import read_table
from napari_microgen.io.writing import write
from napari_microgen.segment.phase_map import segment
from napari_microgen.segment.scores import score
from napari_microgen.simulate.fibsem import simulate_fibsem
from napari_microgen.volume import Volume

SMALL = {"shape": (6, 96, 100)}


def test_files_belong_together(tmp_path):
    result = simulate_fibsem(tmp_path, **SMALL)
    assert result["files"] == ["image.tif", "labels.tif", "phase_map.tif", "depth.tif", "truth.csv"]
    image, labels, phases, depth = (read(tmp_path / name) for name in result["files"][:4])
    assert image.shape == labels.shape == phases.shape == depth.shape == SMALL["shape"]
    assert image.voxel_size == pytest.approx((25.0, 18.6, 18.6))
    assert image.notes == labels.notes == ("simulated",)
    assert image.dtype == labels.dtype == phases.dtype == np.uint8
    np.testing.assert_array_equal(np.asarray(labels) == 1, np.asarray(phases) == 1)
    np.testing.assert_array_equal(np.asarray(depth) == 0, np.asarray(phases) == 1)
    assert not np.isnan(np.asarray(depth)).any(), "the field is larger than the stack, so no ray leaves it"
    truth = read_table(tmp_path / "truth.csv")
    assert truth["relative_density"].value == np.asarray(phases).mean()
    assert truth["porosity"].value == pytest.approx(0.424, abs=0.06)
    assert truth["decay"].value == 235
    for value, share in result["class_fraction"].items():
        assert share == (np.asarray(labels) == int(value)).mean()


def test_same_seed_same_bytes(tmp_path):
    contents = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        result = simulate_fibsem(tmp_path / name, seed=seed, misalignment=1.0, **SMALL)
        contents.append([(tmp_path / name / file).read_bytes() for file in result["files"]])
    assert contents[0] == contents[1]
    assert all(a != c for a, c in zip(contents[0], contents[2], strict=True))


def test_default_point_is_the_printed_one(tmp_path):
    simulate_fibsem(tmp_path, shape=(12, 256, 256), seed=31)
    image, truth = read(tmp_path / "image.tif"), read(tmp_path / "phase_map.tif", kind="labels")
    found = score(segment(image), truth)
    assert found["accuracy"] == pytest.approx(0.87, abs=0.02)
    assert found["classes"]["0"]["jaccard"] == pytest.approx(0.69, abs=0.02)


def test_a_given_solid_is_imaged_as_it_is(tmp_path):
    solid = np.zeros((5, 20, 30), np.uint8)
    solid[2:, 5:15] = 7
    write(Volume(solid, "ZYX", (10.0, 5.0, 5.0), "nm", kind="labels"), tmp_path / "solid.tif")
    simulate_fibsem(tmp_path / "out", solid=tmp_path / "solid.tif", phase=7)
    phases, depth = read(tmp_path / "out" / "phase_map.tif"), np.asarray(read(tmp_path / "out" / "depth.tif"))
    np.testing.assert_array_equal(np.asarray(phases), solid // 7)
    assert phases.voxel_size == pytest.approx((10.0, 5.0, 5.0))
    assert depth[0, 5, 0] == 20
    assert np.isnan(depth[0, 19, 0])


def test_shifts_and_brightness_are_kept_as_truth(tmp_path):
    simulate_fibsem(tmp_path, misalignment=1.5, drift=0.02, **SMALL)
    truth = read_table(tmp_path / "truth.csv")
    rows = [f.value for f in truth if f.name == "shift_rows"]
    assert len(rows) == 6
    assert rows[0] == 0
    assert 0.1 < np.std(np.diff(rows)) < 5
    assert [f.sample for f in truth if f.name == "brightness"] == [f"plane {i}" for i in range(6)]


def test_unknown_voxel_size_of_a_solid_is_asked_for(tmp_path):
    solid = np.ones((3, 8, 8), np.uint8)
    write(Volume(solid, "ZYX", kind="labels"), tmp_path / "solid.tif")
    with pytest.raises(UnknownVoxelSizeError, match="--voxel-size"):
        simulate_fibsem(tmp_path / "out", solid=tmp_path / "solid.tif")
    simulate_fibsem(tmp_path / "out", solid=tmp_path / "solid.tif", voxel_size=(10.0, 10.0, 10.0))


def test_a_solid_must_be_a_stack_that_holds_the_phase(tmp_path):
    write(Volume(np.ones((8, 8), np.uint8), "YX", (5.0, 5.0), "nm", kind="labels"), tmp_path / "flat.tif")
    with pytest.raises(AxesError, match="stack"):
        simulate_fibsem(tmp_path / "out", solid=tmp_path / "flat.tif")
    stack = Volume(np.ones((3, 8, 8), np.uint8), "ZYX", (5.0, 5.0, 5.0), "nm", kind="labels")
    write(stack, tmp_path / "solid.tif")
    with pytest.raises(LabelValueError, match="--phase"):
        simulate_fibsem(tmp_path / "out", solid=tmp_path / "solid.tif", phase=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"porosity": 1.0}, "porosity"), ({"noise": -0.1}, "noise"), ({"shape": (1, 2)}, "shape")],
)
def test_senseless_parameters_are_refused_and_nothing_is_written(tmp_path, options, words):
    with pytest.raises(ParameterError, match=words):
        simulate_fibsem(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_it_can_be_stopped_at_any_tick_and_leaves_no_half_file(tmp_path):
    total = len(list(simulate_fibsem.steps(tmp_path / "whole", **SMALL)))
    for stop in (1, total // 2, total - 1):
        steps = simulate_fibsem.steps(tmp_path / f"{stop}", **SMALL)
        for _ in range(stop):
            next(steps)
        steps.close()
        for file in (tmp_path / f"{stop}").glob("*.tif"):
            assert read(file).shape == SMALL["shape"]
