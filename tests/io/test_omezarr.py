"""OME-Zarr stores of all versions, by others and by us, read a plane at a time."""

import pickle

import numpy as np
import pytest
import zarr

from napari_microgen import Volume, read, write
from napari_microgen.errors import AxesError, FileFormatError, MemoryLimitError
from napari_microgen.io.omezarr import open_zarr

DATA = np.random.default_rng(0).integers(1, 255, (9, 12, 14)).astype(np.uint16)
AXES = [{"name": n, "type": "space", "unit": "nanometer"} for n in "zyx"]


def store(
    path,
    *,
    version="0.4",
    zarr_format=2,
    axes=AXES,
    scale=(25.0, 18.6, 18.6),
    data=DATA,
    common=None,
    **options,
):
    group = zarr.open_group(str(path), mode="w", zarr_format=zarr_format)
    array = group.create_array("s0", shape=data.shape, dtype=data.dtype, **({"chunks": (4, 5, 14)} | options))
    array[...] = data
    dataset = {"path": "s0"} | (
        {"coordinateTransformations": [{"type": "scale", "scale": list(scale)}]} if scale else {}
    )
    image = {"version": version, "datasets": [dataset]} | ({"axes": axes} if axes else {})
    if common:
        image["coordinateTransformations"] = [{"type": "scale", "scale": list(common)}]
    group.attrs.update(
        {"ome": {"version": version, "multiscales": [image]}}
        if version == "0.5"
        else {"multiscales": [image]}
    )
    return path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"version": "0.5", "zarr_format": 3},
        {"version": "0.5", "zarr_format": 3, "shards": (8, 10, 14), "chunks": (4, 5, 14)},
        {"version": "0.5", "zarr_format": 3, "compressors": zarr.codecs.BloscCodec()},
        {"chunks": (9, 12, 14)},
        {"chunks": (1, 12, 14)},
    ],
)
def test_stores_of_other_programs(options, tmp_path):
    volume = read(store(tmp_path / "a.zarr", **options))
    assert volume.axes == "ZYX"
    assert volume.voxel_size == (25.0, 18.6, 18.6)
    assert volume.unit == "nm"
    assert volume.notes == ()
    assert np.array_equal(volume.data, DATA)
    assert np.array_equal(open_zarr(tmp_path / "a.zarr").data[5, 2:4, ::3], DATA[5, 2:4, ::3])


def test_scales_of_level_and_image_multiply(tmp_path):
    volume = read(store(tmp_path / "a.zarr", scale=(1.0, 2.0, 2.0), common=(25.0, 9.3, 9.3)))
    assert volume.voxel_size == (25.0, 18.6, 18.6)


def test_units_and_axes_that_are_not_stated_stay_unknown(tmp_path):
    bare = [{"name": n, "type": "space"} for n in "zyx"]
    assert read(store(tmp_path / "a.zarr", axes=bare)).voxel_size is None
    partly = [bare[0], *AXES[1:]]
    assert read(store(tmp_path / "b.zarr", axes=partly)).voxel_size == (None, 18.6, 18.6)
    old = read(store(tmp_path / "c.zarr", version="0.1", axes=None, scale=None))
    assert old.axes == "ZYX"
    assert any("axes to be confirmed" in note for note in old.notes)
    assert read(store(tmp_path / "d.zarr", version="0.3", axes=["z", "y", "x"])).axes == "ZYX"
    mixed = [AXES[0] | {"unit": "micrometer"}, *AXES[1:]]
    assert read(store(tmp_path / "e.zarr", axes=mixed, scale=(0.025, 18.6, 18.6))).voxel_size == (
        25.0,
        18.6,
        18.6,
    )


def test_channels_and_time_are_kept_until_one_is_chosen(tmp_path):
    axes = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}, *AXES]
    data = np.stack([np.stack([DATA, DATA + 1])])
    path = store(
        tmp_path / "a.zarr", axes=axes, scale=(1, 1, 25.0, 18.6, 18.6), data=data, chunks=(1, 1, 4, 5, 14)
    )
    volume = read(path)
    assert volume.axes == "TCZYX"
    assert volume.voxel_size == (25.0, 18.6, 18.6)
    assert np.array_equal(read(path, channel=1).data, data[:, 1])


def test_a_single_array_is_an_image_with_axes_to_be_confirmed(tmp_path):
    zarr.create_array(str(tmp_path / "a.zarr"), data=DATA)
    volume = read(tmp_path / "a.zarr")
    assert volume.axes == "ZYX"
    assert np.array_equal(volume.data, DATA)


def test_a_converted_vendor_file_is_entered(tmp_path):
    root = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=2)
    root.attrs["bioformats2raw.layout"] = 3
    store(tmp_path / "a.zarr" / "0")
    assert np.array_equal(read(tmp_path / "a.zarr").data, DATA)


def test_a_group_of_something_else_is_refused(tmp_path):
    zarr.open_group(str(tmp_path / "a.zarr"), mode="w").create_group("plate")
    with pytest.raises(FileFormatError, match="without an OME-Zarr image"):
        read(tmp_path / "a.zarr")


def test_a_chunk_is_decoded_once_when_planes_are_read_in_turn(tmp_path, monkeypatch):
    lazy = open_zarr(store(tmp_path / "a.zarr")).data
    asked = []
    source = lazy.read_plane.source

    class Counting:
        shape = source.shape

        def __getitem__(self, key):
            asked.append(key)
            return source[key]

    monkeypatch.setattr(lazy.read_plane, "source", Counting())
    for k in range(9):
        assert np.array_equal(lazy[k], DATA[k])
    assert len(asked) == 3


def test_64_gib_without_a_chunk_are_opened_and_read_in_planes(tmp_path):
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=3)
    group.create_array("0", shape=(4096, 4096, 4096), chunks=(16, 256, 256), dtype="u1")
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": AXES, "datasets": [{"path": "0"}]}]}
    volume = read(tmp_path / "a.zarr")
    assert volume.nbytes == 64 * 1024**3
    assert volume.notes == ("65536 of 65536 chunks are absent; they read as the fill value 0",)
    assert not volume.plane(4000)[::512, ::512].any()


def test_a_plane_larger_than_memory_is_refused(tmp_path, monkeypatch):
    path = store(tmp_path / "a.zarr")
    monkeypatch.setenv("MICROGEN_MEMORY", "200")
    with pytest.raises(MemoryLimitError):
        read(path)


def test_readers_of_planes_can_be_sent_to_another_process(tmp_path):
    lazy = pickle.loads(pickle.dumps(open_zarr(store(tmp_path / "a.zarr")).data))
    assert np.array_equal(lazy[3], DATA[3])


def test_our_own_store_knows_its_kind_and_levels(tmp_path):
    path = write(Volume(np.ones((2, 600, 300), np.uint8), "ZYX", kind="labels"), tmp_path / "a.zarr")
    volume = read(path)
    assert volume.metadata["stored_kind"] == "labels"
    assert volume.metadata["levels"] == 3
    with pytest.raises(AxesError, match="knows T, C, Z, Y, X"):
        write(Volume(np.zeros((4, 4, 3), np.uint8), "YXS"), tmp_path / "b.zarr")
