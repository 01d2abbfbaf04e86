"""Training in the real child process: curve, preview, model, Cancel, resume, errors."""

import random
import time

import numpy as np
import psutil
import pytest

TINY = {"steps": 6, "base_channels": 8, "patch_size": 64, "batch_size": 2, "context": 0, "save_every": 2}


def children():
    return [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def classroom(bench, phases, tmp_path):
    """A small image with dense labels (1 solid, 2 pore), chosen on the Train page."""
    grey, truth = phases((5, 64, 64))
    bench.image(grey)
    bench.labels(2 - truth, name="labels")
    dock = bench.open("Segment")
    dock.turn_to("Train")
    dock.train.out.setText(str(tmp_path / "model"))
    dock.train.form.set_values(TINY)
    bench.settle()
    bench.truth = truth
    return bench


def test_from_painted_labels_to_a_prediction_and_its_score(classroom):
    bench, dock = classroom, classroom.dock
    dock.train.form.set_values({"steps": 60, "learning_rate": 0.01})
    bench.press("Train", timeout=200)
    bench.assert_no_error()
    assert "Trained 60 steps" in bench.message
    losses = [value for _, value in dock.train.curve.points["loss"]]
    assert len(losses) > 3
    assert losses[-1] < losses[0]
    assert dock.segment.uses_network(), "the new model is chosen on the Phase map page"
    bench.press("Phase map", timeout=100)
    bench.assert_no_error()
    result = bench.viewer.layers["stack [unet]"]
    assert set(np.unique(result.data)) <= {0, 1}
    assert np.mean(result.data == bench.truth) > 0.9
    assert result.metadata["microgen"]["recipe"]["parameters"]["method"] == "unet"
    bench.assert_units_agree()
    bench.labels(bench.truth, name="truth")
    dock.turn_to("Compare")
    dock.compare.prediction.choose(result)
    dock.compare.truth.choose(bench.viewer.layers["truth"])
    bench.press()
    assert dock.compare.scores["accuracy"] == pytest.approx(np.mean(result.data == bench.truth))


@pytest.mark.parametrize("after", [0.1, 1.5, 5.0])
def test_cancel_ends_the_child_within_a_second(classroom, after, tmp_path):
    bench, dock = classroom, classroom.dock
    dock.train.form.set_values({"steps": 100000})
    bench.press("Train", wait=False)
    end = time.monotonic() + random.Random(after).uniform(0.5, 1.0) * after
    while time.monotonic() < end:
        bench.settle(20)
    assert dock.job is not None, bench.message
    start = time.monotonic()
    bench.click(dock.cancel_button)
    bench.wait(3)
    assert time.monotonic() - start < 1.0
    assert children() == []
    assert "tick Resume" in bench.message
    assert not (tmp_path / "model").exists()
    assert list((tmp_path / "cache").glob("job-*")) == [], "nothing is left of the handed-over files"
    assert dock.run_button.isEnabled()


def test_a_stopped_training_goes_on_where_it_was(classroom, tmp_path):
    bench, dock = classroom, classroom.dock
    dock.train.form.set_values({"steps": 100000})
    bench.press("Train", wait=False)
    bench.until(lambda: len(dock.train.curve.points.get("loss", ())) > 5, 90)
    bench.click(dock.cancel_button)
    bench.wait(3)
    done = dock.train.curve.points["loss"][-1][0]
    dock.train.form.set_values({"steps": int(done) + 40, "resume": True})
    bench.press("Train", timeout=100)
    bench.assert_no_error()
    assert dock.train.curve.points["loss"][0][0] > 1
    assert (tmp_path / "model").is_dir()


def test_a_second_training_never_writes_over_a_model(classroom, tmp_path):
    bench, dock = classroom, classroom.dock
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "precious").write_text("keep")
    bench.press("Train", wait=False)
    assert dock.train.out.text() == str(tmp_path / "model-2")
    bench.click(dock.cancel_button)
    bench.wait(3)
    assert (tmp_path / "model" / "precious").read_text() == "keep"


def test_an_error_of_the_child_is_shown_as_its_own(classroom):
    bench, dock = classroom, classroom.dock
    dock.train.form.set_values({"base_channels": 7})
    bench.press("Train", timeout=60)
    assert dock.notice.is_error
    assert "base_channels is 7" in bench.message
    assert "Command:" in dock.notice.report
