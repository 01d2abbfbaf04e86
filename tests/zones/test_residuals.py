"""Conformal widths of residuals: coverage, files, and what is none."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from napari_microgen.errors import FileFormatError, InputNotFoundError, ParameterError
from napari_microgen.zones.descriptors import Measure
from napari_microgen.zones.residuals import Residuals, merged


def drawn(count, random, scale=2.0):
    """Residuals that grow with the distance, as the widths suppose."""
    ratios = random.uniform(0, 2, count)
    return scale * random.standard_t(4, count) * (1 + ratios), ratios


def residuals(values, ratios, names=("feret_diameter",)):
    values = np.asarray(values, float).reshape(len(ratios), len(names))
    count = len(ratios)
    return Residuals(
        names, ("nm",) * len(names), tuple(f"T={n}" for n in range(count)), values,
        np.asarray(ratios, float), ("interpolated",) * count,
    )  # fmt: skip


def test_intervals_hold_the_truth_as_often_as_they_say():
    random, held, count = np.random.default_rng(0), 0, 1500
    for _ in range(count):
        values, ratios = drawn(19, random)
        (fresh,), (ratio,) = drawn(1, random)
        width = residuals(values, ratios).half_width("feret_diameter", "nm", ratio, "gap").value
        held += abs(fresh) <= width
    assert held >= binom.ppf(1e-4, count, 0.9)


def test_beyond_the_training_and_for_few_conditions_there_is_no_width():
    values, ratios = drawn(12, np.random.default_rng(1))
    found = residuals(values, ratios)
    beyond = found.half_width("feret_diameter", "nm", 1.0, "extrapolated")
    assert beyond.value is None
    assert "no width is valid" in beyond.reason
    few = residuals(values[:8], ratios[:8]).half_width("feret_diameter", "nm", 0.5, "interpolated")
    assert few.value is None
    assert few.reason == "8 conditions were left out; 9 are needed"
    assert residuals(values[:9], ratios[:9]).half_width("feret_diameter", "nm", 0.5, "gap").value > 0


def test_other_descriptors_and_units_have_no_width():
    found = residuals([1.0] * 9, [0.0] * 9)
    assert "no residuals of density" in found.half_width("density", "1", 0.0, "gap").reason
    assert "are in nm" in found.half_width("feret_diameter", "um", 0.0, "gap").reason
    assert "not known how far" in found.half_width("feret_diameter", "nm", None, "unknown").reason


def test_what_was_measured_otherwise_has_no_width():
    how = {"particles": "paper-000", "threshold": 0.5, "dark": False}
    found = replace(residuals([[1.0, 1.0]] * 9, [0.0] * 9, ("feret_diameter", "relative_density")), how=how)
    feret = ("feret_diameter", "nm", 0.0, "gap")
    density = ("relative_density", "nm", 0.0, "gap")
    assert found.half_width(*feret, Measure(("feret_diameter",), particles="paper-000")).value == 1
    other = found.half_width(*feret, Measure(("feret_diameter",), particles="image"))
    assert other.value is None
    assert other.reason.endswith("measured with particles paper-000, not image")
    assert "threshold 0.5, not 0.6" in found.half_width(*density, Measure((), threshold=0.6)).reason
    assert found.half_width(*density, Measure((), threshold=0.503)).value == 1


def test_a_file_gives_back_what_was_written(tmp_path):
    values = np.array([[1.0, np.nan], [-2.0, 3.0]])
    found = residuals(values, [0.0, 0.5], ("feret_diameter", "lineal_path"))
    found.write(tmp_path / "r.json")
    again = Residuals.read(tmp_path / "r.json")
    np.testing.assert_array_equal(again.values, values)
    assert (again.names, again.units, again.conditions) == (found.names, found.units, found.conditions)
    assert again.summary()["lineal_path"]["conditions"] == 1
    assert again.summary()["feret_diameter"]["bias"] == -0.5
    json.dumps(again.summary(), allow_nan=False)


def test_folds_are_put_together():
    both = merged([residuals([1.0], [0.0]), residuals([2.0, 3.0], [0.5, 1.0])])
    assert both.values.ravel().tolist() == [1, 2, 3]
    with pytest.raises(ParameterError, match="different descriptors"):
        merged([residuals([1.0], [0.0]), residuals([1.0], [0.0], ("chord_length",))])


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "parrot"},
        {"ratios": [-1.0]},
        {"ratios": [0.0, 1.0]},
        {"residuals": [["x"]]},
        {"residuals": [[1e999]]},
        {"flags": ["sideways"]},
        {"coverage": 2},
        {"units": []},
        {"names": None},
        {"how": 3},
    ],
)
def test_files_that_lie_are_refused(tmp_path, change):
    residuals([1.0], [0.5]).write(tmp_path / "r.json")
    content = json.loads((tmp_path / "r.json").read_text()) | change
    (tmp_path / "r.json").write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match="no residuals"):
        Residuals.read(tmp_path / "r.json")


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(InputNotFoundError, match="microgen validate"):
        Residuals.read(tmp_path / "r.json")
