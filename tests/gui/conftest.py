"""Tests in a real window: a display or Xvfb is needed, and user settings are left alone."""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
os.environ.setdefault("NAPARI_CONFIG", str(Path(tempfile.mkdtemp(prefix="napari-test-")) / "settings.yaml"))

HERE = Path(__file__).parent
NEED = "needs a real window: run  xvfb-run -a -s '-screen 0 1400x900x24' pytest tests/gui"
FOREIGN = (
    "ignore::pydantic.warnings.PydanticDeprecatedSince20",
    "ignore::DeprecationWarning:vispy",
    "ignore::DeprecationWarning:napari",
    "ignore::FutureWarning:napari",
)
"""Warnings of the window's own libraries, which are not ours to mend."""


def has_window():
    if not sys.platform.startswith("linux"):
        return True
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(shown) and os.environ.get("QT_QPA_PLATFORM", "xcb").split(":")[0] not in (
        "offscreen",
        "minimal",
    )


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.gui)
            for rule in FOREIGN:
                item.add_marker(pytest.mark.filterwarnings(rule))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if HERE in item.path.parents and not has_window():
        pytest.fail(f"{item.name} {NEED}", pytrace=False)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    """Keep models, temporary volumes and autosaved annotations of a test to itself."""
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MICROGEN_MEMORY", str(4 * 2**30))


@pytest.fixture(autouse=True)
def _collections_are_whole_again():
    """After the window is closed nothing is left out of garbage collections (see `widgets/collector.py`)."""
    import gc

    yield
    from qtpy.QtCore import QCoreApplication, QEvent

    if QCoreApplication.instance() is not None:  # what was closed is deleted now and not in a later test
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert gc.get_freeze_count() == 0, "a view that is closed still keeps objects out of collections"


def two_phases(shape=(6, 96, 128), seed=0, noise=12.0, levels=(70, 160)):
    """Blobs of two grey values with noise, and which is where (1 bright, 0 dark)."""
    from scipy import ndimage as ndi

    rng = np.random.default_rng(seed)
    field = ndi.gaussian_filter(rng.normal(size=shape), [2.0] * (len(shape) - 2) + [4.0, 4.0])
    truth = (field > 0).astype(np.uint8)
    grey = np.where(truth, levels[1], levels[0]) + rng.normal(scale=noise, size=shape)
    return np.clip(grey, 0, 255).astype(np.uint8), truth


@pytest.fixture
def phases():
    """The function that makes a two-phase image and its truth."""
    return two_phases


