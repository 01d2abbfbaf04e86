"""The Zones dock with a real model in its real process: the live map, cells, the window, and every end."""

import gc
import json
import subprocess
import sys

import numpy as np
import psutil
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_microgen.io.reading import read
from napari_microgen.widgets.layers import KEY
from napari_microgen.widgets.zones_choice import AxisRow, axis_words, chosen_axes, classes_of
from napari_microgen.widgets.zones_setting import SIDE, Box, painted
from napari_microgen.zones.residuals import Residuals

LONG = 120
"""Seconds in which a process must have answered, whatever else the machine does; a wait ends with it."""
CLASSIFIER = "builtin:thin-film-classes"
CLASSES = classes_of(CLASSIFIER)


def children():
    return [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def mapped(bench, generator):
    """The Map page with the tiny model and all cells of its first map."""
    dock = bench.open("Zones")
    bench.page = dock.map
    bench.page.model.box.setEditText(str(generator))
    bench.page.cells.setCurrentIndex(0)
    whole(bench)
    return bench


def whole(bench):
    live = bench.page.live
    bench.until(lambda: live.setting is not None and live.idle and live.diagram() is not None, LONG)
    bench.settle(150)
    painting = bench.page.layers.again
    bench.until(lambda: live.idle and live.diagram() is not None and not painting.isActive(), LONG)


def changed(bench):
    """Wait for the map to follow what was changed just now."""
    page = bench.page
    bench.until(lambda: not page._pace.isActive() and not page._camera.isActive(), 10)
    whole(bench)


def names(bench):
    return {layer.name for layer in bench.viewer.layers}


def layer(bench, name):
    return bench.viewer.layers[f"zones, {name}"]


def test_a_map_is_looked_at(mapped):
    """One open map, from all sides; at the end the window closes."""
    it_has_axes_images_and_support(mapped)
    the_status_bar_says_the_conditions(mapped)
    zooming_in_makes_finer_cells_of_what_is_in_view(mapped)
    what_leaves_the_view_is_not_made_any_more(mapped)
    closing_the_window_ends_the_process(mapped)


def it_has_axes_images_and_support(mapped):
    assert names(mapped) == {"zones, images", "zones, support", "zones, detail", "zones, axes"}
    assert not layer(mapped, "detail").visible
    images = layer(mapped, "images")
    assert images.data.shape == (64, 64)
    assert images.data.std() > 1
    assert tuple(images.extent.world[1] + images.scale / 2) == pytest.approx((SIDE, SIDE))
    about = images.metadata[KEY]["axes"]
    assert (about["x"]["name"], about["x"]["low"], about["x"]["high"]) == ("temperature", 700, 900)
    assert (about["y"]["name"], about["y"]["scale"]) == ("time", "log")
    assert list(mapped.page._fixed_values()) == ["material"]
    assert "cells interpolated" in mapped.page.legend.text() or "cells gap" in mapped.page.legend.text()
    mapped.assert_units_agree()
    mapped.assert_no_error()
    mapped.assert_no_torch()
    assert gc.get_freeze_count() > 0, "a full collection would hold the window"


def the_status_bar_says_the_conditions(mapped):
    status = mapped.viewer.layers.selection.active.get_status((SIDE / 2, SIDE / 2))
    assert status["coordinates"].startswith("temperature 800 C, time 10 h, ")
    assert layer(mapped, "axes").get_status((-9.0, 3.0))["coordinates"] == "outside the map"
    mapped.click_picture((SIDE / 2, SIDE / 2))
    assert "temperature" in mapped.page.place.text()


def zooming_in_makes_finer_cells_of_what_is_in_view(mapped):
    live, camera = mapped.page.live, mapped.viewer.scene.camera
    mapped.until(lambda: live.idle, LONG)
    camera.zoom *= 4
    camera.center = (0.0, 100.0, 400.0)
    mapped.until(lambda: live.box is not None, 10)
    mapped.settle(200)
    mapped.until(lambda: live.idle, LONG)
    box = live.box
    assert box.level > live.setting.level
    assert all(tile in live.tiles for tile in box.tiles())
    detail = layer(mapped, "detail")
    assert detail.visible
    top, left, _ = box.place()
    assert tuple(detail.extent.world[0] - detail.scale / 2) == pytest.approx((top, left))
    mapped.page.layers.fit()
    mapped.until(lambda: live.box is None, 10)
    mapped.until(lambda: not detail.visible, 10)


def what_leaves_the_view_is_not_made_any_more(mapped):
    live, camera = mapped.page.live, mapped.viewer.scene.camera
    camera.zoom *= 16
    camera.center = (0.0, 100.0, 100.0)
    mapped.until(lambda: live.box is not None and not live.idle, 10)
    first = set(live.box.tiles())
    camera.center = (0.0, 400.0, 400.0)
    mapped.until(lambda: live.box is not None and not first & set(live.box.tiles()), 10)
    mapped.until(lambda: live.idle, LONG)
    assert set(live.box.tiles()) <= set(live.tiles)
    assert not first <= set(live.tiles), "cells that nobody looks at were made all the same"


def closing_the_window_ends_the_process(mapped):
    process = psutil.Process(mapped.page.live.server.pid)
    mapped.dock.close_down()
    assert gc.get_freeze_count() == 0
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_map_is_changed(mapped):
    """One open map through every change, bad input and the death of its process."""
    a_slider_changes_the_whole_map(mapped)
    cells_made_once_come_from_the_disk(mapped)
    a_removed_layer_comes_back_with_the_next_change(mapped)
    thirty_random_steps_leave_nothing_behind(mapped)
    bad_input_is_told_in_words(mapped)
    a_process_that_dies_is_told_and_comes_back(mapped)
    the_process_ends_with_the_model(mapped)


def a_slider_changes_the_whole_map(mapped):
    before = layer(mapped, "images").data.copy()
    mapped.page.fixed.rows["material"].setCurrentIndex(1 - mapped.page.fixed.rows["material"].currentIndex())
    changed(mapped)
    assert not np.array_equal(before, layer(mapped, "images").data)


def cells_made_once_come_from_the_disk(mapped):
    page, kept = mapped.page, mapped.page.live.tiles.copy()
    page.x.choose("temperature", 700.0, 850.0)
    changed(mapped)
    page.x.choose("temperature", 700.0, 900.0)
    changed(mapped)
    for tile, image in kept.items():
        np.testing.assert_array_equal(page.live.tiles[tile], image)


def a_removed_layer_comes_back_with_the_next_change(mapped):
    mapped.viewer.layers.clear()
    mapped.page.x.choose("temperature", 700.0, 850.0)
    mapped.until(lambda: {"zones, images", "zones, axes"} <= names(mapped), LONG)
    mapped.assert_no_error()


def thirty_random_steps_leave_nothing_behind(mapped):
    """Pans, zooms, sliders and ranges in any order: no error, no layer, no process too many."""
    page, random = mapped.page, np.random.default_rng(7)
    camera = mapped.viewer.scene.camera
    before, memory = len(children()), psutil.Process().memory_info().rss
    for _ in range(30):
        kind = random.integers(5)
        if kind == 0:
            camera.zoom = float(random.uniform(0.5, 12))
        elif kind == 1:
            camera.center = (0.0, *random.uniform(-200, SIDE + 200, 2))
        elif kind == 2:
            page.fixed.rows["material"].setCurrentIndex(int(random.integers(2)))
        elif kind == 3:
            page.x.choose("temperature", 700.0, float(random.integers(750, 900)))
        else:
            mapped.click_picture(tuple(random.uniform(0, SIDE, 2)))
        mapped.settle(int(random.integers(5, 160)))
    page.layers.fit()
    changed(mapped)
    mapped.assert_no_error()
    assert names(mapped) <= {f"zones, {name}" for name in ("images", "detail", "support", "cell", "axes")}
    assert len(children()) == before
    assert psutil.Process().memory_info().rss - memory < 200e6


def bad_input_is_told_in_words(mapped):
    page, dock = mapped.page, mapped.dock
    dock.turn_to("Map")

    def told(part):
        mapped.until(lambda: part in (page.problem() or ""), 10)
        assert page.status.text() == page.problem()
        assert not dock.run_button.isEnabled()

    page.y.box.setCurrentIndex(page.y.box.findData("temperature"))
    told("X axis and Y axis are both temperature; a diagram needs two conditions")
    page.y.box.setCurrentIndex(page.y.box.findData("material"))
    told("material holds labels (A, B), which have no order, so it cannot be an axis")
    page.y.box.setCurrentIndex(page.y.box.findData("time"))
    page.x.choose("temperature", 1000.0, 1200.0)
    told("X axis temperature from 1000 to 1200 lies wholly beyond the 700 to 900")
    page.x.choose("temperature", 850.0, 750.0)
    told("the first must be the smaller one")
    page.x.low.setText("hot")
    page.x.changed.emit()
    told("X axis begins at 'hot'; give a number")
    page.x.choose("temperature", 700.0, 900.0)
    page.classifier.box.setEditText(page.model.text())
    told("and no classifier")
    page.classifier.box.setEditText("")
    mapped.until(lambda: page._problem is None, 10)
    window = dock.window_page
    window.form.set_values({"class_": "fine"})
    assert "there is no classifier that could tell" in window.problem()
    window.form.set_values({"class_": None, "where": ["pressure<3"]})
    assert "there are temperature, time, material" in window.problem()
    page.x.choose("temperature", 700.0, 1200.0)
    mapped.until(lambda: "reaches beyond the 700 to 900 of the training" in mapped.message, 10)


def a_process_that_dies_is_told_and_comes_back(mapped):
    psutil.Process(mapped.page.live.server.pid).kill()
    mapped.until(lambda: mapped.dock.notice.is_error, 10)
    assert mapped.page.live.server is None
    mapped.dock.notice.hide()
    mapped.page.x.choose("temperature", 700.0, 850.0)
    mapped.until(lambda: mapped.page.live.server is not None, 10)
    whole(mapped)


def the_process_ends_with_the_model(mapped):
    process = psutil.Process(mapped.page.live.server.pid)
    mapped.page.model.box.setEditText("")
    mapped.until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 5)
    assert mapped.page.live.server is None


