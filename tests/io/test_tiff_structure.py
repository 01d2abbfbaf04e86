"""The skeleton of TIFF files as TIFF 6.0 and BigTIFF define it."""

import math

import numpy as np
import pytest
import tifffile

from napari_microgen.errors import CorruptFileError
from napari_microgen.io.tiff_structure import read_structure

STACK = np.zeros((3, 10, 12), np.uint16)


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_numbers_agree_with_an_independent_reader(bigtiff, byteorder, tmp_path):
    path = tmp_path / "a.tif"
    options = {"bigtiff": bigtiff, "byteorder": byteorder, "rowsperstrip": 3, "resolution": (3.5, 7.25)}
    tifffile.imwrite(path, STACK, photometric="minisblack", software="x", **options)
    structure = read_structure(path)
    assert structure.broken is None
    with tifffile.TiffFile(path) as tif:
        assert [page.offset for page in structure.pages] == [page.offset for page in tif.pages]
        for ours, theirs in zip(structure.pages, tif.pages, strict=True):
            assert ours.number(256, 0) == 12
            assert ours.numbers[273] == tuple(theirs.dataoffsets)
            assert ours.numbers[279] == tuple(theirs.databytecounts)
        assert structure.text(structure.pages[0], 270) == tif.pages[0].description
    assert structure.values(structure.pages[0], 282) == (3.5,)
    assert structure.values(structure.pages[0], 283) == (7.25,)
    assert structure.values(structure.pages[0], 9999) == ()
    assert structure.text(structure.pages[0], 9999) is None


def test_quotients_without_a_denominator(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, photometric="minisblack", resolution=(2, 2))
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        x, y = (tif.pages[0].tags[tag].valueoffset for tag in (282, 283))
    content[x : x + 8] = bytes(8)
    content[y + 4 : y + 8] = bytes(4)
    path.write_bytes(content)
    structure = read_structure(path)
    assert math.isnan(structure.values(structure.pages[0], 282)[0])
    assert math.isinf(structure.values(structure.pages[0], 283)[0])


@pytest.mark.parametrize(
    "content", [b"II*\0", b"II*\0\x08\0\0\0", b"II+\0\x08\0\0\0", b"MM\0*\0\0\0\0", b"II*\0\x08\0\0\0\0\0"]
)
def test_a_header_without_a_picture(content, tmp_path):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"a\.tif"):
        read_structure(tmp_path / "a.tif")
