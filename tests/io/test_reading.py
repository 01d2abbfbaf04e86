"""What the user says wins, what nobody knows stays unknown, and each wrong input has its own error."""

import numpy as np
import pytest
import tifffile

from napari_microgen import Volume, read, write
from napari_microgen.errors import (
    AxesError,
    CorruptFileError,
    FileFormatError,
    InputNotFoundError,
    InvalidVoxelSizeError,
    MemoryLimitError,
    ParameterError,
    ShapeMismatchError,
    UnitError,
    UnknownVoxelSizeError,
)


@pytest.fixture
def stack(tmp_path):
    """A bare multi-page TIFF, whose first axis nobody has named."""
    path = tmp_path / "stack.tif"
    data = np.random.default_rng(0).integers(0, 255, (4, 6, 5)).astype(np.uint8)
    tifffile.imwrite(path, data, photometric="minisblack")
    return path


def grey(path, seed=0, size=(5.0, 5.0), unit="nm", shape=(6, 5)):
    data = np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8)
    return write(Volume(data, "YX", size, unit), path)


def test_axes_without_a_name_are_planes_to_be_confirmed(stack):
    volume = read(stack)
    assert volume.axes == "ZYX"
    assert volume.voxel_size is None
    assert any("axes to be confirmed" in note for note in volume.notes)
    assert "reading" not in volume.metadata


def test_what_the_user_says_wins_and_is_recorded(stack):
    volume = read(stack, axes="zyx", voxel_size=(25, 18.6, 18.6), unit="nm")
    assert volume.voxel_size == (25.0, 18.6, 18.6)
    assert volume.notes == ()
    assert volume.metadata["reading"] == {"axes": "ZYX", "voxel_size": [25.0, 18.6, 18.6], "unit": "nm"}
    again = read(stack, **volume.metadata["reading"])
    assert again.content_hash() == volume.content_hash()
    assert read(stack, axes="CYX").axes == "CYX"


def test_two_numbers_are_row_and_column_and_three_fit_a_single_image(stack, tmp_path):
    assert read(stack, voxel_size=(18.6, 18.6), unit="nm").voxel_size == (None, 18.6, 18.6)
    flat = grey(tmp_path / "a.tif")
    assert read(flat, voxel_size=(25, 4.0, 3.0), unit="um").voxel_size == (4.0, 3.0)
    assert read(flat, voxel_size=(None, 4.0, None), unit="um").voxel_size == (4.0, None)
    assert read(flat, voxel_size=(None, None, None), unit="um").voxel_size is None


def test_a_unit_alone_states_a_known_size_in_it(stack, tmp_path):
    flat = grey(tmp_path / "a.tif")
    assert read(flat, unit="um").voxel_size == (0.005, 0.005)
    assert any("no voxel size is known" in note for note in read(stack, unit="um").notes)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"axes": "ZY"}, AxesError),
        ({"axes": "ZZX"}, AxesError),
        ({"axes": "Z-X"}, AxesError),
        ({"voxel_size": (1.0,), "unit": "nm"}, ParameterError),
        ({"voxel_size": (1.0, 1.0, 1.0, 1.0), "unit": "nm"}, ParameterError),
        ({"voxel_size": (1.0, 1.0, 1.0)}, UnknownVoxelSizeError),
        ({"voxel_size": (0.0, 1.0, 1.0), "unit": "nm"}, InvalidVoxelSizeError),
        ({"voxel_size": (1.0, -1.0, 1.0), "unit": "nm"}, InvalidVoxelSizeError),
        ({"voxel_size": (1.0, 1.0, float("nan")), "unit": "nm"}, InvalidVoxelSizeError),
        ({"voxel_size": (1.0, 1.0, float("inf")), "unit": "nm"}, InvalidVoxelSizeError),
        ({"voxel_size": (2.0, 1e-6, 1e-6), "unit": "m"}, InvalidVoxelSizeError),
        ({"voxel_size": (1.0, 1.0, 1.0), "unit": "parsec"}, UnitError),
        ({"channel": 0}, ParameterError),
    ],
)
def test_what_cannot_be_is_refused(arguments, kind, stack):
    with pytest.raises(kind):
        read(stack, **arguments)


def test_an_unlikely_size_is_read_with_a_warning(stack):
    with pytest.warns(UserWarning, match="check the unit"):
        read(stack, voxel_size=(1.0, 1.0, 1.0), unit="cm")


def test_detectors_become_channels(tmp_path):
    se, bse = grey(tmp_path / "se.tif", 1), grey(tmp_path / "bse.tif", 2)
    both = read(f"{se}+{bse}")
    assert both.axes == "CYX"
    assert both.voxel_size == (5.0, 5.0)
    assert both.metadata["channels"] == ["se", "bse"]
    assert np.array_equal(both.data[1], read(bse).data)
    assert both.content_hash() == read(f"{tmp_path}/se.tif+bse.tif").content_hash()
    assert read(f"{se}+{bse}", axes="CYX").axes == "CYX"
    one = read(f"{se}+{bse}", channel=1)
    assert one.axes == "YX"
    assert np.array_equal(one.data, read(bse).data)
    with pytest.raises(ParameterError, match="channels 0 to 1"):
        read(f"{se}+{bse}", channel=2)


