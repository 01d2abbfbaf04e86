"""Meshes as PLY: what is written is read, damage is named, and the header is that of the format."""

import numpy as np
import pytest

from napari_microgen.errors import CorruptFileError, FileFormatError, InputNotFoundError
from napari_microgen.io.ply import read_ply, write_ply

PLACES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)


def test_triangles_lines_and_values_come_back(tmp_path):
    values = {"height": np.array([0.5, np.nan, -1, 2], np.float32), "strut": np.arange(4, dtype=np.int32)}
    edges = np.array([[0, 3], [2, 1]], np.int32)
    path = write_ply(
        tmp_path / "a.ply", PLACES, faces=FACES, edges=edges, values=values, comments=["unit um"]
    )
    found = read_ply(path)
    np.testing.assert_array_equal(found.places, PLACES)
    np.testing.assert_array_equal(found.faces, FACES)
    np.testing.assert_array_equal(found.edges, edges)
    for name, column in values.items():
        np.testing.assert_array_equal(found.values[name], column)
        assert found.values[name].dtype == column.dtype
    assert found.comments == ("unit um",)
    assert not list(tmp_path.glob(".*"))


def test_the_bytes_are_those_of_the_format(tmp_path):
    """One triangle, byte by byte."""
    path = write_ply(tmp_path / "a.ply", PLACES[:3], faces=np.array([[0, 1, 2]]))
    head, _, body = path.read_bytes().partition(b"end_header\n")
    assert head.decode().splitlines() == [
        "ply",
        "format binary_little_endian 1.0",
        "element vertex 3",
        "property float x",
        "property float y",
        "property float z",
        "element face 1",
        "property list uchar int vertex_indices",
    ]
    assert body == PLACES[:3].astype("<f4").tobytes() + b"\x03" + np.array([0, 1, 2], "<i4").tobytes()


def test_an_empty_mesh_is_a_mesh(tmp_path):
    path = write_ply(tmp_path / "a.ply", np.empty((0, 3)), faces=np.empty((0, 3)), edges=np.empty((0, 2)))
    found = read_ply(path)
    assert found.places.shape == (0, 3)
    assert found.faces.shape == (0, 3)
    assert found.edges.shape == (0, 2)


@pytest.mark.parametrize("keep", [200, 250, -1])
def test_a_cut_file_is_named(tmp_path, keep):
    path = write_ply(tmp_path / "a.ply", PLACES, faces=FACES)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CorruptFileError, match=r"a\.ply is cut"):
        read_ply(path)


def test_an_index_that_points_nowhere_is_refused(tmp_path):
    path = write_ply(tmp_path / "a.ply", PLACES, faces=FACES + 1)
    with pytest.raises(CorruptFileError, match="outside its 4 places"):
        read_ply(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"solid cube\n", "not a PLY"),
        (b"ply\nformat ascii 1.0\nend_header\n", "another kind"),
        (b"ply\nformat binary_little_endian 1.0\nend_header\n", "no places"),
        (
            b"ply\nformat binary_little_endian 1.0\nelement vertex 1\nproperty quad x\nend_header\n",
            "not understood",
        ),
        (
            b"ply\nformat binary_little_endian 1.0\nelement vertex 99999999999\nproperty float x\n"
            b"property float y\nproperty float z\nend_header\n",
            "is cut",
        ),
    ],
)
def test_other_files_are_refused(tmp_path, content, why):
    path = tmp_path / "a.ply"
    path.write_bytes(content)
    with pytest.raises((FileFormatError, CorruptFileError), match=why):
        read_ply(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputNotFoundError, match="does not exist"):
        read_ply(tmp_path / "none.ply")
