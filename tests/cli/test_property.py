"""From a table to a model to a prediction, with two commands."""

import json

import numpy as np

from napari_microgen.cli import main


def test_a_linear_law_is_found_and_predicts(tmp_path, capsys):
    rng = np.random.default_rng(0)
    porosity, surface, noise = rng.uniform(0.2, 0.6, 18), rng.uniform(1, 5, 18), rng.normal(0, 1, 18)
    conductivity = 300 - 250 * porosity - 12 * surface
    rows = [
        f"s{i},{a:.6f},{b:.6f},{c:.6f},{d:.6f}"
        for i, (a, b, c, d) in enumerate(zip(porosity, surface, noise, conductivity, strict=True))
    ]
    table = tmp_path / "table.csv"
    table.write_text(
        "sample,porosity,surface [1/um],noise,conductivity [S/m]\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    words = ["regress", str(table), "--target", "conductivity", "--features", "porosity,surface,noise"]
    assert main([*words, "--resamples", "50", "--out", str(tmp_path / "model"), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    best = content["models"][0]
    assert {"porosity", "surface"} <= set(best["features"])
    assert best["r2"] > 0.9999
    assert {"loocv_rmse", "r2_fit"} <= set(best)
    assert content["best"]
    assert content["importance"]
    model = next((tmp_path / "model").rglob("model.json"))
    assert main(["predict", str(table), "--model", str(model), "--json"]) == 0
    predictions = json.loads(capsys.readouterr().out)["predictions"]
    assert len(predictions) == 18


def test_fewer_rows_than_features_is_one_clear_line(tmp_path, capsys):
    table = tmp_path / "small.csv"
    table.write_text("a,b,c,y\n1,2,3,4\n2,3,5,6\n", encoding="utf-8")
    assert main(["regress", str(table), "--target", "y"]) == 2
    err = capsys.readouterr().err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