def test_a_cell_is_looked_at_closely(mapped, film, tmp_path):
    """A click on one open map, a sweep from there, and the way back to other conditions."""
    a_sweep_needs_a_cell(mapped)
    a_clicked_cell_is_shown_with_the_nearest_real_image(mapped, film)
    a_sweep_begins_at_the_clicked_cell(mapped, tmp_path)
    find_ranks_conditions_and_a_click_goes_there(mapped)


def a_sweep_needs_a_cell(mapped):
    assert "Click a cell" in mapped.dock.cell.problem()


def a_clicked_cell_is_shown_with_the_nearest_real_image(mapped, film):
    page, cell = mapped.page, mapped.dock.cell
    cell.real.set_values({"images": film / "images", "conditions": film / "conditions.csv"})
    mapped.click_picture((SIDE * 0.875, SIDE * 0.125))
    mapped.until(lambda: cell.content is not None and cell.nearest is not None, LONG)
    mapped.until(lambda: cell.beside.isVisible(), LONG)
    assert mapped.dock.page is cell
    assert cell.row() == page.live.setting.row_of((0, 0, 0))
    assert cell.row()["temperature"] == 725
    assert len(cell.images) == 8
    np.testing.assert_array_equal(cell.images[0], page.live.tiles[0, 0, 0])
    assert cell.nearest.image.endswith("700.tif")
    assert "-25 C (temperature)" in cell.beside_words.text()
    assert "temperature 725 C" in cell.words.text()
    assert page.words()[-2:] == [
        f"--images={film / 'images'}",
        f"--conditions={film / 'conditions.csv'}",
    ]


