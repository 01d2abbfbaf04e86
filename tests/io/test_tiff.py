"""TIFF in its many forms: colour, palettes, planes, tiles, previews, further files."""

import pickle

import numpy as np
import pytest
import tifffile

from napari_microgen import read
from napari_microgen.errors import CorruptFileError, FileFormatError
from napari_microgen.io.tiff import open_tiff

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 255, (20, 24)).astype(np.uint8)
STACK = RNG.integers(0, 255, (5, 20, 24)).astype(np.uint8)
COLOUR = RNG.integers(0, 255, (20, 24, 3)).astype(np.uint8)


def opened(tmp_path, data, **options):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, data, **({"photometric": "minisblack"} | options))
    return read(path)


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "i4", "f2", "f4", "f8", "?"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_types_and_byte_orders(dtype, byteorder, tmp_path):
    data = (STACK > 100) if dtype == "?" else STACK.astype(dtype)
    volume = opened(tmp_path, data, byteorder=byteorder, metadata={"axes": "ZYX"})
    assert volume.dtype == np.dtype(dtype)
    assert volume.dtype.isnative
    assert np.array_equal(volume.data, data)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib", "predictor": True},
        {"compression": "lzw"},
        {"compression": "packbits"},
        {"compression": "zstd"},
        {"tile": (16, 16)},
        {"tile": (16, 16), "compression": "zlib"},
        {"rowsperstrip": 3},
        {"bigtiff": True},
    ],
)
def test_storage_does_not_matter(options, tmp_path):
    assert np.array_equal(opened(tmp_path, STACK, metadata={"axes": "ZYX"}, **options).data, STACK)


def test_colour_with_equal_channels_is_grey(tmp_path):
    volume = opened(tmp_path, np.repeat(GREY[..., None], 3, axis=2), photometric="rgb")
    assert volume.axes == "YX"
    assert np.array_equal(volume.data, GREY)
    assert any("equal channels" in note for note in volume.notes)


def test_alpha_does_not_make_grey_a_colour(tmp_path):
    rgba = np.concatenate(
        [np.repeat(GREY[..., None], 3, axis=2), np.full((20, 24, 1), 255, np.uint8)], axis=2
    )
    volume = opened(tmp_path, rgba, photometric="rgb", extrasamples=["unassalpha"])
    assert volume.axes == "YX"
    assert np.array_equal(volume.data, GREY)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_true_colour_stays_colour(planar, tmp_path):
    data = COLOUR if planar == "contig" else COLOUR.transpose(2, 0, 1)
    volume = opened(tmp_path, data, photometric="rgb", planarconfig=planar)
    assert volume.axes == "YXS"
    assert np.array_equal(volume.data, COLOUR)


def test_a_stack_in_colour_with_equal_channels_is_a_grey_stack(tmp_path):
    volume = opened(tmp_path, np.repeat(STACK[..., None], 3, axis=3), photometric="rgb")
    assert volume.axes == "ZYX"
    assert np.array_equal(volume.data, STACK)


def test_a_palette_is_resolved_and_kept_for_labels(tmp_path):
    table = np.zeros((3, 256), np.uint16)
    table[:] = np.arange(256)[::-1] * 257  # grey values the other way round
    volume = opened(tmp_path, GREY, photometric="palette", colormap=table)
    assert volume.axes == "YX"
    assert np.array_equal(volume.data, 255 - GREY)
    assert any("palette" in note for note in volume.notes)
    assert np.array_equal(read(tmp_path / "a.tif", kind="labels").data, GREY)
    table[1] = 7
    assert opened(tmp_path, GREY, photometric="palette", colormap=table).axes == "YXS"


def test_a_colour_table_of_imagej_is_for_display_only(tmp_path):
    table = np.zeros((3, 256), np.uint8)
    table[0] = np.arange(256)
    tifffile.imwrite(tmp_path / "a.tif", GREY, imagej=True, colormap=table.astype(np.uint16) * 257)
    volume = read(tmp_path / "a.tif")
    assert np.array_equal(volume.data, GREY)


def test_white_is_zero_is_turned_round_for_images(tmp_path):
    assert np.array_equal(opened(tmp_path, GREY, photometric="miniswhite").data, 255 - GREY)
    assert np.array_equal(read(tmp_path / "a.tif", kind="labels").data, GREY)
    bits = GREY > 100
    assert np.array_equal(opened(tmp_path, bits, photometric="miniswhite").data, ~bits)


def test_a_preview_is_left_out_with_a_note(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(GREY, photometric="minisblack", metadata=None)
        tif.write(GREY[::4, ::4], photometric="minisblack", subfiletype=1, metadata=None)
    volume = read(tmp_path / "a.tif")
    assert volume.shape == GREY.shape
    assert any("preview" in note for note in volume.notes)


def test_planes_of_different_sizes_are_no_stack(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for plane in (GREY, GREY, GREY[:-1]):
            tif.write(plane, photometric="minisblack", metadata=None)
    with pytest.raises(FileFormatError, match=r"from page 2 on, \(19, 24\)"):
        read(tmp_path / "a.tif")
    assert read(tmp_path / "a.tif", allow_partial=True).shape == (2, 20, 24)


def test_planes_beyond_the_description_are_named(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", STACK, imagej=True, metadata={"axes": "ZYX"})
    content = (
        (tmp_path / "a.tif").read_bytes().replace(b"images=5", b"images=4").replace(b"slices=5", b"slices=4")
    )
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(CorruptFileError, match="holds 5 planes but describes 4"):
        read(tmp_path / "a.tif")


def test_no_other_file_is_opened(tmp_path):
    """An OME description may point at files anywhere; ours reads the one that was named and no other."""
    tifffile.imwrite(
        tmp_path / "a.ome.tif", STACK, ome=True, photometric="minisblack", metadata={"axes": "ZYX"}
    )
    tifffile.imwrite(tmp_path / "secret.tif", np.full_like(STACK, 7), photometric="minisblack")
    content = (tmp_path / "a.ome.tif").read_bytes()
    xml = content[content.index(b"<?xml") :].split(b"\0")[0].decode()
    link = '<TiffData FirstZ="0" IFD="0"><UUID FileName="secret.tif">urn:uuid:1</UUID></TiffData>'
    changed = xml.replace('<TiffData IFD="0" PlaneCount="5"/>', link)
    assert changed != xml
    path = tmp_path / "b.ome.tif"
    tifffile.imwrite(path, STACK, photometric="minisblack", description=changed, metadata=None)
    assert (tifffile.imread(path) == 7).mean() == 0.2  # the library on its own follows the link
    assert np.array_equal(read(path).data, STACK)


def test_readers_of_planes_can_be_sent_to_another_process(tmp_path):
    for options in ({}, {"compression": "zlib"}, {"photometric": "miniswhite", "compression": "zlib"}):
        tifffile.imwrite(tmp_path / "a.tif", STACK, **({"photometric": "minisblack"} | options))
        lazy = open_tiff(tmp_path / "a.tif").data
        again = pickle.loads(pickle.dumps(lazy))
        assert np.array_equal(again[2], lazy[2])


def test_a_file_that_shrinks_while_it_is_open_is_named(tmp_path):
    for compression in (None, "zlib"):
        tifffile.imwrite(tmp_path / "a.tif", STACK, photometric="minisblack", compression=compression)
        lazy = open_tiff(tmp_path / "a.tif").data
        (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:600])
        with pytest.raises(CorruptFileError):
            lazy[4]


def test_complex_values_are_refused(tmp_path):
    with pytest.raises(FileFormatError, match="complex"):
        opened(tmp_path, GREY.astype(np.complex64))
