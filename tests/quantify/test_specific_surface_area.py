"""Specific surface area of balls, planes and random fields with closed forms."""

import numpy as np
import pytest

from napari_microgen.errors import AxesError
from napari_microgen.progress import finish
from napari_microgen.quantify.line_crossings import crossing_pairs, crossing_rate
from napari_microgen.quantify.smoothed_mesh_area import smoothed_mesh_area
from napari_microgen.quantify.specific_surface_area import (
    measure,
    specific_surface_area,
)
from napari_microgen.quantify.voxel_configurations import count_configurations

CUBIC = (1.0, 1.0, 1.0)


@pytest.mark.parametrize("radius", [6, 10, 20])
@pytest.mark.parametrize("spacing", [CUBIC, (1.344, 1.0, 1.0)])
@pytest.mark.parametrize("correction", [0.0, 0.75, 1.0])
def test_ball_has_4_pi_r_squared(ball, radius, spacing, correction):
    errors = []
    for seed in range(4):
        centre = np.random.default_rng(seed).uniform(-0.5, 0.5, 3)
        phase = ball(radius, spacing, centre=centre)
        area = specific_surface_area(phase, spacing, window="isolated", correction=correction)
        errors.append(area * phase.size * np.prod(spacing) / (4 * np.pi * radius**2) - 1)
    assert abs(np.mean(errors)) < 0.01


@pytest.mark.parametrize("spacing", [CUBIC, (1.344, 1.0, 1.0), (2.0, 1.0, 1.0)])
@pytest.mark.parametrize("smoothing", [3.0, 4.0])
def test_random_field_has_the_surface_of_its_closed_form(level_cut, spacing, smoothing):
    fields = [level_cut((96, 96, 96), smoothing, -0.25, spacing, seed) for seed in range(4)]
    mean = {
        share: np.mean(
            [specific_surface_area(f.phase, spacing, correction=share) / f.surface for f in fields]
        )
        for share in (0.0, 0.75, 1.0)
    }
    assert mean[1.0] == pytest.approx(1, abs=0.01)
    assert mean[0.75] == pytest.approx(1, abs=0.01)
    assert mean[0.0] == pytest.approx(1, abs=0.025)


@pytest.mark.parametrize(("directions", "worst"), [(13, 0.09), (37, 0.04)])
def test_planes_of_any_orientation(directions, worst):
    spacing = (1.344, 1.0, 1.0)
    z, y, x = (s * (a - 23.5) for a, s in zip(np.ogrid[:48, :48, :48], spacing, strict=True))
    normals = np.random.default_rng(0).standard_normal((40, 3))
    normals[:3] = np.eye(3)
    for normal in normals / np.linalg.norm(normals, axis=1)[:, None]:
        distance = normal[0] * z + normal[1] * y + normal[2] * x + 0.123
        exact = plane_area(distance, spacing)
        found = specific_surface_area(distance > 0, spacing, directions=directions)
        assert found == pytest.approx(exact, rel=worst)


def plane_area(distance, spacing):
    """Area of the plane distance = 0 per volume of the box, by marching cubes on the exact distance."""
    from skimage.measure import marching_cubes, mesh_surface_area

    vertices, faces, _, _ = marching_cubes(distance.astype(np.float32), 0.0, spacing=spacing)
    box = np.prod([(n - 1) * s for n, s in zip(distance.shape, spacing, strict=True)])
    return mesh_surface_area(vertices, faces) / box


def test_flips_turns_and_the_other_phase_change_nothing(level_cut):
    phase = level_cut((40, 41, 42), 3.0).phase
    value = specific_surface_area(phase, CUBIC)
    for same in (phase[::-1], phase[:, ::-1], phase[..., ::-1], phase.transpose(2, 0, 1), ~phase):
        assert specific_surface_area(same, CUBIC) == pytest.approx(value, rel=1e-12)


def test_axes_and_spacing_go_together(level_cut):
    phase, spacing = level_cut((30, 40, 50), 3.0, spacing=(2.0, 1.5, 1.0)).phase, (2.0, 1.5, 1.0)
    turned = specific_surface_area(phase.transpose(1, 2, 0), (1.5, 1.0, 2.0))
    assert turned == pytest.approx(specific_surface_area(phase, spacing), rel=1e-12)


