"""Sets of images: folders, stacks, tables, patches, pixel sizes."""

import numpy as np
import pytest
import tifffile

from napari_microgen.compare.image_set import common_pixel_size, cut_alike, load_images, of_arrays
from napari_microgen.errors import (
    InputNotFoundError,
    NonFiniteError,
    ParameterError,
    ShapeMismatchError,
    TableError,
)
from napari_microgen.progress import finish


def write(path, image, um=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {} if um is None else {"resolution": (1e4 / um, 1e4 / um), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, image, photometric="minisblack", **options)


def noise(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_a_folder_with_a_table_keeps_conditions_and_micrographs(tmp_path):
    for k in range(4):
        write(tmp_path / "images" / f"i{k}.tif", noise(k, 32, 32), um=0.02)
    text = "file,T [C],micrograph,pixel size [nm]\n"
    text += "".join(f"i{k}.tif,{100 * (k // 2)},m{k // 2},20\n" for k in range(4))
    (tmp_path / "t.csv").write_text(text)
    loaded = finish(load_images(tmp_path / "images", tmp_path / "t.csv", name="real"))
    assert loaded.table["T"].tolist() == [0, 0, 100, 100]
    assert loaded.table.micrographs == ("m0", "m0", "m1", "m1")
    assert loaded.pixel_size == pytest.approx(0.02)
    np.testing.assert_array_equal(loaded.pictures[2], noise(2, 32, 32))


def test_a_stack_takes_the_rows_in_order_and_says_when_they_do_not_fit(tmp_path):
    write(tmp_path / "s.tif", noise(0, 4, 32, 32))
    (tmp_path / "t.csv").write_text("T [C]\n1\n2\n3\n4\n")
    loaded = finish(load_images(tmp_path / "s.tif", tmp_path / "t.csv", name="synthetic"))
    assert loaded.table["T"].tolist() == [1, 2, 3, 4]
    assert loaded.pixel_size is None
    (tmp_path / "t.csv").write_text("T [C]\n1\n2\n")
    with pytest.raises(TableError, match=r"4 images but .* 2 rows"):
        finish(load_images(tmp_path / "s.tif", tmp_path / "t.csv", name="synthetic"))


def test_images_without_a_table_are_micrographs_of_their_own(tmp_path):
    for k in range(3):
        write(tmp_path / f"i{k}.tif", noise(k, 32, 32))
    loaded = finish(load_images(tmp_path, None, name="real"))
    assert len(set(loaded.table.groups("micrograph")[0].tolist())) == 3


def test_large_images_are_cut_without_overlap_and_stay_one_micrograph(tmp_path):
    write(tmp_path / "a" / "large.tif", noise(0, 70, 100))
    write(tmp_path / "b" / "small.tif", noise(1, 32, 32))
    sets = [finish(load_images(tmp_path / n, None, name=n)) for n in ("a", "b")]
    large, small = cut_alike(sets, None)
    assert large.images.shape == (6, 32, 32)
    assert small.images.shape == (1, 32, 32)
    assert large.table.groups("micrograph")[0].tolist() == [0] * 6
    # 70 x 100 holds 2 x 3 patches of 32; what is left over is shared by both edges.
    np.testing.assert_array_equal(large.images[0], noise(0, 70, 100)[3:35, 2:34])
    np.testing.assert_array_equal(large.images[5], noise(0, 70, 100)[35:67, 66:98])


@pytest.mark.parametrize("patch", [15, 33])
def test_a_patch_that_does_not_fit_is_refused(tmp_path, patch):
    write(tmp_path / "i.tif", noise(0, 32, 40))
    with pytest.raises(ParameterError, match="16 to 32"):
        cut_alike([finish(load_images(tmp_path, None, name="real"))], patch)


def test_pixel_sizes_must_agree(tmp_path):
    sets = []
    for name, um in (("real", 0.02), ("synthetic", 0.03), ("training", None)):
        write(tmp_path / name / "i.tif", noise(0, 32, 32), um)
        sets.append(finish(load_images(tmp_path / name, None, name=name)))
    with pytest.raises(ShapeMismatchError, match=r"real images .* 0\.02 um, the synthetic images 0\.03 um"):
        common_pixel_size(sets)
    size, remark = common_pixel_size([sets[0], sets[2]])
    assert size is None
    assert "training" in remark
    assert common_pixel_size(sets[:1]) == (pytest.approx(0.02), None)


def test_pixel_sizes_within_a_set_must_agree(tmp_path):
    write(tmp_path / "a.tif", noise(0, 32, 32), 0.02)
    write(tmp_path / "b.tif", noise(0, 32, 32), 0.021)
    with pytest.raises(ShapeMismatchError, match=r"a has 0\.02 um, b 0\.021 um"):
        finish(load_images(tmp_path, None, name="real"))


def test_decimal_images_must_lie_between_0_and_1(tmp_path):
    write(tmp_path / "a.tif", (noise(0, 32, 32) / 10).astype(np.float32))
    with pytest.raises(NonFiniteError, match="scale them to 0 to 1"):
        finish(load_images(tmp_path, None, name="real"))


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(InputNotFoundError, match="does not exist"):
        finish(load_images(tmp_path / "none", None, name="real"))


@pytest.mark.parametrize(
    ("images", "white"),
    [
        (np.zeros((2, 16, 16), np.uint8), 1.0),
        (np.full((2, 16, 16), 7, np.uint8), 255.0),
        (np.full((2, 16, 16), 7, np.uint16), 65535.0),
        (np.full((2, 16, 16), 0.5), 1.0),
    ],
)
def test_white_is_that_of_the_type(images, white):
    assert of_arrays("real", images).white == white
