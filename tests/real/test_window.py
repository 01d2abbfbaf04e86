"""The main job on a real FIB-SEM stack in a real window."""

import numpy as np
import pytest

from ..gui.conftest import Bench, has_window

pytestmark = pytest.mark.gui


def test_a_real_stack_from_file_to_density(real_data, request):
    folder = real_data("fibsem-lco")
    assert has_window(), "needs a real window: run it by xvfb-run"
    bench = Bench(
        request.getfixturevalue("make_napari_viewer_proxy")(show=True), request.getfixturevalue("qtbot")
    )
    load = bench.open("Load and Prepare")
    for name in ("se.tif", "mask.tif"):
        load.load.path.setText(str(folder / name))
        load.load.form.set_values({"kind": "labels" if name == "mask.tif" else "image"})
        bench.wait()
        bench.press("Load")
        bench.assert_no_error()
    assert load.load.voxel_size.isVisible(), "the source does not state the voxel size, so it is asked for"
    load.turn_to("Prepare")
    load.prepare.steps.forms["Curtaining"].set_values({"curtaining": "fft"})
    bench.press("Prepare", timeout=120)
    bench.assert_no_error()
    segment = bench.open("Segment")
    segment.segment.form.set_values({"method": "hybrid", "smoothing": 1.0})
    bench.press("Phase map", timeout=240)
    bench.assert_no_error()
    result = bench.viewer.layers["se [prepared] [hybrid]"]
    segment.turn_to("Compare")
    segment.compare.prediction.choose(result)
    segment.compare.truth.choose(bench.viewer.layers["mask"])
    bench.press()
    bench.assert_no_error()
    assert segment.compare.scores["classes"]["1"]["jaccard"] > 0.7
    measure = bench.open("Measure")
    measure.measure.labels.choose(result)
    measure.measure.quantities.tick_only("relative_density")
    bench.press()
    bench.assert_no_error()
    assert measure.measure.table["relative_density"].value == pytest.approx(np.mean(result.data))
    assert bench.viewer.layers.extent.units is not None