def test_detectors_that_do_not_fit_are_refused(tmp_path):
    se = grey(tmp_path / "se.tif")
    other_shape = grey(tmp_path / "a.tif", shape=(6, 6))
    other_size = grey(tmp_path / "b.tif", size=(5.0, 5.1))
    with pytest.raises(ShapeMismatchError, match=r"\(6, 5\).*\(6, 6\)"):
        read(f"{se}+{other_shape}")
    with pytest.raises(ShapeMismatchError, match=r"5\.1"):
        read(f"{se}+{other_size}")
    assert read(f"{se}+{other_size}", voxel_size=(5, 5), unit="nm").axes == "CYX"
    unknown = grey(tmp_path / "c.tif", size=None, unit=None)
    assert read(f"{unknown}+{se}").voxel_size == (5.0, 5.0)
    same = grey(tmp_path / "d.tif", size=(0.005, 0.005), unit="um")
    assert read(f"{se}+{same}").axes == "CYX"


def test_a_plus_in_a_name_is_a_name(tmp_path):
    grey(tmp_path / "a+b.tif", 1)
    grey(tmp_path / "c.tif", 2)
    assert read(tmp_path / "a+b.tif").axes == "YX"
    assert read(f"{tmp_path}/a+b.tif+{tmp_path}/c.tif").axes == "CYX"
    with pytest.raises(InputNotFoundError, match=r"d\.tif"):
        read(f"{tmp_path}/c.tif+{tmp_path}/d.tif")


def test_a_channel_or_a_colour_is_chosen(tmp_path):
    rng = np.random.default_rng(0)
    data = rng.integers(0, 255, (3, 6, 5)).astype(np.uint8)
    channels = write(Volume(data, "CYX"), tmp_path / "c.tif")
    assert np.array_equal(read(channels, channel=2).data, data[2])
    tifffile.imwrite(tmp_path / "rgb.tif", data.transpose(1, 2, 0), photometric="rgb")
    assert read(tmp_path / "rgb.tif").axes == "YXS"
    chosen = read(tmp_path / "rgb.tif", channel=1)
    assert chosen.axes == "YX"
    assert np.array_equal(chosen.data, data[1])
    with pytest.raises(ParameterError, match="0 to 2"):
        read(channels, channel=3)


def test_large_images_stay_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_microgen.io.lazy.LAZY_BYTES", 1000)
    data = np.random.default_rng(0).integers(0, 255, (7, 20, 30)).astype(np.uint8)
    for compression in (None, "zlib"):
        tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack", compression=compression)
        volume = read(tmp_path / "a.tif", axes="ZYX")
        assert type(volume.data).__module__.startswith("dask")
        assert volume.data.numblocks == (7, 1, 1)
        assert np.array_equal(volume.plane(3), data[3])
        assert np.array_equal(np.asarray(volume.data[1:3, 4:7, ::2]), data[1:3, 4:7, ::2])
        assert volume.content_hash() == Volume(data, "ZYX").content_hash()


def test_a_plane_larger_than_memory_is_refused(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2000, 2000), np.uint8), compression="zlib")
    assert (tmp_path / "a.tif").stat().st_size < 10_000
    monkeypatch.setenv("MICROGEN_MEMORY", "1e6")
    with pytest.raises(MemoryLimitError, match=r"One plane of a\.tif"):
        read(tmp_path / "a.tif")


def test_ten_thousand_square_pixels_are_one_image(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((10_000, 10_000), np.uint8), compression="zlib")
    volume = read(tmp_path / "a.tif")
    assert volume.shape == (10_000, 10_000)
    assert not np.asarray(volume.data[5000:5010, 5000:5010]).any()


def test_each_wrong_input_has_its_own_error(tmp_path):
    with pytest.raises(InputNotFoundError, match="does not exist"):
        read(tmp_path / "absent.tif")
    with pytest.raises(InputNotFoundError):
        read("x" * 5000)
    with pytest.raises(InputNotFoundError):
        read("a\0b")
    (tmp_path / "text.tif").write_text("this is a text")
    with pytest.raises(FileFormatError, match=r"text\.tif is not an image"):
        read(tmp_path / "text.tif")
    (tmp_path / "zero.tif").write_bytes(b"")
    with pytest.raises(CorruptFileError, match="0 bytes"):
        read(tmp_path / "zero.tif")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputNotFoundError, match="holds no slices"):
        read(tmp_path / "empty")
    with pytest.raises(FileFormatError, match="device"):
        read("/dev/null")


def test_content_decides_not_the_name(tmp_path):
    path = grey(tmp_path / "a.png")
    path.rename(tmp_path / "b.tif")
    assert read(tmp_path / "b.tif").metadata["kind_of_file"] == "PNG"


def test_input_is_never_changed(stack):
    before = stack.read_bytes(), stack.stat().st_mtime_ns
    volume = read(stack)
    volume.data[:] = 0
    assert (stack.read_bytes(), stack.stat().st_mtime_ns) == before


def test_planes_stored_as_colours_are_planes_again_when_the_user_says_so(tmp_path):
    planes = np.arange(4 * 8 * 9, dtype=np.uint8).reshape(4, 8, 9)
    tifffile.imwrite(tmp_path / "four.tif", planes, photometric="rgb", planarconfig="separate")
    assert read(tmp_path / "four.tif").axes == "YXS"
    volume = read(tmp_path / "four.tif", axes="ZYX")
    np.testing.assert_array_equal(np.asarray(volume), planes)
