"""A recipe beside a file is believed only as long as the file is what the recipe made."""

import os

import numpy as np

from napari_microgen import Recipe, Volume, read, write
from napari_microgen.io.recipes import recipe_path


def made(**rest):
    data = np.random.default_rng(0).integers(0, 2, (3, 8, 9)).astype(np.uint8)
    plain = Volume(data, "ZYX", (2.0, 1.0, 1.0), "um", kind="labels")
    recipe = Recipe("segment", {"method": "otsu"}, output_sha256=plain.content_hash(), **rest)
    return Volume(data, "ZYX", (2.0, 1.0, 1.0), "um", kind="labels", recipe=recipe)


def test_every_format_keeps_its_recipe(tmp_path):
    for ending in (".tif", ".ome.tif", ".zarr", ".npy", ""):
        found = read(write(made(), tmp_path / f"a{ending}"), kind="labels")
        assert found.recipe is not None
        assert found.recipe.parameters == {"method": "otsu"}
        assert found.recipe.output_path == found.source


def test_an_edited_file_loses_its_recipe(tmp_path):
    path = write(made(), tmp_path / "a.tif")
    text = recipe_path(path).read_text()
    changed = made().data.copy()
    changed[0, 0, 0] ^= 1
    write(Volume(changed, "ZYX", (2.0, 1.0, 1.0), "um"), path)
    recipe_path(path).write_text(text)
    found = read(path)
    assert found.recipe is None
    assert any("not what its recipe made" in note for note in found.notes)


def test_a_large_file_is_judged_by_its_time(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_microgen.io.lazy.LAZY_BYTES", 10)
    path = write(made(), tmp_path / "a.tif")
    assert read(path).recipe is not None
    later = recipe_path(path).stat().st_mtime + 10
    os.utime(path, (later, later))
    assert read(path).recipe is None


def test_a_damaged_recipe_or_other_words_on_reading_leave_it_out(tmp_path):
    path = write(made(), tmp_path / "a.tif")
    assert read(path, voxel_size=(1.0, 1.0, 1.0), unit="um").recipe is None
    for content in ("{", "[]", "\udcff"):
        recipe_path(path).write_text(content, errors="surrogateescape")
        found = read(path)
        assert found.recipe is None
        assert found.notes == ()
