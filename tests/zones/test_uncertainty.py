"""Three uncertainties of a generator whose spread, bias and error are known, and never merged."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.progress import finish
from napari_microgen.zones.cell_record import support_at
from napari_microgen.zones.cells import make_cells
from napari_microgen.zones.descriptors import Measure, measure_images
from napari_microgen.zones.residuals import Residuals
from napari_microgen.zones.uncertainty import estimates

ROW = {"heat": 50.0, "flux": 0.0}


def measured(model, row=ROW, count=150, names=("mean_grey",)):
    (cell,) = make_cells(model, [row], count=count, workers=1)
    return finish(measure_images(cell.images, Measure.of(names), model.grey))


def known_errors(sizes):
    count = len(sizes)
    return Residuals(
        ("mean_grey",), ("1",), tuple(map(str, range(count))), np.array(sizes)[:, None],
        np.zeros(count), ("gap",) * count,
    )  # fmt: skip


def test_each_uncertainty_is_the_one_that_was_put_in(analytic):
    models = [analytic(bias=bias) for bias in (-0.03, 0.0, 0.03)]
    errors = known_errors(np.linspace(0.01, 0.09, 9))
    point = support_at(models[0], ROW)
    (found,) = estimates([measured(model) for model in models], point, errors)
    assert found.value == pytest.approx(0.5, abs=0.005)
    assert found.latent_sd == pytest.approx(np.hypot(0.02, 0.02 / 16), rel=0.12)
    assert found.between_models_sd == pytest.approx(0.03, rel=0.15)
    assert found.conformal.value == pytest.approx(0.09)
    assert found.standard_error == pytest.approx(0.02 / np.sqrt(450), rel=0.15)
    assert (found.images, found.models, found.flag) == (450, 3, "seen")
    assert found.reasons == {}


def test_the_width_grows_with_the_distance_and_ends_with_the_hull(analytic):
    model = analytic()
    errors = known_errors([0.1] * 9)
    inside = {"heat": 37.5, "flux": 5.0}
    point = support_at(model, inside)
    (found,) = estimates([measured(model, inside, 10)], point, errors)
    assert found.conformal.value == pytest.approx(0.1 * (1 + point.ratio))
    outside = {"heat": 140.0, "flux": 5.0}
    (found,) = estimates([measured(model, outside, 10)], support_at(model, outside), errors)
    assert found.conformal.value is None
    assert "no width is valid" in found.reasons["conformal_half_width"]


def test_what_is_not_known_is_said(analytic):
    model = analytic()
    record = estimates([measured(model, count=1, names=["mean_grey", "feret_diameter"])], None)
    grey, feret = (entry.to_dict() for entry in record)
    assert grey["between_models_sd"] is None
    assert "several that differ in their seed" in grey["reasons"]["between_models_sd"]
    assert "fewer than two images" in grey["reasons"]["latent_sd"]
    assert "microgen validate" in grey["reasons"]["conformal_half_width"]
    assert feret["unit"] == "px"
    with pytest.raises(ParameterError, match="at least one"):
        estimates([], None)
