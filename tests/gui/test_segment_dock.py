"""Segment dock: phase maps, annotation, painting, superpixel clicks, scores; hand edits are kept."""

import numpy as np
import pytest

from napari_microgen.widgets.annotate_page import BRUSH, MOVE, SUPERPIXEL
from napari_microgen.widgets.autosave import autosave_path
from napari_microgen.widgets.layers import KEY


@pytest.fixture
def stack(bench, phases):
    """A two-phase stack in the viewer, its truth, and the Segment dock."""
    grey, truth = phases()
    image = bench.image(grey)
    bench.labels(truth, name="truth")
    bench.open("Segment")
    return bench, image, truth


def test_otsu_finds_the_phases_where_the_image_lies(stack):
    bench, image, truth = stack
    bench.press("Phase map")
    bench.assert_no_error()
    result = bench.viewer.layers["stack [otsu]"]
    assert np.mean(result.data == truth) > 0.98
    assert result.scale.tolist() == image.scale.tolist()
    assert result.metadata[KEY]["recipe"]["operation"] == "segment"
    assert result.metadata[KEY]["recipe"]["parameters"]["method"] == "otsu"
    bench.assert_units_agree()


def test_each_run_gives_a_new_layer_and_an_edited_one_is_never_replaced(stack):
    bench, _, _ = stack
    page = bench.dock.segment
    bench.press("Phase map")
    bench.press("Phase map")
    names = [layer.name for layer in bench.viewer.layers]
    assert names == ["stack", "truth", "stack [otsu]", "stack [otsu] [1]"]
    bench.click(page.results.replace)
    bench.press("Phase map")
    assert len(bench.viewer.layers) == 4, "an untouched result is replaced when asked"
    edited = bench.viewer.layers[-1]
    edited.paint((1, 20, 20), 0)
    painted = edited.data.copy()
    bench.press("Phase map")
    assert len(bench.viewer.layers) == 5
    assert edited in bench.viewer.layers
    np.testing.assert_array_equal(edited.data, painted)
    assert "edited by hand and is kept" in bench.message


def test_replacing_never_takes_away_the_input(bench, phases):
    bench.image(phases()[0])
    dock = bench.open("Load and Prepare")
    dock.prepare.steps.forms["Polarity"].set_values({"invert": True})
    dock.prepare.results.replace.setChecked(True)
    bench.press("Prepare")
    assert dock.prepare.image.layer().name == "stack [prepared]"
    bench.press("Prepare")
    names = [layer.name for layer in bench.viewer.layers]
    assert names == ["stack", "stack [prepared]", "stack [prepared] [prepared]"]


def test_annotation_has_named_colours_and_is_chosen_for_painting(stack):
    bench, _, _ = stack
    bench.press("Annotate")
    layer = bench.dock.annotate.labels.layer()
    assert layer.name == "stack [annotation]"
    assert set(np.unique(layer.data)) <= {1, 2, 3}
    colours = {value: tuple(np.round(layer.colormap.map(value), 2)) for value in range(4)}
    assert len(set(colours.values())) == 4
    assert colours[0][3] == 0, "unlabelled is clear"


def test_the_class_button_and_the_brush_act_on_the_layer(stack):
    bench, _, _ = stack
    bench.press("Annotate")
    page = bench.dock.annotate
    layer = page.labels.layer()
    bench.click(page.paint.classes.buttons[3])
    bench.click(page.paint.tools[BRUSH])
    assert layer.selected_label == 3
    assert layer.mode == "paint"
    assert bench.viewer.layers.selection.active == layer
    layer.selected_label = 2
    assert page.paint.classes.value() == 2, "napari's own label control presses our button"
    bench.click(page.paint.tools[MOVE])
    assert layer.mode == "pan_zoom"


def test_a_click_labels_one_superpixel_and_undo_takes_it_back(stack):
    bench, _, _ = stack
    bench.press("Annotate")
    page, tool = bench.dock.annotate, bench.dock.annotate.superpixels
    layer = page.labels.layer()
    bench.viewer.dims.set_current_step(0, 4)
    bench.click(page.paint.classes.buttons[3])
    bench.click(page.paint.tools[SUPERPIXEL])
    bench.until(lambda: tool.patches() is not None)
    before, patches = layer.data.copy(), tool.patches()
    bench.click_picture(layer.data_to_world((4, 40, 50))[1:])
    changed = layer.data != before
    assert changed.any()
    assert not changed[[0, 1, 2, 3, 5]].any(), "only the plane looked at"
    assert set(np.unique(patches[changed[4]])) == {patches[40, 50]}
    assert (layer.data[4][patches == patches[40, 50]] == 3).all()
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)


def test_superpixels_follow_the_plane_that_is_looked_at(stack):
    bench, _, _ = stack
    bench.press("Annotate")
    page, tool = bench.dock.annotate, bench.dock.annotate.superpixels
    bench.click(page.paint.tools[SUPERPIXEL])
    bench.until(lambda: tool.patches() is not None)
    first = tool.patches()
    bench.viewer.dims.set_current_step(0, 1)
    assert tool.patches() is None
    assert not tool.assign(10, 10), "a click before the superpixels are there changes nothing"
    bench.until(lambda: tool.patches() is not None)
    assert not np.array_equal(first, tool.patches())
    bench.dock.turn_to("Phase map")
    assert not tool.active
    assert tool._click not in page.labels.layer().mouse_drag_callbacks


