"""Grains dock: grains found, coloured, chosen by dot and by click; growth watched, stopped, gone on with."""

from functools import cache

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_microgen.io.reading import read
from napari_microgen.progress import finish
from napari_microgen.quantify.grain_contacts import grain_contacts
from napari_microgen.quantify.grain_table import grain_table
from napari_microgen.simulate.grain_maps import boundary_distance, grain_boundaries
from napari_microgen.simulate.grain_start import voronoi_start
from napari_microgen.widgets.grains_found import MEASURES, numbered
from napari_microgen.widgets.grains_plots import BUILDERS, DOTS, SIZES
from napari_microgen.widgets.layers import volume_of

EDGE = 500.0
"""Pixel edge in nm."""


@cache
def structure():
    """A map of 90 grains on a torus, with numbers that are not in a row."""
    cells = finish(voronoi_start((120, 140), 90, 3)).astype(np.int32)
    return (3 * cells + 5).astype(np.uint16)


@pytest.fixture
def grains(bench):
    """The dock with the grains of a periodic map found."""
    bench.map = bench.labels(structure(), name="map", size=(EDGE, EDGE))
    dock = bench.open("Grains")
    dock.grains.form.set_values({"periodic": True})
    bench.press()
    bench.assert_no_error()
    return dock


def test_every_grain_is_found_and_stands_in_the_features(bench, grains):
    layer = bench.viewer.layers["map [grains]"]
    numbers, counts = np.unique(structure(), return_counts=True)
    table = layer.features
    assert len(table) == len(numbers)
    for k in (0, len(numbers) // 2, len(numbers) - 1):
        inside = structure() == numbers[k]
        index = int(table["index"][k])
        np.testing.assert_array_equal(np.asarray(layer.data) == index, inside)
        assert int(table["label"][k]) == numbers[k]
        assert table["area [um^2]"][k] == pytest.approx(counts[k] * (EDGE / 1000) ** 2)
        assert table["radius [um]"][k] == pytest.approx(np.sqrt(counts[k] / np.pi) * EDGE / 1000)
    expected = grain_table(structure(), periodic=True)
    np.testing.assert_array_equal(table["neighbours"], expected.neighbours)
    np.testing.assert_allclose(table["centroid_row"], expected.centroid_row, atol=1e-6)
    np.testing.assert_allclose(layer.scale, bench.map.scale)
    bench.assert_units_agree()
    assert grains.grains.image.layer() == bench.map, "the next press measures the same map"
    shown = {grains.grains.result.item(r, 0).text() for r in range(grains.grains.result.rowCount())}
    assert {"count", "slope", "lewis slope", "aboav weaire a", "hillert distance"} <= shown


@pytest.mark.parametrize("name", MEASURES)
def test_grains_are_coloured_by_a_measure(bench, grains, name):
    page = grains.grains
    page.colour.setCurrentIndex(page.colour.findData(name))
    page.paint()
    bench.wait()
    (colours,) = [x for x in bench.viewer.layers if x.name == f"map [grains] by {name.replace('_', ' ')}"]
    values, _ = page.found.measure(name)
    labels = np.asarray(page.layers.labels.data)
    for number in (1, 40, len(page.found)):
        np.testing.assert_allclose(np.asarray(colours.data)[labels == number], values[number - 1], rtol=1e-6)
    if np.ptp(values) > 0:
        assert colours.contrast_limits == pytest.approx([np.nanmin(values), np.nanmax(values)])
    bench.assert_units_agree()
    page.colour.setCurrentIndex(0)
    page.paint()
    assert colours not in bench.viewer.layers


def test_colours_take_the_place_of_the_last_ones_and_lie_below_the_grains(bench, grains):
    page = grains.grains
    for index in (1, 2, 3):
        page.colour.setCurrentIndex(index)
        page.paint()
        bench.wait()
    names = [layer.name for layer in bench.viewer.layers]
    assert names == ["map", "map [grains] by area", "map [grains]"]


@pytest.mark.parametrize("title", BUILDERS)
def test_a_dot_chooses_its_grain(bench, grains, title):
    page = grains.plots
    grains.turn_to("Plots")
    page.choice.setCurrentText(title)
    bench.settle(50)
    page.chart.grab()
    spot = page.chart.spot_of(0, 11).toPoint()
    series, index = page.chart.nearest(spot)
    QTest.mouseClick(page.chart, Qt.MouseButton.LeftButton, pos=spot)
    bench.settle()
    number = int(page.shown.grains[index])
    outline = bench.viewer.layers["chosen grain"]
    assert outline.selected_label == number
    assert outline.show_selected_label
    assert page.chart.marked == (series, index)
    label = int(grains.grains.found.columns["label"][number - 1])
    assert f"Grain {label}:" in page.reading.text()
    assert page.shown.plot.points[0].words[index] == f"grain {label}"
    bench.assert_units_agree()


def test_a_click_on_a_grain_marks_its_dot(bench, grains):
    grains.turn_to("Plots")
    bench.settle(50)
    found = grains.grains.found
    number = int(np.argmax(found.columns["area"]) + 1)
    rows, columns = np.nonzero(found.labels == number)
    middle = (rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2
    place = np.array([rows[middle.argmin()], columns[middle.argmin()]])
    assert found.labels[tuple(place)] == number
    bench.click_picture(place * EDGE)
    assert bench.viewer.layers["chosen grain"].selected_label == number
    assert grains.plots.shown.grains[grains.plots.chart.marked[1]] == number
    before = bench.viewer.layers["chosen grain"].selected_label
    bench.click_picture(place * EDGE, drag=[(place + 20) * EDGE])
    assert bench.viewer.layers["chosen grain"].selected_label == before, "a drag moves the picture only"


def test_the_plots_show_the_numbers_of_the_table(grains):
    found, table = grains.grains.found, grains.grains.table
    plots = {title: build(found, np.arange(len(found))) for title, build in BUILDERS.items()}
    sides, radius = found.columns["neighbours"], found.columns["radius"]
    line = next(x for x in plots["Radius over neighbours"].plot.lines if x.name == "line")
    slope = np.polyfit(sides, radius, 1)[0]
    assert (
        np.diff(line.y)[0] / np.diff(line.x)[0] == pytest.approx(slope) == pytest.approx(table["slope"].value)
    )
    lewis = next(x for x in plots["Lewis' law"].plot.lines if x.name == "line")
    expected = np.polyfit(sides, found.columns["area"] / found.columns["area"].mean(), 1)
    np.testing.assert_allclose(lewis.y, np.polyval(expected, lewis.x))
    law = plots["Law of Aboav and Weaire"].plot
    expected = np.polyfit(law.points[0].x, law.points[0].y, 1)
    drawn = next(x for x in law.lines if x.name == "law")
    np.testing.assert_allclose(np.diff(drawn.y) / np.diff(drawn.x), expected[0])
    sizes = plots[SIZES].plot
    outline = next(x for x in sizes.lines if x.name == DOTS)
    width = outline.x[2] - outline.x[0]
    assert outline.y[1:-1:2].sum() * width == pytest.approx(1.0)
    for line in sizes.lines[1:]:
        assert np.trapezoid(line.y, line.x) == pytest.approx(1.0, abs=0.03), line.name


def test_grains_of_a_distance_map_and_of_a_stack(bench):
    distances = boundary_distance(grain_boundaries(structure()))
    stack = np.stack([distances, distances[::-1]])
    bench.image(stack, name="distances", size=(EDGE, EDGE, EDGE))
    dock = bench.open("Grains")
    dock.grains.form.set_values({"periodic": True})
    bench.press()
    bench.assert_no_error()
    found = dock.grains.found
    assert found.table.facts["source"] == "distance"
    assert found.labels.shape == stack.shape
    first, second = (np.unique(plane) for plane in found.labels)
    assert not set(first[first > 0]) & set(second), "numbers do not repeat over the planes"
    assert len(found) == pytest.approx(2 * len(np.unique(structure())), rel=0.03)
    last = len(found)
    dock.grains.choose(last)
    bench.settle()
    assert bench.viewer.dims.current_step[0] == 1, "the plane of the chosen grain is shown"


def test_numbers_and_neighbours_follow_the_list():
    plane = np.array([[7, 7, 2], [9, 9, 2], [9, 9, 0]])
    stack = np.stack([plane, np.full((3, 3), 4)])
    columns = {
        "label": np.array([2, 7, 9, 4]),
        "sample": np.array([0, 0, 0, 1]),
        "neighbours": np.array([2, 2, 2, 0]),
        "weight": np.array([1.0, 0.0, 1.0, 1.0]),
    }
    labels, more = finish(numbered(stack, columns, periodic=False, contact=0))
    np.testing.assert_array_equal(labels[0], [[2, 2, 1], [3, 3, 1], [3, 3, 0]])
    np.testing.assert_array_equal(labels[1], np.full((3, 3), 4))
    assert more["sides_around"].tolist() == [4, 4, 4, 0]
    assert more["whole"].tolist() == [False, False, False, True]


def test_sides_around_are_those_of_the_neighbours(grains):
    found = grains.grains.found
    pairs, _ = grain_contacts(found.labels, periodic=True, background=0)
    sides = found.columns["neighbours"]
    for number in (1, 30, 77):
        mates = {int(b if a == number else a) for a, b in pairs if number in (a, b)}
        assert len(mates) == sides[number - 1]
        assert found.columns["sides_around"][number - 1] == sum(sides[m - 1] for m in mates)


def test_removing_the_map_forgets_its_grains(bench, grains):
    bench.viewer.layers.remove(bench.viewer.layers["map [grains]"])
    bench.settle()
    assert grains.grains.found is None
    assert not grains.grains.result.isVisible()
    grains.turn_to("Plots")
    assert not grains.run_button.isEnabled()
    assert "first" in grains.run_button.toolTip()
    bench.click_picture((20 * EDGE, 20 * EDGE))
    bench.assert_no_error()


def test_what_is_no_map_of_grains_is_refused_in_words(bench):
    bench.labels(np.zeros((30, 30), np.uint8), name="empty")
    dock = bench.open("Grains")
    bench.press()
    assert "holds no grains" in bench.message
    assert dock.grains.found is None


SMALL = {"shape": (160, 160), "grains": 160, "stages": (9.0, 11.0), "pixel_size": 100.0}


def test_growth_is_watched_and_every_stage_becomes_a_layer(bench, tmp_path):
    dock = bench.open("Grains")
    page = dock.growth
    page.out.setText(str(tmp_path / "growth"))
    page.form.set_values(SMALL)
    seen = []
    page.reached.connect(lambda number, volume: seen.append((number, volume.shape)))
    shown = []
    page.viewer.layers.events.inserted.connect(lambda event: shown.append(event.value.name))
    bench.press("Growth", timeout=200)
    bench.assert_no_error()
    assert seen == [(1, (160, 160)), (2, (160, 160))]
    assert "grains (growing)" in shown, "the running map was to be seen"
    assert [layer.name for layer in bench.viewer.layers][::-1] == ["grains, stage 1", "grains, stage 2"] or {
        layer.name for layer in bench.viewer.layers
    } == {"grains, stage 1", "grains, stage 2"}
    for number in (1, 2):
        layer = bench.viewer.layers[f"grains, stage {number}"]
        theirs = read(tmp_path / "growth" / f"grains_{number}.tif", kind="labels")
        np.testing.assert_array_equal(layer.data, theirs.data)
        assert volume_of(layer).voxel_size == (100.0, 100.0)
    assert page.curve.points["mean radius"][-1][1] > page.curve.points["mean radius"][0][1]
    assert "11" in bench.message
    bench.assert_units_agree()


def test_growth_that_was_stopped_goes_on_to_the_same_maps(bench, tmp_path):
    dock = bench.open("Grains")
    page = dock.growth
    page.out.setText(str(tmp_path / "stopped"))
    long = SMALL | {"shape": (256, 256), "grains": 420, "stages": (8.0, 12.5)}
    page.form.set_values(long)
    bench.press("Growth", wait=False)
    bench.until(lambda: page.running is not None, 100)
    bench.click(page.pause_button)
    bench.wait(60)
    assert "Paused" in bench.message
    assert page.form.values()["continued"]
    assert (tmp_path / "stopped" / "checkpoint").is_dir()
    bench.press(timeout=300)
    bench.assert_no_error()
    assert page.out.text() == str(tmp_path / "stopped"), "the run goes on in its folder"
    assert not page.form.values()["continued"]
    page.out.setText(str(tmp_path / "cut short"))
    bench.press(wait=False)
    bench.until(lambda: (tmp_path / "cut short" / "started.txt").is_file(), 60)
    bench.click(dock.cancel_button)
    bench.wait(5)
    assert "Continued" in bench.message
    page.form.set_values({"continued": False})
    page.out.setText(str(tmp_path / "whole"))
    bench.press(timeout=300)
    for name in ("grains_1.tif", "grains_2.tif", "growth.csv"):
        parts = [(tmp_path / folder / name).read_bytes() for folder in ("stopped", "whole")]
        assert parts[0] == parts[1], name


def test_a_run_that_is_not_there_cannot_go_on(bench, tmp_path):
    dock = bench.open("Grains")
    dock.turn_to("Growth")
    dock.growth.out.setText(str(tmp_path / "nothing"))
    dock.growth.form.set_values({"continued": True})
    assert not dock.run_button.isEnabled()
    assert "no run to go on with" in dock.run_button.toolTip()
