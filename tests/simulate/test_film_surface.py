from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from napari_microgen.errors import ParameterError
from napari_microgen.progress import finish
from napari_microgen.simulate.film_kernels import thinned
from napari_microgen.simulate.film_rule import FilmConditions, film_law
from napari_microgen.simulate.film_surface import SPACING, _facets, _filler, _tips, film_surface

LAW = film_law(FilmConditions(temperature=500))
SMOOTH = replace(LAW, roughness=0.0, rounding=0.01)


def grown(law=LAW, shape=(256, 320), pixel=3.0, seed=0):
    return finish(film_surface(law, shape, pixel, seed))


@pytest.mark.parametrize("four_sided", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("order", [0.0, 0.97])
def test_the_mean_feret_diameter_is_the_one_asked_for(four_sided, order):
    """Pixel corners make calipers of 30 pixels 1.2 % long; 2 % is three standard errors of 2000 features."""
    law = replace(SMOOTH, feret=60.0, four_sided=four_sided, order=order)
    found = [grown(law, (480, 480), 2.0, seed).ferets.mean() for seed in range(3)]
    assert np.mean(found) == pytest.approx(60.7, rel=0.02)


def test_number_density_follows_from_the_size():
    coarse, fine = (grown(replace(SMOOTH, feret=f), (512, 512), 2.0) for f in (100.0, 50.0))
    assert len(fine.ferets) / len(coarse.ferets) == pytest.approx(4, rel=0.03)
    assert fine.areas.sum() == pytest.approx(1024.0**2)


def test_calipers_are_those_of_the_hull_of_the_pixels():
    surface = grown(pixel=4.0)
    names, checked = np.unique(surface.cells), 0
    for place, name in enumerate(names):
        rows, columns = np.nonzero(surface.cells == name)
        if rows.min() == 0 or columns.min() == 0 or rows.max() == 255 or columns.max() == 319:
            continue
        corners = np.concatenate([np.stack([rows + i, columns + j], 1) for i in (0, 1) for j in (0, 1)])
        hull = corners[ConvexHull(corners).vertices]
        assert surface.ferets[place] == pytest.approx(4.0 * pdist(hull).max(), rel=0.002)
        checked += 1
    assert checked > 50


def test_the_envelope_is_the_highest_of_all_pyramids():
    """Against all pyramids at every pixel, in all nine periodic places."""
    law = replace(SMOOTH, feret=60.0, plateau=0.0, order=0.0)
    rng, shape, pixel = np.random.default_rng(5), (96, 128), 4.0
    box = np.array(shape) * pixel
    tips, spacing = _tips(law, box, rng)
    sides = rng.choice([3, 4], len(tips))
    facets = _facets(sides, 7 * rng.random(len(tips)), np.full(len(tips), 0.9), 0.2)
    apex = 4 * rng.standard_normal(len(tips))
    height, owner, facet = np.empty(shape), np.empty(shape, np.int32), np.empty(shape, np.int8)
    _filler(tips, spacing, apex, facets, shape, pixel, (height, owner, facet))(0, shape[0])
    y, x = ((np.indices(shape) + 0.5) * pixel)[..., None, None]
    drops = []
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            dy, dx = y - tips[:, None, 0] - i * box[0], x - tips[:, None, 1] - j * box[1]
            drops.append((facets[..., 0] * dy + facets[..., 1] * dx).max(axis=-1))
    everything = apex - np.min(drops, axis=0)
    np.testing.assert_allclose(height, everything.max(axis=-1), atol=1e-9)
    np.testing.assert_array_equal(owner, everything.argmax(axis=-1))


def test_there_is_no_seam_at_the_periodic_edge():
    """Steps across the edge are like steps anywhere."""
    height = grown(shape=(400, 400)).height
    for axis in (0, 1):
        steps = np.abs(np.roll(height, -1, axis) - height)
        edge = np.take(steps, -1, axis).mean()
        inside = steps.mean(axis=1 - axis)
        assert abs(edge - inside.mean()) < 4 * inside.std()


def test_slopes_are_those_asked_for():
    for slope in (5.0, 15.0, 42.0):
        found = grown(replace(SMOOTH, slope=slope, order=0.0, plateau=0.0))
        assert np.median(found.slope) == pytest.approx(slope, rel=0.05)
    flat = grown(replace(SMOOTH, plateau=0.4))
    assert 0.05 < (flat.slope == 0).mean() < 0.6


@pytest.mark.parametrize("order", [0.0, 0.4, 0.97])
def test_azimuths_have_the_order_asked_for(order):
    found = grown(replace(LAW, order=order, feret=40.0), (512, 512))
    assert found.azimuth_order == pytest.approx(order, abs=3 / np.sqrt(len(found.seeds)))


def test_unoriented_films_are_isotropic():
    """Mean square slopes along rows and columns agree; oriented ones lean to one side."""
    ratios = []
    for seed in range(4):
        height = grown(replace(LAW, feret=40.0), (400, 400), seed=seed).height
        ratios.append(np.mean(np.diff(height, axis=0) ** 2) / np.mean(np.diff(height, axis=1) ** 2))
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)


def test_ions_round_the_surface():
    sharp, round_ = (grown(replace(SMOOTH, rounding=r)).height for r in (0.01, 10.0))
    assert np.mean(np.diff(round_, 2, 0) ** 2) < 0.1 * np.mean(np.diff(sharp, 2, 0) ** 2)


def test_roughness_has_the_height_asked_for():
    rough, smooth = (grown(replace(LAW, roughness=r)).height for r in (2.0, 0.0))
    assert (rough - smooth).std() == pytest.approx(2.0, rel=1e-6)


def test_seeds_keep_their_distance_on_the_torus():
    rng = np.random.default_rng(0)
    box = np.array([100.0, 150.0])
    places = rng.random((20_000, 2)) * box
    taken = places[thinned(places, box, 5.0, 10_000)]
    gap = np.abs(taken[:, None] - taken[None])
    distance = np.linalg.norm(np.minimum(gap, box - gap), axis=2)
    np.fill_diagonal(distance, np.inf)
    assert distance.min() >= 5.0
    assert len(taken) > 0.4 * 100 * 150 / (np.pi * 2.5**2)
    surface = grown()
    gap = np.abs(surface.seeds[:, None] - surface.seeds[None])
    box = np.array([256, 320]) * 3.0
    distance = np.linalg.norm(np.minimum(gap, box - gap), axis=2)
    np.fill_diagonal(distance, np.inf)
    assert distance.min() >= SPACING * np.sqrt(box.prod() / len(surface.seeds)) * (1 - 1e-9)


def test_the_seed_decides():
    one, same, other = (grown(seed=seed).height for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_box_too_small_is_refused():
    with pytest.raises(ParameterError, match=r"at least 4 times that: \d+ pixels"):
        grown(shape=(64, 640))
