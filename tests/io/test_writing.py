"""What is written comes back: values, axes, size to the last digit, unit, notes and recipe."""

import json

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_microgen import Recipe, Volume, read, write
from napari_microgen.errors import AxesError, FileFormatError, SaveError
from napari_microgen.io.lazy import LazyPlanes, settle
from napari_microgen.io.writing import recipe_path

SHAPES = {
    "YX": (6, 5),
    "ZYX": (3, 6, 5),
    "CYX": (2, 6, 5),
    "CZYX": (2, 3, 6, 5),
    "TZCYX": (2, 3, 2, 6, 5),
    "YXS": (6, 5, 3),
}
TYPES = ("uint8", "uint16", "float32", "int16", "int32", "uint32", "float64", "bool", "int64")
ENDINGS = (".tif", ".ome.tif", ".zarr", ".npy", ".png", "")
FITS = {
    ".tif": lambda axes, dtype: True,
    ".ome.tif": lambda axes, dtype: dtype != "int64",
    ".zarr": lambda axes, dtype: axes in ("YX", "ZYX", "CYX", "CZYX"),
    ".npy": lambda axes, dtype: True,
    ".png": lambda axes, dtype: (
        (axes == "YX" and dtype in ("uint8", "uint16", "bool")) or (axes, dtype) == ("YXS", "uint8")
    ),
    "": lambda axes, dtype: axes == "ZYX",
}
EDGES = {"Z": 25.123456789012345, "Y": 18.6, "X": 1 / 3}


def volume(axes, dtype="uint8", **rest):
    rng = np.random.default_rng(3)
    data = (rng.random(SHAPES[axes]) * 200).astype(dtype)
    size = tuple(EDGES[a] for a in axes if a in EDGES)
    return Volume(data, axes, size, "nm", name="sample", **rest)


def same(found, wanted):
    assert found.axes == wanted.axes
    assert found.dtype == wanted.dtype
    assert found.voxel_size == pytest.approx(wanted.voxel_size, rel=1e-9, nan_ok=False)
    assert found.unit == wanted.unit
    assert np.array_equal(np.asarray(found.data), np.asarray(wanted.data))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_gives_back_what_was_written(ending, dtype, tmp_path):
    for axes in SHAPES:
        wanted = volume(axes, dtype)
        path = tmp_path / f"{axes}{ending}"
        if not FITS[ending](axes, dtype):
            with pytest.raises((FileFormatError, AxesError)):
                write(wanted, path)
            assert not path.exists()
        elif (axes, dtype) != ("YXS", "bool"):  # 0 and 1 in three equal channels may be read as grey
            same(read(write(wanted, path)), wanted)


