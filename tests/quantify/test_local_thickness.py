"""Local thickness of plates, rods and spheres, and against the definition."""

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.progress import finish
from napari_microgen.quantify import thickness_kernels as kernels
from napari_microgen.quantify.distance_transform import distance_transform
from napari_microgen.quantify.local_thickness import local_thickness, measure


def distances(shape, spacing, direction, offset=(0.0, 0.0, 0.0)):
    """Distance of each voxel centre to an axis through the middle, and along it."""
    axes = [(np.arange(n) - (n - 1) / 2) * h - o for n, h, o in zip(shape, spacing, offset, strict=True)]
    place = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    along = place @ (np.asarray(direction) / np.linalg.norm(direction))
    return np.sqrt(np.maximum((place**2).sum(-1) - along**2, 0)), along


def middle(values, phase, margin=14):
    inside = (slice(margin, -margin),) * 3
    return values[inside][phase[inside]]


def thickness_by_definition(phase, spacing):
    """Paint the ball of every voxel, one after the other."""
    radius = distance_transform(phase, spacing)
    grid = np.indices(phase.shape).astype(float) * np.asarray(spacing)[:, None, None, None]
    out = np.zeros(phase.shape)
    for voxel in np.argwhere(phase):
        away = np.sqrt(((grid - (voxel * spacing)[:, None, None, None]) ** 2).sum(0))
        own = radius[tuple(voxel)]
        np.maximum(out, 2 * own, out=out, where=away < own * (1 - 1e-6))
    return out


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0)])
def test_the_first_ball_is_the_largest_that_covers_a_voxel(spacing):
    smooth = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((18, 19, 20)), 2.0)
    phase = smooth > 0
    distance, edges = distance_transform(phase, spacing), np.array(spacing, np.float32)
    ridge, owner = np.empty(phase.shape, bool), np.empty(phase.shape, np.int32)
    kernels.mark_ridge(distance, edges, np.float32(0), ridge, 0, 18)
    order = np.argsort(-distance[ridge], kind="stable")
    voxels, radii = np.flatnonzero(ridge)[order], distance[ridge][order]
    used = np.zeros(radii.size, bool)
    for first, last in ((0, 7), (7, 18)):
        kernels.cover(phase, edges, voxels, radii, owner, used, np.zeros(1, np.uint8), first, last)
    np.testing.assert_array_equal(np.flatnonzero(used), np.unique(owner[phase]))
    exact = thickness_by_definition(phase, spacing)
    np.testing.assert_allclose(2 * radii[owner[phase]], exact[phase], rtol=1e-6)
    assert (owner[~phase] == -1).all()
    found = local_thickness(phase, spacing)[phase]  # whose centres may lie between voxels
    assert np.corrcoef(found, exact[phase])[0, 1] > 0.97
    assert np.abs(found - exact[phase]).mean() < 0.6 * max(spacing)


@pytest.mark.parametrize("radius", [5.0, 8.0])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.344, 1.0, 1.0)])
def test_rods_are_as_thick_as_they_are(radius, spacing):
    """Each within 0.3 voxel, wherever it lies; their mean within 1 %."""
    shape = tuple(round(50 / h) for h in spacing)
    errors = []
    for direction in [(1, 0, 0), (0, 1, 0), (1, 1, 0), (1, 1, 1), (2, -1, 3), (1, 5, -2)]:
        away, _ = distances(shape, spacing, direction, (0.3, -0.2, 0.1))
        phase = away <= radius
        errors.append(middle(local_thickness(phase, spacing), phase).mean() - 2 * radius)
    assert np.abs(errors).max() < 0.3 * max(spacing)
    assert abs(np.mean(errors)) < 0.01 * 2 * radius


@pytest.mark.parametrize("thickness", [3, 4, 7, 8])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 0.5)])
def test_a_plate_along_the_grid_is_exact(thickness, axis, spacing):
    phase = np.zeros((40, 40, 40), bool)
    phase[(slice(None),) * axis + (slice(16, 16 + thickness),)] = True
    values = middle(local_thickness(phase, spacing), phase)
    np.testing.assert_allclose(values, thickness * spacing[axis], rtol=2e-3)


def test_a_ball_is_as_thick_as_its_diameter_inside():
    away = np.sqrt(((np.indices((40, 40, 40)) - 19.6) ** 2).sum(0))
    values = local_thickness(away <= 12, (1.0, 1.0, 1.0))
    np.testing.assert_allclose(values[away <= 11], 24, rtol=0.03)
    assert values[away <= 12].mean() == pytest.approx(24, rel=0.03)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0)])
