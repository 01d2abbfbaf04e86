"""Layers keep place and unit: crops, slices, resampled grids, round trips."""

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_microgen.errors import AxesError, ShapeMismatchError
from napari_microgen.recipe import Recipe
from napari_microgen.units import METRES, convert_length
from napari_microgen.volume import Volume
from napari_microgen.widgets.layers import (
    KEY,
    axes_of,
    layer_of,
    layers_of,
    like,
    result_layer,
    set_voxel_size,
    volume_of,
    voxel_size_of,
)

TURN = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])


def placed_image(**more):
    place = {"scale": (25.0, 18.6, 18.6), "units": ("nm",) * 3, "axis_labels": ("z", "y", "x")}
    return Image(np.zeros((8, 12, 16), np.uint8), name="stack", **place | more)


def turned_image():
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = 7, -2, 3
    return placed_image(rotate=TURN, shear=(0.1, 0.0, 0.2), translate=(5, 6, 7), affine=affine)


@pytest.mark.parametrize("source", [placed_image(), turned_image()], ids=["plain", "turned"])
def test_same_grid_same_place(source):
    result = Labels(np.zeros((8, 12, 16), int), **like(source, np.zeros((8, 12, 16))))
    for point in ((0, 0, 0), (7, 11, 15), (3, 0, 15)):
        np.testing.assert_allclose(result.data_to_world(point), source.data_to_world(point))
    assert result.units == source.units
    assert result.axis_labels == source.axis_labels


@pytest.mark.parametrize("source", [placed_image(), turned_image()], ids=["plain", "turned"])
def test_a_crop_lies_where_it_was_cut(source):
    start = (2, 3, 4)
    crop = source.data[2:6, 3:9, 4:12]
    result = Image(crop, **like(source, crop, start=start))
    for point in ((0, 0, 0), (3, 5, 7)):
        np.testing.assert_allclose(result.data_to_world(point), source.data_to_world(np.add(point, start)))


@pytest.mark.parametrize("source", [placed_image(), turned_image()], ids=["plain", "turned"])
@pytest.mark.parametrize("step", [(2, 2, 2), (1, 3, 0.5)])
def test_a_resampled_grid_covers_the_same_ground(source, step):
    shape = np.ceil(np.divide(source.data.shape, step)).astype(int)
    result = Image(np.zeros(shape, np.uint8), **like(source, np.zeros(shape), step=step))
    corner = -0.5 * np.ones(3)
    np.testing.assert_allclose(result.data_to_world(corner), source.data_to_world(corner))
    far = np.multiply((2, 2, 2), step) - 0.5
    np.testing.assert_allclose(result.data_to_world((1.5, 1.5, 1.5)), source.data_to_world(far))


def test_a_slice_of_a_stack_is_a_2d_layer_in_its_plane():
    source = turned_image()
    result = Image(source.data[3], **like(source, source.data[3], drop=(0,)))
    assert result.ndim == 2
    assert result.axis_labels == ("y", "x")
    assert result.units == source.units[1:]
    assert result.scale.tolist() == [18.6, 18.6]


@pytest.mark.parametrize("shape", [(8, 12, 15), (12, 16), (1, 8, 12, 16)])
def test_a_result_that_does_not_fit_is_refused(shape):
    with pytest.raises(ShapeMismatchError, match="stack"):
        like(placed_image(), np.zeros(shape))


@pytest.mark.parametrize("unit", METRES)
def test_volume_to_layer_and_back_keeps_size_and_unit(unit):
    size = tuple(convert_length(edge, "nm", unit) for edge in (25, 18.6, 18.6))
    volume = Volume(np.arange(24, dtype=np.uint16).reshape(2, 3, 4), "ZYX", size, unit, name="a")
    data, keywords, kind = layer_of(volume)
    back = volume_of({"image": Image, "labels": Labels}[kind](data, **keywords))
    assert (back.axes, back.voxel_size, back.unit, back.name) == ("ZYX", size, volume.unit, "a")
    np.testing.assert_array_equal(back.data, volume.data)


