"""Specific perimeter of disks, edges and plane random fields."""

import numpy as np
import pytest

from napari_microgen.errors import AxesError
from napari_microgen.progress import finish
from napari_microgen.quantify.specific_perimeter import measure, specific_perimeter

SQUARE = (1.0, 1.0)


def disk(radius, spacing, centre):
    half = [int(np.ceil(radius / s)) + 3 for s in spacing]
    row, column = np.ogrid[-half[0] : half[0] + 1, -half[1] : half[1] + 1]
    return ((row - centre[0]) * spacing[0]) ** 2 + ((column - centre[1]) * spacing[1]) ** 2 <= radius**2


@pytest.mark.parametrize("radius", [6, 12, 30])
@pytest.mark.parametrize("spacing", [SQUARE, (2.0, 1.0)])
def test_disk_has_2_pi_r(radius, spacing):
    errors = []
    for seed in range(8):
        phase = disk(radius, spacing, np.random.default_rng(seed).uniform(-0.5, 0.5, 2))
        found = specific_perimeter(phase, spacing, window="isolated") * phase.size * np.prod(spacing)
        errors.append(found / (2 * np.pi * radius) - 1)
    assert abs(np.mean(errors)) < 0.015


@pytest.mark.parametrize("spacing", [SQUARE, (1.5, 1.0)])
def test_random_field_has_the_perimeter_of_its_closed_form(level_cut, spacing):
    fields = [level_cut((512, 512), 4.0, -0.25, spacing, seed) for seed in range(6)]
    ratio = np.mean(
        [specific_perimeter(f.phase, spacing, extrapolate=True) / plane_perimeter(f) for f in fields]
    )
    assert ratio == pytest.approx(1, abs=0.01)


def plane_perimeter(field):
    """Contour length per area of a plane Gaussian field (Rice)."""
    return np.sqrt(field.lambda2) / 2 * np.exp(-(field.level**2) / 2)


@pytest.mark.parametrize(("directions", "worst"), [(4, 0.06), (8, 0.03)])
def test_straight_stripes_of_any_orientation(directions, worst):
    row, column = np.ogrid[:601, :601]
    for angle in np.linspace(0, np.pi, 37):
        across = np.cos(angle) * row + np.sin(angle) * column
        stripes = np.floor(across / 20) % 2 == 0
        assert specific_perimeter(stripes, SQUARE, directions=directions) == pytest.approx(1 / 20, rel=worst)


def test_the_frame_is_not_counted():
    assert specific_perimeter(np.ones((20, 20), bool), SQUARE) == 0


def test_symmetries(level_cut):
    phase = level_cut((60, 80), 3.0).phase
    value = specific_perimeter(phase, SQUARE)
    for same in (phase[::-1], phase[:, ::-1], phase.T, ~phase):
        assert specific_perimeter(same, SQUARE) == pytest.approx(value, rel=1e-12)
    assert specific_perimeter(phase, (3.0, 3.0)) == pytest.approx(value / 3)


def test_degenerate_images_are_named(degenerate_image):
    (feature,) = finish(measure(degenerate_image, SQUARE))
    assert feature.value is not None or "fewer than two pixels" in feature.reason


def test_unknown_pixel_size_and_thin_images_are_said():
    (feature,) = finish(measure(np.eye(4, dtype=bool), None))
    assert (feature.value, feature.reason) == (None, "voxel size unknown")
    with pytest.raises(AxesError, match="no voxel pairs"):
        specific_perimeter(np.ones((1, 4), bool), SQUARE)
