"""A table whose answer is known: its seven models have the errors and R² that Table 2 of the paper prints.

``table_2.csv`` is synthetic. Its numbers were found by least squares from random ones, so that the errors on
samples left out and the R² of the fits round to the printed ones; they are no measurements.
"""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_microgen.regress.operation import regress
from napari_microgen.regress.presets import PAPER_MODELS, PAPER_TABLE_2

TABLE = Path(__file__).with_name("table_2.csv")


@pytest.fixture(scope="module")
def models():
    result = regress(TABLE, target="sigma", models="paper", resamples=0)
    return {model["paper_model"]: model for model in result["models"]}


@pytest.mark.parametrize("letter", PAPER_MODELS)
def test_printed_errors_come_out_of_the_table(models, letter):
    printed_rmse, printed_r2, *_ = PAPER_TABLE_2[letter]
    model = models[letter]
    assert set(model["features"]) == set(PAPER_MODELS[letter])
    assert round(model["loocv_rmse"], 1) == printed_rmse
    assert round(model["r2_fit"], 3) == printed_r2


def test_the_same_by_scikit_learn(models):
    rows = np.genfromtxt(TABLE, delimiter=",", skip_header=1, usecols=range(1, 8))
    density, area, strut, tau, gauss, mean, sigma = rows.T
    columns = {"SA": area, "phi": strut, "tau": tau, "G": gauss, "M": mean}
    columns |= {"alpha": -np.log(tau) / np.log(density), "beta": mean / (np.abs(gauss) * strut)}
    for letter, names in PAPER_MODELS.items():
        features = np.column_stack([columns[name] for name in names])
        pipeline = make_pipeline(StandardScaler(), LinearRegression())
        left_out = cross_val_predict(pipeline, features, sigma, cv=LeaveOneOut())
        rmse = np.sqrt(np.mean((sigma - left_out) ** 2))
        assert models[letter]["loocv_rmse"] == pytest.approx(rmse, rel=1e-10)
        r2 = pipeline.fit(features, sigma).score(features, sigma)
        assert models[letter]["r2_fit"] == pytest.approx(r2, rel=1e-10)


def test_the_best_is_the_paper_s_best(models):
    assert min(models, key=lambda letter: models[letter]["loocv_rmse"]) == "Q"


def test_symbols_may_be_standard_names(models, tmp_path):
    names = "relative_density,specific_surface_area [1/um],strut_diameter [um],geodesic_tortuosity,"
    head, body = TABLE.read_text().split("\n", 1)
    assert head.startswith("sample,D,SA [1/um],phi [um],tau,")
    path = tmp_path / "t.csv"
    path.write_text(head.replace("D,SA [1/um],phi [um],tau,", names) + "\n" + body)
    result = regress(path, target="sigma", models="paper", resamples=0)
    found = {model["paper_model"]: model["loocv_rmse"] for model in result["models"]}
    assert found == {letter: pytest.approx(model["loocv_rmse"]) for letter, model in models.items()}
