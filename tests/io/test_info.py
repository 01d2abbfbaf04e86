"""What `microgen info` says: the keys others read, for every kind of axes."""

import json

import numpy as np
import pytest
import tifffile

from napari_microgen import Volume, info, write

KEYS = {
    "shape",
    "axes",
    "dtype",
    "voxel_size",
    "unit",
    "data_bar_rows",
    "name",
    "source",
    "kind_of_file",
    "bytes",
    "notes",
    "metadata",
    "levels",
}


@pytest.mark.parametrize("axes", ["YX", "ZYX", "CYX", "CZYX", "TZCYX", "YXS"])
def test_all_keys_for_all_axes(axes, tmp_path):
    shape = {"Y": 30, "X": 40, "S": 3}
    data = np.random.default_rng(0).integers(0, 255, [shape.get(a, 2) for a in axes]).astype(np.uint8)
    size = [{"Z": 25.0, "Y": 5.0, "X": 4.0}[a] for a in axes if a in "ZYX"]
    found = info(write(Volume(data, axes, tuple(size), "nm"), tmp_path / "a.tif"))
    assert found.keys() == KEYS
    assert found["shape"] == list(data.shape)
    assert found["axes"] == axes
    assert found["dtype"] == "uint8"
    assert found["unit"] == "nm"
    assert found["voxel_size"] == [25.0 if "Z" in axes else None, 5.0, 4.0]
    assert found["data_bar_rows"] == 0
    assert found["bytes"] == data.nbytes
    assert json.loads(json.dumps(found)) == found


def test_an_unknown_size_is_null(tmp_path):
    found = info(write(Volume(np.zeros((30, 40), np.uint8), "YX"), tmp_path / "a.png"))
    assert found["voxel_size"] is None
    assert found["unit"] is None


def test_the_data_bar_is_that_of_the_maker_or_else_the_one_proposed(tmp_path):
    rng = np.random.default_rng(0)
    picture = rng.normal(120, 25, (400, 512)).clip(0, 255).astype(np.uint8)
    picture[350:] = 0
    picture[350] = 255
    picture[370:372, 50:150] = 255
    picture[380:392, 300:420:4] = 255
    tifffile.imwrite(tmp_path / "a.tif", picture)
    assert abs(info(tmp_path / "a.tif")["data_bar_rows"] - 50) <= 2
    tag = "[Scan]\r\nPixelWidth=1e-9\r\nPixelHeight=1e-9\r\n[Image]\r\nResolutionX=512\r\nResolutionY=345\r\n"
    tifffile.imwrite(tmp_path / "b.tif", picture, extratags=[(34682, 2, None, tag, True)])
    found = info(tmp_path / "b.tif")
    assert found["data_bar_rows"] == 55
    assert found["metadata"]["vendor"] == "FEI"
    assert info(tmp_path / "a.tif", kind="labels")["data_bar_rows"] == 0


def test_a_store_has_levels_and_a_stack_its_first_plane_judged(tmp_path):
    data = np.random.default_rng(0).integers(0, 255, (2, 300, 40)).astype(np.uint8)
    found = info(write(Volume(data, "ZYX"), tmp_path / "a.zarr"))
    assert found["levels"] == 2
    assert found["kind_of_file"] == "OME-Zarr (Zarr 3)"
    assert info(tmp_path / "a.zarr", axes="CYX")["axes"] == "CYX"
