import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.simulate.sintering import MATERIALS, relative_density, smoothing_length, thermal_time

TEMPERATURES = np.linspace(175, 400, 46)
PRINTED = {"HPA-like": (0.576, 0.761), "HPB-like": (0.383, 0.456), "NPC-like": (0.548, 0.756)}


@pytest.mark.parametrize("name", MATERIALS)
def test_density_meets_the_printed_ends_and_rises_between(name):
    densities = [relative_density(MATERIALS[name], t) for t in TEMPERATURES]
    assert densities[0] == pytest.approx(PRINTED[name][0])
    assert densities[-1] == pytest.approx(PRINTED[name][1])
    assert (np.diff(densities) > 0).all()


@pytest.mark.parametrize("name", MATERIALS)
def test_features_coarsen(name):
    paste = MATERIALS[name]
    lengths = [smoothing_length(paste, t) for t in TEMPERATURES]
    assert lengths[0] == pytest.approx(paste.smoothing_cold)
    assert lengths[-1] == pytest.approx(paste.smoothing_hot)
    assert (np.diff(lengths) > 0).all()
    assert thermal_time(paste, 175) == 0
    assert thermal_time(paste, 400) == pytest.approx(1)


def test_large_features_gain_the_same_cube():
    paste = MATERIALS["HPA-like"]
    gained = smoothing_length(paste, 400, 300.0) ** 3 - 300.0**3
    assert gained == pytest.approx(paste.smoothing_hot**3 - paste.smoothing_cold**3)


@pytest.mark.parametrize("temperature", [174.9, 401, float("nan")])
def test_temperatures_outside_are_refused(temperature):
    with pytest.raises(ParameterError, match="175 to 400"):
        relative_density(MATERIALS["HPA-like"], temperature)
