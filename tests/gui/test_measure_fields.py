"""Fields page: each field as a layer that lies where its labels lie, with units, colours and recipe."""

import time

import numpy as np
import pytest

from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.widgets.layers import KEY, volume_of
from napari_microgen.widgets.tubes import fewer_lines, tubes

SIZE = (25.0, 18.6, 18.6)


@pytest.fixture
def lab(bench, phases):
    """The Fields page with the labels of a small stack that is turned and shifted."""
    grey, truth = phases((10, 48, 56))
    bench.image(grey)
    bench.layer = bench.labels(truth)
    bench.layer.translate = (100.0, 40.0, -30.0)
    bench.viewer.layers["stack"].translate = (100.0, 40.0, -30.0)
    bench.open("Measure").turn_to("Fields")
    bench.settle()
    return bench


def assert_lies_with(layer, labels):
    np.testing.assert_allclose(layer.scale, labels.scale)
    np.testing.assert_allclose(layer.translate, labels.translate)
    assert layer.units == labels.units
    assert layer.axis_labels == labels.axis_labels


@pytest.mark.parametrize("name", ["local_thickness", "geodesic_distance", "strut_diameter"])
def test_a_field_of_voxels_is_an_image_layer(lab, name):
    page = lab.dock.fields
    page.form.set_values({"field": name})
    lab.press("Fields")
    lab.assert_no_error()
    layer = lab.viewer.layers[-1]
    ours = finish(run("field", labels=volume_of(lab.layer), field=name))
    np.testing.assert_array_equal(layer.data, ours.data)
    assert_lies_with(layer, lab.layer)
    lab.assert_units_agree()
    assert tuple(layer.contrast_limits) == pytest.approx(ours.facts["range"])
    lab.until(lambda: layer.colorbar.visible)
    assert "µm" in layer.name
    stated = layer.metadata[KEY]
    assert stated["recipe"]["operation"] == "field"
    assert stated["recipe"]["parameters"]["field"] == name
    assert stated["facts"]["mean"] == pytest.approx(ours.facts["mean"])
    assert lab.viewer.dims.ndisplay == 2


def test_only_the_newest_field_shows_its_colours(lab):
    for name in ("local_thickness", "geodesic_distance"):
        lab.dock.fields.form.set_values({"field": name})
        lab.press("Fields")
        lab.settle(100)
    assert [layer.colorbar.visible for layer in list(lab.viewer.layers)[-2:]] == [False, True]


@pytest.mark.parametrize("colour", ["mean_curvature", "gaussian_curvature"])
def test_the_surface_lies_between_the_phases_and_shows_its_curvature(lab, colour):
    page = lab.dock.fields
    page.show_operation("surface")
    page.colour.setCurrentIndex(page.colour.findData(colour))
    lab.press("Fields")
    lab.assert_no_error()
    layer = lab.viewer.layers[-1]
    places, faces, values = layer.data
    assert_lies_with(layer, lab.layer)
    lab.assert_units_agree()
    assert lab.viewer.dims.ndisplay == 3
    assert not lab.layer.visible
    assert "is hidden" in lab.message
    low, high = layer.contrast_limits
    assert low == pytest.approx(-high), "white is zero"
    assert len(values) == len(places)
    assert faces.max() < len(places)
    shape = np.array(lab.layer.data.shape)
    assert (places >= 0).all()
    assert (places <= shape - 1).all()
    assert share_at_the_interface(lab.layer.data, places) > 0.95
    facts = layer.metadata[KEY]["facts"]
    assert high == pytest.approx(max(abs(end) for end in facts["range"][colour]))
    assert layer.metadata[KEY]["recipe"]["operation"] == "surface"


def share_at_the_interface(phase, places):
    """Return how many places have both phases within two voxels."""
    from scipy import ndimage as ndi

    near = ndi.grey_dilation(phase, (5, 5, 5)) != ndi.grey_erosion(phase, (5, 5, 5))
    return near[tuple(np.rint(places).astype(int).T)].mean()


def test_the_skeleton_lies_inside_the_phase_and_shows_diameters(lab):
    lab.dock.fields.show_operation("skeleton")
    lab.press("Fields")
    lab.assert_no_error()
    layer = lab.viewer.layers[-1]
    places, _, values = layer.data
    assert_lies_with(layer, lab.layer)
    lab.assert_units_agree()
    low, high = layer.contrast_limits
    assert 0 < low < high < 1
    assert np.isfinite(values).all()
    middles = np.rint(places.reshape(-1, 6, 3).mean(axis=1)).astype(int)
    assert lab.layer.data[tuple(middles.T)].mean() > 0.9
    network = finish(run("field", labels=volume_of(lab.layer), field="strut_diameter"))
    assert values.min() >= np.nanmin(network.data) - 1e-6
    assert values.max() <= np.nanmax(network.data) + 1e-6


