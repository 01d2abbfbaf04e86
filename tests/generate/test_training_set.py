"""Images of a table become patches: the right pixels, scale, pixel size and hash, or a clear refusal."""

from pathlib import Path

import numpy as np
import pytest

from napari_microgen.conditions import ConditionTable
from napari_microgen.errors import AxesError, NonFiniteError, ShapeMismatchError, UnknownVoxelSizeError
from napari_microgen.generate.training_set import load_training_set
from napari_microgen.io.writing import write
from napari_microgen.progress import finish
from napari_microgen.volume import Volume


@pytest.fixture
def loaded(tmp_path):
    """Return a function that writes images and loads them as a training set."""

    def load(images, pixels=None, sizes=None, **options):
        paths = []
        for number, image in enumerate(images):
            path = tmp_path / f"{number}.tif"
            axes = {2: "YX", 3: "ZYX"}[image.ndim]
            edge = None if pixels is None else (None, pixels[number], pixels[number])[-image.ndim :]
            write(Volume(image, axes, voxel_size=edge, unit="um" if pixels else None), path)
            paths.append(Path(path))
        table = ConditionTable.from_columns(
            {"T": [float(n) for n in range(len(images))]},
            images=[path.name for path in paths],
            pixel_sizes=sizes,
        )
        return finish(load_training_set(table, paths, **({"patch_size": 8} | options)))

    return load


def coded(size=24):
    """An image in which each pixel says where it is."""
    rows, columns = np.mgrid[:size, :size]
    return (rows * size + columns).astype(np.uint16)


def test_patches_are_pieces_of_the_images(loaded):
    image = coded()
    data = loaded([image])
    random = np.random.default_rng(0)
    corners = set()
    for _ in range(300):
        patch = data.scale.inverse(data.patch(0, random))
        top, left = divmod(int(patch[0, 0]), 24)
        np.testing.assert_array_equal(patch, image[top : top + 8, left : left + 8])
        corners.add((top, left))
    assert {c[0] for c in corners} == set(range(17)), "every place is drawn, the last one too"


def test_the_border_is_seen_as_often_as_the_middle(loaded):
    rows, columns = np.mgrid[:24, :24]
    rim = (np.minimum.reduce([rows, columns, 23 - rows, 23 - columns]) < 8).astype(np.uint8)
    data = loaded([rim])
    random = np.random.default_rng(0)
    found = np.mean([data.scale.inverse(data.patch(0, random)).mean() for _ in range(3000)])
    assert found == pytest.approx(rim.mean(), abs=0.02), "drawn evenly it would be 0.75 instead of 0.89"


@pytest.mark.parametrize(("augment", "ways"), [("none", 1), ("flips", 2), ("isotropic", 8)])
def test_only_declared_symmetries_are_used(loaded, augment, ways):
    data = loaded([coded(8)], augment=augment)
    random = np.random.default_rng(0)
    assert len({data.patch(0, random).tobytes() for _ in range(200)}) == ways


def test_planes_of_a_stack_share_their_conditions(loaded):
    data = loaded([np.stack([coded(), coded() + 1]), coded()])
    assert [plane.row for plane in data.planes] == [0, 0, 1]
    assert data.patches_of(0) == pytest.approx(2 * 9)


def test_half_the_resolution_keeps_the_picture(loaded):
    rows = np.linspace(0, 200, 64)[:, None] + np.zeros((1, 64))
    data = loaded([rows.astype(np.uint8)], pixels=[0.1], patch_size=16, crop_size=32)
    assert data.planes[0].data.shape == (32, 32)
    assert data.pixel_size == pytest.approx(0.2)
    np.testing.assert_allclose(data.planes[0].data[4:-4, 0], rows[9:-7:2, 0], atol=3)


def test_images_are_brought_to_one_pixel_size(loaded):
    data = loaded([coded(48), coded(24)], pixels=[0.1, 0.2], pixel_size=0.2)
    assert [plane.data.shape for plane in data.planes] == [(24, 24), (24, 24)]
    assert data.pixel_size == pytest.approx(0.2)
    assert data.notes == ()
    assert (
        "1 images have larger pixels"
        in loaded([coded(48), coded(24)], pixels=[0.1, 0.2], pixel_size=0.1).notes[0]
    )


def test_different_magnifications_are_refused(loaded):
    with pytest.raises(UnknownVoxelSizeError, match="--pixel-size"):
        loaded([coded(), coded()], pixels=[0.1, 0.2])


def test_the_table_says_the_pixel_size_where_the_file_does_not(loaded):
    assert loaded([coded()], sizes=[0.3]).pixel_size == pytest.approx(0.3)
    unknown = loaded([coded()])
    assert unknown.pixel_size is None
    assert "not known" in unknown.notes[0]
    with pytest.raises(UnknownVoxelSizeError, match="not known"):
        loaded([coded()], pixel_size=0.2)


def test_images_smaller_than_a_patch_are_named(loaded):
    with pytest.raises(ShapeMismatchError, match=r"1\.tif"):
        loaded([coded(), coded(6)])


def test_values_that_are_not_finite_and_colour_are_refused(loaded, tmp_path):
    bad = coded().astype(np.float32)
    bad[3, 4] = np.nan
    with pytest.raises(NonFiniteError, match=r"1 NaN"):
        loaded([bad])
    colour = np.random.default_rng(0).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    write(Volume(colour, "YXS"), tmp_path / "colour.tif")
    table = ConditionTable.from_columns({"T": [1.0]}, images=["colour.tif"])
    with pytest.raises(AxesError, match="colour"):
        finish(load_training_set(table, [tmp_path / "colour.tif"], patch_size=8))


def test_the_hash_knows_images_conditions_and_patches(loaded):
    first = loaded([coded()]).sha256
    assert loaded([coded()]).sha256 == first
    assert loaded([coded() + 1]).sha256 != first
    assert loaded([coded()], patch_size=12).sha256 != first


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_types_of_images_are_kept(loaded, dtype):
    image = (coded() % 200).astype(dtype)
    data = loaded([image])
    assert data.scale.inverse(data.patch(0, np.random.default_rng(0))).dtype == dtype


def test_little_memory_puts_the_images_on_disk(loaded, monkeypatch, tmp_path):
    plenty = loaded([coded(64)])
    monkeypatch.setenv("MICROGEN_MEMORY", "10000")
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    little = loaded([coded(64)])
    one, other = (d.patch(0, np.random.default_rng(1)) for d in (plenty, little))
    np.testing.assert_array_equal(one, other)
