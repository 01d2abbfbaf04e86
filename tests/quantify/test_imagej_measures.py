"""The measures of ImageJ's particle analysis, against values worked out by hand from its documentation."""

import math

import numpy as np
import pytest
from scipy.ndimage import binary_fill_holes, label

from napari_microgen.progress import finish
from napari_microgen.quantify.particle_recipe import particles_of_image
from napari_microgen.quantify.particles import particle_table
from napari_microgen.quantify.traced_perimeter import traced_perimeters

CUT = 2 - math.sqrt(2)
"""What ImageJ takes off for a corner: two edges become the diagonal of a pixel."""

SHAPES = {
    # rows of a picture, boundary length, corners that are cut
    "pixel": (["#"], 4, 2),
    "square of 2": (["##", "##"], 8, 4),
    "square of 3": (["###", "###", "###"], 12, 4),
    "bar": (["####"], 10, 3),
    "upright bar": (["#", "#", "#"], 8, 2),
    "L": (["#.", "#.", "##"], 10, 4),
    "plus": [[".#.", "###", ".#."], 12, 6],
    "diagonal": (["#.", ".#"], 8, 4),
    "ring": (["###", "#.#", "###"], 12, 4),
    "disc": ([".##.", "####", "####", ".##."], 16, 8),
}
"""Corners clockwise from the upper right one: the first is cut, then each that lies more than
one pixel after the one before it, or follows one that was not cut."""


def picture(rows):
    cells = np.array([[cell == "#" for cell in row] for row in rows], int)
    return np.pad(cells, 2)


@pytest.mark.parametrize("name", SHAPES)
def test_perimeter_is_the_boundary_with_corners_cut(name):
    rows, boundary, corners = SHAPES[name]
    assert traced_perimeters(picture(rows), (1.0, 1.0))[0] == pytest.approx(boundary - corners * CUT)


def test_perimeter_of_rectangular_pixels():
    rows, columns = 0.5, 2.0
    found = traced_perimeters(picture(["###", "###"]), (rows, columns))[0]
    cut = rows + columns - math.hypot(rows, columns)
    assert found == pytest.approx(4 * rows + 6 * columns - 4 * cut)


def test_outline_at_the_edge_of_the_image_and_of_absent_labels():
    labels = np.array([[3, 3, 0], [3, 3, 1]])
    assert traced_perimeters(labels, (1.0, 1.0)) == pytest.approx([4 - 2 * CUT, 0, 8 - 4 * CUT])
    assert traced_perimeters(np.zeros((3, 3), int), (1.0, 1.0)).size == 0


