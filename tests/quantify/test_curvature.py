"""Curvature at points and on average: balls, cylinders, tori, random fields, meshes."""

import numpy as np
import pytest

from napari_microgen.progress import finish
from napari_microgen.quantify.blurred_planes import blurred_planes
from napari_microgen.quantify.curvature import mean_curvatures, measure, quadrants
from napari_microgen.quantify.curved_surface import curved_surface
from napari_microgen.quantify.level_set_curvature import curvature_at
from napari_microgen.quantify.surface_points import surface_points

CUBIC = (1.0, 1.0, 1.0)
COARSE = (1.344, 1.0, 1.0)


def relative_rms(found, exact):
    return np.sqrt(np.mean((found - exact) ** 2) / np.mean(np.broadcast_to(exact, found.shape) ** 2))


@pytest.mark.parametrize(
    ("spacing", "worst_mean", "worst_gaussian"), [(CUBIC, 0.04, 0.08), (COARSE, 0.05, 0.10)]
)
def test_points_of_a_ball(ball, spacing, worst_mean, worst_gaussian):
    points = surface_points(ball(20, spacing, margin=10), spacing, smoothing=3.0)
    assert relative_rms(points.mean, 1 / 20) < worst_mean
    assert relative_rms(points.gaussian, 1 / 400) < worst_gaussian
    assert points.area.sum() == pytest.approx(4 * np.pi * 400, rel=0.005)
    assert points.clipped == 0


@pytest.mark.parametrize("radius", [10, 14])
def test_a_tight_ball_is_not_shrunk_by_the_smoothing(ball, radius):
    points = surface_points(ball(radius, margin=10), CUBIC, smoothing=3.0)
    assert np.mean(points.mean) * radius == pytest.approx(1, abs=0.03)
    assert points.area.sum() == pytest.approx(4 * np.pi * radius**2, rel=0.02)


def test_a_pore_is_concave(ball):
    points = surface_points(~ball(15, margin=10), CUBIC, smoothing=3.0)
    assert np.mean(points.mean) == pytest.approx(-1 / 15, rel=0.03)
    assert np.mean(points.gaussian) == pytest.approx(1 / 225, rel=0.05)
    assert quadrants(points)["cup"] > 0.999


@pytest.mark.parametrize("spacing", [CUBIC, COARSE])
def test_vertices_of_a_torus(torus, spacing):
    surface = curved_surface(torus(30, 10, spacing, margin=12), spacing, smoothing=3.0)
    centre = np.array([(n - 1) / 2 + 0.21 for n in torus(30, 10, spacing, margin=12).shape]) * spacing
    z, y, x = (surface.vertices - centre).T
    out = np.hypot(y, x) - 30
    cosine = out / np.hypot(out, z)
    mean, gaussian = 0.5 * (0.1 + cosine / (30 + 10 * cosine)), cosine / (10 * (30 + 10 * cosine))
    assert surface.reliable.all()
    assert relative_rms(surface.mean, mean) < 0.09
    assert relative_rms(surface.gaussian, gaussian) < 0.09 if spacing == CUBIC else 0.12


def test_cylinder_is_flat_in_one_direction():
    y, x = np.ogrid[:60, :60]
    phase = np.broadcast_to((y - 29.7) ** 2 + (x - 29.6) ** 2 <= 14**2, (50, 60, 60))
    points = surface_points(phase, CUBIC, smoothing=3.0)
    assert np.abs(points.gaussian).max() < 1e-6
    assert np.mean(points.mean) == pytest.approx(1 / 28, rel=0.03)


