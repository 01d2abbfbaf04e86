"""The Generate dock with a real model in its real process: sliders, samples, training, and every end."""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_microgen.io.weights import read_card
from napari_microgen.widgets.layers import KEY, volume_of

LONG = 120


def children():
    return [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def maker(bench, generator):
    """The Make page with the tiny model open and its first complete image shown."""
    dock = bench.open("Generate")
    open_model(bench, generator)
    bench.until(lambda: complete(bench), LONG)
    bench.page = dock.make
    return bench


def open_model(bench, folder):
    page = bench.dock.make
    page.model.box.setEditText(str(folder))
    bench.until(lambda: not page.model.reading, LONG)


def complete(bench):
    layer = bench.dock.make.live.layer
    page = bench.dock.make
    waiting = page._asked or page._due  # a second move soon after a first one is asked for later
    return layer is not None and not layer.metadata[KEY]["preview"] and not waiting


def slide(bench, name, position):
    """Move a slider by the keyboard, as a user would, and wait for the complete image."""
    slider = bench.dock.make.panel.conditions.rows[name].slider
    slider.setFocus()
    slider.setSliderPosition(position)
    QTest.keyClick(slider, Qt.Key.Key_Right)


def type_in(edit, text):
    """Replace a text by the keyboard."""
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    QTest.keyClicks(edit, text)


def test_an_image_follows_the_sliders(maker):
    """One open model, from its first image to what a removed layer does."""
    the_sliders_begin_at_conditions_of_the_training(maker)
    a_slider_changes_the_image_first_as_a_preview_then_completely(maker)
    a_preview_says_that_it_is_one(maker)
    the_flag_follows_the_sliders_in_words_and_colour(maker)
    a_text_that_is_no_number_switches_the_button_off_and_says_why(maker)
    fast_moves_are_thinned_and_the_last_one_counts(maker)
    the_same_noise_is_kept_unless_other_is_wanted(maker)
    a_removed_layer_comes_again_with_the_next_move(maker)
    the_card_becomes_sliders_in_units_with_the_ranges_of_the_training(maker)


def the_card_becomes_sliders_in_units_with_the_ranges_of_the_training(maker):
    rows = maker.page.panel.conditions.rows
    assert list(rows) == ["temperature", "time", "material"]
    assert (rows["temperature"].low, rows["temperature"].high) == (700, 900)
    assert [rows["material"].itemText(i) for i in range(rows["material"].count())] == ["A", "B"]
    times = rows["time"]
    for position, expected in ((0, 1.0), (500, 10.0), (1000, 100.0)):
        times.slider.setValue(position)
        assert times.value() == pytest.approx(expected), "the scale is logarithmic"
    assert "100 h in the training, logarithmic" in times.slider.toolTip()
    assert "edm, 16 × 16 px, 0.1 um per px; trained on 6 images" in maker.page.model.about.text()
    maker.assert_no_torch()


def the_sliders_begin_at_conditions_of_the_training(maker):
    assert maker.page.panel.flag.flag == "seen"
    assert maker.page.live.layer.metadata[KEY]["facts"]["support"]["flag"] == "seen"


def a_slider_changes_the_image_first_as_a_preview_then_completely(maker):
    layer, stages = maker.page.live.layer, []
    layer.events.set_data.connect(lambda _: stages.append((maker.page.status.text(), layer.data.copy())))
    before = layer.data.copy()
    slide(maker, "temperature", 900)
    maker.until(lambda: len(stages) and complete(maker), LONG)
    assert maker.page.live.layer is layer, "the layer is the same one"
    about = layer.metadata[KEY]
    assert about["conditions"]["temperature"] == 880.2
    assert about["recipe"]["parameters"]["set"][0] == "temperature=880.2"
    assert not np.array_equal(layer.data, before)
    assert layer.scale.tolist() == [0.1, 0.1]
    assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert layer.features["temperature [C]"].tolist() == [880.2]
    assert "Complete image" in maker.page.status.text()


def a_preview_says_that_it_is_one(maker):
    page, seen = maker.page, []
    show = page.live.show

    def noted(*arguments, **options):
        show(*arguments, **options)
        seen.append((page.live.layer.metadata[KEY], options["preview"]))

    page.live.show = noted
    slide(maker, "temperature", 100)
    maker.until(lambda: seen and complete(maker), LONG)
    for about, preview in seen:
        assert about["preview"] is preview
        assert (about["recipe"] is None) is preview, "a preview has no recipe"
    assert not seen[-1][1]
    del page.live.show


def the_flag_follows_the_sliders_in_words_and_colour(maker):
    page, flag = maker.page, maker.page.panel.flag
    row = page.panel.conditions.rows["temperature"]
    page.panel.conditions.set_values({"temperature": 800.0, "time": 10.0, "material": "A"})
    maker.until(lambda: flag.flag == "seen")
    assert "#009e73" in flag.text()
    slide(maker, "temperature", 520)
    maker.until(lambda: flag.flag == "extrapolated", 5)
    type_in(row.edit, "1200")
    maker.until(lambda: "out of range" in flag.text())
    assert "#d55e00" in flag.text()
    assert "a guess" in flag.text()
    maker.until(lambda: complete(maker), LONG)
    maker.click(page.panel.nearest)
    assert page.panel.conditions.values()["temperature"] == 900.0
    maker.until(lambda: flag.flag == "seen")


def a_text_that_is_no_number_switches_the_button_off_and_says_why(maker):
    row = maker.page.panel.conditions.rows["time"]
    for text in ("", "warm", "-3"):
        type_in(row.edit, text)
        assert not maker.dock.run_button.isEnabled()
        assert "time is" in maker.dock.run_button.toolTip()
    type_in(row.edit, "2,5")
    assert maker.dock.run_button.isEnabled()
    assert row.value() == 2.5


def shown(maker):
    """Return the temperature of the image in the live layer."""
    return maker.page.live.layer.metadata[KEY]["conditions"]["temperature"]


def fast_moves_are_thinned_and_the_last_one_counts(maker):
    asked = []
    ask = maker.page.sampler.ask
    maker.page.sampler.ask = lambda *a, **k: asked.append(a) or ask(*a, **k)
    slider = maker.page.panel.conditions.rows["temperature"].slider
    begin = time.monotonic()
    for position in range(0, 1000, 10):
        slider.setValue(position)
        maker.settle(2)
    tenths = 10 * (time.monotonic() - begin)
    assert len(asked) <= 2 * (tenths + 2), "a preview and an image at most ten times a second"
    maker.until(lambda: complete(maker) and shown(maker) == 898.0, LONG)
    del maker.page.sampler.ask


def the_same_noise_is_kept_unless_other_is_wanted(maker):
    page = maker.page
    slide(maker, "temperature", 300)
    maker.until(lambda: complete(maker), LONG)
    assert page.form.values()["seed"] == 0
    before = page.live.layer.data.copy()
    maker.click(page.other)
    maker.until(lambda: complete(maker) and page.live.layer.metadata[KEY]["seed"] == 1, LONG)
    assert not np.array_equal(page.live.layer.data, before)
    page.same_noise.setChecked(False)
    slide(maker, "temperature", 400)
    maker.until(lambda: page.form.values()["seed"] > 1)
    maker.until(lambda: complete(maker), LONG)


def a_removed_layer_comes_again_with_the_next_move(maker):
    maker.viewer.layers.remove(maker.page.live.layer)
    slide(maker, "temperature", 100)
    maker.until(lambda: "tiny (live)" in maker.viewer.layers, LONG)
    maker.until(lambda: complete(maker), LONG)


def test_samples_are_layers_and_another_model_takes_another_process(maker, generator, tmp_path):
    """One open model: samples of the live image, samples as a stack, and its end."""
    the_live_image_is_the_first_of_the_samples(maker)
    samples_come_as_a_stack_with_conditions_and_size(maker)
    one_process_per_model_and_none_after_another_is_chosen(maker, generator, tmp_path)


def the_live_image_is_the_first_of_the_samples(maker):
    maker.page.form.set_values({"count": 1, "seed": 5})
    maker.until(lambda: complete(maker) and maker.page.live.layer.metadata[KEY]["seed"] == 5, LONG)
    maker.press(timeout=LONG)
    maker.assert_no_error()
    live, added = maker.page.live.layer, maker.viewer.layers["tiny 1"]
    np.testing.assert_array_equal(live.data, added.data)
    mine, theirs = (x.metadata[KEY]["recipe"] for x in (live, added))
    for key in ("operation", "parameters", "output_sha256"):
        assert mine[key] == theirs[key]


def samples_come_as_a_stack_with_conditions_and_size(maker):
    maker.page.form.set_values({"count": 3, "seed": 7})
    maker.page.panel.conditions.set_values({"temperature": 850.0, "material": "B"})
    maker.press(timeout=LONG)
    maker.assert_no_error()
    layer = maker.viewer.layers["tiny 2"]
    assert layer.data.shape == (3, 16, 16)
    assert layer.axis_labels == ("sample", "y", "x")
    volume = volume_of(layer)
    assert (volume.voxel_size, volume.unit) == ((None, 0.1, 0.1), "um"), "samples are no planes of a body"
    assert layer.features["temperature [C]"].tolist() == [850.0] * 3
    assert layer.features["material"].tolist() == ["B"] * 3
    assert layer.features["image"].tolist() == [0, 1, 2]
    recipe = layer.metadata[KEY]["recipe"]
    assert recipe["operation"] == "generate"
    assert recipe["parameters"]["seed"] == 7
    assert recipe["output_sha256"] == volume.content_hash()
    maker.image(np.zeros((4, 16, 16), np.uint8), name="a stack in nm")
    maker.assert_units_agree()
    maker.press(timeout=LONG)
    assert "tiny 3" in maker.viewer.layers
    slide(maker, "temperature", 200)
    maker.until(lambda: complete(maker), LONG)
    names = [x.name for x in maker.viewer.layers]
    assert names.index("tiny (live)") > names.index("tiny 3"), "the live image is seen again"


def one_process_per_model_and_none_after_another_is_chosen(maker, generator, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(generator, other)
    first, before = maker.page.sampler.pid, {x.name for x in maker.viewer.layers}
    open_model(maker, other)
    maker.until(lambda: "other (live)" in maker.viewer.layers and complete(maker), LONG)
    assert maker.page.sampler.pid != first
    maker.until(lambda: first not in [p.pid for p in children()], 5)
    assert len(children()) == 1
    assert {x.name for x in maker.viewer.layers} == before - {"tiny (live)"} | {"other (live)"}


def test_a_damaged_model_is_refused_in_clear_words(bench, generator, tmp_path):
    dock, told = bench.open("Generate"), set()
    for damage in ("cut", "card", "text"):
        open_model(bench, damaged(generator, damage, tmp_path / damage))
        bench.until(lambda: not dock.run_button.isEnabled() and dock.make.model.problem(), LONG)
        bench.until(lambda: dock.make.sampler is None, LONG)
        said = dock.make.model.about.text()
        assert len(said) > 20
        assert dock.run_button.toolTip() == said
        assert "Traceback" not in said
        assert not bench.viewer.layers
        told.add(said)
    assert len(told) == 3, "each damage has its own words"
    open_model(bench, generator)
    bench.until(lambda: complete(bench), LONG)


def damaged(generator, damage, model):
    """Return a copy of a model that is broken in one of three ways."""
    shutil.copytree(generator, model)
    if damage == "cut":
        weights = model / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-64])
    elif damage == "card":
        card = read_card(model)
        card["details"]["conditions"][0]["low"] = "cold"
        (model / "card.json").write_text(json.dumps(card), encoding="utf-8")
    else:
        (model / "card.json").write_text("no JSON", encoding="utf-8")
    return model


