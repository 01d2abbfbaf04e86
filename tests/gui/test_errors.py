"""What goes wrong is shown in the dock with a report to copy; the window goes on; nothing is added."""

import subprocess
import sys

import numpy as np
import pytest


def with_nan():
    data = np.random.default_rng(0).random((4, 32, 32)).astype(np.float32)
    data[2, 3, 4] = np.nan
    return data


BAD = {
    "constant": (np.full((4, 32, 32), 7, np.uint8), {}, "one grey value only"),
    "nan": (with_nan(), {"contrast_limits": (0, 1)}, "first at (2, 3, 4)"),
    "colour": (np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8), {"rgb": True}, "colour"),
    "five axes": (np.zeros((1, 1, 4, 32, 32), np.uint8), {}, "axis_labels"),
}


@pytest.mark.parametrize(
    ("kind", "page"),
    [*((kind, "Phase map") for kind in BAD), ("constant", "Annotate"), ("colour", "Annotate")],
)
def test_bad_images_are_refused_in_words(bench, phases, kind, page):
    data, more, words = BAD[kind]
    bench.viewer.add_image(data, name="bad", **more)
    dock = bench.open("Segment")
    bench.press(page)
    assert dock.notice.is_error
    assert words in bench.message
    assert len(bench.viewer.layers) == 1
    bench.click(dock.notice.copy)
    from qtpy.QtGui import QGuiApplication

    report = QGuiApplication.clipboard().text()
    assert words in report
    assert "Traceback" in report
    assert "numpy" in report
    grey, _ = phases((64, 64))
    bench.viewer.layers.clear()
    bench.image(grey, name="good", unit=None)
    bench.press(page)
    bench.assert_no_error()
    assert len(bench.viewer.layers) == 2


def test_a_parameter_out_of_range_names_its_range(bench, phases):
    bench.image(phases()[0])
    dock = bench.open("Segment")
    dock.segment.form.set_values({"smoothing": -3.0})
    bench.press("Phase map")
    assert "between 0 and 100" in bench.message


def test_text_that_is_no_number_disables_the_button_and_says_why(bench, phases):
    bench.image(phases()[0])
    dock = bench.open("Segment")
    dock.segment.form.fields["smoothing"].edit.setText("some")
    assert not dock.run_button.isEnabled()
    assert "Smoothing is 'some'; give a number." in dock.run_button.toolTip()


def test_labels_that_do_not_match_are_said_before_the_click(bench, phases):
    grey, truth = phases()
    bench.image(grey)
    bench.labels(truth[:3], name="short")
    dock = bench.open("Segment")
    dock.turn_to("Train")
    assert not dock.run_button.isEnabled()
    assert "(6, 96, 128)" in dock.run_button.toolTip()
    assert "(3, 96, 128)" in dock.run_button.toolTip()


@pytest.mark.parametrize(
    "error", [RuntimeError("boo"), NotImplementedError(), StopIteration(3), KeyError("x")]
)
def test_any_error_of_an_operation_reaches_the_dock(bench, error):
    from napari_microgen.progress import Progress

    def failing():
        yield Progress(0, 1)
        raise error

    dock = bench.open("Measure")
    dock.launch("Failing", failing(), lambda _: None)
    bench.wait()
    assert dock.notice.is_error
    assert type(error).__name__ in dock.notice.report
    assert dock.job is None


def test_an_error_while_a_result_is_shown_reaches_the_dock(bench):
    from napari_microgen.progress import Progress

    def work():
        yield Progress(0, 1)
        return 5

    dock = bench.open("Measure")
    dock.launch("Working", work(), lambda result: result / 0)
    bench.wait()
    assert "ZeroDivisionError" in bench.message
    assert dock.job is None


OPEN_ALL_DOCKS = """
import sys, napari
viewer = napari.Viewer(show=False)
for name in ("Load and Prepare", "Segment", "Measure"):
    viewer.window.add_plugin_dock_widget("napari-microgen", name)
print("torch" in sys.modules)
viewer.close()
"""


def test_the_docks_never_import_torch():
    fresh = [sys.executable, "-c", OPEN_ALL_DOCKS]
    found = subprocess.run(fresh, capture_output=True, text=True, check=True, timeout=120).stdout
    assert found.split()[-1] == "False"
