"""PNG, JPEG and BMP: values as stored, no size from a printer's resolution, cuts refused."""

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from napari_microgen import read
from napari_microgen.errors import CorruptFileError, FileFormatError, MemoryLimitError, MicrogenError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 255, (40, 50)).astype(np.uint8)
COLOUR = RNG.integers(0, 255, (40, 50, 3)).astype(np.uint8)


def saved(tmp_path, picture, name="a.png", **options):
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(
        tmp_path / name, **options
    )
    return read(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.bmp"])
def test_grey_comes_back_exactly(name, tmp_path):
    volume = saved(tmp_path, GREY, name, dpi=(72, 72))
    assert volume.axes == "YX"
    assert volume.voxel_size is None
    assert np.array_equal(volume.data, GREY)


def test_sixteen_bits_are_kept_in_grey_and_in_colour(tmp_path):
    deep = RNG.integers(0, 65535, (40, 50)).astype(np.uint16)
    volume = saved(tmp_path, deep)
    assert volume.dtype == np.uint16
    assert np.array_equal(volume.data, deep)
    colour = RNG.integers(0, 65535, (40, 50, 3)).astype(np.uint16)
    (tmp_path / "b.png").write_bytes(imagecodecs.png_encode(colour))
    assert np.array_equal(read(tmp_path / "b.png").data, colour)
    (tmp_path / "c.png").write_bytes(imagecodecs.png_encode(np.repeat(deep[..., None], 3, axis=2)))
    assert np.array_equal(read(tmp_path / "c.png").data, deep)


def test_colour_and_grey_in_colour(tmp_path):
    assert saved(tmp_path, COLOUR).axes == "YXS"
    volume = saved(tmp_path, np.repeat(GREY[..., None], 3, axis=2))
    assert volume.axes == "YX"
    assert np.array_equal(volume.data, GREY)


def test_a_palette_is_resolved_and_kept_for_labels(tmp_path):
    picture = Image.fromarray(GREY).convert("P")
    picture.putpalette([v for k in range(256) for v in (255 - k,) * 3])
    volume = saved(tmp_path, picture)
    assert volume.axes == "YX"
    assert np.array_equal(volume.data, 255 - np.asarray(picture))
    assert np.array_equal(read(tmp_path / "a.png", kind="labels").data, np.asarray(picture))


@pytest.mark.parametrize("mode", ["1", "LA", "RGBA"])
def test_other_modes(mode, tmp_path):
    volume = saved(tmp_path, Image.fromarray(GREY).convert(mode))
    assert volume.axes == "YX"
    wanted = np.asarray(Image.fromarray(GREY).convert(mode))
    assert np.array_equal(volume.data, wanted if mode == "1" else GREY)


def test_jpeg_is_read_and_its_print_colours_are_refused(tmp_path):
    assert saved(tmp_path, np.full((16, 16), 77, np.uint8), "a.jpg", quality=100).data[8, 8] == 77
    with pytest.raises(FileFormatError, match="CMYK"):
        saved(tmp_path, Image.fromarray(COLOUR).convert("CMYK"), "b.jpg")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp"])
def test_cut_pictures_are_refused(name, tmp_path):
    saved(tmp_path, GREY, name)
    content, whole = (tmp_path / name).read_bytes(), read(tmp_path / name).data
    refused = 0
    for length in np.linspace(1, len(content) - 1, 60).astype(int):
        (tmp_path / name).write_bytes(content[:length])
        try:
            assert np.array_equal(read(tmp_path / name).data, whole)  # only a checksum was cut
        except MicrogenError:
            refused += 1
    assert refused >= 57


def test_a_picture_larger_than_memory_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    saved(tmp_path, np.zeros((2000, 2000), np.uint8))
    monkeypatch.setenv("MICROGEN_MEMORY", "1e6")
    with pytest.raises(MemoryLimitError, match=r"a\.png"):
        read(tmp_path / "a.png")


def test_a_large_picture_is_no_bomb(tmp_path):
    """Pillow on its own warns above 89 megapixels and refuses twice that."""
    Image.new("1", (14_000, 13_000)).save(tmp_path / "a.png", compress_level=1)
    assert read(tmp_path / "a.png").shape == (13_000, 14_000)


def test_a_picture_with_a_lying_header(tmp_path):
    saved(tmp_path, GREY)
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[16:20] = (60).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(CorruptFileError):
        read(tmp_path / "a.png")