def a_sweep_begins_at_the_clicked_cell(mapped, tmp_path):
    cell = mapped.dock.cell
    cell.sweeping.set_values({"vary": ["temperature:700:900:3"], "out": tmp_path / "sweep"})
    mapped.press("Cell", timeout=LONG)
    mapped.assert_no_error()
    content = json.loads((tmp_path / "sweep" / "sweep.json").read_text())
    assert [stop["value"] for stop in content["sweeps"][0]["stops"]] == [700, 800, 900]
    assert {name: entry["value"] for name, entry in content["base"].items()} == pytest.approx(cell.row())
    assert layer(mapped, "sweep").extent.world[0][1] > SIDE


def find_ranks_conditions_and_a_click_goes_there(mapped):
    find, cell = mapped.dock.find, mapped.dock.cell
    mapped.dock.turn_to("Find")
    assert "Say what is wanted" in find.problem()
    few = {"points": 8, "draws": 2, "count": 2, "candidates": 2, "experiments": 1, "extrapolate": True}
    find.form.set_values(few | {"target": ["mean_grey=120+-20"]})
    mapped.press("Find", timeout=LONG)
    mapped.assert_no_error()
    assert find.table.rowCount() == len(find.result["candidates"]) + 1
    wanted = find.result["candidates"][0]["conditions"]
    assert cell.row() != pytest.approx(wanted)
    find.table.cellClicked.emit(0, 0)
    mapped.until(lambda: cell.row() == pytest.approx(wanted), LONG)
    assert mapped.page.live.setting.base.values == {"material": wanted["material"]}
    mark = layer(mapped, "cell").extent.world.mean(axis=0)
    place = mapped.page.layers.at(mark)
    assert float(mapped.page.live.setting.x.at(place[0])) == pytest.approx(wanted["temperature"], abs=1)