@given(
    size=st.tuples(*[st.one_of(st.none(), st.floats(1e-2, 1e5)) for _ in range(3)]),
    unit=st.sampled_from(["pm", "angstrom", "nm", "um"]),
)
@settings(max_examples=25)
def test_the_size_is_kept_to_the_last_digit(size, unit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sizes")
    plausible = (
        min((e for e in size if e), default=1)
        * {"pm": 1e-12, "angstrom": 1e-10, "nm": 1e-9, "um": 1e-6}[unit]
        >= 1e-10
    )
    if not plausible or max((e for e in size if e), default=0) * {"um": 1e-6}.get(unit, 0) > 1e-3:
        return
    wanted = Volume(np.zeros((2, 3, 4), np.uint8), "ZYX", size, unit)
    for ending in (".tif", ".ome.tif", ".npy", ".zarr", ""):
        found = read(write(wanted, folder / f"a{ending}"))
        assert found.voxel_size == wanted.voxel_size
        assert found.unit == wanted.unit


def test_an_unknown_size_stays_unknown(tmp_path):
    for ending in (".tif", ".ome.tif", ".npy", ".zarr", ".png"):
        found = read(write(Volume(np.zeros((4, 5), np.uint8), "YX"), tmp_path / f"a{ending}"))
        assert found.voxel_size is None
        assert found.unit is None


def test_a_stack_of_one_plane_stays_a_stack(tmp_path):
    for ending in (".tif", ".ome.tif", ".npy", ".zarr", ""):
        wanted = Volume(np.ones((1, 4, 5), np.uint8), "ZYX", (2.0, 1.0, 1.0), "um")
        same(read(write(wanted, tmp_path / f"a{ending}")), wanted)


def test_notes_and_kind_are_kept(tmp_path):
    for ending in (".tif", ".ome.tif", ".npy", ".zarr"):
        path = write(volume("YX", kind="labels", notes=("painted by hand",)), tmp_path / f"a{ending}")
        found = read(path, kind="labels")
        assert found.kind == "labels"
        assert "painted by hand" in found.notes
        assert found.metadata["stored_kind"] == "labels"


def test_imagej_and_others_read_the_size_too(tmp_path):
    path = write(volume("ZYX"), tmp_path / "a.tif")
    with tifffile.TiffFile(path) as tif:
        assert tif.is_imagej
        assert tif.imagej_metadata["unit"] == "nm"
        assert tif.imagej_metadata["spacing"] == pytest.approx(EDGES["Z"])
        x = tif.pages[0].tags["XResolution"].value
        assert x[1] / x[0] == pytest.approx(EDGES["X"], rel=1e-6)
    path = write(volume("ZYX", "float64"), tmp_path / "b.tif")
    with tifffile.TiffFile(path) as tif:
        x, unit = tif.pages[0].tags["XResolution"].value, tif.pages[0].tags["ResolutionUnit"].value
        assert x[1] / x[0] * 1e7 == pytest.approx(EDGES["X"], rel=1e-6)
        assert unit == 3


def test_the_recipe_lies_beside_the_file_and_comes_back(tmp_path):
    wanted = volume("ZYX")
    wanted = Volume(
        wanted.data,
        "ZYX",
        wanted.voxel_size,
        "nm",
        recipe=Recipe("segment", {"method": "otsu"}, output_sha256=wanted.content_hash()),
    )
    path = write(wanted, tmp_path / "a.tif")
    assert recipe_path(path).name == "a.tif.recipe.json"
    assert json.loads(recipe_path(path).read_text())["output_path"] == str(path)
    found = read(path)
    assert found.recipe is not None
    assert found.recipe.operation == "segment"
    assert found.notes == ()


def test_a_recipe_that_is_no_longer_true_is_left_out(tmp_path):
    recipe = Recipe("segment", {}, output_sha256="0" * 64)
    path = write(volume("ZYX", recipe=recipe), tmp_path / "a.tif")
    found = read(path)
    assert found.recipe is None
    assert any("recipe" in note for note in found.notes)
    write(volume("ZYX"), path)
    assert not recipe_path(path).exists()


def test_lazy_planes_are_written_one_at_a_time(tmp_path):
    asked = []

    def read_plane(k):
        asked.append(k)
        return np.full((64, 64), k, np.uint8)

    lazy = LazyPlanes((30, 64, 64), np.dtype(np.uint8), read_plane)
    for ending in (".tif", ".npy", ".zarr", ""):
        asked.clear()
        path = write(Volume(settle(lazy, "a", lazy=True), "ZYX"), tmp_path / f"a{ending}")
        assert asked == list(range(30))
        assert np.array_equal(np.asarray(read(path).data)[:, 0, 0], np.arange(30))


@pytest.mark.parametrize("ending", [".tif", ".ome.tif", ".zarr", ".npy", ""])
def test_a_tick_per_plane_and_a_cancel_that_leaves_the_old_file(ending, tmp_path):
    path = write(volume("ZYX"), tmp_path / f"a{ending}")
    ticks = list(write.steps(volume("ZYX", "uint16"), path))
    assert [(tick.step, tick.total) for tick in ticks] == [(1, 3), (2, 3), (3, 3)]
    assert "writing a" in ticks[0].message
    steps = write.steps(volume("ZYX", "float32"), path)
    next(steps)
    assert len(list(tmp_path.iterdir())) == 2
    steps.close()
    assert len(list(tmp_path.iterdir())) == 1
    same(read(path), volume("ZYX", "uint16"))


def test_large_planes_are_one_strip(tmp_path):
    data = np.random.default_rng(0).integers(0, 255, (2, 1500, 2000)).astype(np.uint16)
    path = write(Volume(data, "ZYX"), tmp_path / "a.tif")
    assert np.array_equal(tifffile.imread(path), data)
    assert np.array_equal(read(path).data, data)


def test_a_file_may_be_written_onto_itself(tmp_path):
    for ending in (".tif", ".npy", ".zarr", ""):
        path = write(volume("ZYX"), tmp_path / f"a{ending}")
        lazily = read(path)
        write(lazily, path)
        same(read(path), volume("ZYX"))


def test_a_folder_that_is_not_ours_is_never_replaced(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "slice1.tif").write_bytes(b"the only copy")
    with pytest.raises(SaveError, match="left alone"):
        write(volume("ZYX"), raw)
    store = tmp_path / "raw.zarr"
    store.mkdir()
    (store / "zarr.json").write_text("{}")
    with pytest.raises(SaveError, match="left alone"):
        write(volume("ZYX"), store)
    assert (raw / "slice1.tif").read_bytes() == b"the only copy"
    assert (store / "zarr.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["a.jpg", "a.h5", "a.tif.gz"])
def test_an_unknown_ending_is_refused(name, tmp_path):
    with pytest.raises(FileFormatError, match="known format"):
        write(volume("YX"), tmp_path / name)


def test_nothing_is_not_written(tmp_path):
    with pytest.raises(AxesError, match="nothing to write"):
        write(Volume(np.zeros((0, 4, 4), np.uint8), "ZYX"), tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []


def test_large_files_become_bigtiff(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_microgen.io.tiff_writing.CLASSIC_LIMIT", 50)
    path = write(volume("ZYX"), tmp_path / "a.tif")
    assert path.read_bytes()[:4] == b"II+\0"
    same(read(path), volume("ZYX"))
