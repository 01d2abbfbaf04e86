"""A folder of slices is one stack in natural order, or an error that names the odd slice."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_microgen import Volume, read, write
from napari_microgen.errors import (
    FileFormatError,
    IncompleteVolumeError,
    InputNotFoundError,
    ShapeMismatchError,
)
from napari_microgen.io.folder import natural_key


def plane(k, shape=(6, 5), dtype=np.uint8):
    return np.full(shape, k, dtype)


@pytest.fixture
def slices(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for k in (1, 2, 9, 10, 11):
        tifffile.imwrite(folder / f"slice{k}.tif", plane(k))
    return folder


def test_slices_stand_in_natural_order(slices):
    volume = read(slices)
    assert volume.axes == "ZYX"
    assert volume.data[:, 0, 0].tolist() == [1, 2, 9, 10, 11]
    assert volume.metadata["first_slice"] == "slice1.tif"
    assert volume.metadata["last_slice"] == "slice11.tif"
    assert volume.notes == ()


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["s10", "s2", "s1"], ["s1", "s2", "s10"]),
        (["a1b10", "a1b9", "a02b1"], ["a1b9", "a1b10", "a02b1"]),
        (["x", "10", "9"], ["9", "10", "x"]),
        (["B2", "a10", "A9"], ["A9", "a10", "B2"]),
        (["s1", "s¹", "s2"], ["s1", "s2", "s¹"]),
    ],
)
def test_natural_order(names, order):
    assert sorted(names, key=natural_key) == order


def test_what_lies_beside_the_slices_is_left_out(slices):
    (slices / "notes.txt").write_text("stage tilt 52")
    (slices / ".slice3.tif.1.ab.partial").write_text("")
    (slices / ".hidden.tif").write_text("")
    (slices / "deeper").mkdir()
    assert read(slices).shape == (5, 6, 5)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda f: tifffile.imwrite(f / "slice9.tif", plane(9, (6, 6))), ShapeMismatchError),
        (lambda f: tifffile.imwrite(f / "slice9.tif", plane(9, dtype=np.uint16)), FileFormatError),
        (
            lambda f: tifffile.imwrite(
                f / "slice9.tif", np.zeros((3, 6, 5), np.uint8), photometric="minisblack"
            ),
            FileFormatError,
        ),
        (lambda f: Image.fromarray(plane(9)).save(f / "slice9.png"), FileFormatError),
    ],
)
def test_the_odd_slice_is_named(damage, kind, slices):
    damage(slices)
    with pytest.raises(kind, match=r"slice9|PNG"):
        read(slices)


def test_slices_of_another_magnification_are_no_stack(tmp_path):
    folder = tmp_path / "run"
    for k, edge in enumerate((5.0, 5.0, 10.0)):
        write(Volume(plane(k), "YX", (edge, edge), "nm"), folder / f"s{k}.tif")
    with pytest.raises(ShapeMismatchError, match=r"s2\.tif has a pixel size"):
        read(folder)
    (folder / "s2.tif").unlink()
    assert read(folder).voxel_size == (None, 5.0, 5.0)
    assert read(folder, voxel_size=(20, 5, 5), unit="nm").voxel_size == (20.0, 5.0, 5.0)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp"])
def test_other_kinds_of_slices(ending, tmp_path):
    for k in range(3):
        Image.fromarray(plane(40 * k, (16, 16))).save(tmp_path / f"{k}{ending}")
    assert read(tmp_path).data[:, 3, 3].tolist() == [0, 40, 80]


def test_grey_slices_stored_in_colour(tmp_path):
    for k in range(3):
        Image.fromarray(np.repeat(plane(k)[..., None], 3, axis=2)).save(tmp_path / f"{k}.png")
    assert read(tmp_path).axes == "ZYX"
    coloured = plane(9)[..., None] * np.array([1, 2, 3], np.uint8)
    Image.fromarray(coloured).save(tmp_path / "9.png")
    with pytest.raises(ShapeMismatchError, match=r"9\.png"):
        read(tmp_path)


def test_an_empty_folder_and_one_without_pictures(tmp_path):
    with pytest.raises(InputNotFoundError, match="holds no slices"):
        read(tmp_path)
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(InputNotFoundError, match="holds no slices"):
        read(tmp_path)


def test_a_folder_of_ours_that_lost_a_slice_is_incomplete(tmp_path):
    data = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 6, 5), np.uint8)
    folder = write(Volume(data, "ZYX", (25.0, 5.0, 5.0), "nm"), tmp_path / "run")
    assert read(folder).voxel_size == (25.0, 5.0, 5.0)
    (folder / "run_0002.tif").unlink()
    with pytest.raises(IncompleteVolumeError, match=r"\(4, 6, 5\).*\(3, 6, 5\)"):
        read(folder)
    volume = read(folder, allow_partial=True)
    assert volume.shape == (3, 6, 5)
    assert any("read in part" in note for note in volume.notes)