# -- training ----------------------------------------------------------------------


@pytest.fixture
def trainer(bench, film, small, tmp_path):
    """The Train page with the tiny series chosen."""
    dock = bench.open("Generate")
    dock.turn_to("Train")
    page = bench.page = dock.train
    page.source.images.setText(str(film / "images"))
    page.source.table.setText(str(film / "conditions.csv"))
    page.out.setText(str(tmp_path / "model"))
    page.form.set_values(small | {"preview_seconds": 0.1})
    bench.until(lambda: page.source.problem() is None, LONG)
    return bench


def test_the_table_is_shown_as_it_is_read(trainer):
    source = trainer.page.source
    assert "semicolon between columns, decimal comma" in source.words.text()
    assert "6 images with conditions" in source.words.text()
    heads = {c.name: (c.head, c.values, c.role, c.condition) for c in source.columns.columns}
    assert heads["temperature"] == ("temperature [C]", "700 to 900", "", True)
    assert heads["time"][:2] == ("time [h]", "1 to 100")
    assert heads["file"][2] == "image"
    assert source.settings() == {"columns": None, "categorical": (), "log": (), "log1p": ()}
    source.columns.tick("material", False)
    source.columns.choose_scale("time", "log")
    assert source.settings()["columns"] == ("temperature", "time")
    assert source.settings()["log"] == ("time",)


