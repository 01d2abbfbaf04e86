"""Feret diameters of rectangles, ellipses and random blobs."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label
from scipy.spatial import ConvexHull

from napari_microgen.errors import AxesError
from napari_microgen.progress import finish
from napari_microgen.quantify.feret_diameter import feret_diameters, measure, measure_image

SQUARE = (1.0, 1.0)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (4, 1), (3, 7), (6, 6)])
@pytest.mark.parametrize("spacing", [SQUARE, (2.0, 0.5)])
def test_rectangles_are_exact(height, width, spacing):
    labels = np.zeros((12, 14), np.uint8)
    labels[2 : 2 + height, 3 : 3 + width] = 1
    found = feret_diameters(labels, spacing)
    high, wide = height * spacing[0], width * spacing[1]
    assert found.largest[0] == pytest.approx(np.hypot(high, wide))
    assert found.smallest[0] == pytest.approx(min(high, wide))
    assert found.area[0] == found.hull_area[0] == pytest.approx(high * wide)


def random_labels(seed):
    field = gaussian_filter(np.random.default_rng(seed).standard_normal((120, 130)), 3)
    return label(field > 0.5 * field.std())[0]


@pytest.mark.parametrize(("convention", "inset"), [("corners", 0.5), ("midway", 0.25), ("centres", 0.0)])
@pytest.mark.parametrize("spacing", [SQUARE, (1.7, 1.0)])
def test_blobs_agree_with_their_convex_hull(convention, inset, spacing):
    labels = random_labels(0)
    found = feret_diameters(labels, spacing, convention=convention)
    checked = 0
    for n in range(1, labels.max() + 1):
        pixels = np.argwhere(labels == n)
        points = np.concatenate([pixels + d for d in inset * np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)])])
        points = points * spacing
        if np.linalg.matrix_rank(points - points[0]) < 2:
            continue
        hull = ConvexHull(points)
        corners = points[hull.vertices]
        widths = [np.ptp(corners @ equation[:2]) for equation in hull.equations]
        far = np.linalg.norm(corners[:, None] - corners[None], axis=2).max()
        assert found.largest[n - 1] == pytest.approx(far)
        assert found.smallest[n - 1] == pytest.approx(min(widths))
        assert found.hull_area[n - 1] == pytest.approx(hull.volume)
        checked += 1
    assert checked > 10


def ellipses(count, seed=0):
    """One ellipse per label, with its axes in pixels."""
    random = np.random.default_rng(seed)
    labels, axes = np.zeros((50 * count, 50), np.int32), []
    for n in range(count):
        major = random.uniform(8, 22)
        minor, turn = major * random.uniform(0.4, 1), random.uniform(0, np.pi)
        y, x = np.mgrid[-25:25, -25:25] - random.uniform(-0.5, 0.5, (2, 1, 1))
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        inside = (along / major) ** 2 + (across / minor) ** 2 <= 1
        labels[50 * n : 50 * (n + 1)][inside] = n + 1
        axes.append((2 * major, 2 * minor, np.degrees(-turn) % 180))
    return labels, np.array(axes).T


def test_ellipses_are_unbiased_midway_and_biased_as_stated_at_corners():
    labels, (major, minor, turn) = ellipses(400)
    midway = feret_diameters(labels, SQUARE, convention="midway")
    assert abs(np.mean(midway.largest / major - 1)) < 0.01
    assert abs(np.mean(midway.smallest / minor - 1)) < 0.01
    corners, centres = (feret_diameters(labels, SQUARE, convention=c) for c in ("corners", "centres"))
    assert np.mean(corners.largest - major) == pytest.approx(0.9, abs=0.15)
    assert np.mean(centres.largest - major) == pytest.approx(-0.5, abs=0.15)
    long = minor < 0.7 * major
    difference = (midway.angle - turn + 90)[long] % 180 - 90
    assert np.abs(difference).max() < 15
    assert np.abs(np.mean(difference)) < 0.5


def test_labels_with_gaps_and_no_particles():
    labels = np.zeros((5, 5), np.uint16)
    labels[1, 1] = 7
    found = feret_diameters(labels, SQUARE)
    assert np.flatnonzero(found.area).tolist() == [6]
    assert len(feret_diameters(np.zeros((5, 5), int), SQUARE).area) == 0
    with pytest.raises(AxesError, match="plane image"):
        feret_diameters(np.zeros((2, 2, 2), int), SQUARE)


def test_scattered_label_has_the_hull_of_all_its_parts():
    labels = np.zeros((9, 9), int)
    labels[1, 4] = labels[7, 4] = 1
    assert feret_diameters(labels, SQUARE).largest[0] == pytest.approx(np.hypot(7, 1))


def test_edge_particles_are_left_out_and_large_ones_weigh_more():
    phase = np.zeros((60, 60), bool)
    phase[10:13, 10:13] = phase[20:50, 20:50] = phase[:4, 40:44] = True
    (feature,) = finish(measure(phase, (0.1, 0.1)))
    small, large = 0.3 * np.sqrt(2), 3 * np.sqrt(2)
    weights = np.array([1 / 57**2, 1 / 30**2])
    assert feature.value == pytest.approx(np.average([small, large], weights=weights))
    assert feature.details["cut_by_the_edge"] == 1
    (feature,) = finish(measure(phase, (0.1, 0.1), edge="include"))
    assert feature.value == pytest.approx((small + large + 0.4 * np.sqrt(2)) / 3)
    assert feature.low <= feature.value <= feature.high


def test_degenerate_images_are_named(degenerate_image):
    (feature,) = finish(measure(degenerate_image, SQUARE))
    assert feature.value is not None or feature.reason
    (feature,) = finish(measure_image(degenerate_image.astype(np.uint8) * 255, SQUARE))
    assert feature.value is not None or feature.reason


def test_unknown_pixel_size_is_said():
    for found in (measure(np.eye(3, dtype=bool), None), measure_image(np.eye(3), None)):
        (feature,) = finish(found)
        assert (feature.value, feature.reason) == (None, "voxel size unknown")
