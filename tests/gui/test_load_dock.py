"""Load and Prepare dock: look before opening, ask once, preview, prepare, crop by box and numbers."""

import numpy as np
import pytest

from napari_microgen.io.writing import write
from napari_microgen.volume import Volume


def saved(tmp_path, data, size=(25.0, 18.6, 18.6), name="stack.tif"):
    unit = "nm" if size else None
    return write(Volume(data, "ZYX"[-data.ndim :], size and size[-data.ndim :], unit), tmp_path / name)


def test_the_main_job_from_a_file_to_a_density(bench, phases, tmp_path):
    grey, truth = phases((6, 96, 128))
    dock = bench.open("Load and Prepare")
    dock.load.path.setText(str(saved(tmp_path, grey)))
    dock.load.look()
    bench.wait()
    assert "6 x 96 x 128" in dock.load.found.text()
    assert "25 x 18.6 x 18.6 nm" in dock.load.found.text()
    bench.press("Load")
    (image,) = bench.viewer.layers
    assert image.scale.tolist() == [25.0, 18.6, 18.6]
    assert not dock.load.voxel_size.isVisible()
    dock.turn_to("Prepare")
    dock.prepare.steps.forms["Denoising"].set_values({"denoise": "gaussian"})
    bench.press("Prepare")
    bench.assert_no_error()
    prepared = bench.viewer.layers["stack [prepared]"]
    assert "Done: denoise" in bench.message
    segment = bench.open("Segment")
    assert segment.segment.image.layer() == prepared, "the newest image is offered first"
    bench.press("Phase map")
    result = bench.viewer.layers["stack [prepared] [otsu]"]
    assert np.mean(result.data == truth) > 0.97
    measure = bench.open("Measure")
    measure.measure.quantities.tick_only("relative_density")
    bench.press("Measure")
    assert measure.measure.table["relative_density"].value == pytest.approx(result.data.mean())
    bench.assert_units_agree()
    recipe = result.metadata["microgen"]["recipe"]
    assert recipe["inputs"][0]["recipe"]["operation"] == "prepare", "the whole way is recorded"


def test_an_unknown_voxel_size_is_asked_for_after_opening(bench, phases, tmp_path):
    dock = bench.open("Load and Prepare")
    dock.load.path.setText(str(saved(tmp_path, phases()[0], size=None)))
    dock.load.look()
    bench.wait()
    assert "unknown" in dock.load.found.text()
    bench.press("Load")
    row = dock.load.voxel_size
    assert row.isVisible()
    for axis, text in zip("ZYX", ("25", "18.6", "18.6"), strict=True):
        row.edits[axis].setText(text)
    bench.click(row.button)
    dock.turn_to("Prepare")
    assert not dock.prepare.voxel_size.isVisible(), "it is asked once"
    assert bench.viewer.layers[0].scale.tolist() == [25.0, 18.6, 18.6]


def test_saved_labels_are_recognised(bench, phases, tmp_path):
    _, truth = phases((6, 96, 128))
    path = write(Volume(truth, "ZYX", (25.0, 18.6, 18.6), "nm", kind="labels"), tmp_path / "phase.tif")
    dock = bench.open("Load and Prepare")
    dock.load.path.setText(str(path))
    dock.load.look()
    bench.wait()
    bench.press("Load")
    (layer,) = bench.viewer.layers
    assert type(layer).__name__ == "Labels"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p / "missing.tif", "does not exist"),
        (lambda p: (p / "text.tif").write_text("no image") and p / "text.tif", "not an image"),
        (lambda p: (p / "empty").mkdir() or p / "empty", "empty"),
    ],
    ids=["missing", "no image", "empty folder"],
)
def test_what_cannot_be_opened_is_said_and_nothing_is_added(bench, tmp_path, make, words):
    dock = bench.open("Load and Prepare")
    dock.load.path.setText(str(make(tmp_path)))
    bench.press("Load")
    assert dock.notice.is_error
    assert words in bench.message
    assert len(bench.viewer.layers) == 0


def test_slices_of_different_size_are_refused(bench, tmp_path):
    folder = tmp_path / "slices"
    folder.mkdir()
    for index, rows in enumerate((20, 20, 21)):
        saved(folder, np.zeros((rows, 30), np.uint8), name=f"s{index}.tif")
    dock = bench.open("Load and Prepare")
    dock.load.path.setText(str(folder))
    bench.press("Load")
    assert dock.notice.is_error
    assert "s2.tif" in bench.message


