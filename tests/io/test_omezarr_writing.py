"""The pyramid, scales and metadata of the stores we write, as OME-Zarr 0.5 asks for."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import zarr
from zarr.core.buffer import default_buffer_prototype

from napari_microgen import Volume, write
from napari_microgen.io.orderly_store import OrderlyStore


def attributes(path):
    return json.loads((path / "zarr.json").read_text())["attributes"]


def test_levels_halve_and_their_scales_and_shifts_follow(tmp_path):
    data = np.random.default_rng(0).integers(0, 255, (10, 600, 1030)).astype(np.uint8)
    path = write(Volume(data, "ZYX", (25.0, 10.0, 10.0), "nm", name="run"), tmp_path / "a.zarr")
    image = attributes(path)["ome"]["multiscales"][0]
    assert [axis["unit"] for axis in image["axes"]] == ["nanometer"] * 3
    shapes = [zarr.open_array(str(path / d["path"]), mode="r").shape for d in image["datasets"]]
    assert shapes == [(10, 600, 1030), (10, 300, 515), (10, 150, 258), (10, 150, 129)]
    transforms = [d["coordinateTransformations"] for d in image["datasets"]]
    assert [t[0]["scale"] for t in transforms] == [[25, 10, 10], [25, 20, 20], [25, 40, 40], [25, 40, 80]]
    assert transforms[2][1]["translation"] == [0, 15, 15]
    level1 = zarr.open_array(str(path / "1"), mode="r")[:]
    wanted = np.rint(data.reshape(10, 300, 2, 515, 2).mean(axis=(2, 4)))
    assert np.array_equal(level1, wanted)


def test_deep_stacks_shrink_along_the_plane_axis_too(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_microgen.io.omezarr_writing.SMALLEST", 12)
    data = np.random.default_rng(0).random((17, 8, 16)).astype(np.float32)
    path = write(Volume(data, "ZYX"), tmp_path / "a.zarr")
    level1 = zarr.open_array(str(path / "1"), mode="r")[:]
    assert level1.shape == (9, 8, 8)
    pairs = data[:16].reshape(8, 2, 8, 8, 2).mean(axis=(1, 4))
    assert np.allclose(level1[:8], pairs)
    assert np.allclose(level1[8], data[16].reshape(8, 8, 2).mean(axis=2))


def test_labels_are_never_mixed(tmp_path):
    data = np.random.default_rng(0).choice([0, 7, 900], (3, 400, 300)).astype(np.uint16)
    path = write(Volume(data, "ZYX", kind="labels"), tmp_path / "a.zarr")
    assert set(np.unique(zarr.open_array(str(path / "1"), mode="r")[:])) <= {0, 7, 900}
    assert np.array_equal(zarr.open_array(str(path / "1"), mode="r")[:], data[:, ::2, ::2])
    assert len(attributes(path)["ome"]["multiscales"][0]["datasets"][1]["coordinateTransformations"]) == 1
    assert "image-label" in attributes(path)["ome"]


@pytest.mark.parametrize("dtype", ["uint8", "bool", "float32"])
def test_planes_of_zeros_are_stored_like_others(dtype, tmp_path):
    path = write(Volume(np.zeros((5, 8, 8), dtype), "ZYX"), tmp_path / "a.zarr")
    assert len([p for p in (path / "0" / "c").rglob("*") if p.is_file()]) == 5
    manifest = json.loads((path / "microgen-manifest.json").read_text())
    assert manifest["count"] == 7  # and two files of metadata


def test_large_planes_are_cut_into_chunks(tmp_path):
    path = write(Volume(np.zeros((1, 1500, 2100), np.uint8), "ZYX"), tmp_path / "a.zarr")
    assert zarr.open_array(str(path / "0"), mode="r").chunks == (1, 1024, 1024)


def test_an_unknown_edge_has_no_unit(tmp_path):
    path = write(Volume(np.zeros((2, 8, 8), np.uint8), "ZYX", (None, 5.0, 5.0), "um"), tmp_path / "a.zarr")
    axes = attributes(path)["ome"]["multiscales"][0]["axes"]
    assert [axis.get("unit") for axis in axes] == [None, "micrometer", "micrometer"]


def test_nothing_is_written_behind_a_failure(tmp_path, monkeypatch):
    """Writes that go on in the background would bring back the folder that was cleared away."""
    store = OrderlyStore(tmp_path / "a")
    value = default_buffer_prototype().buffer.from_bytes(b"x")

    async def fail_then_go_on():
        def full(path, content):
            raise OSError("No space left on device")

        three = [store.set("c/0", value), store.set_if_not_exists("c/1", value), store.set("c/2", value)]
        with monkeypatch.context() as patched:
            patched.setattr(Path, "write_bytes", full)
            first = await asyncio.gather(*three, return_exceptions=True)
        return [*first, *await asyncio.gather(store.set("c/9", value), return_exceptions=True)]

    said = asyncio.run(fail_then_go_on())
    assert [type(error) for error in said] == [OSError] * 4
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_stopped_store_takes_nothing_more(tmp_path):
    store = OrderlyStore(tmp_path / "a")
    one, two = (default_buffer_prototype().buffer.from_bytes(content) for content in (b"1", b"2"))

    async def write_twice():
        await store.set_if_not_exists("c/0", one)
        await store.set_if_not_exists("c/0", two)
        store.stop()
        return await asyncio.gather(store.set_if_not_exists("c/1", one), return_exceptions=True)

    said = asyncio.run(write_twice())
    assert isinstance(said[0], OSError)
    assert (tmp_path / "a" / "c" / "0").read_bytes() == b"1"
    assert not (tmp_path / "a" / "c" / "1").exists()
