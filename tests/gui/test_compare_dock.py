"""Compare dock: pairs of one condition at equal scale and contrast, a blind test, the comparison itself."""

import csv
import json

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtGui import QDesktopServices
from qtpy.QtTest import QTest
from scipy.stats import binomtest

from napari_microgen.compare.descriptors import NAMES
from napari_microgen.compare.image_list import ListedImages
from napari_microgen.compare.image_set import Origin
from napari_microgen.compare.persistence_plots import projected
from napari_microgen.widgets.compare_blind import score_words
from napari_microgen.widgets.compare_plots import KINDS, image_plot, typical
from napari_microgen.widgets.compare_source import conditions_of
from napari_microgen.widgets.layers import KEY

EDGE, UM = 32, 0.02


def spots(random, count, level):
    """Images whose mean grey tells what they are: noise about a level."""
    return np.clip(random.normal(level, 20, (count, EDGE, EDGE)), 0, 255).astype(np.uint8)


def write_side(folder, random, levels, each, um=UM):
    """Write a folder of images, ``each`` of every level, and its table."""
    folder.mkdir()
    lines = ["file,temperature [C],micrograph"]
    for k, level in enumerate(levels):
        for n, image in enumerate(spots(random, each, level)):
            name = f"{folder.name}_{k}_{n}.tif"
            options = {"resolution": (1e4 / um, 1e4 / um), "resolutionunit": "CENTIMETER"}
            tifffile.imwrite(folder / name, image, **options)
            lines.append(f"{name},{100 * (k + 1)},{folder.name}_{k}_{n // 2}")
    table = folder.with_suffix(".csv")
    table.write_text("\n".join(lines) + "\n")
    return folder, table


@pytest.fixture
def sides(tmp_path):
    random = np.random.default_rng(0)
    real = write_side(tmp_path / "real", random, (80, 120, 160), 8)
    synthetic = write_side(tmp_path / "synthetic", random, (84, 124, 164), 8)
    return {"real": real, "synthetic": synthetic}


@pytest.fixture
def dock(bench, sides):
    bench.stack = bench.image(np.zeros((4, 60, 70), np.uint8), name="mine")
    dock = bench.open("Compare")
    for side, (folder, table) in sides.items():
        getattr(dock.images, side).path.setText(str(folder))
        getattr(dock.images, side).table.setText(str(table))
    return dock


def wait(bench):
    bench.wait()
    bench.until(lambda: not bench.dock.side_by_side.reader.busy)
    bench.settle()


def look(bench):
    bench.press("Images", wait=False)
    wait(bench)
    bench.assert_no_error()


def pair(dock):
    """The two layers of the pair, left first."""
    return dock.side_by_side.view.layers


def level(layer):
    return float(np.mean(layer.data))


def test_a_pair_has_one_condition_one_contrast_and_one_scale(bench, dock):
    look(bench)
    assert dock.page is dock.side_by_side
    left, right = pair(dock)
    assert (left.name, right.name) == ("real", "synthetic")
    np.testing.assert_allclose(left.scale, right.scale)
    assert left.scale[-1] == pytest.approx(UM)
    assert left.contrast_limits == right.contrast_limits
    assert right.translate[-1] >= EDGE * UM
    for _ in range(4):
        assert abs(level(left) - level(right)) < 15, "levels of other conditions are 40 apart"
        bench.press(wait=False)
        wait(bench)
    bench.assert_units_agree()