def test_doubling_the_voxel_halves_the_value(level_cut):
    phase = level_cut((30, 30, 30), 3.0).phase
    assert specific_surface_area(phase, (2.0,) * 3) == pytest.approx(specific_surface_area(phase, CUBIC) / 2)


def test_chunks_give_the_whole_exactly(level_cut):
    phase, spacing = level_cut((40, 30, 30), 3.0).phase, (1.3, 1.0, 1.0)
    pairs = crossing_pairs(3, 2, extrapolate=True)
    chunks = [count_configurations(phase[:13], pairs)]
    chunks += [count_configurations(phase[a - 4 : a + 13], pairs, lead=4) for a in (13, 26)]
    chunks += [count_configurations(phase[39 - 4 :], pairs, lead=4)]
    added = sum(chunks[1:], start=chunks[0])
    rate = crossing_rate(added, phase.shape, spacing, reach=2, correction=1.0)
    assert 2 * rate == specific_surface_area(phase, spacing, directions=37, correction=1.0)


def test_a_window_in_a_material_is_not_biased_by_its_faces(level_cut):
    field = level_cut((96, 96, 96), 3.0)
    whole = specific_surface_area(field.phase, CUBIC)
    corners = [(a, b, c) for a in (0, 48) for b in (0, 48) for c in (0, 48)]
    parts = [
        specific_surface_area(field.phase[a : a + 48, b : b + 48, c : c + 48], CUBIC) for a, b, c in corners
    ]
    assert np.mean(parts) == pytest.approx(whole, rel=0.005)


def test_mesh_area_of_slabs_is_that_of_the_whole(level_cut, monkeypatch):
    phase = level_cut((50, 30, 30), 3.0).phase
    whole = smoothed_mesh_area(phase, CUBIC)
    monkeypatch.setattr("napari_microgen.quantify.smoothed_mesh_area._SLAB_VOXELS", 7 * 900)
    assert smoothed_mesh_area(phase, CUBIC) == pytest.approx(whole, rel=1e-6)


def test_mesh_of_a_layered_structure_shows_the_loss_of_line_counts():
    layers = np.zeros((64, 64, 64), bool)
    layers[np.arange(64) // 8 % 2 == 0] = True
    (feature,) = finish(measure(layers, CUBIC))
    exact = 7 / 63
    assert feature.value == pytest.approx(exact, rel=0.08)
    assert feature.details["smoothed_mesh"] == pytest.approx(exact, rel=0.001)
    assert feature.details["extrapolated_37"] == pytest.approx(exact, rel=0.04)
    assert "oriented" in feature.reason


def test_bias_estimate_is_near_the_true_bias(level_cut):
    """The truth is the same field at half the pitch, on voxels whose bias is a quarter."""
    shown, true = [], []
    for seed in range(4):
        fine = level_cut((129, 129, 129), 6.0, seed=seed).phase
        (feature,) = finish(measure(fine[::2, ::2, ::2], (2.0, 2.0, 2.0), mesh=False))
        shown.append(feature.details["uncorrected_13"] / feature.details["extrapolated_13"] - 1)
        truth = specific_surface_area(fine, CUBIC, correction=1.0)
        true.append(feature.details["uncorrected_13"] / truth - 1)
        assert -0.004 < feature.details["relative_bias_estimate"] < 0
    assert np.mean(shown) == pytest.approx(np.mean(true), abs=0.002)


def test_degenerate_volumes_are_named(degenerate):
    (feature,) = finish(measure(degenerate, CUBIC))
    assert feature.value is not None or "fewer than two voxels" in feature.reason
    if not degenerate.any() or degenerate.all():
        assert feature.value in (None, 0.0)
        assert feature.reason


def test_unknown_voxel_size_is_said():
    (feature,) = finish(measure(np.eye(4, dtype=bool)[None].repeat(4, 0), None))
    assert (feature.value, feature.reason) == (None, "voxel size unknown")


def test_too_thin_for_the_directions():
    with pytest.raises(AxesError, match="no voxel pairs"):
        specific_surface_area(np.ones((1, 4, 4), bool), CUBIC)
