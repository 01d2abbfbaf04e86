import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.simulate.film_rule import CLASSES, RANGES, FilmConditions, film_law, structure_class


def sizes(name, values, **fixed):
    return np.array([film_law(FilmConditions(**{name: v}, **fixed)).feret for v in values])


def slopes(name, values, **fixed):
    return np.array([film_law(FilmConditions(**{name: v}, **fixed)).slope for v in values])


@pytest.mark.parametrize("aluminium", [0, 30, 60])
@pytest.mark.parametrize("energy", [1, 40, 200])
def test_features_grow_with_temperature(aluminium, energy):
    grown = sizes("temperature", np.arange(0, 1001, 20), aluminium=aluminium, ion_energy=energy)
    assert (np.diff(grown) > -1e-9).all()
    assert grown[-1] > 2.5 * grown[0]


def test_growth_saturates():
    steps = np.diff(sizes("temperature", [20, 300, 500, 700, 900, 1000]))
    assert steps[2] > 5 * steps[0]
    assert steps[-1] < steps[-2] / 1.5


@pytest.mark.parametrize("temperature", [20, 300, 500, 700])
@pytest.mark.parametrize(("name", "most"), [("aluminium", 80), ("oxygen", 20), ("ion_energy", 400)])
def test_features_shrink_with_alloying_and_ions(name, most, temperature):
    falling = sizes(name, np.linspace(0, most, 30), temperature=temperature, ionisation=0.5)
    assert (np.diff(falling) < 0).all()


def test_ionisation_refines_and_matters_most_when_cold():
    flux = np.linspace(0.1, 1.2, 12)
    cold, hot = (sizes("ionisation", flux, temperature=t, ion_energy=40) for t in (100, 600))
    assert (np.diff(cold) < 0).all()
    assert 1 - cold[-1] / cold[0] > 4 * (1 - hot[-1] / hot[0])


def test_alloying_refines_less_when_hot():
    cold, hot = (sizes("aluminium", [0, 50], temperature=t) for t in (200, 650))
    assert cold[1] / cold[0] < hot[1] / hot[0] - 0.1


def test_ions_flatten_facets_above_a_threshold():
    energies = np.array([1, 20, 40, 60, 80, 100, 150, 200, 400])
    falling = slopes("ion_energy", energies, temperature=500)
    assert (np.diff(falling) <= 0).all()
    assert falling[2] > 0.95 * falling[0]
    assert falling[5] < 0.5 * falling[0]


def test_much_aluminium_at_high_energy_leaves_nothing_to_see_but_not_when_hot():
    condition = {"aluminium": 60, "ion_energy": 110, "ionisation": 1}
    assert film_law(FilmConditions(temperature=100, **condition)).structure == "featureless"
    assert film_law(FilmConditions(temperature=900, **condition)).structure != "featureless"
    assert film_law(FilmConditions(temperature=100, aluminium=60, ion_energy=5)).structure == "fine-grained"


@pytest.mark.parametrize("aluminium", [0, 20, 40, 60])
@pytest.mark.parametrize("energy", [1, 100, 200, 400])
def test_hot_films_never_lose_their_facets(aluminium, energy):
    condition = {"aluminium": aluminium, "ion_energy": energy, "ionisation": 1}
    assert film_law(FilmConditions(temperature=800, **condition)).structure != "featureless"


def test_orientation_is_lost_between_300_and_400_degrees():
    order = [film_law(FilmConditions(temperature=t)).order for t in (20, 300, 325, 350, 375, 400, 401, 800)]
    assert order[0] == order[1] > 0.9
    assert (np.diff(order[1:6]) < 0).all()
    assert order[5:] == [0, 0, 0]


def test_pressure_costs_a_little_energy():
    slope = slopes("pressure", [0.5, 1.0, 2.0], temperature=500, ion_energy=90)
    assert (np.diff(slope) > 0).all()
    far = slopes("pressure", [0.5, 1.0], temperature=500, ion_energy=5)
    assert far[1] == pytest.approx(far[0], rel=0.01)


def test_hot_films_are_coarse_and_flatter():
    hot, warm = (film_law(FilmConditions(temperature=t)) for t in (800, 550))
    assert hot.structure == "coarse-facetted"
    assert hot.slope < 0.75 * warm.slope
    assert hot.plateau > 0.3 > 0.05 > warm.plateau


@pytest.mark.parametrize(
    ("feret", "slope", "order", "name"),
    [
        (80, 5, 0, "featureless"),
        (200, 20, 0, "coarse-facetted"),
        (30, 40, 0.9, "fine-grained"),
        (80, 20, 0.9, "smooth-facetted"),
        (80, 40, 0.9, "oriented-facetted"),
        (80, 40, 0.1, "facetted"),
    ],
)
def test_classes_have_fixed_limits(feret, slope, order, name):
    assert structure_class(feret, slope, order) == name
    assert name in CLASSES


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("end", [0, 1])
def test_conditions_out_of_range_are_refused(name, end):
    wrong = RANGES[name][end] + (1 if end else -1)
    with pytest.raises(ParameterError, match=f"The {name} is"):
        FilmConditions(**{name.replace(" ", "_"): wrong})
