import numpy as np
import pytest
from scipy import stats

from napari_microgen.progress import finish
from napari_microgen.quantify.grain_contacts import grain_contacts
from napari_microgen.quantify.grain_laws import (
    aboav_weaire,
    fit_line,
    hillert_density,
    hillert_share,
    lewis,
    radius_by_neighbours,
    size_distributions,
)
from napari_microgen.quantify.grain_table import GrainTable, grain_table
from napari_microgen.simulate.grain_start import voronoi_start


def table(radius, neighbours=None):
    n = len(radius)
    sides = np.full(n, 6) if neighbours is None else neighbours
    nothing = np.zeros(n)
    area = np.pi * radius**2
    return GrainTable(np.arange(n), area, radius, sides, nothing, nothing, nothing > 0, nothing + 1, nothing)


def test_lines_agree_with_the_textbook():
    random = np.random.default_rng(0)
    x = random.integers(3, 11, 400).astype(float)
    y = 2 * x + 1 + random.normal(0, 1, 400)
    line, expected = fit_line(x, y, np.ones(400)), stats.linregress(x, y)
    assert (line.slope, line.offset) == pytest.approx((expected.slope, expected.intercept))
    assert line.r2 == pytest.approx(expected.rvalue**2)
    half = stats.t.ppf(0.975, 398) * expected.stderr
    assert (line.high - line.low) / 2 == pytest.approx(half, rel=0.1)


def test_a_weight_of_two_is_a_point_twice():
    x, y = np.array([1.0, 2, 3, 5]), np.array([1.0, 3, 2, 6])
    twice = fit_line(np.append(x, x[1:3]), np.append(y, y[1:3]), np.ones(6))
    weighted = fit_line(x, y, np.array([1.0, 2, 2, 1]))
    assert weighted.slope == pytest.approx(twice.slope)
    assert weighted.offset == pytest.approx(twice.offset)


def test_intervals_hold_the_true_slope_as_often_as_they_say():
    random, held = np.random.default_rng(1), 0
    for _ in range(400):
        x = random.integers(3, 11, 60).astype(float)
        line = fit_line(x, 1.5 * x + random.normal(0, 0.2 * x), np.ones(60))
        held += line.low <= 1.5 <= line.high
    assert 0.91 <= held / 400 <= 0.98


def test_hillert_density_is_the_slope_of_its_share():
    u = np.linspace(0.01, 1.95, 300)
    slope = (hillert_share(u + 1e-6) - hillert_share(u - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, hillert_density(u), atol=1e-5)
    assert hillert_share(np.array([0.0, 2.0, 3.0])) == pytest.approx([0, 1, 1])


def test_distributions_are_told_apart():
    random = np.random.default_rng(2)
    u = np.interp(random.random(20_000), hillert_share(np.linspace(0, 2, 5001)), np.linspace(0, 2, 5001))
    found = size_distributions(table(u))
    assert found["hillert_distance"] < 0.012
    assert found["log_normal_distance"] > 0.05
    found = size_distributions(table(3 * np.exp(0.4 * random.standard_normal(20_000))))
    assert found["log_deviation"] == pytest.approx(0.4, rel=0.03)
    assert found["log_normal_distance"] < 0.012
    assert found["hillert_distance"] > 0.05


def test_scale_changes_the_slope_and_nothing_else():
    random = np.random.default_rng(3)
    sides = random.integers(3, 10, 200)
    radius = 2.0 * sides + random.normal(0, 1, 200) + 5
    small, large = table(radius, sides), table(10 * radius, sides)
    assert radius_by_neighbours(large).slope == pytest.approx(10 * radius_by_neighbours(small).slope)
    assert radius_by_neighbours(small).slope == pytest.approx(2.0, abs=0.15)
    assert lewis(large).slope == pytest.approx(lewis(small).slope)
    assert size_distributions(large) == pytest.approx(size_distributions(small))


def test_random_voronoi_cells_follow_the_known_laws():
    """Poisson-Voronoi: variance of sides 1.7808; Lewis' slope 0.22 to 0.24; a near 1 or below."""
    labels = finish(voronoi_start((1400, 1400), 5000, 5)).astype(int) + 1
    grains = grain_table(labels, periodic=True)
    law = aboav_weaire(grains, grain_contacts(labels, periodic=True)[0])
    assert law["variance_of_sides"] == pytest.approx(1.7808, rel=0.06)
    assert 0.2 < lewis(grains).slope < 0.25
    assert 0.5 < law["a"] < 1.2
    assert law["r2"] > 0.9


def test_neighbours_of_neighbours_add_up():
    """Weaire: the sum of n m(n) over all grains is that of n squared."""
    labels = finish(voronoi_start((300, 300), 200, 6)).astype(int) + 1
    grains = grain_table(labels, periodic=True)
    pairs, _ = grain_contacts(labels, periodic=True)
    ends = np.searchsorted(grains.label, np.concatenate([pairs, pairs[:, ::-1]]))
    assert grains.neighbours[ends[:, 1]].sum() == (grains.neighbours**2).sum()
    inside = grain_table(labels, periodic=False)
    assert aboav_weaire(inside, grain_contacts(labels)[0]) is not None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_grains_have_no_laws(count):
    few = table(np.arange(1.0, count + 1), np.arange(count) + 3)
    assert radius_by_neighbours(few) is None
    assert size_distributions(few) is None
    assert aboav_weaire(few, np.empty((0, 2), int)) is None
    assert radius_by_neighbours(table(np.ones(5))) is None