def test_all_that_is_wrong_is_listed_at_once(trainer, film, tmp_path):
    lines = (film / "conditions.csv").read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace("A700.tif", "lost.tif")
    lines[2] = lines[2].replace("700", "hot", 2).replace("Bhot.tif", "B700.tif")
    table = tmp_path / "bad.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    source = trainer.page.source
    source.table.setText(str(table))
    trainer.until(lambda: "problems" in (source.problem() or ""), LONG)
    shown = source.problems.text()
    for part in ("lost.tif", "A700.tif", "'hot', which is not a number"):
        assert part in shown
    assert not trainer.dock.run_button.isEnabled()
    assert "3 problems" in trainer.dock.run_button.toolTip()


def test_a_trained_model_opens_on_the_make_page(trainer):
    page = trainer.page
    page.source.columns.choose_scale("time", "log")
    trainer.until(lambda: page.source.problem() is None, LONG)
    trainer.press(timeout=LONG)
    trainer.assert_no_error()
    assert "Trained 4 steps" in trainer.message
    assert [step for step, _ in page.curve.points["loss"]][-1] == 4
    assert "images_per_second" not in page.curve.points
    assert "step 4 of 4" in page.speed.text()
    assert trainer.dock.page is trainer.dock.make
    trainer.until(lambda: complete(trainer), LONG)
    entry = trainer.dock.make.model.card.conditions[1]
    assert (entry["name"], entry["transform"]) == ("time", "log")
    trainer.assert_no_torch()


