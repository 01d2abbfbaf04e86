"""The viewer is closed during a job: no traceback, no process or thread left, checkpoints whole."""

import os
import random
import subprocess
import sys

import pytest

SCRIPT = """
import sys, tempfile, time
import numpy as np, napari
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from scipy import ndimage as ndi

kind, after = sys.argv[1], int(sys.argv[2])
viewer = napari.Viewer()
rng = np.random.default_rng(0)
truth = ndi.gaussian_filter(rng.normal(size=(16, 256, 256)), (1, 4, 4)) > 0
viewer.add_image(np.clip(80 + 80 * truth + rng.normal(scale=10, size=truth.shape), 0, 255).astype(np.uint8))
viewer.add_labels(1 + truth.astype(np.uint8), name="labels")
docks = [viewer.window.add_plugin_dock_widget("napari-microgen", n)[1] for n in ("Measure", "Segment")]
dock = docks[-1]
assert "torch" not in sys.modules
if kind == "train":
    dock.turn_to("Train")
    dock.train.out.setText(tempfile.mkdtemp() + "/model")
    dock.train.form.set_values({"steps": 100000})
elif kind == "superpixel":
    dock.turn_to("Annotate")
    QTimer.singleShot(100, lambda: dock.annotate.paint.tools["Superpixel"].click())
elif kind != "stuck":
    dock.segment.form.set_values({"method": kind})

def stuck():
    time.sleep(6)
    yield

if kind == "stuck":
    QTimer.singleShot(100, lambda: dock.launch("Stuck", stuck(), print))
elif kind != "superpixel":
    QTimer.singleShot(200, lambda: QTest.mouseClick(dock.run_button, Qt.MouseButton.LeftButton))

def close():
    print("RUNNING" if dock.job is not None or kind == "superpixel" else "IDLE", flush=True)
    viewer.close()

QTimer.singleShot(200 + after, close)
napari.run()
assert "torch" not in sys.modules
print("END", flush=True)
"""


def closed_during(kind, after, tmp_path):
    """Run a window in a process of its own, close it after so many milliseconds, return what it did."""
    own = {"NAPARI_CONFIG": str(tmp_path / "settings.yaml"), "MICROGEN_CACHE": str(tmp_path / "cache")}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, kind, str(after)],
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_clean(done, tmp_path):
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert "RuntimeError" not in done.stderr, done.stderr
    assert done.stdout.split() == ["RUNNING", "END"], done.stdout
    assert list((tmp_path / "cache").glob("job-*")) == []
    command = ["pgrep", "-f", f"napari_microgen.cli.*{tmp_path}"]
    assert subprocess.run(command, capture_output=True, check=False).stdout == b""


@pytest.mark.parametrize(
    ("kind", "after"), [("hybrid", 150), ("train", 400), ("train", 6000), ("superpixel", 200)]
)
def test_closing_the_viewer_ends_the_job(kind, after, tmp_path):
    assert_clean(closed_during(kind, after, tmp_path), tmp_path)


def test_a_job_that_outlives_its_window_ends_nothing_but_itself(tmp_path):
    """Work that hangs longer than a closing window waits finds its signals deleted; that must not abort."""
    assert_clean(closed_during("stuck", 300, tmp_path), tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(50))
def test_closing_the_viewer_at_any_moment(seed, tmp_path):
    draw = random.Random(seed)
    kind = draw.choice(["hybrid", "train", "train", "superpixel"])
    after = int(draw.uniform(20, 500 if kind != "train" else 8000))
    assert_clean(closed_during(kind, after, tmp_path), tmp_path)