def test_long_outlines_agree_with_a_walk_over_single_edges():
    """The boundary length without cuts is the number of pixel edges that face another label."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        cells = np.pad((rng.random((9, 9)) < 0.75).astype(int), 1)

        labels, _ = label(cells, np.ones((3, 3)))
        body = binary_fill_holes(labels == labels[labels > 0][0]).astype(int)
        # holes filled across faces only: what touches the outside by a corner stays open
        edges = sum(int(np.abs(np.diff(body, axis=axis)).sum()) for axis in (0, 1))
        found = traced_perimeters(body, (1.0, 1.0))[0]
        assert edges - found == pytest.approx(round((edges - found) / CUT) * CUT)
        assert found < edges


@pytest.fixture(scope="module")
def measured():
    """A bar of 2 by 6 pixels, and an L of three pixels, at 0.5 um per pixel."""
    labels = np.zeros((12, 14), int)
    labels[2:4, 2:8] = 1
    labels[8:10, 3] = 2
    labels[9, 4] = 2
    return {k: v.tolist() for k, v in particle_table(labels, (0.5, 0.5), outline="imagej").items()}


def test_area_and_perimeter(measured):
    assert measured["area"] == pytest.approx([12 * 0.25, 3 * 0.25])
    # the L: sides 1, 1, 1, 2, 2, 1 clockwise; cut at their ends: the 1st, 3rd, 4th and 5th
    assert measured["perimeter"] == pytest.approx([(16 - 4 * CUT) * 0.5, (8 - 4 * CUT) * 0.5])


def test_circularity_is_4_pi_area_over_perimeter_squared_at_most_1(measured):
    bar = 4 * math.pi * 12 / (16 - 4 * CUT) ** 2
    assert measured["circularity"] == pytest.approx([bar, 1.0])
    assert 4 * math.pi * 3 / (8 - 4 * CUT) ** 2 > 1  # so ImageJ, too, reports 1
    (small,) = particle_table(picture(["#"]), (1.0, 1.0), outline="imagej")["circularity"]
    assert small == 1.0


def test_aspect_ratio_and_roundness_are_those_of_the_fitted_ellipse(measured):
    """The ellipse has the area and the second moments of the particle, whose pixels are squares."""
    # bar of a by b: moments a^2 / 12 and b^2 / 12, so the axes are as 6 to 2
    assert measured["aspect_ratio"][0] == pytest.approx(3)
    major = 2 * math.sqrt(12 * 3 / math.pi) * 0.5
    assert measured["ellipse_major"][0] == pytest.approx(major)
    assert measured["roundness"][0] == pytest.approx(1 / 3)
    assert measured["roundness"][0] == pytest.approx(4 * 3.0 / (math.pi * major**2))
    # L of (0, 0), (1, 0), (1, 1): both variances 2 / 9 + 1 / 12, covariance 1 / 9
    wide, narrow = 2 / 9 + 1 / 12 + 1 / 9, 2 / 9 + 1 / 12 - 1 / 9
    assert measured["aspect_ratio"][1] == pytest.approx(math.sqrt(wide / narrow))
    assert measured["roundness"][1] == pytest.approx(math.sqrt(narrow / wide))


def test_solidity_is_area_over_that_of_the_convex_hull_of_pixel_corners(measured):
    assert measured["solidity"] == pytest.approx([1.0, 3 / 3.5])


def test_feret_minferet_and_feretangle(measured):
    """Largest and smallest caliper of pixel corners; angle from the x axis, counterclockwise, 0 to 180."""
    assert measured["feret_diameter"] == pytest.approx([math.hypot(2, 6) / 2, math.hypot(2, 2) / 2])
    assert measured["smallest_feret_diameter"][0] == pytest.approx(1.0)
    # the L is 2 pixels wide and high; across its slanted edge it measures 3 / sqrt 2
    assert measured["smallest_feret_diameter"][1] == pytest.approx(1.0)
    assert 3 / math.sqrt(2) > 2
    assert measured["feret_angle"][0] == pytest.approx(math.degrees(math.atan2(2, 6)))
    # the L is longest from its upper left to its lower right corner: down to the right
    assert measured["feret_angle"][1] == pytest.approx(135.0)
    upright = particle_table(picture(["#", "#", "#", "#"]), (1.0, 1.0))["feret_angle"][0]
    assert upright == pytest.approx(math.degrees(math.atan2(4, 1)))


def test_the_published_recipe_traces_outlines_as_imagej_does():
    y, x = np.mgrid[:64, :64]
    disc = np.where((y - 30) ** 2 + (x - 33) ** 2 < 14**2, 200, 20).astype(np.uint8)
    published = finish(particles_of_image(disc, (1.0, 1.0), recipe="paper-000"))
    ours = finish(particles_of_image(disc, (1.0, 1.0)))
    largest = int(np.argmax(published["area"]))
    assert published["area"][largest] == ours["area"][int(np.argmax(ours["area"]))]
    # the traced outline of a disc is some 5 % too long, Crofton's is right
    ratio = published["perimeter"][largest] / ours["perimeter"][int(np.argmax(ours["area"]))]
    assert 1.02 < ratio < 1.09