def test_an_unknown_size_stays_unknown_whatever_the_scale():
    assert volume_of(Image(np.zeros((4, 5)), scale=(2, 2))).voxel_size is None
    assert volume_of(Image(np.zeros((4, 5)), units=("pixel", "pixel"))).voxel_size is None


def test_a_size_known_in_the_plane_only_waits_in_the_metadata():
    volume = Volume(np.zeros((3, 4, 5), np.uint8), "ZYX", (None, 18.6, 18.6), "nm")
    data, keywords, _ = layer_of(volume)
    layer = Image(data, **keywords)
    assert layer.scale.tolist() == [1, 1, 1]
    assert volume_of(layer).voxel_size == (None, 18.6, 18.6)
    set_voxel_size(layer, (25.0, 18.6, 18.6), "nm")
    assert volume_of(layer).voxel_size == (25.0, 18.6, 18.6)


def test_mixed_units_of_a_foreign_layer_become_one():
    layer = Image(np.zeros((3, 4, 5)), scale=(0.025, 18.6, 18.6), units=("um", "nm", "nm"))
    assert voxel_size_of(layer) == ((25.0, 18.6, 18.6), "nm")


def test_the_affine_of_a_layer_counts():
    layer = Image(np.zeros((4, 5)), scale=(2, 2), units=("nm", "nm"), affine=np.diag([3.0, 5.0, 1.0]))
    assert voxel_size_of(layer) == ((6.0, 10.0), "nm")


def test_the_snapshot_does_not_follow_the_layer():
    layer = Labels(np.zeros((4, 5), int))
    volume = volume_of(layer)
    layer.data[0, 0] = 3
    assert volume.data[0, 0] == 0
    assert volume.kind == "labels"


def test_recipe_and_file_facts_travel_with_the_layer():
    recipe = Recipe("segment", {"method": "otsu"}, output_sha256="0" * 64)
    volume = Volume(
        np.zeros((4, 5), np.uint8), "YX", kind="labels", recipe=recipe, metadata={"vendor": "FEI"}
    )
    data, keywords, kind = layer_of(volume)
    assert kind == "labels"
    back = volume_of(Labels(data, **keywords))
    assert back.recipe == recipe
    assert back.metadata["vendor"] == "FEI"


def test_detector_channels_become_layers_of_their_own():
    volume = Volume(np.zeros((2, 3, 4, 5), np.uint8), "CZYX", (25, 5, 5), "nm", name="run")
    layers = layers_of(volume)
    assert [keywords["name"] for _, keywords, _ in layers] == ["run [0]", "run [1]"]
    assert all(data.shape == (3, 4, 5) for data, _, _ in layers)


def test_colour_is_said_and_five_axes_are_refused():
    assert axes_of(Image(np.zeros((4, 5, 3)), rgb=True)) == "YXS"
    with pytest.raises(AxesError, match="axis_labels"):
        axes_of(Image(np.zeros((2, 2, 2, 4, 5))))


def test_a_cropped_result_takes_its_origin_from_the_facts():
    source = placed_image()
    cut = Volume(source.data[2:5, 3:9, 4:12], "ZYX", (25, 18.6, 18.6), "nm", facts={"origin": [2, 3, 4]})
    data, keywords, kind = result_layer(source, cut, "cut")
    result = {"image": Image}[kind](data, **keywords)
    np.testing.assert_allclose(result.data_to_world((0, 0, 0)), source.data_to_world((2, 3, 4)))
    assert result.metadata[KEY]["facts"] == {"origin": [2, 3, 4]}


def test_a_stretched_result_takes_its_step_from_the_voxel_size():
    source = placed_image()
    tall = Volume(np.zeros((8, 24, 16), np.uint8), "ZYX", (25, 9.3, 18.6), "nm", facts={"origin": [0, 0, 0]})
    data, keywords, _ = result_layer(source, tall, "tall")
    result = Image(data, **keywords)
    np.testing.assert_allclose(result.data_to_world((0, 23.5, 0)), source.data_to_world((0, 11.5, 0)))