def test_classes_numbers_and_what_is_saved(mapped, tmp_path):
    """One open map with a collage, then with a classifier, something measured, and a process window."""
    a_random_collage_is_drawn_over_the_map(mapped, tmp_path / "random")
    classes_and_numbers_are_layers(mapped)
    diagram = uncertainties_colour_the_map_where_there_are_any(mapped, tmp_path)
    the_window_is_outlined(mapped, CLASSES[int(diagram.best_class[0, 0])])
    the_saved_diagram_holds_what_is_shown(mapped, diagram, tmp_path / "saved")
    the_saved_diagram_is_that_of_the_command(mapped, tmp_path / "saved", tmp_path / "command")
    an_empty_window_says_what_emptied_it(mapped)


def a_random_collage_is_drawn_over_the_map(mapped, out):
    mapped.page.saving.set_values({"style": "random", "patches": 40, "out": out})
    mapped.press("Map", timeout=LONG)
    mapped.assert_no_error()
    collage = layer(mapped, "collage")
    assert tuple(collage.extent.world[1] + collage.scale / 2) == pytest.approx((SIDE, SIDE))


def classes_and_numbers_are_layers(mapped):
    page = mapped.page
    page.form.set_values({"count": 3})
    page.measure.descriptor.setCurrentIndex(page.measure.descriptor.findData("mean_grey"))
    page.classifier.box.setEditText(CLASSIFIER)
    mapped.until(lambda: page.live.setting is not None and page.live.setting.classifier is not None, LONG)
    whole(mapped)
    assert {"zones, class", "zones, probability", "zones, descriptor"} <= names(mapped)
    diagram = page.diagram()
    assert diagram.classes == CLASSES
    assert np.allclose(diagram.shares.sum(axis=-1), 1, atol=1e-5)
    assert any(name in page.legend.text() for name in CLASSES)
    assert "mean grey: " in page.legend.text()


def uncertainties_colour_the_map_where_there_are_any(mapped, folder):
    page, measure = mapped.page, mapped.page.measure

    def colour_by(entry):
        measure.shown.setCurrentIndex(measure.shown.findData(entry))
        changed(mapped)

    colour_by("standard_error")
    errors = page.diagram().values("mean_grey", "standard_error")
    words = f"mean grey, standard error of the mean: {errors.min():.4g} (dark) to {errors.max():.4g} (bright)"
    assert words in page.legend.text()
    colour_by("between_models_sd")
    assert "none in 16 of 16 cells (one model tells nothing" in page.legend.text()
    assert "zones, descriptor" not in names(mapped)
    colour_by("conformal_half_width")
    assert "none in 16 of 16 cells (no residuals of conditions left out were given" in page.legend.text()

    def told(part):
        mapped.until(lambda: part in (page.problem() or ""), 10)
        assert not mapped.dock.run_button.isEnabled()

    (folder / "torn.json").write_text('{"kind": "microgen')
    measure.form.set_values({"residuals": folder / "torn.json"})
    told("torn.json")
    residuals_of("grey_step").write(folder / "other.json")
    measure.form.set_values({"residuals": folder / "other.json"})
    told("holds no residuals of mean grey, only of grey step")
    residuals_of("mean_grey").write(folder / "errors.json")
    measure.form.set_values({"residuals": folder / "errors.json"})
    changed(mapped)
    assert "mean grey, half-width of the interval: " in page.legend.text()
    assert "zones, descriptor" in names(mapped)
    diagram = page.diagram()
    wanted = [
        np.nan if cell.support["flag"] == "extrapolated" else 0.03 * (1 + cell.support["ratio"])
        for cell in diagram.cells
    ]
    widths = diagram.values("mean_grey", "conformal_half_width").ravel()
    np.testing.assert_allclose(widths, wanted, rtol=1e-6)
    colour_by("value")
    return diagram