class Bench:
    """A viewer with one of our docks, and hands to press its buttons."""

    def __init__(self, viewer, qtbot, raised=tuple):
        self.viewer, self.qtbot, self.raised = viewer, qtbot, raised
        self.torch_before = "torch" in sys.modules  # an earlier test of this process may have loaded it

    def assert_no_torch(self):
        assert self.torch_before or "torch" not in sys.modules

    def open(self, name):
        _, self.dock = self.viewer.window.add_plugin_dock_widget("napari-microgen", name)
        self.settle()
        return self.dock

    def settle(self, milliseconds=30):
        """Let the window work; fail at once if something in it raised."""
        self.qtbot.wait(milliseconds)
        for _, error, _ in self.raised():
            raise AssertionError("an error in the window") from error

    def image(self, data, name="stack", size=(25.0, 18.6, 18.6), unit="nm", **more):
        placed = {"scale": size[-data.ndim :], "units": (unit,) * data.ndim} if unit else {}
        return self.viewer.add_image(data, name=name, **placed, **more)

    def labels(self, data, name="labels", size=(25.0, 18.6, 18.6), unit="nm"):
        placed = {"scale": size[-data.ndim :], "units": (unit,) * data.ndim} if unit else {}
        return self.viewer.add_labels(data, name=name, **placed)

    def click(self, button):
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        assert button.isVisible(), f"{button.text()!r} is not to be seen"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def hide_picture(self):
        """Take the canvas out of the window, so that nothing is drawn any more."""
        self.canvas().hide()

    def canvas(self):
        from qtpy.QtWidgets import QApplication

        (canvas,) = [w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop"]
        return canvas

    def click_picture(self, place, drag=None):
        """Press and release the mouse at a place of the picture (row, column in world units)."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        canvas = self.canvas()
        camera = self.viewer.scene.camera

        def pixel(spot):
            row, column = (np.asarray(spot) - camera.center[-2:]) * camera.zoom
            return QPoint(round(canvas.width() / 2 + column), round(canvas.height() / 2 + row))

        left = Qt.MouseButton.LeftButton
        QTest.mouseMove(canvas, pixel(place))
        QTest.mousePress(canvas, left, pos=pixel(place))
        for spot in drag or ():
            QTest.mouseMove(canvas, pixel(spot))
            self.settle(20)
        QTest.mouseRelease(canvas, left, pos=pixel(drag[-1] if drag else place))
        self.settle(20)

    def press(self, page=None, *, wait=True, timeout=60.0):
        """Turn to a page and press its button; by default wait for the job's end."""
        if page:
            self.dock.turn_to(page)
            self.settle()
        assert self.dock.run_button.isEnabled(), self.dock.run_button.toolTip()
        self.click(self.dock.run_button)
        if wait:
            self.wait(timeout)

    def wait(self, timeout=60.0):
        end = time.monotonic() + timeout
        while self.dock.job is not None:
            assert time.monotonic() < end, f"{self.dock.job.title} is still running after {timeout} s"
            self.settle(10)

    def until(self, condition, timeout=10.0):
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            self.settle(10)

    @property
    def message(self):
        return "" if self.dock.notice.isHidden() else self.dock.notice.text.text()

    def assert_no_error(self):
        assert not self.dock.notice.is_error or self.dock.notice.isHidden(), self.dock.notice.report

    def assert_units_agree(self):
        assert self.viewer.layers.extent.units is not None, [(x.name, x.units) for x in self.viewer.layers]


@pytest.fixture
def bench(make_napari_viewer_proxy, qtbot, request):
    """A shown viewer of a small laptop's size, and hands to work it."""
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1366, 768)
    worker = Bench(viewer, qtbot, lambda: request.node.qt_exception_capture_manager.exceptions)
    worker.settle(50)
    return worker


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """Micrographs of three temperatures and two materials in ``images``, and ``conditions.csv``."""
    from scipy import ndimage as ndi

    from napari_microgen.io.writing import write
    from napari_microgen.volume import Volume

    folder = tmp_path_factory.mktemp("film")
    (folder / "images").mkdir()
    random = np.random.default_rng(0)
    lines = ["file;temperature [C];time [h];material"]
    for temperature in (700, 800, 900):
        for material in "AB":
            grey = ndi.gaussian_filter(random.normal(size=(72, 72)), 1 + (temperature - 700) / 100)
            grey = np.clip(128 + 50 * grey / grey.std() + 20 * (material == "B"), 0, 255).astype(np.uint8)
            name = f"{material}{temperature}.tif"
            write(Volume(grey, "YX", voxel_size=(0.1, 0.1), unit="um"), folder / "images" / name)
            lines.append(f"{name};{temperature};{10 ** (temperature // 100 - 7)},0;{material}")
    (folder / "conditions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


SMALL = {"profile": "tiny", "patch_size": 16, "steps": 4, "batch_size": 4, "threads": 1}
"""Settings with which a generator is trained within a second."""


@pytest.fixture
def small():
    """The settings of `generator`, for training again."""
    return dict(SMALL)


@pytest.fixture(scope="session")
def generator(film, tmp_path_factory):
    """The folder of a tiny generator, trained by the command."""
    import subprocess

    out = tmp_path_factory.mktemp("models") / "tiny"
    words = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    command = [sys.executable, "-m", "napari_microgen.cli", "train", "edm", "--images", str(film / "images")]
    done = subprocess.run(
        [*command, "--conditions", str(film / "conditions.csv"), "--log=time", "--out", str(out), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out
