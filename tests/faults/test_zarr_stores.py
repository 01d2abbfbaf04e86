"""Broken and hostile OME-Zarr stores: each is refused by name, nothing outside is read, no code is run."""

import json
import os
import pickle
import shutil

import numpy as np
import pytest
import zarr

from napari_microgen import Volume, read, write
from napari_microgen.errors import (
    CorruptFileError,
    FileFormatError,
    IncompleteVolumeError,
    MemoryLimitError,
    MicrogenError,
)

SHAPE = (27, 16, 20)


def stack():
    return np.random.default_rng(1).integers(1, 255, SHAPE).astype(np.uint8)


@pytest.fixture
def store(tmp_path):
    return write(Volume(stack(), "ZYX", (25.0, 18.6, 18.6), "nm"), tmp_path / "own.zarr")


@pytest.fixture
def foreign(tmp_path):
    """A store of another program: OME-Zarr 0.4, Zarr 2, without our list of chunks."""
    path = tmp_path / "foreign.zarr"
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    array = group.create_array("0", shape=SHAPE, chunks=(4, 16, 20), dtype="u1")
    array[:] = stack()
    axes = [{"name": n, "type": "space", "unit": "nanometer"} for n in "zyx"]
    scale = [{"type": "scale", "scale": [25.0, 18.6, 18.6]}]
    datasets = [{"path": "0", "coordinateTransformations": scale}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    return path


def edit(path, change):
    """Change a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def path_of(text):
    def change(content):
        content["attributes"]["ome"]["multiscales"][0]["datasets"][0]["path"] = text

    return lambda store: edit(store / "zarr.json", change)


def array_entry(key, value):
    return lambda store: edit(store / "0" / "zarr.json", lambda c: c.__setitem__(key, value))


def first_chunk(store):
    return sorted(p for p in (store / "0" / "c").rglob("*") if p.is_file())[0]


def delete_chunk(store):
    first_chunk(store).unlink()


def junk_chunk(store):
    first_chunk(store).write_bytes(os.urandom(200))


def cut_chunk(store):
    chunk = first_chunk(store)
    chunk.write_bytes(chunk.read_bytes()[:-5])


def flip_bit(store):
    chunk = first_chunk(store)
    content = bytearray(chunk.read_bytes())
    content[-9] ^= 1
    chunk.write_bytes(content)


def swap_chunks(store):
    one, other = sorted(p for p in (store / "0" / "c").rglob("*") if p.is_file())[:2]
    a, b = one.read_bytes(), other.read_bytes()
    one.write_bytes(b)
    other.write_bytes(a)


def link_out(store):
    outside = store.parent / "outside"
    shutil.copytree(store / "0", outside)
    shutil.rmtree(store / "0")
    (store / "0").symlink_to(outside)


def link_chunk_out(store):
    chunk, outside = first_chunk(store), store.parent / "chunk"
    shutil.move(chunk, outside)
    chunk.symlink_to(outside)


def link_metadata_out(store):
    shutil.move(store / "0" / "zarr.json", store.parent / "meta.json")
    (store / "0" / "zarr.json").symlink_to(store.parent / "meta.json")


def link_loop(store):
    shutil.rmtree(store / "0")
    (store / "0").symlink_to(store / "0")


def link_to_parent(store):
    (store / "0" / "c" / "again").symlink_to(store / "0")


def drop_manifest(store):
    (store / "microgen-manifest.json").unlink()


def empty_manifest(store):
    edit(store / "microgen-manifest.json", lambda c: c.update(files={}, count=0))


def lying_manifest(store):
    delete_chunk(store)

    def forget(content):
        del content["files"]["0/c/0/0/0"]
        content["count"] -= 1

    edit(store / "microgen-manifest.json", forget)


def unknown_codec(store):
    edit(
        store / "0" / "zarr.json",
        lambda c: c["codecs"].append({"name": "numcodecs.pickle", "configuration": {}}),
    )


def no_multiscales(store):
    edit(store / "zarr.json", lambda c: c["attributes"].pop("ome"))


def no_datasets(store):
    edit(store / "zarr.json", lambda c: c["attributes"]["ome"]["multiscales"][0].update(datasets=[]))


def cut_json(store):
    (store / "zarr.json").write_text((store / "zarr.json").read_text()[:50])


def cut_array_json(store):
    (store / "0" / "zarr.json").write_text("{")


def no_array(store):
    shutil.rmtree(store / "0")


BROKEN = {
    "parent path": (path_of("../own.zarr/0"), FileFormatError),
    "deep parent path": (path_of("0/../../evil"), FileFormatError),
    "absolute path": (path_of("/etc"), FileFormatError),
    "backslash path": (path_of("..\\evil"), FileFormatError),
    "drive path": (path_of("C:/evil"), FileFormatError),
    "null in path": (path_of("0\0"), FileFormatError),
    "number as path": (path_of(7), FileFormatError),
    "empty path": (path_of(""), FileFormatError),
    "path to nothing": (path_of("9"), CorruptFileError),
    "array linked out": (link_out, FileFormatError),
    "chunk linked out": (link_chunk_out, FileFormatError),
    "metadata linked out": (link_metadata_out, FileFormatError),
    "link loop": (link_loop, (FileFormatError, CorruptFileError)),
    "link to a parent": (link_to_parent, FileFormatError),
    "claims 8 TB": (array_entry("shape", [27, 10**6, 10**6]), (IncompleteVolumeError, CorruptFileError)),
    "claims more planes": (array_entry("shape", [28, 16, 20]), IncompleteVolumeError),
    "claims fewer planes": (array_entry("shape", [26, 16, 20]), IncompleteVolumeError),
    "negative shape": (array_entry("shape", [-1, 16, 20]), CorruptFileError),
    "text as shape": (array_entry("shape", "large"), CorruptFileError),
    "other number of axes": (array_entry("shape", [27, 320]), CorruptFileError),
    "object values": (array_entry("data_type", "object"), FileFormatError),
    "text values": (array_entry("data_type", "string"), FileFormatError),
    "other type": (array_entry("data_type", "uint16"), IncompleteVolumeError),
    "unknown codec": (unknown_codec, FileFormatError),
    "no codecs": (array_entry("codecs", None), CorruptFileError),
    "chunk deleted": (delete_chunk, IncompleteVolumeError),
    "chunk of junk": (junk_chunk, IncompleteVolumeError),
    "chunk cut": (cut_chunk, IncompleteVolumeError),
    "one bit flipped": (flip_bit, IncompleteVolumeError),
    "chunks swapped": (swap_chunks, IncompleteVolumeError),
    "manifest deleted": (drop_manifest, IncompleteVolumeError),
    "manifest emptied": (empty_manifest, IncompleteVolumeError),
    "manifest lies": (lying_manifest, IncompleteVolumeError),
    "no image": (no_multiscales, FileFormatError),
    "no datasets": (no_datasets, CorruptFileError),
    "metadata cut": (cut_json, CorruptFileError),
    "array metadata cut": (cut_array_json, CorruptFileError),
    "no array": (no_array, CorruptFileError),
}


@pytest.mark.parametrize("case", BROKEN)
def test_38_broken_stores_are_refused(case, store):
    damage, kind = BROKEN[case]
    damage(store)
    with pytest.raises(kind) as caught:
        np.asarray(read(store).data)
    assert isinstance(caught.value, MicrogenError)
    assert "zarr" in str(caught.value)


def test_27_of_27_deleted_chunks_are_found(store):
    chunks = sorted(p for p in (store / "0" / "c").rglob("*") if p.is_file())
    assert len(chunks) == 27
    found = 0
    for chunk in chunks:
        content = chunk.read_bytes()
        chunk.unlink()
        with pytest.raises(IncompleteVolumeError, match="1 of 27 chunks are missing"):
            read(store)
        found += 1
        chunk.write_bytes(content)
    assert found == 27
    assert np.array_equal(np.asarray(read(store).data), stack())


def test_a_deleted_chunk_may_be_read_as_a_part(store):
    delete_chunk(store)
    volume = read(store, allow_partial=True)
    assert any("incomplete" in note for note in volume.notes)
    assert not volume.plane(0).any()
    assert np.array_equal(volume.plane(1), stack()[1])


def test_a_foreign_store_says_how_many_chunks_are_absent(foreign):
    assert read(foreign).notes == ()
    (foreign / "0" / "3.0.0").unlink()
    volume = read(foreign)
    assert volume.notes == ("1 of 7 chunks are absent; they read as the fill value 0",)
    assert volume.voxel_size == (25.0, 18.6, 18.6)


def test_a_foreign_store_that_claims_terabytes_is_refused(foreign):
    edit(
        foreign / "0" / ".zarray", lambda c: c.update(shape=[10**6, 10**4, 10**4], chunks=[100, 10**3, 10**3])
    )
    with pytest.raises((CorruptFileError, MemoryLimitError)):
        read(foreign)


def test_a_foreign_chunk_of_junk_is_named_when_it_is_read(foreign):
    (foreign / "0" / "3.0.0").write_bytes(b"junk" * 10)
    with pytest.raises(CorruptFileError, match=r"Plane 1[2-5] of"):
        np.asarray(read(foreign).data)


class Canary:
    """An object that makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickled_chunk_is_never_opened(foreign, tmp_path):
    canary = tmp_path / "canary"
    (foreign / "0" / "0.0.0").write_bytes(pickle.dumps(Canary(canary)))
    for change in (
        {"dtype": "|O", "filters": [{"id": "pickle"}]},
        {"filters": [{"id": "pickle"}]},
        {"dtype": "|O"},
    ):
        edit(foreign / "0" / ".zarray", lambda c, change=change: c.update(change))
        with pytest.raises(FileFormatError):
            read(foreign)
    assert not canary.exists()


def mutated(path, number):
    """Change one to four bytes of a file; return what it held."""
    rng = np.random.default_rng(number)
    content = path.read_bytes()
    damaged = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        damaged[int(rng.integers(0, len(damaged)))] = int(rng.integers(0, 256))
    path.write_bytes(damaged)
    return content


def test_mutations_of_our_store_never_give_other_values(store):
    files = [
        store / "zarr.json",
        store / "0" / "zarr.json",
        store / "microgen-manifest.json",
        first_chunk(store),
    ]
    refused = 0
    for number in range(160):
        path = files[number % len(files)]
        content = mutated(path, number)
        try:
            assert np.array_equal(np.asarray(read(store).data), stack())
        except MicrogenError:
            refused += 1
        path.write_bytes(content)
    assert refused >= 100


def test_mutations_of_foreign_stores_raise_our_errors_only(foreign):
    files = [foreign / "0" / ".zarray", foreign / ".zattrs", foreign / "0" / "0.0.0"]
    refused = 0
    for number in range(150):
        path = files[number % len(files)]
        content = mutated(path, number)
        try:
            np.asarray(read(foreign).data)
        except MicrogenError:
            refused += 1
        path.write_bytes(content)
    assert refused >= 80
