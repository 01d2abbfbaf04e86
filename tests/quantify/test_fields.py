"""Fields of a phase: right where a formula says what they are, and the same as the numbers of quantify."""

import numpy as np
import pytest

from napari_microgen.errors import (
    AxesError,
    LabelValueError,
    MemoryLimitError,
    NotPercolatingError,
    UnknownVoxelSizeError,
)
from napari_microgen.progress import finish
from napari_microgen.quantify.fields import field
from napari_microgen.quantify.struts import struts
from napari_microgen.quantify.table import quantify
from napari_microgen.volume import Volume

EDGES = (50.0, 25.0, 25.0)
FIELDS = ("local_thickness", "geodesic_distance", "strut_diameter")


def labels(data, edges=EDGES):
    return Volume(
        np.asarray(data, np.uint8), "ZYX"[-np.ndim(data) :], edges[-np.ndim(data) :], "nm", name="x"
    )


def blobs(shape=(24, 48, 48), seed=3):
    from scipy import ndimage as ndi

    smooth = ndi.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), (2, 4, 4))
    return (smooth > np.quantile(smooth, 0.45)).astype(np.uint8)


def test_a_plate_is_as_thick_as_it_is():
    plate = np.zeros((16, 40, 40), np.uint8)
    plate[4:10] = 1
    found = field(labels(plate))
    assert np.isnan(found.data[plate == 0]).all()
    np.testing.assert_allclose(found.data[plate == 1], 0.3, rtol=1e-6)
    assert found.facts["share_with_value"] == 1
    assert found.facts["value_unit"] == "um"
    assert found.voxel_size == EDGES
    assert found.kind == "image"


@pytest.mark.parametrize(("direction", "axis"), [("plane+", 0), ("plane-", 0), ("row+", 1), ("column-", 2)])
def test_the_way_through_a_block_is_the_depth(direction, axis):
    found = field(labels(np.ones((6, 8, 10))), field="geodesic_distance", direction=direction)
    n, edge = found.shape[axis], EDGES[axis] / 1000
    depth = (np.arange(n) + 0.5) * edge
    expected = depth[::-1] if direction.endswith("-") else depth
    shape = [-1 if a == axis else 1 for a in range(3)]
    np.testing.assert_allclose(found.data, np.broadcast_to(expected.reshape(shape), found.shape), rtol=1e-5)


def test_what_cannot_be_reached_has_no_value():
    phase = np.zeros((4, 20, 20), np.uint8)
    phase[:, :, :5] = 1
    phase[:, 10:14, 10:14] = 1
    found = field(labels(phase), field="geodesic_distance", direction="row+")
    island = np.zeros_like(phase, bool)
    island[:, 10:14, 10:14] = True
    assert np.isnan(found.data[island]).all()
    assert found.facts["share_with_value"] == pytest.approx(1 - island.sum() / phase.sum())


def test_the_means_are_those_of_quantify():
    volume = labels(blobs())
    table = quantify(volume, features=("local_thickness",))
    assert field(volume).facts["mean"] == pytest.approx(table["local_thickness"].value, rel=1e-6)


def test_struts_stand_on_the_skeleton_with_the_diameter_of_their_strut():
    phase = blobs()
    found = field(labels(phase), field="strut_diameter")
    network = struts(phase.astype(bool), tuple(edge / 1000 for edge in EDGES))
    inside = network.strut >= 0
    assert np.isfinite(found.data).sum() == inside.sum()
    on = tuple(network.voxels[inside].T)
    np.testing.assert_allclose(found.data[on], network.diameter[network.strut[inside]], rtol=1e-6)


@pytest.mark.parametrize("name", FIELDS)
def test_twice_the_voxel_gives_twice_the_length(name):
    phase = blobs()
    small, large = (field(labels(phase, tuple(f * e for e in EDGES)), field=name) for f in (1, 2))
    np.testing.assert_allclose(large.data, 2 * small.data, rtol=1e-4)


@pytest.mark.parametrize("name", FIELDS)
def test_another_label_of_the_same_phase_gives_the_same(name):
    phase = blobs()
    one, seven = field(labels(phase), field=name), field(labels(7 * phase), field=name, phase=7)
    np.testing.assert_array_equal(one.data, seven.data)


def test_an_image_has_fields_too_but_no_struts():
    flat = labels(blobs()[10])
    assert field(flat).shape == flat.shape
    assert field(flat, field="geodesic_distance").shape == flat.shape
    with pytest.raises(AxesError, match="one plane"):
        field(flat, field="strut_diameter")


@pytest.mark.parametrize("name", FIELDS)
def test_what_has_no_field_says_why(name, monkeypatch):
    with pytest.raises(UnknownVoxelSizeError, match="--voxel-size"):
        field(Volume(blobs(), "ZYX"), field=name)
    with pytest.raises(LabelValueError, match="phase 5 is absent; the labels hold 0, 1"):
        field(labels(blobs()), field=name, phase=5)
    monkeypatch.setenv("MICROGEN_MEMORY", "1e5")
    with pytest.raises(MemoryLimitError, match=name):
        field(labels(blobs()), field=name)


def test_a_phase_that_fills_all_has_ways_but_no_thickness():
    full = labels(np.ones((6, 8, 10)))
    for name in ("local_thickness", "strut_diameter"):
        with pytest.raises(LabelValueError, match="fills the volume"):
            field(full, field=name)


def test_a_face_the_phase_does_not_touch_is_named():
    phase = np.zeros((8, 20, 20), np.uint8)
    phase[2:6, 5:15, 5:15] = 1
    with pytest.raises(NotPercolatingError, match=r"along row\+"):
        field(labels(phase), field="geodesic_distance")


@pytest.mark.parametrize("name", FIELDS)
def test_ticks_come_and_stopping_is_clean(name):
    volume = labels(blobs())
    whole = field(volume, field=name)
    steps = field.steps(volume, field=name)
    next(steps)
    steps.close()
    np.testing.assert_array_equal(finish(field.steps(volume, field=name)).data, whole.data)
