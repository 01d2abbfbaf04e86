"""Measure dock: value, unit and reason; the table on the layer; unknown voxel sizes asked for."""

import csv

import numpy as np
import pytest


def half(shape=(8, 20, 20)):
    data = np.zeros(shape, np.uint8)
    data[:, : shape[1] // 2] = 1
    return data


def test_density_of_a_half_filled_volume(bench):
    layer = bench.labels(half())
    dock = bench.open("Measure")
    dock.measure.quantities.tick_only("relative_density")
    bench.press()
    bench.assert_no_error()
    assert dock.measure.table["relative_density"].value == 0.5
    assert layer.features["relative_density"].tolist() == [0.5]
    assert layer.features["index"].tolist() == [1]
    row = [dock.measure.result.item(0, column).text() for column in range(4)]
    assert row[:2] == ["relative density", "0.5"]


def test_a_layer_changed_during_the_job_keeps_its_own_features(bench):
    layer = bench.labels(half((40, 200, 200)))
    dock = bench.open("Measure")
    dock.measure.quantities.tick_only("relative_density")
    bench.press(wait=False)
    layer.data = np.zeros_like(layer.data)
    bench.wait()
    assert "relative_density" not in layer.features
    assert len(bench.viewer.layers) == 2
    measured = bench.viewer.layers[-1]
    assert measured.features["relative_density"].tolist() == [0.5]
    assert "changed meanwhile" in bench.message
    assert measured.units == layer.units
    assert dock.measure.table["relative_density"].value == 0.5


def test_a_layer_removed_during_the_job_does_not_swallow_the_result(bench):
    layer = bench.labels(half((40, 200, 200)))
    bench.open("Measure").measure.quantities.tick_only("relative_density")
    bench.press(wait=False)
    bench.viewer.layers.remove(layer)
    bench.wait()
    (measured,) = bench.viewer.layers
    assert measured.features["relative_density"].tolist() == [0.5]
    assert "removed meanwhile" in bench.message


def test_an_unknown_voxel_size_is_asked_for_and_given_once(bench):
    layer = bench.labels(half(), unit=None)
    dock = bench.open("Measure")
    row = dock.measure.voxel_size
    assert row.isVisible()
    for axis, text in zip("ZYX", ("25", "18,6", "18.6"), strict=True):
        row.edits[axis].setText(text)
    bench.click(row.button)
    assert not row.isVisible()
    assert layer.scale.tolist() == [25.0, 18.6, 18.6]
    assert {str(unit) for unit in layer.units} == {"nanometer"}


@pytest.mark.parametrize("text", ["", "0", "-3", "many", "nan"])
def test_a_wrong_voxel_size_is_refused_where_it_is_typed(bench, text):
    layer = bench.labels(half(), unit=None)
    row = bench.open("Measure").measure.voxel_size
    for axis, value in zip("ZYX", (text, "5", "5"), strict=True):
        row.edits[axis].setText(value)
    bench.click(row.button)
    assert row.isVisible()
    assert layer.scale.tolist() == [1, 1, 1]


def test_cancel_while_measuring_changes_nothing(bench, phases):
    layer = bench.labels(phases((40, 200, 200))[1])
    dock = bench.open("Measure")
    for milliseconds in (50, 1500):
        bench.press(wait=False)
        bench.settle(milliseconds)
        assert dock.job is not None, "too fast to be cancelled"
        bench.click(dock.cancel_button)
        bench.wait(10)
        assert "Cancelled" in bench.message
    assert dock.measure.table is None
    assert len(layer.features.columns) <= 1
    assert "measured" not in layer.metadata.get("microgen", {})


def test_the_table_is_saved_with_units_and_reasons(bench, tmp_path):
    bench.labels(np.zeros((4, 8, 8), np.uint8))
    dock = bench.open("Measure")
    dock.measure.quantities.tick_only("relative_density", "porosity")
    bench.press()
    dock.measure.save_table(tmp_path / "table")
    with open(tmp_path / "table.csv", encoding="utf-8-sig", newline="") as file:
        text = file.read()
    assert "relative_density" in text
    assert "phase 1 is absent" in text
    assert next(csv.reader(text.splitlines()))


def test_all_quantities_of_a_small_volume_have_a_value_or_a_reason(bench):
    bench.labels(half())
    dock = bench.open("Measure")
    bench.press()
    bench.assert_no_error()
    table = dock.measure.result
    assert table.rowCount() == len(dock.measure.table) > 5
    for row, feature in enumerate(dock.measure.table):
        value, unit, remark = (table.item(row, column).text() for column in (1, 2, 3))
        assert (value == "undefined") == (feature.value is None)
        assert remark or feature.value is not None
        assert unit or feature.unit == "1" or feature.value is None


def test_only_what_is_defined_in_2d_is_offered_for_an_image(bench):
    bench.labels(half((1, 20, 20))[0])
    quantities = bench.open("Measure").measure.quantities
    offered = [i.text() for i in map(quantities.item, range(quantities.count())) if not i.isHidden()]
    assert "relative density" in offered
    assert "gaussian curvature" not in offered
    assert quantities.ticked() == ("all",)


def test_without_labels_the_button_says_what_to_do(bench):
    dock = bench.open("Measure")
    assert not dock.run_button.isEnabled()
    assert "Segment an image first" in dock.run_button.toolTip()
