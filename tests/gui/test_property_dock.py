"""Property dock: the same numbers as Python, every model examined, volumes predicted, errors shown."""

import json

import numpy as np
import pytest
from qtpy.QtCore import QPointF
from qtpy.QtWidgets import QFileDialog

from napari_microgen.io.table_csv import format_table
from napari_microgen.regress.operation import regress

UNITS = {"SA": "1/um", "phi": "nm", "G": "1/um^2", "M": "1/um", "sigma": "MS/m"}


def series(seed=0, rows=18):
    """A table whose property follows from alpha and SA."""
    rng = np.random.default_rng(seed)
    density = rng.uniform(0.38, 0.77, rows)
    columns = {
        "sample": [f"s{i}" for i in range(rows)],
        "paste": [("HPA", "HPB", "NPC")[i % 3] for i in range(rows)],
        "D": density,
        "SA": rng.uniform(4, 9, rows),
        "tau": density ** -rng.uniform(0.03, 0.07, rows),
    }
    alpha = -np.log(columns["tau"]) / np.log(density)
    columns["sigma"] = 100 - 900 * alpha - 3 * columns["SA"] + 0.5 * rng.normal(size=rows)
    return columns


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "samples.csv"
    path.write_text(format_table(series(), UNITS))
    return path


@pytest.fixture
def relate(bench, table):
    page = bench.open("Property").relate
    page.form.set_values({"resamples": 60})
    page.source.path.edit.setText(str(table))
    bench.settle()
    return page


def test_a_table_is_looked_at_and_defaults_are_ticked(relate, bench):
    assert "18 rows, 6 columns, comma between columns, decimal point" in relate.source.found.text()
    assert relate.target.currentText() == "sigma"
    assert relate.features.chosen() == ("D", "SA", "tau", "alpha")
    assert [relate.group.itemText(i) for i in range(3)] == ["automatic", "sample", "paste"]
    assert bench.dock.run_button.isEnabled()


def test_the_ranking_is_that_of_the_function(relate, bench, table):
    bench.press()
    bench.assert_no_error()
    expected = regress(table, target="sigma", features=relate.features.chosen(), resamples=60)
    found = {key: value for key, value in relate.content.items() if key != "files"}
    assert found == expected
    shown = [relate.models.item(0, column).text() for column in range(4)]
    best = expected["best"]
    assert shown[0].split(" (")[0] == ", ".join(best["features"])
    assert float(shown[1]) == pytest.approx(best["loocv_rmse"], rel=1e-3)
    assert relate.models.rowCount() == len(expected["models"]) == 11
    assert "quote this one" in relate.verdict.text()
    assert relate.models.row() == 0


def test_every_plot_is_drawn_and_names_its_points(relate, bench):
    bench.press()
    plot, heights = relate.closer.plot, set()
    for index, words in enumerate(("measured sigma (MS/m)", "measured minus", "mean |SHAP|", "SHAP value")):
        relate.closer.kind.setCurrentIndex(index)
        bench.settle()
        assert words in plot.svg
        heights.add(plot.height())
        area, name = plot.spots[-1]
        assert plot.name_at(area.center()) == name != ""
        picture = plot.grab().toImage()
        centre = area.center().toPoint()
        assert picture.pixelColor(centre) != picture.pixelColor(2, 2)
    assert plot.name_at(QPointF(1, 1)) == ""
    assert len(heights) > 1


def test_another_model_is_examined_once(relate, bench, table):
    bench.press()
    row = next(i for i, m in enumerate(relate.content["models"]) if set(m["features"]) == {"SA", "tau"})
    assert row > 0
    relate.models.selectRow(row)
    bench.wait()
    bench.assert_no_error()
    shown = relate.closer.content["best"]
    expected = relate.content["models"][row]
    assert shown["features"] == expected["features"] == ["SA", "tau"]
    assert shown["loocv_rmse"] == pytest.approx(expected["loocv_rmse"], rel=1e-12)
    assert json.loads(relate.model.read_text())["model"]["features"] == ["SA", "tau"]
    assert relate.models.row() == row
    relate.models.selectRow(0)
    assert bench.dock.job is None
    assert relate.closer.content is relate.content
    relate.models.selectRow(row)
    assert bench.dock.job is None
    assert relate.closer.content["best"]["features"] == ["SA", "tau"]


def test_cancel_while_examining_keeps_the_model_shown(relate, bench):
    bench.press()
    relate.form.set_values({"resamples": 0})
    relate.models.selectRow(3)
    bench.dock.job.cancel()
    bench.wait()
    assert relate.closer.content is relate.content
    assert relate.models.row() == 0


def test_cancel_of_a_long_fit(relate, bench):
    relate.form.set_values({"resamples": 100_000})
    bench.press(wait=False)
    bench.until(lambda: bench.dock.progress.value() > 0)
    bench.click(bench.dock.cancel_button)
    bench.wait(10)
    assert "Cancelled" in bench.message
    assert relate.content is None


