"""The list of single images and the gallery: every image is found again where it was cut from."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_microgen.compare.gallery import gallery, read_picture
from napari_microgen.compare.image_list import image_list, read_image_list
from napari_microgen.compare.image_set import load_images
from napari_microgen.compare.preparation import Choices, Source, prepared_sides
from napari_microgen.compare.space import Space
from napari_microgen.errors import InputNotFoundError, ShapeMismatchError, TableError
from napari_microgen.progress import finish

TABLE = "file,temperature [C]\n"


@pytest.fixture
def sources(tmp_path, precipitates):
    """A folder of real images of 64 x 96 and a synthetic stack of 32 x 32, of two conditions each."""
    random = np.random.default_rng(0)
    (tmp_path / "real").mkdir()
    large = precipitates(random, 6, edge=96)[:, :64]
    names = [f"m{k}.tif" for k in range(6)]
    for name, image in zip(names, large, strict=True):
        tifffile.imwrite(tmp_path / "real" / name, image)
    rows = [f"{name},{100 * (1 + k % 2)}" for k, name in enumerate(names)]
    (tmp_path / "real.csv").write_text(TABLE + "\n".join(rows) + "\n")
    tifffile.imwrite(tmp_path / "synthetic.tif", precipitates(random, 9, edge=32))
    rows = [f"s{k},{(100, 200, 300)[k % 3]}" for k in range(9)]
    (tmp_path / "synthetic.csv").write_text(TABLE + "\n".join(rows) + "\n")
    return {
        name: Source(path=tmp_path / path, conditions=tmp_path / f"{name}.csv")
        for name, path in (("real", "real"), ("synthetic", "synthetic.tif"))
    }


def test_the_gallery_gives_every_patch_of_the_files(sources):
    found = finish(gallery(sources, Choices()))
    assert found.shape == (32, 32)
    assert found.conditions == ("temperature=100 C", "temperature=200 C") or len(found.conditions) == 2
    assert found.shared == (0, 1)
    assert len(found.sides["real"]) == 6 * 2 * 3
    assert len(found.of_condition("synthetic", 0)) == 3
    assert (found.sides["synthetic"].condition == -1).sum() == 3
    cut = [found.picture("real", row) for row in range(6)]
    whole = tifffile.imread(sources["real"].path / "m0.tif")
    np.testing.assert_array_equal(np.block([cut[:3], cut[3:]]), whole)
    stack = tifffile.imread(sources["synthetic"].path)
    np.testing.assert_array_equal(found.picture("synthetic", 7), stack[7])
    everything = np.concatenate(
        [stack.ravel(), *(tifffile.imread(p).ravel() for p in sorted(sources["real"].path.iterdir()))]
    )
    assert everything.min() <= found.limits[0] < found.limits[1] <= everything.max()


def test_the_list_names_the_place_of_the_image_that_was_measured(sources, tmp_path):
    prepared = finish(prepared_sides(sources, Choices()))
    sides, space = prepared.sides, Space.fit(prepared.sides.real.descriptors)
    (tmp_path / "images.csv").write_text(image_list(sides, space))
    listed = read_image_list(tmp_path / "images.csv")
    for name, side in (("real", sides.real), ("synthetic", sides.synthetic)):
        assert len(listed[name]) == len(side)
        for row in (0, len(side) // 2, len(side) - 1):
            picture = read_picture(listed[name].origins[row], listed[name].shape)
            np.testing.assert_array_equal(picture, side.images.images[row])
            assert listed[name].conditions[row] == sides.conditions.names[side.condition[row]]
        np.testing.assert_allclose(listed[name].values["mean_grey"], side.descriptors.column("mean_grey"))
        np.testing.assert_allclose(
            listed[name].values["persistence_1"], space.persistence(side.descriptors)[:, 0]
        )


def test_a_picture_that_is_gone_is_named(sources):
    found = finish(gallery(sources, Choices()))
    tifffile.imwrite(sources["synthetic"].path, np.zeros((2, 32, 32), np.uint8))
    with pytest.raises(InputNotFoundError, match="plane 8"):
        found.picture("synthetic", 7)


def test_sides_without_a_common_condition_are_refused(sources):
    sources["synthetic"].conditions.write_text(TABLE + "".join(f"s{k},900\n" for k in range(9)))
    with pytest.raises(TableError, match="no pairs"):
        finish(gallery(sources, Choices()))


def test_sides_of_other_scale_are_refused(sources, precipitates):
    for path, size in (
        (sources["synthetic"].path, 0.02),
        *((p, 0.05) for p in sources["real"].path.iterdir()),
    ):
        data = tifffile.imread(path)
        tifffile.imwrite(path, data, resolution=(1e4 / size, 1e4 / size), resolutionunit="CENTIMETER")
    with pytest.raises(ShapeMismatchError, match="pixel size"):
        finish(gallery(sources, Choices()))


@pytest.mark.parametrize(("planes", "head", "micrographs"), [
    ("one", None, 1), ("each", None, 9), ("one", "file,temperature [C]\n", 9), ("one", "same", 1),
    ("one", "micrograph", 3),
])  # fmt: skip
def test_planes_of_a_stack_are_one_micrograph_unless_told_otherwise(
    sources, tmp_path, planes, head, micrographs
):
    table = tmp_path / "planes.csv"
    rows = {
        None: None,
        "file,temperature [C]\n": [f"s{k},{100 + k}" for k in range(9)],
        "same": ["file,temperature [C]", *(f"s{k},100" for k in range(9))],
        "micrograph": ["file,temperature [C],micrograph", *(f"s{k},100,m{k // 3}" for k in range(9))],
    }[head]
    if rows is not None:
        table.write_text((head if head.endswith("\n") else "") + "\n".join(rows) + "\n")
    steps = load_images(
        Path(sources["synthetic"].path), None if rows is None else table, name="real", planes=planes
    )
    loaded = finish(steps)
    assert len(set(loaded.table.micrographs)) == micrographs
    assert bool(loaded.notes) == (micrographs == 1)
