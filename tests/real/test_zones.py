"""Published condition tables: how far the published diagrams lie from their data."""

import numpy as np
import pytest

from napari_microgen.io.conditions import read_conditions
from napari_microgen.zones.axes import Axis
from napari_microgen.zones.base_condition import best_supported, training_rows
from napari_microgen.zones.placement import coarse_to_fine, grid_rows, scatter, scatter_rows

FILM = (
    "temperature",
    "Al-concentration",
    "O-concentration",
    "ionization degree",
    "average ion energy",
    "pressure",
)
X, Y = Axis(FILM[0], "C", 20.0, 600.0, 16), Axis(FILM[1], "at.%", 0.0, 60.0, 16)


@pytest.fixture(scope="module")
def support(real_data):
    folder = real_data("thin-film-conditions")
    return read_conditions(folder / "01_cGAN_training_set_parameters.CSV", columns=FILM).support()


def shares(support, cells, energy):
    fixed = dict(zip(FILM[2:], (1.0, 1.0, energy, 0.5), strict=True))
    found = support.of([cell | fixed for cell in cells])
    return np.mean([s.flag != "extrapolated" for s in found]), np.mean([s.ratio > 1 for s in found])


def test_five_of_thirteen_held_out_conditions_are_outside(real_data, support):
    folder = real_data("thin-film-conditions")
    everything = read_conditions(
        folder / "02_Classifier_training_set_parameters_complete_data_set.CSV", columns=FILM
    )
    known = {tuple(row.values()) for row in training_rows(support)}
    train = read_conditions(folder / "01_cGAN_training_set_parameters.CSV", columns=FILM)
    assert len(known) == len(train.distinct())
    held_out = everything.select([image not in train.images for image in everything.images])
    assert (len(held_out), support.flags(held_out).count("extrapolated")) == (13, 5)


def test_published_diagrams_are_mostly_extrapolated(support):
    """38 and 0 % of 400 random cells lie inside the hull; 100 and 97 % farther than 0.137 from any condition.

    The same 400 cells for both, as these numbers were first found; other draws differ by up to 2.5 %
    (a standard error), so the diagram's own scatter and grid are held to three of these.
    """
    random = np.random.default_rng(0)
    drawn = scatter_rows(X, Y, np.column_stack([random.random(400), random.random(400)]))
    assert shares(support, drawn, 40.0) == pytest.approx((0.38, 1.0), abs=0.005)
    drawn = scatter_rows(X, Y, np.column_stack([random.random(400), random.random(400)]))
    assert shares(support, drawn, 200.0) == pytest.approx((0.0, 0.97), abs=0.005)
    assert support.reference == pytest.approx(0.137, abs=0.0005)
    ours = scatter_rows(X, Y, scatter(400, 0))
    assert shares(support, ours, 40.0) == pytest.approx((0.366, 1.0), abs=0.073)
    assert shares(support, ours, 200.0) == pytest.approx((0.0, 0.984), abs=0.02)
    grid = grid_rows(X, Y, [index for level in coarse_to_fine(16, 16) for index in level])
    assert shares(support, grid, 200.0)[0] == 0.0
    assert 0.25 < shares(support, grid, 40.0)[0] < 0.45


def test_values_taken_from_the_training_bring_the_diagram_closer_to_it(support):
    """What is fixed by the program is nearer to the data than what was published."""
    chosen = training_rows(support)[best_supported(support, {}, FILM[2:], (X, Y))]
    grid = grid_rows(X, Y, [(i, j) for i in range(16) for j in range(16)])
    fixed = {name: chosen[name] for name in FILM[2:]}
    far = np.mean([s.ratio > 1 for s in support.of([cell | fixed for cell in grid])])
    assert far < 1.0
    with_energy = best_supported(support, {FILM[4]: 40.0}, [*FILM[2:4], FILM[5]], (X, Y))
    row = training_rows(support)[with_energy]
    found = support.of([cell | {n: row[n] for n in FILM[2:]} | {FILM[4]: 40.0} for cell in grid])
    assert np.mean([s.flag != "extrapolated" for s in found]) >= 0.25
