"""Predict page and measured layers: what the model needs is measured, asked for, or named."""

import numpy as np
import pytest

from napari_microgen.features import Feature
from napari_microgen.io.table_csv import format_table
from napari_microgen.quantify.table import quantify
from napari_microgen.regress.operation import regress
from napari_microgen.regress.prediction import predict
from napari_microgen.widgets.layers import volume_of
from napari_microgen.widgets.property_samples import (
    add_features,
    measured_features,
    quantities_for,
    table_text,
)

SLABS = (4, 5, 6, 7, 8, 9, 10, 11)


def slab(thick, rows=20):
    data = np.zeros((8, rows, 20), np.uint8)
    data[:, :thick] = 1
    return data


def trained(folder, extra=False):
    """A model of the relative density and, if asked, a temperature."""
    rng = np.random.default_rng(0)
    columns = {"relative_density": rng.uniform(0.2, 0.6, 12)}
    columns["b"] = rng.uniform(100, 400, 12)
    columns["p"] = 10 * columns["relative_density"] + (0.01 * columns["b"] if extra else 0)
    columns["p"] = columns["p"] + 0.01 * rng.normal(size=12)
    table = folder / "t.csv"
    table.write_text(format_table(columns, {"p": "MS/m", "b": "K"}))
    features = ("relative_density", "b") if extra else ("relative_density",)
    regress(table, target="p", features=features, resamples=0, out=folder / "model")
    return folder / "model" / "model.json"


@pytest.fixture
def page(bench):
    dock = bench.open("Property")
    dock.turn_to("Predict")
    bench.settle()
    return dock.predict


def test_what_is_lacking_is_measured_first(bench, page, tmp_path):
    layer = bench.labels(slab(8))
    model = trained(tmp_path)
    page.file.edit.setText(str(model))
    assert "Will be measured first: relative density" in page.about.text()
    bench.press()
    bench.assert_no_error()
    assert layer.features["relative_density"].tolist() == [0.4]
    table = tmp_path / "new.csv"
    table.write_text("sample,relative_density\nlabels,0.4\n")
    (expected,) = predict(table, model=model)["predictions"]
    assert expected["value"] == pytest.approx(4.0, abs=0.05)
    low, high = expected["interval"]
    assert page.result.value.text() == (
        f"labels: p {expected['value']:.5g} MS/m, 90 % interval {low:.4g} to {high:.4g}"
    )
    assert not page.result.warning.isVisible()
    assert "relative_density" in page.result.parts.text()
    assert "measured first" not in page.about.text()


def test_a_volume_outside_the_range_is_marked(bench, page, tmp_path):
    bench.labels(slab(19))
    page.file.edit.setText(str(trained(tmp_path)))
    bench.press()
    assert page.result.warning.isVisible()
    assert "relative_density = 0.95 lies above the fitted range" in page.result.warning.text()


def test_what_labels_do_not_tell_is_asked(bench, page, tmp_path):
    bench.labels(slab(8))
    page.file.edit.setText(str(trained(tmp_path, extra=True)))
    bench.settle()
    assert list(page.asked) == ["b"]
    assert "Give a number for b" in bench.dock.run_button.toolTip()
    page.asked["b"].setText("two hundred")
    assert not bench.dock.run_button.isEnabled()
    page.asked["b"].setText("200,5")
    bench.press()
    bench.assert_no_error()
    assert page.result.value.text().startswith("labels: p 6.0")


def test_an_undefined_feature_gives_its_reason(bench, page, tmp_path):
    table = tmp_path / "t.csv"
    rng = np.random.default_rng(0)
    tau, density = rng.uniform(1, 2, 12), rng.uniform(0.2, 0.6, 12)
    table.write_text(format_table({"tau": tau, "D": density, "p": tau + density}))
    regress(table, target="p", resamples=0, features=("tau", "D"), out=tmp_path / "model")
    layer = bench.labels(np.zeros((8, 20, 20), np.uint8))
    page.file.edit.setText(str(tmp_path / "model"))
    bench.press()
    bench.assert_no_error()
    assert "undefined (tau:" in page.result.value.text()
    assert np.isnan(layer.features["geodesic_tortuosity"].iloc[0])


def test_the_model_selected_in_relate_is_used(bench, tmp_path):
    trained(tmp_path)
    bench.labels(slab(8))
    dock = bench.open("Property")
    assert dock.predict.problem() is not None
    dock.relate.form.set_values({"resamples": 0})
    dock.relate.source.path.edit.setText(str(tmp_path / "t.csv"))
    dock.relate.target.setCurrentText("p")
    dock.relate.features.tick_only("relative_density")
    bench.press("Relate")
    bench.press("Predict")
    bench.assert_no_error()
    assert page_value(dock) == pytest.approx(4.0, abs=0.05)


def page_value(dock):
    return float(dock.predict.result.value.text().split(" p ")[1].split(" ")[0])