def test_a_ball_of_many_words_is_as_thick_as_its_diameter(spacing):
    """Balls of more than 64 voxels across, in an image that they nearly fill."""
    shape = tuple(round(140 / h) for h in spacing)
    place = np.indices(shape) * np.reshape(spacing, (3, 1, 1, 1)) - 69.6
    away = np.sqrt((place**2).sum(0))
    values = local_thickness(away <= 67, spacing)
    np.testing.assert_allclose(values[away <= 65], 134, rtol=0.01)


@pytest.mark.parametrize("shape", [(1, 90, 400), (1, 400, 90), (90, 400, 1), (400, 1, 90)])
def test_balls_may_be_longer_than_the_image(shape):
    """A pore far away, so that balls reach far beyond the sides of a thin image."""
    phase = np.ones(shape, bool)
    phase[0, 0, 0] = False
    values = local_thickness(phase, (1.0, 1.0, 1.0))
    reach = np.sqrt(sum((n - 1) ** 2 for n in shape))
    assert values.max() == pytest.approx(2 * reach, rel=0.01)
    middle_one = tuple(n // 2 for n in shape)
    assert values[middle_one] == pytest.approx(2 * reach, rel=0.01)


def test_thick_and_thin_parts_are_told_apart():
    thick, _ = distances((60, 60, 60), (1.0, 1.0, 1.0), (1, 0, 0))
    thin, _ = distances((60, 60, 60), (1.0, 1.0, 1.0), (0, 1, 0))
    phase = (thick <= 12) | (thin <= 5)
    values = local_thickness(phase, (0.1, 0.1, 0.1))
    assert np.median(values[phase & (thick <= 10)]) == pytest.approx(2.4, rel=0.02)
    arm = phase & (thick > 16)
    assert values[arm].mean() == pytest.approx(1.0, rel=0.02)


def test_threads_change_nothing_and_flips_little():
    phase = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal((40, 41, 42)), 2.0) > 0
    one, three = (local_thickness(phase, (1.0, 1.0, 1.0), threads=n) for n in (1, 3))
    np.testing.assert_array_equal(one, three)
    flipped = local_thickness(phase[:, ::-1], (1.0, 1.0, 1.0))[:, ::-1]
    assert flipped[phase].mean() == pytest.approx(one[phase].mean(), rel=0.005)


def test_the_unit_scales_it():
    phase = ndimage.gaussian_filter(np.random.default_rng(2).standard_normal((30, 30, 30)), 2.0) > 0
    one, small = local_thickness(phase, (1.0, 1.0, 1.0)), local_thickness(phase, (0.02, 0.02, 0.02))
    np.testing.assert_allclose(small[phase].mean(), 0.02 * one[phase].mean(), rtol=1e-3)


def test_an_image_is_measured_with_discs():
    row, column = np.indices((60, 60)) - 29.7
    values = local_thickness(np.hypot(row, column) <= 15, (0.5, 0.5))
    assert np.median(values[values > 0]) == pytest.approx(15.0, rel=0.02)


def test_every_voxel_of_the_phase_and_no_other_has_a_thickness():
    phase = np.random.default_rng(3).random((20, 21, 22)) < 0.7
    values = local_thickness(phase, (1.0, 1.0, 1.0))
    assert (values[phase] > 0).all()
    assert not values[~phase].any()


@pytest.mark.parametrize(
    ("phase", "reason"),
    [
        (np.zeros((5, 5, 5), bool), "the phase is absent"),
        (np.zeros((5, 5), bool), "the phase is absent"),
        (np.ones((5, 5, 5), bool), "the phase fills the volume, so its thickness is unknown"),
        (np.ones((1, 1, 1), bool), "the phase fills the volume, so its thickness is unknown"),
    ],
)
def test_without_a_border_it_is_undefined(phase, reason):
    [feature] = finish(measure(phase, (1.0,) * phase.ndim))
    assert feature.value is None
    assert feature.reason == reason
    assert finish(measure(phase, None))[0].reason == "voxel size unknown"


@pytest.mark.parametrize("shape", [(3, 3, 3), (1, 8, 8), (1, 1, 9), (9, 1, 1), (6, 6)])
def test_degenerate_shapes_are_finite(shape):
    phase = np.zeros(shape, bool)
    phase.flat[phase.size // 2] = True
    [feature] = finish(measure(phase, (1.0,) * len(shape)))
    assert 0 < feature.value < 3
    assert feature.details["largest"] >= feature.value
