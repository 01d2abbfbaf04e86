"""Plots page: what is drawn belongs to the layer and phase that are chosen, is read off, and is saved."""

import csv
import json

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QColor, QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_microgen.quantify.plots import Axis, Bars, Heat, Line, Plot, plots_of
from napari_microgen.widgets.chart import Chart
from napari_microgen.widgets.chart_axes import Scale, texts, ticks, wide
from napari_microgen.widgets.measured import measured

NAMES = ("local_thickness", "two_point_correlation", "relative_density")


@pytest.fixture
def measured_twice(bench, phases):
    """A dock with two measured layers of different coarseness."""
    dock = bench.open("Measure")
    dock.measure.quantities.tick_only(*NAMES)
    for seed, name in ((0, "one"), (1, "two")):
        bench.labels(phases((10, 48, 56), seed=seed)[1], name=name)
        bench.press("Measure")
        bench.assert_no_error()
    return bench


def test_table_and_plots_follow_the_selected_layer_and_the_phase(measured_twice):
    bench, dock = measured_twice, measured_twice.dock
    dock.turn_to("Plots")
    bench.settle()
    assert set(dock.plots.plots) == {"Local thickness", "Two-point correlation"}
    dock.plots.show_plot("Two-point correlation")
    shown = {}
    for name in ("one", "two"):
        bench.viewer.layers.selection.active = bench.viewer.layers[name]
        bench.settle()
        table = measured(bench.viewer.layers[name], 1)
        assert dock.measure.table == table
        assert dock.plots.chart.plot.title == "Two-point correlation", "the kind of plot is kept"
        curve = dock.plots.chart.plot.lines[0]
        np.testing.assert_array_equal(curve.y, table["two_point_correlation"].details["probability"])
        assert f"“{name}”" in dock.plots.caption.text()
        shown[name] = curve.y
    assert not np.array_equal(shown["one"], shown["two"])
    dock.measure.form.set_values({"phase": 0})
    bench.settle()
    assert dock.plots.chart.plot is None
    assert "Phase 0 of “two” is not measured yet" in dock.plots.caption.text()
    assert not dock.run_button.isEnabled()
    assert dock.measure.result.rowCount() == 0


def test_each_phase_keeps_its_numbers(measured_twice):
    bench, dock = measured_twice, measured_twice.dock
    layer = bench.viewer.layers["two"]
    dock.turn_to("Measure")
    dock.measure.form.set_values({"phase": 0})
    bench.press("Measure")
    bench.assert_no_error()
    assert layer.features["index"].tolist() == [1, 0]
    assert layer.features["relative_density"].sum() == pytest.approx(1)
    for phase in (1, 0):
        dock.measure.form.set_values({"phase": phase})
        assert dock.measure.table["relative_density"].value == pytest.approx(np.mean(layer.data == phase))
    json.dumps(layer.metadata["microgen"]["measured"])


def test_a_changed_layer_says_so(measured_twice):
    bench, dock = measured_twice, measured_twice.dock
    layer = bench.viewer.layers["two"]
    assert "changed" not in dock.measure.caption.text()
    layer.data_setitem((np.array([0]), np.array([0]), np.array([0])), 3)
    dock.turn_to("Plots")
    dock.turn_to("Measure")
    assert "The labels were changed since" in dock.measure.caption.text()


def move_mouse(widget, spot):
    """Send the event of a mouse that moves without a button (the pointer of Xvfb stays where it is)."""
    none = Qt.MouseButton.NoButton
    place = widget.mapToGlobal(spot)
    event = QMouseEvent(QEvent.Type.MouseMove, spot, place, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)


def test_values_are_read_off_under_the_mouse(measured_twice):
    bench, dock = measured_twice, measured_twice.dock
    dock.turn_to("Plots")
    dock.plots.show_plot("Two-point correlation")
    bench.settle(60)
    chart = dock.plots.chart
    curve = chart.plot.lines[0]
    frame = chart._drawn.frame
    spot = QPointF(chart._drawn.x.pixel(curve.x[3]), frame.center().y())
    move_mouse(chart, spot)
    assert f"S2(r) {curve.y[3]:.4g}" in dock.plots.reading.text()
    assert "µm" in dock.plots.reading.text()
    assert chart.reading(QPointF(0, 0)) == "", "nothing outside the frame"