def test_an_unknown_voxel_size_is_asked_for_first(bench, phases):
    bench.labels(phases((10, 48, 56))[1], unit=None)
    dock = bench.open("Measure")
    dock.turn_to("Fields")
    bench.settle()
    assert not dock.run_button.isEnabled()
    assert "voxel size" in dock.run_button.toolTip()
    row = dock.fields.voxel_size
    for axis, text in zip("ZYX", ("25", "18.6", "18.6"), strict=True):
        row.edits[axis].setText(text)
    bench.click(row.button)
    assert dock.run_button.isEnabled()
    assert not dock.measure.voxel_size.isVisible()


def test_what_cannot_be_shown_says_why(bench):
    full = np.ones((6, 20, 20), np.uint8)
    bench.labels(full)
    dock = bench.open("Measure")
    for operation in ("field", "surface", "skeleton"):
        dock.fields.show_operation(operation)
        bench.press("Fields")
        assert dock.notice.is_error
        assert "fills the volume" in bench.message
    assert len(bench.viewer.layers) == 1


def test_an_image_has_fields_and_the_rest_is_refused_in_words(bench, phases):
    layer = bench.labels(phases((64, 80))[1], size=(18.6, 18.6))
    dock = bench.open("Measure")
    bench.press("Fields")
    bench.assert_no_error()
    assert bench.viewer.layers[-1].data.shape == layer.data.shape
    dock.fields.show_operation("skeleton")
    bench.press("Fields")
    assert "one plane" in bench.message


def test_cancel_ends_it_and_leaves_nothing_behind(bench, phases, tmp_path):
    bench.labels(phases((40, 300, 300))[1])
    dock = bench.open("Measure")
    dock.turn_to("Fields")
    for wait in (0.05, 2.0):
        bench.press(wait=False)
        bench.settle(int(1000 * wait))
        started = time.monotonic()
        if dock.job is not None:
            bench.click(dock.cancel_button)
            bench.wait(10)
            assert time.monotonic() - started < 5
            assert "Cancelled" in bench.message
            assert len(bench.viewer.layers) == 1
    assert not list((tmp_path / "cache").rglob("job-*"))


def test_labels_removed_meanwhile_do_not_swallow_the_field(bench, phases):
    layer = bench.labels(phases((10, 48, 56))[1])
    bench.open("Measure").turn_to("Fields")
    bench.press(wait=False)
    scale, units = layer.scale.copy(), layer.units
    bench.viewer.layers.remove(layer)
    bench.wait()
    bench.assert_no_error()
    (field,) = bench.viewer.layers
    np.testing.assert_allclose(field.scale, scale)
    assert field.units == units
    assert "removed meanwhile" in bench.message


@pytest.mark.parametrize("most", [10_000, 600, 60])
def test_fewer_lines_keep_their_place_and_value(most):
    """A long helix of 5000 lines, drawn by fewer: near it, joined end to end, and of its value."""
    angle = np.linspace(0, 40, 5001)
    places = np.stack([angle, 5 * np.cos(angle), 5 * np.sin(angle)], axis=1)
    lines = np.stack([np.arange(5000), np.arange(1, 5001)], axis=1)
    values = 1 + angle / 40
    values[::7] = np.nan
    middle, fewer, mean = fewer_lines(places, lines, values, most=most, start=0.05)
    if most > len(lines):
        assert fewer is lines
        return
    assert 0.2 * most < len(fewer) <= most
    lengths = np.linalg.norm(middle[fewer[:, 0]] - middle[fewer[:, 1]], axis=1)
    radius = np.hypot(middle[:, 1], middle[:, 2])
    assert np.abs(radius - 5).max() < lengths.max()
    assert np.nanmax(np.abs(mean - 1 - middle[:, 0] / 40)) < 0.05
    assert len(np.unique(fewer)) == len(middle), "no place is left alone"


def test_tubes_have_their_radius_and_the_values_of_their_ends():
    random = np.random.default_rng(0)
    places = random.uniform(0, 10, (40, 3))
    lines = random.integers(0, 40, (30, 2))
    lines = lines[lines[:, 0] != lines[:, 1]]
    values = random.uniform(1, 2, 40)
    values[::5] = np.nan
    corners, faces, colours = tubes(places, lines, values, 0.25)
    known = np.isfinite(values)
    kept = lines[known[lines].any(axis=1)]
    assert corners.shape == (6 * len(kept), 3)
    assert faces.shape == (6 * len(kept), 3)
    for k, (one, two) in enumerate(kept):
        for end, ring in ((one, corners[6 * k : 6 * k + 3]), (two, corners[6 * k + 3 : 6 * k + 6])):
            np.testing.assert_allclose(np.linalg.norm(ring - places[end], axis=1), 0.25, rtol=1e-4)
            along = places[two] - places[one]
            assert np.abs((ring - places[end]) @ along).max() < 1e-4 * np.linalg.norm(along)
        ends = [values[end] for end in (one, two) if known[end]]
        np.testing.assert_allclose(colours[6 * k : 6 * k + 6], np.mean(ends), rtol=1e-6)
        assert faces[6 * k : 6 * k + 6].min() == 6 * k
