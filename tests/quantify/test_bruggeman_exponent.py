"""Bruggeman exponent from printed pairs, formulas and volumes."""

import numpy as np
import pytest

from napari_microgen.features import Feature
from napari_microgen.progress import finish
from napari_microgen.quantify.bruggeman_exponent import bruggeman_exponent, derive, measure


@pytest.mark.parametrize(
    ("tortuosity", "density", "alpha"), [(1.039, 0.576, 0.069), (1.013, 0.761, 0.047), (1.030, 0.548, 0.049)]
)
def test_printed_pairs(tortuosity, density, alpha):
    assert bruggeman_exponent(tortuosity, density) == pytest.approx(alpha, abs=5e-4)


def test_round_trip():
    assert bruggeman_exponent(0.3**-0.5, 0.3) == pytest.approx(0.5)
    assert bruggeman_exponent(1.0, 0.3) == 0


@pytest.mark.parametrize("density", [0.0, 1.0])
def test_no_exponent_without_two_phases(density):
    with pytest.raises(ValueError, match="undefined"):
        bruggeman_exponent(1.2, density)
    known = {"geodesic_tortuosity": 1.0, "relative_density": density}
    (feature,) = derive({name: Feature(name=name, value=value) for name, value in known.items()})
    assert feature.value is None
    assert "phase" in feature.reason


def test_undefined_or_missing_inputs_are_named():
    density = Feature(name="relative_density", value=0.5)
    lost = Feature(name="geodesic_tortuosity", value=None, reason="not percolating along +row")
    (feature,) = derive({f.name: f for f in (density, lost)})
    assert feature.reason == "geodesic_tortuosity is undefined: not percolating along +row"
    (feature,) = derive({})
    assert "not measured" in feature.reason


def test_a_slab_is_undefined_across_and_a_random_solid_has_a_small_exponent(level_cut):
    slab = np.zeros((12, 12, 12), bool)
    slab[:, :, 3:9] = True
    (feature,) = finish(measure(slab, (1.0, 1.0, 1.0)))
    assert feature.value is None
    assert "column" in feature.reason
    (feature,) = finish(measure(level_cut((48, 48, 48), 4.0, -0.25).phase, (1.0, 1.0, 1.0)))
    assert 0.01 < feature.value < 0.2


def test_degenerate_volumes_are_named(degenerate):
    (feature,) = finish(measure(degenerate, (1.0, 1.0, 1.0)))
    assert feature.value is not None or feature.reason