def residuals_of(name):
    """Return residuals of 0.03 at nine conditions."""
    return Residuals((name,), ("1",), tuple("abcdefghi"), np.full((9, 1), 0.03), np.zeros(9), ("gap",) * 9)


def the_window_is_outlined(mapped, structure):
    asked = mapped.dock.window_page
    words = {"where": ["temperature<800"], "class_": structure, "probability": 0.0}
    asked.form.set_values(words | {"spreads": 0.0, "extrapolate": True})
    mapped.until(lambda: asked.window is not None, 10)
    assert asked.window.cells.tolist() == [[True, True, False, False]] * 4
    assert asked.result.text().startswith("Process window: 8 cells; best at temperature")
    assert "temperature < 800 C" in asked.result.text()
    assert "zones, window" in names(mapped)


def the_saved_diagram_holds_what_is_shown(mapped, diagram, out):
    mapped.page.saving.set_values({"style": "grid", "out": out})
    mapped.press("Map", timeout=LONG)
    mapped.assert_no_error()
    saved = read(out / "collage.tif")
    np.testing.assert_array_equal(np.asarray(saved.data), layer(mapped, "images").data)
    content = json.loads((out / "zones.json").read_text())
    assert len(content["window"]["cells"]) == 8
    for ours, theirs in zip(diagram.cells, content["cells"], strict=True):
        assert ours.shares.tolist() == pytest.approx(list(theirs["probabilities"].values()), abs=1e-5)
        assert ours.descriptors["mean_grey"] == theirs["descriptors"]["mean_grey"]
    assert json.loads((out / "recipe.json").read_text())["operation"] == "zones"


def the_saved_diagram_is_that_of_the_command(mapped, saved, out):
    command = [sys.executable, "-m", "napari_microgen.cli", "zones", mapped.page.model.text(), "--quiet"]
    done = subprocess.run(
        [*command, "--out", str(out), *mapped.page.words()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in ("zones.json", "collage.png", "collage.svg", "classes.png", "classes.svg"):
        assert (saved / name).read_bytes() == (out / name).read_bytes()


def an_empty_window_says_what_emptied_it(mapped):
    asked = mapped.dock.window_page
    asked.form.set_values({"where": ["temperature<600"]})
    mapped.until(lambda: asked.window is not None and asked.window.best is None, 10)
    assert "Process window: empty (no cell fulfils temperature < 600 C)" in asked.result.text()
    assert "zones, window" not in names(mapped)


def test_a_painted_block_shows_what_is_near_until_all_is_there():
    made = {(1, 4, 4): np.full((2, 2), 7, np.uint8), (0, 3, 3): np.full((2, 2), 9, np.uint8)}
    picture = painted(Box(1, 4, 4, 4, 4), made, np.uint8)
    assert picture.shape == (8, 8)
    assert (picture[-2:, :2] == 7).all()
    assert set(np.unique(picture)) <= {0, 7, 9}
    assert painted(Box(1, 4, 4, 4, 4), made, np.uint8, block=2).shape == (4, 4)


def test_what_is_no_classifier_is_told(generator):
    from napari_microgen.errors import MicrogenError

    with pytest.raises(MicrogenError, match="no classifier"):
        classes_of(str(generator))
    assert axis_words("--y T:1:2:3") == "Y axis T:1:2:3"


@pytest.mark.parametrize("key", [Qt.Key.Key_Up, Qt.Key.Key_Down])
def test_an_axis_is_chosen_by_keyboard(bench, generator, key):
    from napari_microgen.generate.card import read_generator_card

    card, rows = read_generator_card(generator), (AxisRow("X axis"), AxisRow("Y axis"))
    for row, place in zip(rows, (0, 1), strict=True):
        bench.qtbot.addWidget(row)
        row.show_conditions(card.conditions, place)
    QTest.keyClick(rows[0].box, key)
    if key == Qt.Key.Key_Down:
        with pytest.raises(ValueError, match="both time"):
            chosen_axes(*rows, 8, card)
    else:
        assert [axis.name for axis in chosen_axes(*rows, 8, card)] == ["temperature", "time"]
