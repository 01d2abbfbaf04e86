"""Conditions are found again where the answer is a formula."""

import json

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.io.writing import write
from napari_microgen.volume import Volume
from napari_microgen.zones import inverse
from napari_microgen.zones.cells import make_cells
from napari_microgen.zones.inverse import find
from napari_microgen.zones.residuals import Residuals

SMALL = {"points": 24, "draws": 6, "count": 40, "candidates": 3, "device": "cpu"}


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Return what runs the operation with models instead of folders."""

    def run(models, **options):
        read = iter(models)
        monkeypatch.setattr(inverse, "read_generator", lambda _: next(read))
        found = find(tmp_path, ensemble=(tmp_path,) * (len(models) - 1), **(SMALL | options))
        json.dumps(found, allow_nan=False)
        return found

    return run


def test_descriptors_lead_to_their_conditions(asked, analytic):
    found = asked([analytic()], target=("mean_grey=0.44+-0.02", "grey_deviation=0.07+-0.01"))
    best = found["candidates"][0]
    assert best["conditions"]["heat"] == pytest.approx(40, abs=6)
    assert best["conditions"]["flux"] == pytest.approx(20, abs=6)
    assert best["misfit"] < 0.7
    assert best["support"]["flag"] in ("seen", "interpolated", "gap")
    misfits = [entry["misfit"] for entry in found["candidates"]]
    assert misfits == sorted(misfits)
    assert best["descriptors"]["mean_grey"]["latent_sd"] == pytest.approx(0.02, rel=0.4)


def test_constraints_fixed_values_and_residuals_are_kept(asked, analytic, tmp_path):
    Residuals(
        ("mean_grey",), ("1",), tuple("abcdefghi"), np.full((9, 1), 0.03), np.zeros(9), ("gap",) * 9
    ).write(tmp_path / "residuals.json")
    found = asked(
        [analytic(bias=-0.02), analytic(bias=0.02)],
        target=("mean_grey=0.68+-0.02",),
        where=("heat<60",),
        set=["flux=10"],
        residuals=tmp_path / "residuals.json",
    )
    for entry in found["candidates"]:
        assert entry["conditions"]["heat"] < 60
        assert entry["conditions"]["flux"] == 10
        grey = entry["descriptors"]["mean_grey"]
        assert grey["between_models_sd"] == pytest.approx(0.04 / np.sqrt(2), rel=0.35)
        assert grey["conformal_half_width"] >= 0.03
    assert "more than two tolerances" in " ".join(found["notes"])


def test_a_class_leads_to_its_zone(asked, analytic, trained):
    found = asked([analytic("stripes", size=64)], class_="coarse", classifier=trained[0])
    best = found["candidates"][0]
    assert best["class"] == "coarse"
    assert best["conditions"]["heat"] > 50
    assert best["probabilities"]["coarse"]["mean"] > 0.9


def test_a_real_image_leads_to_conditions_like_its_own(asked, analytic, tmp_path):
    (cell,) = make_cells(analytic(), [{"heat": 80.0, "flux": 8.0}], count=16, seed=99, workers=1)
    whole = cell.images.reshape(4, 4, 16, 16).transpose(0, 2, 1, 3).reshape(64, 64)
    write(Volume(whole, "YX", voxel_size=(2.0, 2.0), unit="nm"), tmp_path / "real.tif")
    found = asked(
        [analytic()], like=tmp_path / "real.tif", descriptor=("mean_grey", "grey_deviation"), draws=10
    )
    best = found["candidates"][0]["conditions"]
    assert best["heat"] == pytest.approx(80, abs=7)
    assert best["flux"] == pytest.approx(8, abs=7)


def test_the_next_experiment_lies_where_training_conditions_are_missing(asked, analytic):
    hole = [(heat, flux) for heat in (25.0, 50.0, 75.0) for flux in (10.0, 20.0, 30.0)]
    found = asked(
        [analytic(without=hole)], target=("mean_grey=0.5+-0.02", "grey_deviation=0.07+-0.01"), experiments=1
    )
    (experiment,) = found["experiments"]
    assert 15 <= experiment["conditions"]["heat"] <= 85
    assert 0.0 < experiment["reduction"] <= 1.0
    assert experiment["support"]["flag"] != "seen"


def test_the_same_seed_finds_the_same(asked, analytic):
    options = {"target": ("mean_grey=0.5+-0.02",), "experiments": 0}
    one, two = (asked([analytic()], **options) for _ in range(2))
    assert one["candidates"] == two["candidates"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "Nothing is wanted yet"),
        ({"class_": "fine"}, "a classifier is needed"),
        ({"target": ("mean_grey=0.5",), "where": ("speed<3",)}, "there are heat, flux"),
        ({"target": ("mean_grey=0.5",), "set": ["heat=warm"]}, "expected a finite number"),
        ({"target": ("mean_grey=0.5",), "set": ["heat=5", "flux=5"]}, "nothing to search"),
        ({"target": ("mean_grey=0.5",), "where": ("heat<0",)}, "No condition within the ranges"),
        ({"target": ("mean_feret=50kg",)}, "in nm"),
        ({"target": ("mean_grey=0.5",), "points": 2}, "points is 2"),
    ],
)
def test_what_cannot_be_searched_is_said(asked, analytic, options, words):
    with pytest.raises(ParameterError, match=words):
        asked([analytic()], **options)


def test_a_class_the_classifier_does_not_know_is_named(asked, analytic, trained):
    with pytest.raises(ParameterError, match="it knows coarse, fine, flat"):
        asked([analytic("stripes", size=64)], class_="round", classifier=trained[0])