def test_pause_keeps_a_checkpoint_and_resume_goes_on(trainer, tmp_path):
    page, dock = trainer.page, trainer.dock
    page.form.set_values({"steps": 100_000})
    trainer.press(wait=False)
    trainer.until(lambda: page.curve.points.get("loss") and page.preview.isVisible(), LONG)
    trainer.click(page.pause)
    trainer.wait(LONG)
    trainer.assert_no_error()
    assert "paused" in trainer.message
    assert dock.run_button.text() == "Resume"
    assert list((tmp_path / "model.training").iterdir()), "checkpoints are kept"
    trainer.until(lambda: not children())
    reached = page.curve.points["loss"][-1][0]
    trainer.press(wait=False)
    trainer.until(lambda: page.curve.points["loss"][-1][0] > reached, LONG)
    steps = [step for step, _ in page.curve.points["loss"]]
    assert steps == sorted(steps), "it went on where it was"
    trainer.click(dock.cancel_button)
    trainer.wait(3)
    assert "press Resume" in trainer.message
    trainer.until(lambda: not children())


def test_the_best_moment_of_a_training_is_chosen_and_opened(trainer, tmp_path):
    page, choose = trainer.page, trainer.dock.choose
    assert choose.problem() == "Snapshots is empty; give a path."
    page.form.set_values({"snapshots": 2})
    trainer.press(timeout=LONG)
    trainer.assert_no_error()
    assert "snapshots are ready on the Choose page" in trainer.message
    assert choose.form.values()["snapshots"] == tmp_path / "model.snapshots"
    choose.form.set_values({"out": tmp_path / "best", "count": 4, "copies": 8})
    trainer.press("Choose", timeout=LONG)
    trainer.assert_no_error()
    shown = choose.table.text()
    assert shown.count("<tr>") == 3, "a row for each snapshot"
    assert "off [s.d.]" in shown
    assert "copies [AUC]" in shown
    step = read_card(tmp_path / "best")["details"]["training"]["steps"]
    assert f"<b>{step}</b>" in shown
    assert f"The model of step {step} is off by" in trainer.message
    assert trainer.dock.page is trainer.dock.make
    trainer.until(lambda: complete(trainer), LONG)
    assert trainer.dock.make.model.text().endswith("best")
    trainer.press("Choose", timeout=LONG)
    assert choose.form.values()["out"] == tmp_path / "best-2", "a model is never replaced"
    trainer.assert_no_torch()


