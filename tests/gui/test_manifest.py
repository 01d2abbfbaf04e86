"""What napari knows of the plugin: manifest, readers, writers, samples, settings, menus."""

import numpy as np
import pytest
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name

from napari_microgen.io.writing import write
from napari_microgen.volume import Volume
from napari_microgen.widgets.readers import PYRAMID_FROM, get_reader, read_layers, with_pyramid

PLUGIN = "napari-microgen"


@pytest.fixture
def stack(tmp_path):
    data = np.arange(4 * 20 * 30, dtype=np.uint16).reshape(4, 20, 30)
    return Volume(data, "ZYX", (25.0, 18.6, 18.6), "nm", name="stack")


def test_the_manifest_is_valid_and_complete():
    manifest = PluginManifest.from_distribution(PLUGIN)
    for command in manifest.contributions.commands:
        assert callable(import_python_name(command.python_name)), command.id
    assert manifest.display_name == "MicroGen"
    assert {w.display_name for w in manifest.contributions.widgets} == {
        "Load and Prepare",
        "Segment",
        "Measure",
        "Property",
        "Compare",
        "Grains",
        "Generate",
        "Zones",
    }
    assert "napari/layers/segment" in manifest.contributions.menus


@pytest.mark.parametrize("ending", [".tif", ".ome.tif", ".zarr", ".npy", ""])
def test_a_stack_comes_back_with_size_and_unit(bench, stack, tmp_path, ending):
    path = write(stack, tmp_path / f"stack{ending}")
    bench.viewer.open(path, plugin=PLUGIN)
    (layer,) = bench.viewer.layers
    data = layer.data[0] if layer.multiscale else layer.data
    np.testing.assert_array_equal(np.asarray(data), stack.data)
    assert layer.scale.tolist() == [25.0, 18.6, 18.6]
    assert {str(unit) for unit in layer.units} == {"nanometer"}


@pytest.mark.parametrize("ending", [".tif", ".zarr"])
@pytest.mark.parametrize("kind", ["image", "labels"])
def test_what_is_saved_by_napari_keeps_size_unit_and_kind(bench, tmp_path, ending, kind):
    data = np.random.default_rng(0).integers(0, 3, (4, 20, 30)).astype(np.uint8)
    add = bench.image if kind == "image" else bench.labels
    add(data, name="a")
    path = tmp_path / f"saved{ending}"
    bench.viewer.layers.selection.active = bench.viewer.layers["a"]
    assert bench.viewer.layers.save(str(path), plugin=PLUGIN, selected=True) == [str(path)]
    bench.viewer.layers.clear()
    bench.viewer.open(path, plugin=PLUGIN)
    (layer,) = bench.viewer.layers
    np.testing.assert_array_equal(np.asarray(layer.data[0] if layer.multiscale else layer.data), data)
    assert layer.scale.tolist() == [25.0, 18.6, 18.6]
    assert type(layer).__name__.lower() == kind


@pytest.mark.parametrize("key", ["fibsem", "fibsem_truth", "sem", "film", "precipitates"])
def test_samples_open_with_known_size(bench, key):
    bench.viewer.open_sample(PLUGIN, key)
    assert len(bench.viewer.layers) == (1 if key in ("fibsem", "sem") else 2)
    bench.assert_units_agree()
    unit = "micrometer" if key == "precipitates" else "nanometer"
    assert {str(unit) for layer in bench.viewer.layers for unit in layer.units} == {unit}


def test_an_empty_folder_is_left_to_others(tmp_path):
    assert get_reader(str(tmp_path)) is None


def test_a_picture_wider_than_graphics_cards_take_gets_smaller_copies():
    data = np.zeros((64, PYRAMID_FROM * 2), np.uint8)
    levels, keywords, _ = with_pyramid((data, {"name": "wide"}, "image"))
    assert keywords["multiscale"]
    assert [level.shape for level in levels][:2] == [(64, 2 * PYRAMID_FROM), (32, PYRAMID_FROM)]
    assert max(levels[-1].shape) <= 2048
    assert with_pyramid((data[:, :500], {}, "image"))[0].shape == (64, 500)


def test_notes_of_a_file_are_shown(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("napari.utils.notifications.show_info", shown.append)
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 4, 5), np.uint8))
    read_layers(str(path))
    assert any("axes" in note for note in shown)


def test_settings_of_the_machine_are_read(plugin_settings, npe2pm, tmp_path):
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))
    from napari.settings import get_plugin_settings

    from napari_microgen.widgets import settings

    compute = get_plugin_settings(PLUGIN).compute
    assert settings.device() == "auto"
    compute.device = "cpu"
    compute.memory_gib = 2.0
    compute.cache_folder = str(tmp_path / "mine")
    assert settings.device() == "cpu"
    assert settings.cache_folder() == tmp_path / "mine"
    assert settings.job_environment()["MICROGEN_MEMORY"] == str(2 * 2**30)
    with pytest.raises(ValueError, match="device"):
        compute.device = "abacus"
