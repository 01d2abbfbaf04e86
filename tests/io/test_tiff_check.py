"""What the plane check looks at, one fault at a time."""

import struct

import numpy as np
import pytest
import tifffile

from napari_microgen.errors import CorruptFileError
from napari_microgen.io.tiff_check import check, declared_planes, require_whole
from napari_microgen.io.tiff_structure import read_structure

STACK = np.random.default_rng(0).integers(0, 255, (4, 20, 24)).astype(np.uint8)


def written(tmp_path, **options):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, **({"photometric": "minisblack"} | options))
    return path


def patch(path, tag, value, page=0, code="<I"):
    """Write over the values of a tag."""
    with tifffile.TiffFile(path) as tif:
        place = tif.pages[page].tags[tag].valueoffset
    content = bytearray(path.read_bytes())
    struct.pack_into(code, content, place, value)
    path.write_bytes(content)


def problems(path):
    return check(read_structure(path)).problems


def test_a_whole_file_has_no_problem(tmp_path):
    for options in ({}, {"tile": (16, 16)}, {"rowsperstrip": 7, "compression": "zlib"}, {"bigtiff": True}):
        assert problems(written(tmp_path, **options)) == ()


def test_a_strip_beyond_the_end(tmp_path):
    path = written(tmp_path)
    patch(path, "StripOffsets", 10**6, page=2)
    finding = check(read_structure(path))
    assert finding.whole_pages == 2
    assert "plane 2 ends at byte" in finding.problems[0]


def test_a_strip_that_is_absent(tmp_path):
    """Some writers leave out tiles of zeros; a reader cannot tell that from a loss."""
    path = written(tmp_path, metadata=None)
    patch(path, "StripByteCounts", 0, page=1)
    assert "lacks one of its strips" in problems(path)[0]


def test_too_few_bytes_for_the_size(tmp_path):
    path = written(tmp_path, metadata=None)
    patch(path, "ImageLength", 2000)
    assert any("holds 480 bytes of 48000" in p or "strips of" in p for p in problems(path))


def test_a_chain_that_loops(tmp_path):
    path = written(tmp_path, metadata=None)
    structure = read_structure(path)
    content = bytearray(path.read_bytes())
    last = structure.pages[-1].offset
    count = struct.unpack_from("<H", content, last)[0]
    struct.pack_into("<I", content, last + 2 + 12 * count, structure.pages[0].offset)
    path.write_bytes(content)
    assert "leads back" in problems(path)[0]


def test_a_bomb_that_no_compression_could_make(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((100, 100), np.uint8), compression="zlib", metadata=None)
    patch(tmp_path / "a.tif", "ImageLength", 100_000_000)
    patch(tmp_path / "a.tif", "RowsPerStrip", 100_000_000)
    assert any("cannot become" in p for p in problems(tmp_path / "a.tif"))


@pytest.mark.parametrize("size", [0, 2**31])
def test_a_size_that_cannot_be(size, tmp_path):
    path = written(tmp_path, metadata=None)
    patch(path, "ImageWidth", size)
    assert "declares a size" in problems(path)[0]


def test_the_error_says_what_to_do(tmp_path):
    path = written(tmp_path)
    patch(path, "StripOffsets", 10**6, page=2)
    with pytest.raises(CorruptFileError, match="--allow-partial"):
        require_whole(read_structure(path), allow_partial=False)
    _, notes = require_whole(read_structure(path), allow_partial=True)
    assert "read in part" in notes[0]
    patch(path, "StripOffsets", 10**6, page=0)
    with pytest.raises(CorruptFileError, match="Not one plane is whole"):
        require_whole(read_structure(path), allow_partial=True)


@pytest.mark.parametrize(
    ("options", "count", "source"),
    [
        ({"imagej": True}, 4, "ImageJ"),
        ({}, 4, "tifffile shape"),
        ({"ome": True}, 4, "OME"),
        ({"metadata": None}, None, ""),
        ({"metadata": None, "description": '{"shape": [4, 20, 24'}, None, "tifffile shape"),
        ({"metadata": None, "description": '{"shape": "large"}'}, None, "tifffile shape"),
        ({"metadata": None, "description": "shape=(4, 20, 24)"}, 4, "tifffile shape"),
        ({"metadata": None, "description": "ImageJ=1.53\nunit=um"}, None, "ImageJ"),
        ({"metadata": None, "description": "<OME http://www.openmicroscopy.org"}, None, "OME"),
    ],
)
def test_how_many_planes_a_description_promises(options, count, source, tmp_path):
    assert declared_planes(read_structure(written(tmp_path, **options))) == (count, source)