def test_formulas_are_checked_as_they_are_typed(relate, bench):
    relate.features.formulas.setText("dense = D**2, ln(tau)")
    assert relate.features.chosen()[-2:] == ("dense = D**2", "ln(tau)")
    assert bench.dock.run_button.isEnabled()
    for text, words in (("D +", "'D +'"), ("open('x')", "open"), ("thickness", "no column 'thickness'")):
        relate.features.formulas.setText(text)
        assert not bench.dock.run_button.isEnabled()
        assert words in bench.dock.run_button.toolTip()
    relate.features.formulas.setText("dense = D**2")
    relate.features.tick_only("SA", "alpha")
    bench.press()
    assert {c["name"] for c in relate.content["candidates"]} == {"SA", "alpha", "dense"}
    row = next(i for i, m in enumerate(relate.content["models"]) if set(m["features"]) == {"SA", "dense"})
    relate.models.selectRow(row)
    bench.wait()
    bench.assert_no_error()
    assert set(relate.closer.content["best"]["features"]) == {"SA", "dense"}


def test_ticks_stay_while_the_property_changes(relate):
    relate.features.tick_only("SA", "tau")
    relate.target.setCurrentText("D")
    assert "D" not in relate.features.ticked()
    relate.target.setCurrentText("sigma")
    assert {"SA", "tau"} <= set(relate.features.ticked())


def test_decimal_commas_and_excel_are_read(relate, bench, tmp_path):
    columns = series()
    lines = ["sample;D;SA [1/um];tau;sigma [MS/m]"]
    names = ("D", "SA", "tau", "sigma")
    for i, sample in enumerate(columns["sample"]):
        lines.append(";".join([sample, *(f"{columns[n][i]:.12f}".replace(".", ",") for n in names)]))
    path = tmp_path / "german.csv"
    path.write_text("\n".join(lines))
    relate.source.path.edit.setText(str(path))
    assert "decimal comma" in relate.source.found.text()
    bench.press()
    german = relate.content["best"]
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["sample", *names])
    for i, sample in enumerate(columns["sample"]):
        book.active.append([sample, *(float(columns[n][i]) for n in names)])
    book.save(tmp_path / "t.xlsx")
    relate.source.path.edit.setText(str(tmp_path / "t.xlsx"))
    bench.press()
    assert relate.content["best"]["features"] == german["features"]
    assert relate.content["best"]["loocv_rmse"] == pytest.approx(german["loocv_rmse"], rel=1e-8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("a,b\n1\n", "line 2"),
        ("1,2\n3,4\n", "no head"),
        ("a;b\n1.234;5\n2.345;6\n", "1.234"),
    ],
)
def test_a_bad_table_is_named_before_the_fit(relate, bench, tmp_path, content, words):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    relate.source.path.edit.setText(str(path))
    assert not bench.dock.run_button.isEnabled()
    assert words in relate.source.found.text()
    assert words in bench.dock.run_button.toolTip()


def test_an_error_of_the_fit_is_shown_in_the_dock(relate, bench, tmp_path):
    columns = series(rows=3)
    path = tmp_path / "few.csv"
    path.write_text(format_table(columns, UNITS))
    relate.source.path.edit.setText(str(path))
    bench.press()
    assert bench.dock.notice.is_error
    assert "at least 4 are needed" in bench.message
    assert relate.content is None


def test_saving_writes_what_the_command_writes(relate, bench, tmp_path, monkeypatch):
    bench.press()
    folder = tmp_path / "saved"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    bench.dock.tabs.currentWidget().ensureWidgetVisible(relate.save)
    bench.settle()
    bench.click(relate.save)
    bench.wait()
    assert f"Saved to {folder}" in bench.message
    assert {p.name for p in folder.iterdir()} == {
        *("model.json", "models.csv", "predictions.csv", "recipe.json"),
        *("parity.svg", "residuals.svg", "importance.svg", "beeswarm.svg"),
    }
    assert json.loads((folder / "recipe.json").read_text())["operation"] == "regress"


def test_nothing_stays_in_the_cache_when_the_window_closes(relate, bench, tmp_path):
    bench.press()
    cache = tmp_path / "cache"
    assert list(cache.glob("property-*"))
    bench.dock.close_down()
    assert not list(cache.glob("property-*"))


def test_closing_during_a_fit_leaves_nothing(relate, bench, tmp_path):
    relate.form.set_values({"resamples": 100_000})
    bench.press(wait=False)
    bench.until(lambda: bench.dock.progress.value() > 0)
    bench.dock.close_down()
    assert bench.dock.job is None
    assert not list((tmp_path / "cache").glob("property-*"))


def test_markup_in_a_table_stays_text(relate, bench, tmp_path):
    columns = series()
    columns["<b>x</b>"] = columns.pop("SA")
    path = tmp_path / "markup.csv"
    path.write_text(format_table(columns))
    relate.source.path.edit.setText(str(path))
    relate.features.tick_only("D", "<b>x</b>", "tau")
    bench.press()
    bench.assert_no_error()
    assert "&lt;b&gt;x&lt;/b&gt;" in relate.closer.words.text()
    assert "<b>x</b>" not in relate.closer.plot.svg