def test_an_empty_annotation_lies_on_the_image(stack):
    bench, image, _ = stack
    bench.dock.turn_to("Annotate")
    bench.click(bench.dock.annotate.empty)
    layer = bench.viewer.layers[-1]
    assert not layer.data.any()
    assert layer.data.shape == image.data.shape
    bench.assert_units_agree()


def test_painted_labels_are_saved_by_themselves(stack):
    from napari_microgen.io.reading import read

    bench, _, _ = stack
    bench.dock.turn_to("Annotate")
    page = bench.dock.annotate
    page.autosave.timer.setInterval(20)
    bench.click(page.empty)
    layer = page.labels.layer()
    layer.paint((2, 30, 30), 2)
    bench.until(lambda: autosave_path(layer).exists() and page.autosave.job is None)
    saved = read(autosave_path(layer), kind="labels")
    np.testing.assert_array_equal(saved.data, layer.data)
    assert saved.voxel_size == (25.0, 18.6, 18.6)
    bench.viewer.layers.remove(layer)
    page.open_autosaved(str(autosave_path(layer)))
    again = bench.viewer.layers[-1]
    np.testing.assert_array_equal(again.data, layer.data)
    again.paint((1, 10, 10), 3)
    bench.assert_units_agree()


def test_scores_of_a_known_mistake(stack):
    bench, _, truth = stack
    wrong = truth.copy()
    wrong[0] = 1 - wrong[0]
    bench.labels(wrong, name="wrong")
    bench.dock.turn_to("Compare")
    page = bench.dock.compare
    page.prediction.choose(bench.viewer.layers["wrong"])
    page.truth.choose(bench.viewer.layers["truth"])
    bench.press()
    bench.assert_no_error()
    assert page.scores["accuracy"] == pytest.approx(5 / 6)
    shown = [page.table.item(row, 1).text() for row in range(2)]
    for value, text in zip((0, 1), shown, strict=True):
        same = np.sum((wrong == value) & (truth == value))
        either = np.sum((wrong == value) | (truth == value))
        assert float(text) == pytest.approx(same / either, abs=1e-4)


def test_a_layer_cannot_be_compared_with_itself(stack):
    bench, _, _ = stack
    bench.dock.turn_to("Compare")
    assert not bench.dock.run_button.isEnabled()
    assert "same layer" in bench.dock.run_button.toolTip()


def test_a_renamed_layer_keeps_its_choice(stack):
    bench, image, _ = stack
    image.name = "run 7"
    page = bench.dock.segment
    assert page.image.currentText() == "run 7"
    bench.press("Phase map")
    assert "run 7 [otsu]" in bench.viewer.layers


@pytest.mark.parametrize("event", ["removed", "renamed", "changed", "moved"])
def test_a_layer_that_changes_during_the_job_does_not_harm_the_result(bench, phases, event):
    grey, truth = phases((12, 400, 500))
    image = bench.image(grey)
    bench.open("Segment")
    bench.press("Phase map", wait=False)
    bench.settle(5)
    if event == "removed":
        bench.viewer.layers.remove(image)
    elif event == "renamed":
        image.name = "other"
    elif event == "changed":
        image.data = np.zeros_like(grey)
    else:
        image.translate = (0, 100, 100)
    bench.wait()
    bench.assert_no_error()
    result = bench.viewer.layers["stack [otsu]"]
    assert np.mean(result.data == truth) > 0.98
    if event in ("removed", "changed"):
        assert f"{event} meanwhile" in bench.message
    if event == "moved":
        assert result.translate.tolist() == [0, 100, 100]
    bench.assert_units_agree()


def test_a_drag_moves_the_picture_and_labels_nothing(stack):
    bench, _, _ = stack
    bench.press("Annotate")
    page, tool = bench.dock.annotate, bench.dock.annotate.superpixels
    layer = page.labels.layer()
    bench.click(page.paint.classes.buttons[3])
    bench.click(page.paint.tools[SUPERPIXEL])
    bench.until(lambda: tool.patches() is not None)
    before, centre = layer.data.copy(), bench.viewer.scene.camera.center
    bench.click_picture((700, 900), drag=[(720, 950), (760, 1000)])
    np.testing.assert_array_equal(layer.data, before)
    assert bench.viewer.scene.camera.center != centre


def test_a_stroke_of_the_brush_paints_the_chosen_class(stack):
    bench, _, _ = stack
    bench.dock.turn_to("Annotate")
    page = bench.dock.annotate
    bench.click(page.empty)
    bench.click(page.paint.classes.buttons[2])
    bench.click(page.paint.tools[BRUSH])
    bench.click_picture((700, 900), drag=[(720, 950), (760, 1000)])
    values, counts = np.unique(page.labels.layer().data, return_counts=True)
    assert values.tolist() == [0, 2]
    assert counts[1] > 50
