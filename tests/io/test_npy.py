"""NPY: numbers only, no pickle, and our own axes and size behind the values."""

import pickle

import numpy as np
import pytest

from napari_microgen import Volume, read, write
from napari_microgen.errors import CorruptFileError, FileFormatError, MicrogenError

DATA = np.random.default_rng(0).integers(0, 255, (3, 6, 5)).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["u1", ">u2", "<i4", ">f4", "f8", "?"])
def test_numbers_come_back_in_native_order(dtype, tmp_path):
    np.save(tmp_path / "a.npy", DATA.astype(dtype))
    volume = read(tmp_path / "a.npy")
    assert volume.axes == "ZYX"
    assert volume.dtype.isnative
    assert np.array_equal(volume.data, DATA.astype(dtype))
    assert any("axes to be confirmed" in note for note in volume.notes)


def test_arrays_stored_by_column(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(DATA))
    assert np.array_equal(read(tmp_path / "a.npy").data, DATA)


def test_numpy_reads_what_we_write(tmp_path):
    path = write(Volume(DATA, "ZYX", (2.0, 1.0, 1.0), "um"), tmp_path / "a.npy")
    assert np.array_equal(np.load(path), DATA)
    assert np.array_equal(np.load(path, mmap_mode="r"), DATA)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npy"]


def test_objects_are_never_unpickled(tmp_path):
    class Canary:
        def __reduce__(self):
            return (open, (str(tmp_path / "canary"), "w"))

    np.save(tmp_path / "a.npy", np.array([[Canary()]], object), allow_pickle=True)
    (tmp_path / "canary").unlink(missing_ok=True)
    with pytest.raises(MicrogenError):
        read(tmp_path / "a.npy")
    (tmp_path / "b.npy").write_bytes(b"\x93NUMPY\x01\x00" + pickle.dumps(Canary()))
    with pytest.raises(MicrogenError):
        read(tmp_path / "b.npy")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "data", [np.zeros(5), np.array(3.0), np.zeros((2, 2), "U3"), np.zeros((2, 2), complex)]
)
def test_what_is_no_image_is_refused(data, tmp_path):
    np.save(tmp_path / "a.npy", data)
    with pytest.raises(FileFormatError, match="plain numbers"):
        read(tmp_path / "a.npy")


def test_cuts_and_additions_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", DATA)
    content = (tmp_path / "a.npy").read_bytes()
    for changed in (
        content[:-1],
        content[:130],
        content[:50],
        content[:7],
        content + b"more",
        content + b"\n{}",
    ):
        (tmp_path / "a.npy").write_bytes(changed)
        with pytest.raises(CorruptFileError):
            read(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", DATA[:0])
    with pytest.raises(CorruptFileError):
        read(tmp_path / "a.npy")
