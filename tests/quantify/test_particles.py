"""Particles: numbers, separation and measures of known shapes."""

import numpy as np
import pytest

from napari_microgen.quantify.particles import MEASURES, label_particles, particle_table

SQUARE = (1.0, 1.0)


def disk(shape, centre, radius):
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def test_measures_of_a_disk():
    labels = disk((60, 70), (30.2, 35.4), 20).astype(int)
    table = particle_table(labels, (0.5, 0.5), grey=np.full((60, 70), 3.0))
    assert set(table) == {*MEASURES, "mean_grey", "integrated_grey"}
    expected = {
        "area": np.pi * 100,
        "perimeter": 2 * np.pi * 10,
        "centroid_row": 15.1,
        "centroid_column": 17.7,
        "ellipse_major": 20,
        "ellipse_minor": 20,
        "equivalent_diameter": 20,
        "roundness": 1,
        "mean_grey": 3,
    }
    for name, value in expected.items():
        assert table[name][0] == pytest.approx(value, rel=0.02), name
    assert table["circularity"][0] > 0.97
    assert table["solidity"][0] > 0.95
    assert not table["touches_edge"][0]


@pytest.mark.parametrize("spacing", [SQUARE, (2.0, 1.0)])
def test_ellipse_of_a_tilted_ellipse(spacing):
    y, x = (s * (a - 40) for a, s in zip(np.ogrid[:80, :80], spacing, strict=True))
    turn = np.radians(30)
    along, across = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    labels = ((along / 30) ** 2 + (across / 12) ** 2 <= 1).astype(int)
    table = particle_table(labels, spacing)
    assert table["ellipse_major"][0] == pytest.approx(60, rel=0.01)
    assert table["ellipse_minor"][0] == pytest.approx(24, rel=0.01)
    assert table["ellipse_angle"][0] == pytest.approx(30, abs=0.5)
    assert table["aspect_ratio"][0] == pytest.approx(2.5, rel=0.01)


def test_touching_disks_are_separated_at_their_neck():
    phase = disk((80, 140), (40, 45), 25) | disk((80, 140), (40, 90), 25)
    assert label_particles(phase, SQUARE).max() == 1
    labels = label_particles(phase, SQUARE, separate=True)
    assert labels.max() == 2
    assert labels[40, 45] != labels[40, 90]
    centroids = particle_table(labels, SQUARE)["centroid_column"]
    assert np.sort(centroids) == pytest.approx([45, 90], abs=1.5)


def test_a_single_disk_is_not_cut():
    assert label_particles(disk((70, 70), (34.6, 35.2), 25), SQUARE, separate=True).max() == 1


def test_corners_connect():
    assert label_particles(np.eye(4, dtype=bool), SQUARE).max() == 1


def test_inclusion_weights_give_the_number_density_of_large_and_small():
    random = np.random.default_rng(0)
    counts = {3: [], 15: []}
    for _ in range(300):
        for edge, found in counts.items():
            corner = random.integers(-edge + 1, 60, 2)
            labels = np.zeros((60, 60), int)
            labels[
                max(0, corner[0]) : max(0, corner[0] + edge), max(0, corner[1]) : max(0, corner[1] + edge)
            ] = 1
            table = particle_table(labels, SQUARE)
            found.append(table["weight"][~table["touches_edge"]].sum() * (60 + edge - 1) ** 2 / 60**2)
    for found in counts.values():
        assert np.mean(found) == pytest.approx(1, abs=0.1)


def test_no_particles_give_empty_columns():
    table = particle_table(np.zeros((5, 5), int), SQUARE)
    assert all(len(column) == 0 for column in table.values())
