"""Training data of grains: distances are exact, domains stay apart, and the table is what training takes."""

import json

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.cli import main
from napari_microgen.errors import InputNotFoundError, LabelTypeError, ParameterError
from napari_microgen.grain_data import distance_map, grain_patches
from napari_microgen.io.condition_images import image_files, read_condition_images
from napari_microgen.io.reading import read
from napari_microgen.io.table_csv import read_table
from napari_microgen.io.writing import write
from napari_microgen.simulate.grain_maps import boundary_distance, grain_boundaries
from napari_microgen.simulate.grains import simulate_grains
from napari_microgen.volume import Volume


def squares(size=96, side=12, first=1):
    """Square grains, numbered from ``first``."""
    at = np.arange(size) // side
    return (at[:, None] * (size // side) + at[None] + first).astype(np.uint16)


@pytest.fixture
def domains(tmp_path):
    """Two stages of a domain for training, and one of another for testing."""
    folder = tmp_path / "maps"
    for name, side in (("a/grains_1", 8), ("a/grains_2", 12), ("b/grains_1", 8)):
        path = folder / f"{name}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(Volume(squares(side=side), "YX", kind="labels"), path)
    write(Volume(np.zeros((96, 96), np.float32), "YX"), folder / "a" / "distances_1.tif")
    return folder


@pytest.mark.parametrize("periodic", [False, True])
def test_distances_are_those_of_the_exact_transform(periodic):
    labels = np.random.default_rng(0).integers(1, 4, (6, 7)).repeat(9, 0).repeat(8, 1)
    labels[20:24, 30:33] = 0
    line = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        other = np.roll(labels, -1, axis)
        differs = labels != other
        if not periodic:
            differs[(-1,) if axis == 0 else (slice(None), -1)] = False
        line |= differs
    line |= labels == 0
    tiled = np.tile(line, (3, 3)) if periodic else line
    exact = ndimage.distance_transform_edt(~tiled)
    if periodic:
        exact = exact[54:108, 56:112]
    np.testing.assert_allclose(distance_map(labels, periodic=periodic), exact, rtol=1e-6)


def test_patches_are_cut_from_the_distances_of_the_whole_map(domains, tmp_path):
    out = tmp_path / "data"
    result = grain_patches(
        maps=domains, out=out, test=("b",), patches=6, patch_size=24, rotate=False, periodic=True
    )
    assert (result["train"], result["test"]) == (12, 6)
    assert result["domains"] == ["a/grains", "b/grains"]
    truth = boundary_distance(grain_boundaries(squares(side=12)))
    found = np.asarray(read(out / "a_grains_2.zarr"))
    places = read_table(out / "places.csv")
    chosen = np.array(places["image"].cells) == "a_grains_2.zarr"
    assert found.dtype == np.float32
    assert found.shape == (6, 24, 24)
    rows, columns = places.numbers("row")[chosen], places.numbers("column")[chosen]
    for patch, row, column in zip(found, rows, columns, strict=True):
        at = np.mgrid[:24, :24] - 11.5 + np.array([row, column])[:, None, None]
        wanted = ndimage.map_coordinates(truth, at, order=1, mode="grid-wrap")
        np.testing.assert_allclose(patch, wanted, atol=2e-3)


def test_a_coarser_patch_has_its_distances_in_its_own_pixels(domains, tmp_path):
    sizes = {}
    for step in (1.0, 2.0):
        out = tmp_path / f"step {step:g}"
        result = grain_patches(
            maps=domains, out=out, patches=20, patch_size=16, step=step, periodic=True, test=()
        )
        assert result["test"] == 0
        sizes[step] = (
            result["mean_radius"]["a_grains_2.zarr"],
            np.asarray(read(out / "a_grains_2.zarr")).max(),
        )
        assert read_table(out / "conditions.csv").numbers("mean_radius")[1] == pytest.approx(
            np.sqrt(144 / np.pi) / step, rel=2e-3
        )
    assert sizes[1.0][0] == pytest.approx(2 * sizes[2.0][0], rel=1e-3)
    assert sizes[1.0][1] == pytest.approx(2 * sizes[2.0][1], rel=0.15)


def test_training_and_testing_never_share_a_domain(domains, tmp_path):
    out = tmp_path / "data"
    grain_patches(maps=domains, out=out, test=("b",), patches=3, patch_size=16)
    found = read_condition_images(out, out / "conditions.csv")
    assert found.table.names == ("mean_radius",)
    assert [path.name for path in found.paths] == ["a_grains_1.zarr", "a_grains_2.zarr", "b_grains_1.zarr"]
    train = read_condition_images(out, out / "conditions.csv", where=["split=train"])
    test = read_condition_images(out, out / "conditions.csv", where=["split=test"])
    assert set(train.table.micrographs) == {"a/grains"}
    assert set(test.table.micrographs) == {"b/grains"}


def test_patches_of_a_map_with_edges_lie_inside_it(tmp_path):
    """A map that is its own row and column as distances would show a jump where a patch leaves it."""
    write(Volume(squares(size=120), "YX", kind="labels"), tmp_path / "maps" / "grains.tif")
    out = tmp_path / "data"
    grain_patches(maps=tmp_path / "maps", out=out, patches=200, patch_size=32, test=())
    places = read_table(out / "places.csv")
    half = 15.5 * (np.abs(np.cos(places.numbers("angle"))) + np.abs(np.sin(places.numbers("angle"))))
    for name in ("row", "column"):
        assert (places.numbers(name) - half >= 0).all()
        assert (places.numbers(name) + half <= 119).all()


def test_the_time_of_growth_may_be_the_condition(tmp_path):
    simulate_grains(tmp_path / "run", shape=(96, 96), grains=80, stages=(7.0, 9.0), seed=1)
    out = tmp_path / "data"
    grain_patches(maps=tmp_path / "run", out=out, patches=2, patch_size=32, periodic=True, condition="time")
    times = read_table(out / "conditions.csv").numbers("time")
    growth = read_table(tmp_path / "run" / "growth.csv")
    stage = growth.numbers("stage")
    np.testing.assert_array_equal(times, [growth.numbers("time")[stage == k][0] for k in (1, 2)])
    (tmp_path / "run" / "growth.csv").unlink()
    with pytest.raises(InputNotFoundError, match="does not tell the time"):
        grain_patches(maps=tmp_path / "run", out=out, patches=2, patch_size=32, condition="time")


def test_domains_share_the_condition_of_a_stage(tmp_path):
    """Radii at a stage differ by a little between domains; a generator must see one condition."""
    for name, side in (("a/grains_1", 24), ("b/grains_1", 25), ("a/grains_2", 40), ("b/grains_2", 30)):
        path = tmp_path / "maps" / f"{name}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(Volume(squares(size=200 // side * side, side=side), "YX", kind="labels"), path)
    out = tmp_path / "data"
    grain_patches(maps=tmp_path / "maps", out=out, patches=2, patch_size=16, periodic=True)
    radii = read_table(out / "conditions.csv").numbers("mean_radius")
    assert radii[0] == radii[2] == pytest.approx(24.5 / np.sqrt(np.pi), rel=2e-3)
    assert radii[1] == pytest.approx(40 / np.sqrt(np.pi), rel=2e-3)
    assert radii[3] == pytest.approx(30 / np.sqrt(np.pi), rel=2e-3)


def test_the_same_seed_gives_the_same_bytes_by_the_command_too(domains, tmp_path, capsys):
    grain_patches(maps=domains, out=tmp_path / "one", patches=2, patch_size=16, seed=4)
    words = ["grain-patches", "--maps", str(domains), "--out", str(tmp_path / "two")]
    assert main([*words, "--patches", "2", "--patch-size", "16", "--seed", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["train"] == 6
    for name in ("conditions.csv", "places.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    first, second = (np.asarray(read(tmp_path / run / "b_grains_1.zarr")) for run in ("one", "two"))
    np.testing.assert_array_equal(first, second)


def test_what_cannot_be_is_refused(domains, tmp_path):
    with pytest.raises(InputNotFoundError, match="holds no files named"):
        grain_patches(maps=domains, out=tmp_path / "x", names="*ebsd*")
    with pytest.raises(ParameterError, match="need a domain"):
        grain_patches(maps=domains, out=tmp_path / "x", patch_size=96)
    with pytest.raises(ParameterError, match="patch_size"):
        grain_patches(maps=domains, out=tmp_path / "x", patch_size=4)
    grey = np.random.default_rng(0).random((96, 96)).astype(np.float32)
    write(Volume(grey, "YX"), domains / "grains_9.tif")
    with pytest.raises(LabelTypeError):
        grain_patches(maps=domains, out=tmp_path / "x", patches=1, patch_size=16)


def test_a_store_is_one_image_of_a_folder(domains, tmp_path):
    grain_patches(maps=domains, out=tmp_path / "data", patches=2, patch_size=16)
    assert [path.name for path in image_files(tmp_path / "data")] == [
        "a_grains_1.zarr",
        "a_grains_2.zarr",
        "b_grains_1.zarr",
    ]