def test_exact_field_has_exact_curvature():
    z, y, x = np.ogrid[:24, :26, :28]
    field = (9 - np.sqrt((2 * (z - 11.3)) ** 2 + (y - 12.7) ** 2 + (x - 13.1) ** 2)).astype(np.float32)
    directions = np.random.default_rng(0).standard_normal((50, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    places = np.array([11.3, 12.7, 13.1]) + 9 * directions / (2.0, 1.0, 1.0)
    mean, gaussian = curvature_at(field, places, (2.0, 1.0, 1.0))
    assert mean == pytest.approx(1 / 9, rel=0.08)
    assert gaussian == pytest.approx(1 / 81, rel=0.16)


def test_blurred_planes_are_those_of_scipy_and_of_any_chunk(level_cut):
    from scipy.ndimage import gaussian_filter

    phase, sigma = level_cut((40, 30, 31), 3.0).phase, (1.5, 2.0, 2.5)
    whole = np.stack([plane.copy() for plane in blurred_planes(phase, sigma)])
    exact = gaussian_filter(phase.astype(float), sigma, mode="nearest", truncate=4.0)
    assert np.allclose(whole, exact, atol=2e-6)
    chunk = np.stack([plane.copy() for plane in blurred_planes(phase[10:], sigma)])
    assert np.array_equal(chunk[6:], whole[16:])


def test_flips_and_turns_keep_the_averages(level_cut):
    phase, spacing = level_cut((50, 52, 54), 4.0, 0.3).phase, (1.3, 1.1, 1.0)
    one = surface_points(phase, spacing)
    other = surface_points(phase[:, ::-1].transpose(2, 0, 1), (1.0, 1.3, 1.1))
    # The window is half open, so a flip changes which of its faces is left out.
    assert other.area.sum() == pytest.approx(one.area.sum(), rel=0.01)
    averages = [np.average(p.mean, weights=p.area) for p in (one, other)]
    assert averages[0] == pytest.approx(averages[1], abs=0.01 * float(np.std(one.mean)))


def test_the_other_phase_has_the_opposite_mean(level_cut):
    phase = level_cut((50, 50, 50), 4.0, 0.3).phase
    (mean, gaussian), (other_mean, other_gaussian) = (mean_curvatures(p, CUBIC) for p in (phase, ~phase))
    assert other_mean == pytest.approx(-mean)
    assert other_gaussian == pytest.approx(gaussian)


def test_averages_of_random_fields_and_their_points_agree(level_cut):
    field = level_cut((128, 128, 128), 6.0, -0.5)
    mean, gaussian = finish(measure(field.phase, CUBIC))
    assert mean.value == pytest.approx(field.mean_curvature, rel=0.1)
    assert mean.details["pointwise_mean_curvature"] == pytest.approx(mean.value, rel=0.1)
    assert 0.5 < gaussian.details["pointwise_gaussian_curvature"] / gaussian.value < 1.1
    assert sum(mean.details["quadrants"].values()) == pytest.approx(1)
    assert mean.details["clipped_share"] < 0.02
    assert np.shape(mean.details["joint_density"]["density"]) == (64, 64)
    low, high = gaussian.details["connectivity_range"]
    assert low <= gaussian.value <= high


def test_mesh_of_slabs_is_closed_and_the_same(ball, monkeypatch):
    phase = ball(12, margin=10)
    one = curved_surface(phase, CUBIC)
    monkeypatch.setattr("napari_microgen.quantify.curved_surface._SLAB_VOXELS", 6 * phase[0].size)
    other = curved_surface(phase, CUBIC)
    assert euler_of_mesh(one) == euler_of_mesh(other) == 2
    assert np.allclose(np.sort(one.mean), np.sort(other.mean), atol=1e-6)
    assert len(one.vertices) == len(other.vertices)


def euler_of_mesh(surface):
    edges = np.sort(np.concatenate([surface.faces[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))]), axis=1)
    return len(surface.vertices) - len(np.unique(edges, axis=0)) + len(surface.faces)


def test_degenerate_volumes_are_named(degenerate):
    for feature in finish(measure(degenerate, CUBIC)):
        assert feature.value is not None or feature.reason
    assert len(surface_points(degenerate, CUBIC).mean) == 0


def test_unknown_voxel_size_is_said():
    assert {f.reason for f in finish(measure(np.eye(4, dtype=bool)[None].repeat(4, 0), None))} == {
        "voxel size unknown"
    }