def test_a_plot_is_saved_as_picture_and_as_numbers(measured_twice, tmp_path):
    bench, dock = measured_twice, measured_twice.dock
    dock.turn_to("Plots")
    dock.plots.show_plot("Local thickness")
    for name in ("plot", "plot.png", "plot.csv"):
        dock.plots.save_plot(tmp_path / name)
    svg = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert svg.startswith("<?xml")
    assert "local thickness (µm)" in svg
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    with open(tmp_path / "plot.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    bars = dock.plots.chart.plot.bars
    assert [float(row[0]) for row in rows[1:] if row[0]] == bars.edges[:-1].tolist()
    bench.dock.attempt(lambda: dock.plots.save_plot(tmp_path / "plot.docx"))
    assert ".svg, .png or .csv" in bench.message


def test_before_measuring_the_page_says_what_to_do(bench, phases):
    bench.labels(phases((4, 24, 24))[1])
    dock = bench.open("Measure")
    dock.turn_to("Plots")
    bench.settle()
    assert not dock.run_button.isEnabled()
    assert "Measure something first" in dock.run_button.toolTip()
    assert not dock.plots.choice.isEnabled()


def test_a_table_saved_as_json_has_the_distributions_and_its_recipe(measured_twice, tmp_path):
    dock = measured_twice.dock
    dock.measure.save_table(tmp_path / "table.json")
    content = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert content["features"]["local_thickness"]["details"]["distribution"]["counts"]
    assert content["voxel_size_um"] == pytest.approx([0.025, 0.0186, 0.0186])
    recipe = json.loads((tmp_path / "table.json.recipe.json").read_text(encoding="utf-8"))
    assert recipe["operation"] == "quantify"


def test_sub_volumes_give_intervals_and_their_curve_a_plot(bench, phases):
    layer = bench.labels(phases((24, 48, 56))[1])
    dock = bench.open("Measure")
    dock.measure.quantities.tick_only("relative_density")
    dock.measure.in_parts.setChecked(True)
    bench.settle()
    assert not dock.run_button.isEnabled()
    assert "VOI count" in dock.run_button.toolTip()
    dock.measure.parts_form.set_values(
        {"voi_count": 4, "voi_size": (12.0, 24.0, 24.0), "voi_unit": "voxel", "voi_curve": True}
    )
    bench.press()
    bench.assert_no_error()
    feature = dock.measure.table["relative_density"]
    assert feature.low < feature.value < feature.high
    remarks = [dock.measure.result.item(row, 3).text() for row in range(dock.measure.result.rowCount())]
    assert any("95 % interval" in remark for remark in remarks)
    assert [plot.title for plot in plots_of(dock.measure.table)] == ["Representative volume"]
    assert layer.features["relative_density"].tolist() == [pytest.approx(feature.value)]


@pytest.mark.parametrize(
    ("low", "high", "most"), [(0, 1, 6), (-320, 130, 5), (1e-7, 3e-7, 4), (5, 5.001, 6), (-2e6, 3e6, 3)]
)
def test_ticks_are_round_few_and_inside(low, high, most):
    found = ticks(low, high, most)
    assert 1 <= len(found) <= max(most, 2)
    assert all(low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high) for value in found)
    steps = np.diff(found)
    assert np.allclose(steps, steps[0]) if len(steps) else True
    assert len(set(texts(found))) == len(found), "texts tell the ticks apart"


def test_pixels_and_values_are_each_others_inverse():
    scale = Scale(-3.0, 7.0, 40.0, 300.0)
    for value in (-3.0, 0.0, 2.5, 7.0):
        assert scale.value(scale.pixel(value)) == pytest.approx(value)
    assert wide(0.0, 0.0)[0] < wide(0.0, 0.0)[1]


AWKWARD = {
    "nothing finite": Plot(
        title="a", x=Axis(name="x"), y=Axis(name="y"),
        lines=(Line(name="l", x=np.arange(3.0), y=np.full(3, np.nan)),),
    ),
    "one point": Plot(
        title="b", x=Axis(name="x"), y=Axis(name="y"), lines=(Line(name="l", x=np.ones(1), y=np.ones(1)),)
    ),
    "constant": Plot(
        title="c", x=Axis(name="x"), y=Axis(name="y"), lines=(Line(name="l", x=np.arange(9.0), y=np.ones(9)),)
    ),
    "one bar": Plot(
        title="d", x=Axis(name="x"), y=Axis(name="y"),
        bars=Bars(name="b", edges=np.array([1.0, 1.0 + 1e-9]), heights=np.array([1e9])),
    ),
    "empty heat": Plot(
        title="e", x=Axis(name="x"), y=Axis(name="y"),
        heat=Heat(name="h", x=np.zeros(1), y=np.zeros(1), values=np.zeros((1, 1))),
    ),
    "long names": Plot(
        title="f", x=Axis(name="a name that is much longer than any axis " * 3), y=Axis(name="y " * 80),
        lines=tuple(Line(name=f"a long name of a line, number {k}", x=np.arange(4.0), y=np.arange(4.0) * k)
                    for k in range(8)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_plots_are_drawn_all_the_same(bench, name, tmp_path):
    chart = Chart()
    chart.resize(260, 220)
    chart.show_plot(AWKWARD[name])
    chart.show()
    bench.settle()
    picture = chart.grab().toImage()
    colours = {picture.pixel(x, y) for x in range(0, 260, 3) for y in range(0, 220, 3)}
    assert len(colours) > 1
    for x in range(0, 260, 20):
        chart.reading(QPointF(x, 100))
    chart.save(tmp_path / "plot.svg")
    chart.close()


def test_a_plot_is_seen_on_dark_and_on_light(bench):
    """Line colours keep a contrast of at least 1.9 against both of napari's backgrounds."""
    from napari_microgen.widgets.chart_painting import COLOURS

    def brightness(colour):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    for background in ("#262930", "#efebe9"):
        paper = brightness(QColor(background))
        for colour in COLOURS:
            ink = brightness(QColor(colour))
            ratio = (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05)
            assert ratio > 1.9, f"{colour} on {background}: {ratio:.2f}"