def test_a_preview_shows_one_plane_in_its_place_and_goes_away(bench, phases):
    grey, _ = phases((6, 96, 128))
    bench.image(grey)
    dock = bench.open("Load and Prepare")
    dock.turn_to("Prepare")
    dock.prepare.steps.forms["Polarity"].set_values({"invert": True})
    dock.prepare.steps.forms["Registration"].set_values({"register": True})
    bench.viewer.dims.set_current_step(0, 4)
    bench.click(dock.prepare.preview_button)
    bench.wait()
    bench.assert_no_error()
    preview = bench.viewer.layers["stack [preview]"]
    np.testing.assert_array_equal(preview.data, 255 - grey[4:5])
    assert preview.translate.tolist() == [100.0, 0, 0]
    assert dock.prepare.image.layer() == bench.viewer.layers["stack"], "a preview is not offered as an image"
    dock.turn_to("Crop")
    assert "stack [preview]" not in bench.viewer.layers
    bench.assert_units_agree()


def test_the_data_bar_is_proposed_then_cut_off(bench):
    from napari_microgen.sample_data import sample_fibsem, sample_sem

    sample = sample_sem()
    image = bench.image(np.asarray(sample.data), name="sem", size=(18.6, 18.6))
    dock = bench.open("Load and Prepare")
    dock.turn_to("Crop")
    assert not dock.crop.crop_bar.isEnabled()
    bench.click(dock.crop.find_bar)
    bar = bench.viewer.layers["data bar of sem"]
    bench.assert_units_agree()
    rows = bar.data[0][:, 0]
    assert (rows.min(), rows.max()) == (255.5, 283.5)
    assert "28 rows" in dock.crop.bar_text.text()
    assert image.data.shape == (284, 256), "a proposal cuts nothing"
    bench.click(dock.crop.crop_bar)
    bench.wait()
    result = bench.viewer.layers["sem [no data bar]"]
    np.testing.assert_array_equal(result.data, np.asarray(sample_fibsem().data)[0])
    assert "data bar of sem" not in bench.viewer.layers
    bench.assert_units_agree()


def test_box_and_numbers_follow_each_other(bench, phases):
    grey, _ = phases((6, 96, 128))
    bench.image(grey)
    dock = bench.open("Load and Prepare")
    dock.turn_to("Crop")
    assert "whole image" in dock.run_button.toolTip()
    bench.click(dock.crop.draw)
    box = bench.viewer.layers["box on stack"]
    bench.assert_units_agree()
    dock.crop.ranges.set_value({"Y": (10, 50)})
    rows = box.data[-1][:, 0]
    assert (rows.min(), rows.max()) == (9.5, 49.5)
    box.data = [np.array([[19.5, 29.5], [19.5, 89.5], [59.5, 89.5], [59.5, 29.5]])]
    assert dock.crop.ranges.value() == {"Z": (0, 6), "Y": (20, 60), "X": (30, 90)}
    dock.crop.ranges.starts["Z"].setValue(2)
    assert dock.crop.ranges.lengths["Z"].text() == "100 nm"
    bench.press()
    bench.assert_no_error()
    result = bench.viewer.layers["stack [cropped]"]
    np.testing.assert_array_equal(result.data, grey[2:6, 20:60, 30:90])
    assert result.translate.tolist() == pytest.approx([50.0, 372.0, 558.0])
    assert "box on stack" not in bench.viewer.layers
    bench.assert_units_agree()


def test_a_box_dragged_by_the_mouse_changes_the_numbers(bench, phases):
    bench.image(phases((6, 96, 128))[0])
    dock = bench.open("Load and Prepare")
    dock.turn_to("Crop")
    dock.crop.ranges.set_value({"Y": (20, 60), "X": (30, 90)})
    bench.click(dock.crop.draw)
    bench.viewer.layers["box on stack"].selected_data = {0}
    place = (39.5 * 18.6, 59.5 * 18.6)
    steps = [(place[0] + k * 18.6 * 2, place[1]) for k in range(1, 6)]
    bench.click_picture(place, drag=steps)
    (top, bottom), (left, right) = (dock.crop.ranges.value()[axis] for axis in "YX")
    assert (bottom - top, right - left) == (40, 60)
    assert top > 24
    assert left == 30


def test_labels_are_cropped_like_images(bench, phases):
    _, truth = phases((6, 96, 128))
    bench.labels(truth)
    dock = bench.open("Load and Prepare")
    dock.turn_to("Crop")
    dock.crop.ranges.set_value({"X": (0, 64)})
    bench.press()
    bench.assert_no_error()
    result = bench.viewer.layers["labels [cropped]"]
    np.testing.assert_array_equal(result.data, truth[..., :64])
    assert result.data.dtype.kind in "iu"