def test_without_model_or_labels_the_button_says_what_to_do(bench, page, tmp_path):
    assert "no labels layer" in bench.dock.run_button.toolTip()
    bench.labels(slab(8))
    assert "Fit models in Relate first" in bench.dock.run_button.toolTip()
    page.file.edit.setText(str(tmp_path / "none.json"))
    assert "is not a file" in bench.dock.run_button.toolTip()
    (tmp_path / "broken.json").write_text('{"microgen_regression": 1}')
    page.file.edit.setText(str(tmp_path / "broken.json"))
    assert "is damaged" in bench.dock.run_button.toolTip()


def test_a_layer_removed_during_the_job_does_not_swallow_the_result(bench, page, tmp_path):
    layer = bench.labels(slab(150, 300))
    page.file.edit.setText(str(trained(tmp_path)))
    bench.press(wait=False)
    bench.viewer.layers.remove(layer)
    bench.wait()
    assert "removed meanwhile" in bench.message
    assert page.result.value.text().startswith("labels: p 5.0")


def test_measured_layers_become_a_table(bench):
    for thick in SLABS:
        bench.labels(slab(thick), name=f"slab {thick}")
    dock = bench.open("Property")
    source = dock.relate.source
    source.kind.setCurrentIndex(1)
    assert "0 measured layers" in bench.dock.run_button.toolTip()
    for layer in bench.viewer.layers:
        table = quantify(volume_of(layer), features=("relative_density", "specific_surface_area"))
        layer.features = {"index": [1]} | {
            f.name if f.unit == "1" else f"{f.name} [{f.unit}]": [f.value] for f in table
        }
    dock.turn_to("Predict")
    dock.turn_to("Relate")
    rows = source.layers
    assert rows.rowCount() == len(SLABS)
    source.property.setText("conductivity [MS/m]")
    assert "Type the conductivity [MS/m] of every ticked layer" in bench.dock.run_button.toolTip()
    for row, thick in enumerate(SLABS):
        rows.item(row, 2).setText(f"{thick * 2},5")
        rows.item(row, 1).setText("thin" if thick < 8 else "thick")
    dock.relate.form.set_values({"resamples": 0})
    dock.relate.features.tick_only("relative_density")
    assert dock.relate.target.currentText() == "conductivity"
    bench.press("Relate")
    bench.assert_no_error()
    content = dock.relate.content
    assert content["target"] == {"name": "conductivity", "unit": "MS/m"}
    assert content["best"]["r2"] == pytest.approx(1.0)
    assert content["best"]["coefficients"]["relative_density"]["slope"] == pytest.approx(40.0)
    assert {row["group"] for row in content["best"]["predictions"]} == {"thin", "thick"}
    measured = measured_features(bench.viewer.layers[0])
    assert measured["specific_surface_area"].unit == "1/um"


def test_features_in_two_units_are_refused(bench):
    from napari_microgen.errors import ParameterError

    one, other = bench.labels(slab(4)), bench.labels(slab(5))
    one.features = {"index": [1], "strut_diameter [um]": [0.2]}
    other.features = {"index": [1], "strut_diameter [nm]": [200.0]}
    with pytest.raises(ParameterError, match="nm and um"):
        table_text([("a", measured_features(one)), ("b", measured_features(other))])


def test_features_of_another_phase_are_not_taken(bench):
    layer = bench.labels(slab(4))
    layer.features = {"index": [2], "relative_density": [0.3]}
    assert measured_features(layer, 1) == {}
    assert measured_features(layer, 2)["relative_density"].value == 0.3


def test_new_features_stand_in_the_row_of_their_phase(bench):
    layer = bench.labels(slab(4))
    layer.features = {"index": [1, 2], "relative_density": [0.2, 0.8], "porosity": [0.8, 0.2]}
    add_features(layer, 2, [Feature(name="strut_diameter", value=0.3, unit="um")])
    add_features(layer, 3, [Feature(name="relative_density", value=0.1)])
    add_features(layer, 1, [Feature(name="porosity", value=None, reason="unknown")])
    table = layer.features
    assert table["index"].tolist() == [1, 2, 3]
    assert table["relative_density"].tolist() == [0.2, 0.8, 0.1]
    assert np.array_equal(table["porosity"], [np.nan, 0.2, np.nan], equal_nan=True)
    assert np.array_equal(table["strut_diameter [um]"], [np.nan, 0.3, np.nan], equal_nan=True)


def test_what_the_measure_dock_measured_is_used(bench, tmp_path):
    layer = bench.labels(slab(8))
    dock = bench.open("Measure")
    dock.measure.quantities.tick_only("relative_density")
    bench.press()
    dock = bench.open("Property")
    dock.predict.file.edit.setText(str(trained(tmp_path)))
    dock.turn_to("Predict")
    assert "measured first" not in dock.predict.about.text()
    before = layer.features.copy()
    bench.press()
    bench.assert_no_error()
    assert layer.features.equals(before)
    assert page_value(dock) == pytest.approx(4.0, abs=0.05)


def test_columns_of_a_model_lead_to_quantities():
    assert quantities_for("phi") == ("strut_diameter",)
    assert quantities_for("alpha") == ("bruggeman_exponent",)
    assert quantities_for("relative_density") == ("relative_density",)
    assert quantities_for("temperature") == ()
