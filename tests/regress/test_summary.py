"""What the commands print: an account for people, or one JSON object with the agreed keys."""

import json

import numpy as np
import pytest

from napari_microgen.cli import main
from napari_microgen.io.table_csv import format_table
from napari_microgen.regress.summary import importance_lines, predicted, ranking_lines, score


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 18))
    columns = {
        "sample": [f"s{i}" for i in range(18)],
        "material": [("A", "B", "C")[i % 3] for i in range(18)],
        "a": a,
        "b": b,
        "c": c,
        "conductivity": 50 + 3 * a - 2 * b + 0.1 * rng.normal(size=18),
    }
    columns["b"][4] = np.nan
    path = tmp_path / "T.csv"
    path.write_text(format_table(columns, {"a": "um", "conductivity": "MS/m"}))
    return path


def test_json_has_the_keys_that_others_read(table, capsys):
    assert main(["regress", str(table), "--target", "conductivity", "--json", "--quiet"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"models", "best", "importance"} <= set(result)
    for model in [*result["models"], result["best"]]:
        assert {"features", "loocv_rmse", "r2", "r2_fit"} <= set(model)
    assert result["best"]["features"] == result["models"][0]["features"]
    assert set(result["importance"]) == set(result["best"]["features"])
    assert all(isinstance(value, float) for value in result["importance"].values())


def test_account_names_ranking_loss_by_choosing_and_dropped_rows(table, capsys):
    assert main(["regress", str(table), "--target", "conductivity", "--resamples", "50"]) == 0
    text = capsys.readouterr().out
    assert "conductivity (MS/m), 17 samples, 4 models" in text
    assert "left out: s4 (b: empty cell)" in text
    assert "quote this one" in text
    assert "with a whole group left out" in text
    assert "raises the property" in text
    assert max(map(len, text.splitlines())) < 200


def test_prediction_in_words_and_in_json(table, tmp_path, capsys):
    out = tmp_path / "model"
    command = ["regress", str(table), "--target", "conductivity", "--features", "a,b", "--out", str(out)]
    assert main(command) == 0
    new = tmp_path / "new.csv"
    new.write_text("sample,a [nm],b\ninside,100,0.1\noutside,9000,0.1\n")
    capsys.readouterr()
    assert main(["predict", str(new), "--model", str(out / "model.json")]) == 0
    text = capsys.readouterr().out
    assert "conductivity (MS/m) from a, b (17 samples)" in text
    assert "90 % interval" in text
    assert "warning: a = 9 lies above the fitted range" in text
    assert main(["predict", str(new), "--model", str(out / "model.json"), "--json"]) == 0
    inside, outside = json.loads(capsys.readouterr().out)["predictions"]
    assert inside["value"] == pytest.approx(50.1, abs=0.5)
    assert inside["interval"][0] < inside["value"] < inside["interval"][1]
    assert (inside["in_range"], outside["in_range"]) == (True, False)


def test_bad_input_is_one_line_and_status_2(table, capsys):
    assert main(["regress", str(table), "--target", "hardness"]) == 2
    said = capsys.readouterr()
    assert "hardness" in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert not said.out


def test_an_excel_file_gives_what_the_csv_file_gives(table, tmp_path):
    from openpyxl import Workbook

    from napari_microgen.io.table_csv import read_table
    from napari_microgen.regress.operation import regress

    csv, book = read_table(table), Workbook()
    book.active.append(["sample", "material", "a [um]", "b", "c", "conductivity [MS/m]"])
    numbers = {name: csv.numbers(name).tolist() for name in ("a", "b", "c", "conductivity")}
    for row in range(len(csv)):
        values = [numbers[name][row] for name in numbers]
        cells = [None if value != value else value for value in values]
        book.active.append([csv["sample"].cells[row], csv["material"].cells[row], *cells])
    book.save(tmp_path / "T.xlsx")
    one, other = (regress(p, target="conductivity", resamples=0) for p in (table, tmp_path / "T.xlsx"))
    assert other["target"] == one["target"]
    assert other["rows"] == one["rows"]
    assert other["best"]["features"] == one["best"]["features"]
    assert other["best"]["loocv_rmse"] == pytest.approx(one["best"]["loocv_rmse"], rel=1e-9)


def test_what_has_no_value_is_said():
    assert score(None) == "none"
    assert predicted({"value": 2.0, "interval": None, "interval_reason": "too few rows"}) == (
        "2, no interval: too few rows"
    )


def test_the_paper_s_letter_stands_beside_its_model():
    model = {"features": ["tau", "G"], "loocv_rmse": 21.8, "r2": 0.95, "r2_fit": 0.956, "paper_model": "A"}
    assert ranking_lines([model])[1].split() == [
        *("21.8", "0.950", "0.956", "tau,", "G"),
        *("(model", "A", "of", "the", "paper)"),
    ]


def test_importance_without_resamples_has_no_interval():
    details = {"a": {"mean_abs_shap": 1.5, "interval_95": None, "direction": "lowers"}}
    content = {"target": {"name": "p", "unit": None}, "importance_details": details}
    assert importance_lines(content) == ["importance, mean |SHAP|:", "  a: 1.5, lowers the property"]
