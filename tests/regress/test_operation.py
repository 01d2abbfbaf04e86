import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from napari_microgen.errors import MicrogenError, ParameterError, RegressionError, TableError
from napari_microgen.features import Feature, FeatureTable
from napari_microgen.io.table_csv import format_table
from napari_microgen.io.tables import write_table
from napari_microgen.regress.operation import regress
from napari_microgen.regress.prediction import predict
from napari_microgen.regress.presets import PAPER_MODELS

UNITS = {"SA": "1/um", "phi": "nm", "G": "1/um^2", "M": "1/um", "sigma": "uS/cm"}


def series(seed=0, noise=2.0, rows=18):
    """A table whose property is a known combination of alpha, SA and beta."""
    rng = np.random.default_rng(seed)
    density = rng.uniform(0.38, 0.77, rows)
    tau = density ** -rng.uniform(0.03, 0.07, rows)
    columns = {
        "sample": [f"s{i}" for i in range(rows)],
        "paste": [("HPA", "HPB", "NPC")[i * 3 // rows] for i in range(rows)],
        "D": density,
        "SA": rng.uniform(4, 9, rows),
        "phi": rng.uniform(120, 400, rows),
        "tau": tau,
        "G": -rng.uniform(15, 150, rows),
        "M": rng.normal(0, 1.5, rows),
    }
    alpha = -np.log(tau) / np.log(density)
    beta = columns["M"] / (np.abs(columns["G"]) * columns["phi"] / 1000)
    columns["sigma"] = 400 - 5000 * alpha - 12 * columns["SA"] + 150 * beta + noise * rng.normal(size=rows)
    return columns


def written(path, columns, units=UNITS):
    path.write_text(format_table(columns, units))
    return path


@pytest.fixture
def table(tmp_path):
    return written(tmp_path / "table.csv", series())


def test_all_subsets_are_ranked_and_the_true_model_is_found(table):
    result = regress(table, target="sigma", resamples=50)
    models = result["models"]
    assert len(models) == 247
    assert [m["loocv_rmse"] for m in models] == sorted(m["loocv_rmse"] for m in models)
    assert {"SA", "alpha", "beta"} <= set(result["best"]["features"])
    assert list(result["importance"])[:3] == ["alpha", "SA", "beta"]
    assert result["best"]["r2"] > 0.98
    assert {m["paper_model"] for m in models if "paper_model" in m} == set(PAPER_MODELS)
    assert sum("warning" in m for m in models) == 9
    json.dumps(result, allow_nan=False)


def test_the_simplest_model_as_good_as_the_best_is_mostly_the_true_one(tmp_path):
    simplest = []
    for seed in range(8):
        path = written(tmp_path / "t.csv", series(seed))
        result = regress(path, target="sigma", resamples=0)
        assert {"SA", "alpha", "beta"} <= set(result["best"]["features"])
        simplest.append(set(result["simplest_as_good"]))
    assert sum(names == {"SA", "alpha", "beta"} for names in simplest) >= 4


def test_scores_equal_scikit_learn(table):
    columns = series()
    for model in regress(table, target="sigma", features=("D", "SA", "phi"), resamples=0)["models"]:
        x = np.column_stack([columns[name] for name in model["features"]])
        left_out = cross_val_predict(LinearRegression(), x, columns["sigma"], cv=LeaveOneOut())
        errors = columns["sigma"] - left_out
        total = np.sum((columns["sigma"] - columns["sigma"].mean()) ** 2)
        assert model["loocv_rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-10)
        assert model["loocv_mae"] == pytest.approx(np.mean(np.abs(errors)), rel=1e-10)
        assert model["r2"] == pytest.approx(1 - np.sum(errors**2) / total, rel=1e-9)
        assert model["r2_fit"] == pytest.approx(
            LinearRegression().fit(x, columns["sigma"]).score(x, columns["sigma"])
        )
        groups = np.array(columns["paste"])
        for group, r2 in model["group_r2"].items():
            mine = groups == group
            spread = np.sum((columns["sigma"][mine] - columns["sigma"][mine].mean()) ** 2)
            assert r2 == pytest.approx(1 - np.sum(errors[mine] ** 2) / spread)


def test_named_models_of_the_paper(table):
    result = regress(table, target="sigma", models="paper", resamples=0)
    found = {m["paper_model"]: set(m["features"]) for m in result["models"]}
    assert found == {letter: set(names) for letter, names in PAPER_MODELS.items()}
    assert result["best"]["paper_model"] == "Q"
    assert result["stability"] is None


def test_rmse_of_named_models_follows_from_the_noise(tmp_path):
    """A property that is a line in tau and G with a known error: model A has that error, exactly."""
    columns = series(3)
    x = np.column_stack([np.ones(18), columns["tau"], columns["G"]])
    noise = np.random.default_rng(1).normal(size=18)
    noise -= x @ np.linalg.lstsq(x, noise, rcond=None)[0]
    leverage = np.diag(x @ np.linalg.pinv(x))
    columns["sigma"] = x @ [500.0, -300.0, 0.5] + noise * 21.8 / np.sqrt(
        np.mean((noise / (1 - leverage)) ** 2)
    )
    result = regress(written(tmp_path / "t.csv", columns), target="sigma", models="paper", resamples=0)
    (model,) = [m for m in result["models"] if m["paper_model"] == "A"]
    assert model["loocv_rmse"] == pytest.approx(21.8, rel=1e-9)


def test_full_model_and_its_errors(table):
    result = regress(table, target="sigma", features=("D", "SA"), models="full", resamples=0)
    assert [m["features"] for m in result["models"]] == [["D", "SA"]]
    with pytest.raises(RegressionError, match="porosity is a linear combination of D"):
        regress(table, target="sigma", features=("D", "porosity=1-D"), models="full")


def test_collinear_subsets_are_listed(table):
    result = regress(table, target="sigma", features=("D", "porosity=1-D", "SA"), resamples=20)
    assert sorted(map(tuple, result["undetermined"])) == [("D", "porosity"), ("D", "porosity", "SA")]
    assert len(result["models"]) == 2


def test_one_feature_is_a_model_too(table):
    result = regress(table, target="sigma", features=("alpha",), resamples=20)
    assert [m["features"] for m in result["models"]] == [["alpha"]]


def test_larger_models_than_the_rows_allow_are_not_tried(tmp_path):
    path = written(tmp_path / "t.csv", series(rows=6))
    result = regress(path, target="sigma", resamples=20)
    assert max(len(m["features"]) for m in result["models"]) == 4
    assert "at most 4 features" in " ".join(result["notes"])


def test_limit_on_features(table):
    result = regress(table, target="sigma", max_features=3, resamples=0)
    assert len(result["models"]) == 28 + 56


def test_groups_are_left_out(table):
    result = regress(table, target="sigma", resamples=0)
    block = result["leave_group_out"]
    assert list(block["groups"]) == ["HPA", "HPB", "NPC"]
    assert block["rmse"] > result["best"]["rmse_fit"]
    assert block["nested"]["folds"] == 3
    named = regress(table, target="sigma", group="paste", resamples=0)
    assert named["leave_group_out"] == block


def test_nested_score_is_not_better_than_the_best(table):
    result = regress(table, target="sigma", resamples=0)
    assert result["nested"]["folds"] == 18
    assert sum(entry["folds"] for entry in result["nested"]["chosen"]) == 18
    assert result["nested"]["rmse"] >= result["best"]["loocv_rmse"]


def test_same_seed_same_result(table):
    one, other = (regress(table, target="sigma", resamples=30, seed=5) for _ in range(2))
    assert one == other
    assert regress(table, target="sigma", resamples=30, seed=6) != one


def test_test_set_in_other_units(tmp_path, table):
    columns = series(seed=9, rows=6)
    columns["phi"] = columns["phi"] / 1000
    columns["sigma"] = columns["sigma"] / 1000
    units = UNITS | {"phi": "um", "sigma": "mS/cm"}
    path = written(tmp_path / "test.csv", columns, units)
    result = regress(table, target="sigma", models="paper", resamples=0, test=path)
    (model,) = [m for m in result["models"] if m["paper_model"] == "Q"]
    assert model["test_rows"] == 6
    assert model["test_rmse"] < 6
    assert model["test_r2"] > 0.98


def test_unit_that_does_not_fit_is_named(tmp_path, table):
    path = written(tmp_path / "test.csv", series(seed=9, rows=6), UNITS | {"phi": "S/cm"})
    with pytest.raises(TableError, match=r"phi in test\.csv is in S/cm and elsewhere in nm"):
        regress(table, target="sigma", features=("SA", "phi"), test=path)


def test_measured_features_are_joined(tmp_path):
    columns = series()
    properties = {"sample": columns["sample"], "sigma": columns["sigma"]}
    long = {"sample": [], "name": [], "value": [], "unit": [], "reason": []}
    for i, sample in enumerate(columns["sample"]):
        for name, unit in (("relative_density", "1"), ("geodesic_tortuosity", "1")):
            value = columns["D" if name == "relative_density" else "tau"][i]
            missing = i == 4 and name == "geodesic_tortuosity"
            reason = "not percolating along +row" if missing else None
            for key, cell in zip(long, (sample, name, None if missing else value, unit, reason), strict=True):
                long[key].append(cell)
    result = regress(
        written(tmp_path / "p.csv", properties),
        target="sigma",
        measured=[written(tmp_path / "f.csv", long)],
        resamples=0,
    )
    assert {c["name"] for c in result["candidates"]} == {"relative_density", "geodesic_tortuosity", "alpha"}
    (dropped,) = result["rows"]["dropped"]
    assert dropped["sample"] == "s4"
    assert "not percolating along +row" in dropped["reason"]


def test_one_file_per_sample_is_named_by_the_file(tmp_path):
    columns = series()
    files = []
    for i, sample in enumerate(columns["sample"]):
        table = FeatureTable(
            (
                Feature(name="relative_density", value=columns["D"][i]),
                Feature(name="strut_diameter", value=columns["phi"][i] / 1000, unit="um"),
            )
        )
        files.append(write_table(table, tmp_path / f"{sample}.csv"))
    properties = written(tmp_path / "p.csv", {"sample": columns["sample"], "sigma": columns["sigma"]})
    result = regress(properties, target="sigma", measured=files, resamples=0)
    assert result["best"]["features"] == ["relative_density", "strut_diameter"]
    assert result["rows"]["used"] == 18


def test_outputs_and_prediction(tmp_path, table):
    result = regress(table, target="sigma", resamples=100, out=tmp_path / "out")
    names = {Path(file).name for file in result["files"]}
    assert names == {path.name for path in (tmp_path / "out").iterdir()}
    assert {"model.json", "parity.svg", "beeswarm.svg"} <= names
    new = written(tmp_path / "new.csv", series(seed=7, rows=30))
    answer = predict(new, model=tmp_path / "out" / "model.json")
    truth = series(seed=7, rows=30)["sigma"]
    values = np.array([p["value"] for p in answer["predictions"]])
    assert np.sqrt(np.mean((values - truth) ** 2)) < 2 * 2.0  # the noise of the series is 2
    inside = [
        p["interval"][0] <= y <= p["interval"][1] for p, y in zip(answer["predictions"], truth, strict=True)
    ]
    assert np.mean(inside) > 0.8
    intercept = result["best"]["intercept"]
    for p in answer["predictions"]:
        assert p["value"] == pytest.approx(intercept + sum(p["contributions"].values()))


def test_prediction_of_the_training_rows_is_the_fit(tmp_path, table):
    result = regress(table, target="sigma", models="paper", resamples=0, out=tmp_path / "out")
    answer = predict(table, model=tmp_path / "out" / "model.json")
    errors = series()["sigma"] - [p["value"] for p in answer["predictions"]]
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(result["best"]["rmse_fit"], rel=1e-9)
    assert all(p["in_range"] for p in answer["predictions"])


def test_prediction_warns_out_of_range_and_names_what_is_missing(tmp_path, table):
    regress(table, target="sigma", features=("SA", "phi"), models="full", resamples=0, out=tmp_path / "out")
    new = {"sample": ["far", "gap", "odd"], "SA": [50.0, None, 8.99], "phi": [200.0, 200.0, 121.0]}
    path = written(tmp_path / "new.csv", new)
    far, gap, odd = predict(path, model=tmp_path / "out" / "model.json")["predictions"]
    assert not far["in_range"]
    assert "SA = 50 lies above the fitted range" in far["warnings"][0]
    assert gap["value"] is None
    assert gap["reason"] == "SA: empty cell"
    assert odd["leverage"] < far["leverage"]
    written(path, {"sample": ["far"], "SA": [5.0]})
    with pytest.raises(TableError, match="no column 'phi'"):
        predict(path, model=tmp_path / "out" / "model.json")


def test_unlikely_combination_is_warned_of(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=20)
    columns = {"x": x, "y": x + 0.05 * rng.normal(size=20), "z": x + rng.normal(size=20)}
    regress(
        written(tmp_path / "t.csv", columns), target="z", features=("x", "y"), resamples=0, out=tmp_path / "o"
    )
    path = written(tmp_path / "n.csv", {"sample": ["odd"], "x": [0.9], "y": [-0.9]})
    (odd,) = predict(path, model=tmp_path / "o" / "model.json")["predictions"]
    assert not odd["in_range"]
    assert "combination" in odd["warnings"][0]


def test_coverage_too_high_for_the_rows_gives_a_reason(tmp_path, table):
    regress(table, target="sigma", models="paper", coverage=0.99, resamples=0, out=tmp_path / "out")
    first = predict(table, model=tmp_path / "out" / "model.json")["predictions"][0]
    assert first["interval"] is None
    assert "18 rows are too few for a coverage of 0.99" in first["interval_reason"]


def test_large_table_is_cut_into_blocks(tmp_path):
    path = written(tmp_path / "t.csv", series(rows=110))
    result = regress(path, target="sigma", resamples=50, max_features=3)
    assert result["nested"]["folds"] == 20
    assert result["references"]["ridge"]["r2"] > 0.9


def test_progress_comes_and_stops(table):
    steps = regress.steps(table, target="sigma", resamples=100)
    ticks = [next(steps) for _ in range(20)]
    assert all(t.total == 1000 for t in ticks)
    steps.close()
    done = list(regress.steps(table, target="sigma", resamples=100))
    numbers = [t.step for t in done]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 1000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "nothing"}, "no column 'nothing'"),
        ({"target": "sigma", "coverage": 1.0}, "coverage is 1"),
        ({"target": "sigma", "features": ("D", "x")}, "no column 'x'"),
        ({"target": "sigma", "group": "sample"}, "own group"),
        ({"target": "paste"}, "holds text"),
        ({"target": "sigma", "models": "paper", "features": ("D", "SA")}, "No model is determined"),
        ({"target": "sigma", "delimiter": "tab"}, "no column 'sigma'"),
    ],
)
def test_bad_requests_are_named(table, options, words):
    with pytest.raises(MicrogenError, match=words):
        regress(table, **options)


def test_negative_resamples(table):
    with pytest.raises(ParameterError):
        regress(table, target="sigma", resamples=-1)


def test_decimal_commas(tmp_path):
    columns = series()
    text = format_table(columns, UNITS).replace(",", ";").replace(".", ",")
    path = tmp_path / "t.csv"
    path.write_text(text)
    result = regress(path, target="sigma", resamples=0)
    assert result["table"]["decimal"] == ","
    expected = regress(written(tmp_path / "p.csv", columns), target="sigma", resamples=0)
    assert result["models"] == expected["models"]