def test_the_pair_fills_the_canvas_whatever_unit_the_other_layers_have(bench, dock):
    look(bench)
    shown = bench.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    grey = shown[shown.shape[0] // 3 : -shown.shape[0] // 3]
    lit = (grey.max(axis=2) > 30).mean(axis=0) > 0.5
    assert lit.mean() > 0.85, "both images are to be seen, with a gap"
    middle = slice(int(0.46 * len(lit)), int(0.54 * len(lit)))
    assert not lit[middle].all()


def test_a_condition_is_chosen_and_only_its_pairs_are_shown(bench, dock):
    look(bench)
    page = dock.side_by_side
    assert [page.condition.itemText(k) for k in range(page.condition.count())] == [
        "all conditions",
        *(f"temperature={t}" for t in (100, 200, 300)),
    ]
    page.choose("temperature=200")
    wait(bench)
    for _ in range(3):
        assert "temperature=200" in page.caption.text()
        assert all(100 < level(layer) < 140 for layer in pair(dock))
        page.go(1)
        wait(bench)
    assert "Pair 4 of 8" in page.caption.text()
    bench.click(page.back)
    wait(bench)
    assert "Pair 3 of 8" in page.caption.text()


def test_the_viewer_is_as_it_was_afterwards(bench, dock):
    viewer = bench.viewer
    hidden = bench.image(np.zeros((4, 60, 70), np.uint8), name="hidden")
    hidden.visible = False
    viewer.canvas.grid.enabled = True
    viewer.dims.ndisplay = 3
    viewer.layers.selection.active = bench.stack
    bench.settle()
    camera = viewer.scene.camera
    camera.zoom, camera.angles = 3.21, (10.0, 20.0, 30.0)
    before = (camera.zoom, tuple(camera.angles), tuple(camera.center))
    look(bench)
    assert not bench.stack.visible
    assert viewer.dims.ndisplay == 2
    bench.click(dock.side_by_side.restore)
    bench.settle()
    assert bench.stack.visible
    assert not hidden.visible
    assert list(viewer.layers) == [bench.stack, hidden]
    assert viewer.canvas.grid.enabled
    assert viewer.dims.ndisplay == 3
    assert viewer.layers.selection.active == bench.stack
    np.testing.assert_allclose(np.hstack([camera.zoom, camera.angles, camera.center]), np.hstack(before))


def test_layers_removed_by_hand_do_no_harm(bench, dock):
    look(bench)
    bench.viewer.layers.remove(pair(dock)[0])
    bench.viewer.layers.remove(bench.stack)
    dock.side_by_side.go(1)
    wait(bench)
    assert [layer.name for layer in bench.viewer.layers] == ["real", "synthetic"]
    bench.click(dock.side_by_side.restore)
    assert list(bench.viewer.layers) == []
    bench.assert_no_error()


def test_blind_test_by_keys_counts_right_and_wrong(bench, dock):
    look(bench)
    page, blind = dock.side_by_side, dock.side_by_side.blind
    bench.viewer.window.activate()
    bench.until(dock.isActiveWindow)
    bench.click(blind.start)
    wait(bench)
    for k in range(6):
        left, right = pair(dock)
        assert (left.name, right.name) == ("left", "right"), "names tell nothing"
        assert page.caption.text() == "Which one is real?"
        asked = page.pair
        shown_left = page.gallery.picture(
            "real" if asked.real_is_left else "synthetic",
            asked.real if asked.real_is_left else asked.synthetic,
        )
        np.testing.assert_array_equal(left.data, shown_left)
        truthful = asked.real_is_left if k < 4 else not asked.real_is_left
        QTest.keyClick(dock, Qt.Key.Key_A if truthful else Qt.Key.Key_D)
        wait(bench)
    assert len(blind.answers) == 6
    interval = binomtest(4, 6).proportion_ci(0.95, method="exact")
    words = f"4 of 6 right: 67 % (95 % interval {100 * interval.low:.0f} to {100 * interval.high:.0f} %)"
    assert words in blind.score.text()
    bench.click(blind.start)
    wait(bench)
    assert (pair(dock)[0].name, pair(dock)[1].name) == ("real", "synthetic")
    QTest.keyClick(dock, Qt.Key.Key_A)
    assert len(blind.answers) == 6, "no answer counts when nothing was asked"


def test_answers_are_kept_written_and_forgotten(bench, dock, tmp_path):
    look(bench)
    blind = dock.side_by_side.blind
    blind.live.setChecked(False)
    bench.click(blind.start)
    wait(bench)
    for button in (blind.left, blind.right, blind.left):
        bench.click(button)
        wait(bench)
    assert blind.score.text() == "3 pairs judged."
    bench.click(blind.start)
    wait(bench)
    assert "of 3 right" in blind.score.text()
    blind.write(tmp_path / "answers.csv")
    rows = list(csv.DictReader((tmp_path / "answers.csv").read_text().splitlines()))
    assert [row["answer"] for row in rows] == ["left", "right", "left"]
    for row in rows:
        assert row["right"] == ("yes" if row["answer"] == row["real side"] else "no")
        assert "real_" in row["real"]
        assert "synthetic_" in row["synthetic"]
    bench.click(blind.forget)
    assert blind.answers == []
    assert not blind.save.isEnabled()


@pytest.mark.parametrize(
    ("right", "total", "said"),
    [(20, 20, "You tell real"), (0, 20, "You take synthetic"), (11, 20, "may be guessing")],
)
def test_what_a_score_means(right, total, said):
    assert said in score_words(right, total)


def test_layers_with_conditions_are_compared_like_files(bench, dock, sides):
    random = np.random.default_rng(1)
    stack = np.concatenate([spots(random, 3, 120), spots(random, 3, 160)])
    made = bench.image(stack, name="made", size=(None, 20.0, 20.0)[1:], unit=None,
                       metadata={"features": {"temperature": [200] * 3 + [300] * 3}})  # fmt: skip
    made.scale, made.units = (1.0, 20.0, 20.0), ("nm",) * 3
    side = dock.images.synthetic
    side.table.setText("")
    side.kind.setCurrentIndex(1)
    side.layer.choose(made)
    assert "temperature" in side.said.text()
    look(bench)
    found = dock.side_by_side.gallery
    assert [found.conditions[k] for k in found.shared] == ["temperature=200", "temperature=300"]
    np.testing.assert_array_equal(found.picture("synthetic", 4), stack[4])
    assert found.pixel_size == pytest.approx(UM)


def test_conditions_of_layers(bench):
    stack = np.zeros((2, 8, 8), np.uint8)
    generated = bench.image(stack, metadata={KEY: {"facts": {"conditions": {"T": 20.0, "p": None}}}})
    labels = bench.labels(stack)
    labels.features = {"index": [0, 1], "T [C]": [1.5, 2.5]}
    assert conditions_of(generated) == {"T": [20.0, 20.0]}
    assert conditions_of(labels) == {"T [C]": [1.5, 2.5]}
    assert conditions_of(bench.image(stack, metadata={"features": {"T": [1, 2, 3]}})) == {}
    assert conditions_of(None) == {}


def test_sides_that_do_not_fit_are_refused_in_words(bench, dock, sides, tmp_path):
    random = np.random.default_rng(2)
    folder, table = write_side(tmp_path / "coarse", random, (80,), 4, um=0.05)
    dock.images.synthetic.path.setText(str(folder))
    dock.images.synthetic.table.setText(str(table))
    bench.press("Images", wait=False)
    wait(bench)
    assert "pixel size" in bench.message
    assert dock.notice.is_error
    assert not dock.side_by_side.view.on
    dock.images.synthetic.path.setText(str(tmp_path / "nowhere"))
    dock.turn_to("Images")
    assert not dock.run_button.isEnabled()
    assert "does not exist" in dock.run_button.toolTip()


def test_the_comparison_runs_in_a_child_and_its_dots_show_images(bench, dock, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    page = dock.numbers
    page.out.setText(str(tmp_path / "report"))
    page.form.set_values({"repeats": 2, "copies": 8})
    bench.press("Numbers", timeout=300)
    bench.assert_no_error()
    content = json.loads((tmp_path / "report" / "report.json").read_text())
    assert page.verdict.text().count("<li>") == len(content["verdict"]) - 1
    assert (content["choices"]["repeats"], content["choices"]["copies"]) == (2, 8)
    assert content["choices"]["columns"] == []
    assert page.table.rowCount() == len(NAMES)
    row = NAMES.index("mean_grey")
    metric = content["metrics"]["mean_grey.wasserstein"]
    assert page.table.item(row, 1).text() == f"{metric['value']:.3f}"
    assert page.table.item(row, 2).text() == f"{metric['floor']:.3f}"
    page.condition.setCurrentIndex(2)
    entry = content["conditions"][1]["descriptors"]["mean_grey"]
    assert page.table.item(row, 1).text() == f"{abs(entry['difference_in_sd']):.3f}"
    assert page.table.item(row, 4).text() == entry["verdict"]
    page.table.choose("mean_grey")
    for kind in KINDS:
        page.kind.setCurrentText(kind)
        page.chart.grab()
        assert_dot_shows_its_image(bench, dock, series=0, index=3)
        assert_dot_shows_its_image(bench, dock, series=1, index=5)
    dock.tabs.currentWidget().verticalScrollBar().setValue(page.open.y())
    bench.click(page.open)
    assert opened == [str(tmp_path / "report" / "report.html")]
    assert page._free_folder() == tmp_path / "report-2", "a report is never written over"


def assert_dot_shows_its_image(bench, dock, series, index):
    page = dock.numbers
    page.chart.picked.emit(series, index)
    wait(bench)
    side, row = page.shown.image(series, index)
    images = page.listed[side]
    shown = pair(dock)[series]
    assert shown.name == side
    np.testing.assert_array_equal(shown.data, tifffile.imread(images.origins[row].file))
    assert float(np.mean(shown.data)) / 255 == pytest.approx(images.values["mean_grey"][row], abs=1e-6)
    assert images.conditions[row] in page.reading.text()


def test_cancel_ends_the_comparison_and_leaves_no_report(bench, dock, tmp_path):
    page = dock.numbers
    page.out.setText(str(tmp_path / "report"))
    bench.press("Numbers", wait=False)
    bench.until(lambda: "images" in dock.progress.format(), 60)
    bench.click(dock.cancel_button)
    bench.wait(5)
    assert "Cancelled" in bench.message
    assert page.content is None
    assert not (tmp_path / "report" / "report.html").exists()


@pytest.fixture
def listed():
    """Images with made-up values, the last of them without one."""
    random = np.random.default_rng(0)

    def side(name, number):
        values = {
            key: random.normal(size=number) for key in (*NAMES, *(f"persistence_{k}" for k in (1, 2, 3)))
        }
        values["feret_diameter"][-1] = np.nan
        origins = tuple(Origin(f"{name}.tif", k) for k in range(number))
        return ListedImages(origins, (8, 8), ("a", "b") * (number // 2), values)

    return {"real": side("real", 40), "synthetic": side("synthetic", 24)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("condition", [None, "b"])
def test_every_dot_is_the_image_it_says(listed, kind, condition):
    made = image_plot(kind, listed, "feret_diameter", "um", condition)
    for series, side in enumerate(("real", "synthetic")):
        dots = made.plot.points[series]
        expected = [
            k
            for k, c in enumerate(listed[side].conditions)
            if (kind == KINDS[1] or condition in (None, c))
            and (kind in KINDS[2:] or np.isfinite(listed[side].values["feret_diameter"][k]))
        ]
        assert made.rows[side].tolist() == expected
        assert len(dots.x) == len(dots.words) == len(expected)
        value = dots.y if kind == KINDS[1] else dots.x
        source = listed[side].values["persistence_1" if kind == KINDS[2] else "feret_diameter"]
        if kind == KINDS[3]:
            triples = [listed[side].values[f"persistence_{n}"] for n in (1, 2, 3)]
            source = projected(np.stack(triples, axis=1))[:, 0]
        np.testing.assert_array_equal(value, source[expected])
        assert f"plane {expected[3] + 1}" in dots.words[3]


def test_dots_fill_the_histogram_they_stand_in(listed):
    made = image_plot(KINDS[0], listed, "circularity", "1", None)
    for line, dots in zip(made.plot.lines, made.plot.points, strict=True):
        assert float(np.diff(line.x[::2]).sum()) > 0
        heights = line.y[1:-1:2]
        assert heights.sum() == pytest.approx(1.0)
        for x, y in zip(dots.x, dots.y, strict=True):
            k = np.clip(np.searchsorted(line.x[::2], x, side="right") - 1, 0, len(heights) - 1)
            assert 0 < y < heights[k]


def test_the_typical_image_is_the_median_one(listed):
    images = listed["real"]
    row = typical(images, "circularity", "a")
    values = images.values["circularity"][::2]
    assert images.conditions[row] == "a"
    distance = np.abs(values - np.median(values))
    assert abs(images.values["circularity"][row] - np.median(values)) == distance.min()
    assert typical(images, "circularity", "c") is None