def test_each_method_brings_its_own_settings(trainer):
    page = trainer.page
    for index in range(page.method.count()):
        page.method.setCurrentIndex(index)
        name = page.method.currentData()
        assert page.form.problem() is None
        assert page.form.fields["steps"].value() == 4, "what both methods have is kept"
        assert ("preset" in page.form.fields) == (name != "edm")
        assert ("profile" in page.form.fields) == (name == "edm")
    assert trainer.dock.run_button.isEnabled()


# -- the end of the window ---------------------------------------------------------

SCRIPT = """
import sys
import napari
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest

kind, after, model, film, out = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
viewer = napari.Viewer()
_, dock = viewer.window.add_plugin_dock_widget("napari-microgen", "Generate")
if kind == "train":
    dock.turn_to("Train")
    dock.train.source.images.setText(film + "/images")
    dock.train.source.table.setText(film + "/conditions.csv")
    dock.train.out.setText(out)
    dock.train.form.set_values({"profile": "tiny", "patch_size": 16, "steps": 100000, "threads": 1})
    while dock.train.source.problem():
        QTest.qWait(20)
    QTest.mouseClick(dock.run_button, Qt.MouseButton.LeftButton)
else:
    dock.make.open_model(model)
    dock.make.details.set_values({"evaluations": 10000})
    while dock.make.sampler is None or not dock.make.sampler.pid:
        QTest.qWait(20)

def close():
    print("RUNNING" if dock.job is not None or dock.make.sampler is not None else "IDLE", flush=True)
    viewer.close()

QTimer.singleShot(after, close)
napari.run()
assert "torch" not in sys.modules
print("END", flush=True)
"""


@pytest.mark.parametrize(("kind", "after"), [("make", 0), ("make", 6000), ("train", 5000)])
def test_closing_the_viewer_leaves_no_process(kind, after, generator, film, tmp_path):
    own = {"NAPARI_CONFIG": str(tmp_path / "settings.yaml"), "MICROGEN_CACHE": str(tmp_path / "cache")}
    model = tmp_path / "model"
    shutil.copytree(generator, model)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, kind, str(after), str(model), str(film), str(tmp_path / "out")],
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout.split() == ["RUNNING", "END"], done.stdout
    left = [p for p in psutil.process_iter(["cmdline"]) if f"{tmp_path}" in " ".join(p.info["cmdline"] or ())]
    assert left == []
