import numpy as np
import pytest

from napari_microgen.progress import finish
from napari_microgen.simulate.curvature_flow import curvature_flow
from napari_microgen.simulate.gaussian_field import above_share, level_cut_field
from napari_microgen.simulate.spheres import draw_sphere

UNIT = (1.0, 1.0, 1.0)


def test_volume_is_conserved_and_surface_falls():
    solid = level_cut_field((48, 48, 48), 2.5, 0.5, seed=1)
    surfaces = []
    for time in (2.0, 6.0, 18.0):
        field = finish(curvature_flow(solid, time, UNIT))
        assert field.mean(dtype=float) == pytest.approx(0.5, abs=1e-4)
        cut = above_share(field, 0.5)
        surfaces.append(sum(np.count_nonzero(cut != np.roll(cut, 1, a)) for a in range(3)))
    assert surfaces == sorted(surfaces, reverse=True)


def test_a_ball_stays_a_ball():
    box = np.zeros((40, 40, 40), bool)
    draw_sphere(box, np.array([20.0, 20.0, 20.0]), 11.0, UNIT)
    field = finish(curvature_flow(box, 40.0, UNIT))
    cut = above_share(field, box.mean())
    assert (cut ^ box).sum() < 0.02 * box.sum()


def test_large_balls_grow_at_the_cost_of_small_ones():
    """Two balls: the surface moves with the mean of 2/R over the whole surface less the own 2/R."""
    box = np.zeros((36, 36, 72), bool)
    draw_sphere(box, np.array([18.0, 18.0, 20.0]), 10.0, UNIT)
    draw_sphere(box, np.array([18.0, 18.0, 54.0]), 6.0, UNIT)
    start = above_share(finish(curvature_flow(box, 1.0, UNIT)), box.mean())
    later = above_share(finish(curvature_flow(box, 5.0, UNIT)), box.mean())
    radii = np.array([(half.sum() * 3 / 4 / np.pi) ** (1 / 3) for half in (start[..., :40], start[..., 40:])])
    for _ in range(400):
        mean = (radii**2 * 2 / radii).sum() / (radii**2).sum()
        radii += 0.01 * (mean - 2 / radii)
    expected = 4 / 3 * np.pi * radii**3
    assert later[..., :40].sum() == pytest.approx(expected[0], rel=0.02)
    assert later[..., 40:].sum() == pytest.approx(expected[1], rel=0.1)
    assert expected[1] < 0.8 * start[..., 40:].sum(), "the small ball has lost a fifth and more"


def test_anisotropic_voxels_change_nothing_but_the_grid():
    fine, coarse = np.zeros((48, 48, 48), bool), np.zeros((24, 48, 48), bool)
    for box, spacing in ((fine, UNIT), (coarse, (2.0, 1.0, 1.0))):
        for centre, radius in (((16, 24, 24), 11.0), ((34, 24, 24), 9.0)):
            draw_sphere(box, np.array(centre, float), radius, spacing)
    a = above_share(finish(curvature_flow(fine, 20.0, UNIT)), fine.mean())
    b = above_share(finish(curvature_flow(coarse, 20.0, (2.0, 1.0, 1.0))), coarse.mean())
    assert (a[::2] != b).mean() < 0.03


def test_progress_runs_to_the_end():
    ticks = list(curvature_flow(np.eye(8, dtype=bool)[None].repeat(8, 0), 3.0, UNIT))
    assert ticks[-1].step == ticks[-1].total > 5
    assert [tick.step for tick in ticks] == sorted(tick.step for tick in ticks)
