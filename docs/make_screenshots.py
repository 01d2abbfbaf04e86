"""Make the pictures in docs/images from the real window on the built-in sample.

A display or Xvfb is needed:

    xvfb-run -a -s "-screen 0 1400x900x24" python docs/make_screenshots.py

Names of single docks make their pictures only: ``python docs/make_screenshots.py compare``.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
os.environ["MICROGEN_CACHE"] = tempfile.mkdtemp(prefix="microgen-")

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_microgen.generate.card import builtin_models
from napari_microgen.widgets.generate_table import LOG1P

IMAGES = Path(__file__).parent / "images"
WINDOW = (1366, 768)
STEPS = 150
PLUGIN = "napari-microgen"
GENERATOR_STEPS = 200
GENERATOR = os.environ.get("MICROGEN_GENERATOR", "")
"""A generator of films to show; one that is shipped, or the one just trained, if left out."""
CLASSIFIER = os.environ.get("MICROGEN_CLASSIFIER", "")
"""A classifier of films to show; one that is shipped, or none, if left out."""
TURNED = (-12.0, 18.0, 25.0)
"""Angles of the camera that show a flat stack a little from the side."""
STACK, TRUTH = "FIB-SEM stack (simulated)", "FIB-SEM truth (simulated)"


class Tour:
    """A window that is led through the main job, with a picture at each stop."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window.resize(*WINDOW)
        self.docks = {}

    def dock(self, name: str):
        """Bring a dock to the front, open it on first use, and put the others away."""
        for other, (area, _) in self.docks.items():
            area.setVisible(other == name)
        if name not in self.docks:
            self.docks[name] = self.viewer.window.add_plugin_dock_widget(PLUGIN, name)
        QTest.qWait(200)
        return self.docks[name][1]

    def click(self, button) -> None:
        """Press and release the mouse on a button."""
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QTest.qWait(100)

    def press(self, dock, page: str, until=None) -> None:
        """Press the button of a page and wait for the end of its job, or until something holds."""
        dock.turn_to(page)
        QTest.qWait(100)
        assert dock.run_button.isEnabled(), dock.run_button.toolTip()
        self.click(dock.run_button)
        self.wait(dock, until)
        assert not dock.notice.is_error, dock.notice.report

    def wait(self, dock, until=None) -> None:
        """Wait for the end of a dock's job, or until something holds."""
        end = time.monotonic() + 1800
        while dock.job is not None and not (until and until()):
            assert time.monotonic() < end, dock.job.title
            QTest.qWait(50)
        QTest.qWait(200)

    def wait_until(self, holds) -> None:
        """Wait until something holds."""
        end = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < end
            QTest.qWait(50)
        QTest.qWait(200)

    def only(self, *names: str) -> None:
        """Show these layers and hide the others."""
        for layer in self.viewer.layers:
            layer.visible = layer.name in names
        self.viewer.layers.selection.active = self.viewer.layers[names[-1]]
        QTest.qWait(300)

    def picture(self, name: str) -> None:
        """Write what the window shows, in few enough colours for a small file."""
        QTest.qWait(300)
        shown = Image.fromarray(self.viewer.screenshot(canvas_only=False, flash=False)[..., :3])
        few = shown.quantize(colors=255, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(IMAGES / f"{name}.png", optimize=True)


def main() -> None:
    """Lead the tour and write the pictures."""
    IMAGES.mkdir(exist_ok=True)
    tour = Tour()
    viewer = tour.viewer
    if sys.argv[1:]:
        for name in sys.argv[1:]:
            ALONE[name](tour)
        viewer.close()
        return
    viewer.open_sample(PLUGIN, "fibsem")
    viewer.canvas.overlays.scale_bar.visible = True
    load(tour)
    prepared = f"{STACK} [prepared]"
    segment(tour, prepared)
    measure(tour)
    relate(tour)
    crop(tour)
    for stop in ALONE.values():
        viewer.layers.clear()
        stop(tour)
    viewer.close()


def load(tour: Tour) -> None:
    """Show the raw stack, and raw and cleaned side by side."""
    tour.picture("raw")
    dock = tour.dock("Load and Prepare")
    dock.turn_to("Prepare")
    dock.prepare.steps.forms["Curtaining"].set_values({"curtaining": "fft"})
    dock.prepare.steps.forms["Shading"].set_values({"shading": "additive"})
    tour.press(dock, "Prepare")
    tour.viewer.canvas.grid.enabled = True
    tour.picture("prepare")
    tour.viewer.canvas.grid.enabled = False


def segment(tour: Tour, prepared: str) -> None:
    """Threshold, annotate, train and predict."""
    dock = tour.dock("Segment")
    tour.press(dock, "Phase map")
    tour.only(prepared, f"{prepared} [otsu]")
    tour.picture("otsu")
    tour.press(dock, "Annotate")
    annotation = f"{prepared} [annotation]"
    tour.only(prepared, annotation)
    page = dock.annotate
    tour.click(page.paint.classes.buttons[3])
    tour.click(page.paint.tools["Superpixel"])
    tour.wait(dock)
    QTest.qWait(2000)
    tour.picture("annotate")
    tour.click(page.paint.tools["Move"])
    dock.train.form.set_values({"steps": STEPS})
    dock.train.labels.choose(tour.viewer.layers[annotation])
    curve = dock.train.curve.points
    seen = lambda: dock.train.preview.isVisible() and curve["loss"][-1][0] >= 0.75 * STEPS  # noqa: E731
    tour.press(dock, "Train", until=seen)
    tour.picture("train")
    tour.wait(dock)
    tour.press(dock, "Phase map")
    network = f"{prepared} [unet]"
    tour.only(prepared, network)
    tour.picture("segment")
    compare(tour, dock, network)


def compare(tour: Tour, dock, network: str) -> None:
    """Score the network's result against the exact truth."""
    from napari_microgen.sample_data import sample_fibsem_truth
    from napari_microgen.widgets.layers import layer_of
    from napari_microgen.widgets.snapshot import add_layer

    truth = add_layer(tour.viewer, layer_of(sample_fibsem_truth()))
    dock.turn_to("Compare")
    dock.compare.prediction.choose(tour.viewer.layers[network])
    dock.compare.truth.choose(truth)
    tour.press(dock, "Compare")
    tour.only(TRUTH, network)
    tour.picture("compare")
    tour.only(STACK, network)


def measure(tour: Tour) -> None:
    """Measure the network's result; show its plots, fields, surface and struts."""
    viewer, dock = tour.viewer, tour.dock("Measure")
    network = next(x.name for x in viewer.layers if x.name.endswith("[unet]"))
    tour.only(STACK, network)
    dock.measure.labels.choose(viewer.layers[network])
    tour.press(dock, "Measure")
    tour.picture("measure")
    dock.turn_to("Plots")
    for title, name in (("Strut diameter", "plot_struts"), ("Curvature density", "plot_curvature")):
        dock.plots.show_plot(title)
        tour.picture(name)
    dock.fields.labels.choose(viewer.layers[network])
    tour.press(dock, "Fields")
    tour.picture("thickness")
    for operation in ("surface", "skeleton"):
        dock.fields.show_operation(operation)
        tour.press(dock, "Fields")
        tour.only(viewer.layers[-1].name)
        viewer.scene.camera.angles = TURNED
        tour.picture(operation)
    viewer.dims.ndisplay = 2
    tour.only(STACK)


def relate(tour: Tour) -> None:
    """Learn a made-up property of a made-up table, and look at the importance of its features."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "samples (made up).csv"
        table.write_text(made_up_table(), encoding="utf-8")
        dock = tour.dock("Property")
        dock.relate.source.path.edit.setText(str(table))
        tour.press(dock, "Relate")
        dock.relate.closer.kind.setCurrentIndex(0)
        dock.tabs.currentWidget().verticalScrollBar().setValue(dock.relate.closer.y() - 210)
        tour.picture("property")
        dock.close_down()


def made_up_table() -> str:
    """Return 18 samples of three pastes whose property follows from two features and noise."""
    rng = np.random.default_rng(0)
    density, area = rng.uniform(0.38, 0.77, 18), rng.uniform(4, 9, 18)
    tau = density ** -rng.uniform(0.03, 0.07, 18)
    value = 80 + 700 * np.log(tau) / np.log(density) - 3 * area + rng.normal(size=18)
    lines = ["sample,paste,D,SA [1/um],tau,conductivity [MS/m]"]
    for i, row in enumerate(zip(density, area, tau, value, strict=True)):
        lines.append(f"sample {i + 1},{'ABC'[i // 6]}," + ",".join(f"{number:.5g}" for number in row))
    return "\n".join(lines) + "\n"


def generate(tour: Tour) -> None:
    """Train a generator on simulated films for a moment, and move a slider of one that was trained longer."""
    tour.viewer.layers.clear()
    dock = tour.dock("Generate")
    with tempfile.TemporaryDirectory() as folder:
        simulate = ["simulate", "thin-film", "--out", f"{folder}/films", "--shape", "128,128", "--no-labels"]
        subprocess.run([sys.executable, "-m", "napari_microgen.cli", *simulate], check=True)
        page = dock.turn_to("Train")
        page.source.images.setText(f"{folder}/films/images")
        page.source.table.setText(f"{folder}/films/conditions.csv")
        page.out.setText(f"{folder}/films-edm")
        page.form.set_values({"steps": GENERATOR_STEPS, "batch_size": 4, "preview_seconds": 5.0})
        wait_until(lambda: page.source.problem() is None)
        page.source.columns.choose_scale("ion energy", LOG1P)
        wait_until(lambda: page.source.problem() is None)
        seen = lambda: page.preview.isVisible() and len(page.curve.points.get("loss", ())) > 40  # noqa: E731
        tour.press(dock, "Train", until=seen)
        dock.tabs.currentWidget().ensureWidgetVisible(page.preview)
        tour.picture("generate_train")
        tour.wait(dock)
        make = dock.turn_to("Make")
        shipped = [f"builtin:{name}" for name in builtin_models() if name == "thin-film"]
        for model in [GENERATOR] if GENERATOR else shipped:
            make.open_model(model)
        wait_until(lambda: "Complete" in make.status.text())
        make.panel.conditions.rows["temperature"].slider.setValue(430)
        QTest.qWait(3000)
        dock.notice.hide()
        tour.viewer.reset_view()
        tour.picture("generate")
        dock.close_down()


def wait_until(condition) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end
        QTest.qWait(50)


def crop(tour: Tour) -> None:
    """Show the box of a volume of interest."""
    dock = tour.dock("Load and Prepare")
    dock.turn_to("Crop")
    dock.crop.image.choose(tour.viewer.layers[STACK])
    tour.only(STACK)
    dock.crop.ranges.set_value({"Z": (2, 20), "Y": (40, 200), "X": (30, 180)})
    dock.crop.draw.setChecked(True)
    tour.picture("crop")
    dock.crop.draw.setChecked(False)


def real_against_synthetic(tour: Tour) -> None:
    """Look at pairs of simulated alloys, of which one set has particles too large, and compare them."""
    with tempfile.TemporaryDirectory() as folder:
        real, synthetic = (two_alloys(Path(folder) / name, size) for name, size in SIZES.items())
        dock = tour.dock("Compare")
        for side, place in ((dock.images.real, real), (dock.images.synthetic, synthetic)):
            side.path.setText(str(place))
            side.table.setText(str(place.with_suffix(".csv")))
        tour.press(dock, "Images")
        page = dock.side_by_side
        tour.wait_until(lambda: page.view.on and not page.reader.busy)
        tour.picture("compare_pairs")
        dock.numbers.form.set_values({"repeats": 6, "copies": 8})
        tour.press(dock, "Numbers")
        numbers = dock.numbers
        numbers.table.choose("feret_diameter")
        dock.tabs.currentWidget().verticalScrollBar().setValue(numbers.open.y())
        QTest.qWait(300)
        numbers.chart.picked.emit(1, 7)
        numbers.chart.mark(1, 7)
        tour.wait_until(lambda: not page.reader.busy)
        tour.picture("compare_numbers")
        page.leave_view()
        dock.close_down()


def two_alloys(folder: Path, size: float) -> Path:
    """Write micrographs of two number densities and their table."""
    import tifffile

    from napari_microgen.simulate.precipitate_rule import PrecipitateLaw
    from napari_microgen.simulate.precipitates import precipitate_sample

    folder.mkdir()
    lines, scale = ["file,density [1/um^2],micrograph"], {"resolutionunit": "CENTIMETER"}
    for density in (0.05, 0.15):
        for k in range(12):
            law = PrecipitateLaw(density=density, radius=0.5 * size)
            sample = precipitate_sample(law, (128, 128), 0.1, [k, int(100 * density), int(100 * size)])
            name = f"{density}_{k}.tif"
            tifffile.imwrite(folder / name, sample.image, resolution=(1e5, 1e5), **scale)
            lines.append(f"{name},{density},{name}")
    folder.with_suffix(".csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def growing_grains(tour: Tour) -> None:
    """Let grains grow, find them, colour them by their size, and look at their sides."""
    with tempfile.TemporaryDirectory() as folder:
        dock = tour.dock("Grains")
        dock.growth.out.setText(str(Path(folder) / "growth"))
        dock.growth.form.set_values(
            {"shape": (384, 384), "grains": 700, "stages": (9.0, 13.0), "pixel_size": 100.0}
        )
        grown = lambda: dock.growth.stages and dock.growth.running is not None  # noqa: E731
        tour.press(dock, "Growth", until=grown)
        tour.picture("growth")
        tour.wait(dock)
        dock.notice.hide()
        dock.grains.image.choose(tour.viewer.layers["grains, stage 2"])
        dock.grains.form.set_values({"periodic": True})
        tour.press(dock, "Grains")
        dock.grains.colour.setCurrentIndex(1)
        dock.grains.paint()
        tour.wait(dock)
        dock.turn_to("Plots")
        dock.plots.choice.setCurrentIndex(1)
        QTest.qWait(300)
        dock.plots.chart.picked.emit(0, 40)
        tour.picture("grains")
        dock.close_down()


def zones(tour: Tour) -> None:
    """Look at the live map of a generator of films, with classes if there is a classifier."""
    shipped = [f"builtin:{name}" for name in builtin_models() if name == "thin-film"]
    dock = tour.dock("Zones")
    page = dock.map
    page.model.open_model(GENERATOR or shipped[0])
    whole = lambda: page.live.setting is not None and page.live.idle and page.diagram() is not None  # noqa: E731
    wait_until(whole)
    if CLASSIFIER or page.classifier.box.count():
        page.form.set_values({"count": 8})
        page.classifier.box.setEditText(CLASSIFIER or page.classifier.box.itemText(0))
        wait_until(lambda: page.live.setting.classifier is not None)
        wait_until(whole)
        dock.window_page.form.set_values({"where": ["temperature<450"], "extrapolate": True})
        wait_until(lambda: dock.window_page.window is not None)
    dock.notice.hide()
    tour.picture("zones_map")
    page.clicked.emit(0.45, 0.08)
    wait_until(lambda: dock.cell.content is not None and dock.cell.beside_words.text())
    tour.picture("zones_cell")
    dock.close_down()


SIZES = {"real": 1.0, "synthetic": 1.25}
ALONE = {"compare": real_against_synthetic, "grains": growing_grains, "generate": generate, "zones": zones}
"""Stops that need nothing of those before."""

if __name__ == "__main__":
    main()
