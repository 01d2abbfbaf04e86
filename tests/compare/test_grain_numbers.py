"""Grains in images of distances or of grain numbers: the numbers of each image, and the whole comparison."""

import numpy as np
import pytest
import tifffile

from napari_microgen.compare.descriptors import GRAIN_NAMES, NAMES, describe_images
from napari_microgen.compare.fidelity import curves
from napari_microgen.compare.grain_numbers import distance_of_labels, distance_transform, grain_numbers
from napari_microgen.compare.image_set import of_arrays
from napari_microgen.compare.operation import compare
from napari_microgen.errors import LabelTypeError
from napari_microgen.grains import measure_grains
from napari_microgen.progress import finish
from napari_microgen.simulate.grain_start import voronoi_start
from napari_microgen.volume import Volume


def structure(grains, seed, edge=96):
    """Numbers of grains, from 1."""
    return finish(voronoi_start((edge, edge), grains, seed)).astype(np.uint16) + 1


def test_the_numbers_are_those_of_microgen_grains():
    distance = distance_of_labels(structure(120, 0, 256))
    table = measure_grains(Volume(distance, "YX", (None, None), None, name="map"), source="distance")
    count, radius, slope, neighbours, largest = grain_numbers(distance, 1.0)
    assert radius == pytest.approx(table["mean_radius"].value)
    assert slope == pytest.approx(table["slope"].value)
    assert neighbours == pytest.approx(table["mean_neighbours"].value)
    assert largest == pytest.approx(table["largest_radius"].value)
    assert count * 256**2 == pytest.approx(120, rel=0.1), "grains at the edge are made up for"


def test_lengths_follow_the_pixel_edge_and_nothing_has_no_grains():
    distance = distance_of_labels(structure(60, 1))
    once, twice = (np.array(grain_numbers(distance, edge)) for edge in (1.0, 2.0))
    np.testing.assert_allclose(twice / once, [0.25, 2.0, 2.0, 1.0, 1.0])
    empty = grain_numbers(np.zeros((40, 40)), 1.0)
    assert empty[0] == 0
    assert np.isnan(empty[1:]).all()


def test_distances_of_labels_are_exact_along_a_straight_boundary():
    labels = np.repeat([[1, 2]], 20, axis=0).repeat(10, axis=1)
    np.testing.assert_array_equal(distance_of_labels(labels)[3], [*range(9, -1, -1), *range(1, 11)])


def test_the_distance_transform_of_a_stripe():
    phase = np.zeros((16, 40), bool)
    phase[:, 10:30] = True
    row = [*range(1, 11), *range(10, 0, -1)]
    np.testing.assert_array_equal(distance_transform(phase)[5, 10:30], row)
    images = of_arrays("real", np.tile(phase, (1, 1, 1)).astype(np.uint8))
    (depths,) = finish(describe_images(images, 0.5)).depths
    np.testing.assert_array_equal(depths[:12], [0, *[2 * 16] * 10, 0])


def test_thicker_stripes_differ_in_the_distance_transform_by_the_known_share():
    def stripes(width):
        column = (np.arange(112) // width) % 2
        column[-width:] = 0  # no stripe is cut by the edge
        return np.tile(column, (3, 40, 1)).astype(np.uint8)

    thin, thick = (finish(describe_images(of_arrays("real", stripes(w)), 0.5)) for w in (8, 16))
    assert curves(thin, thin)["distance_transform.distribution"] == 0
    mean = {w: np.mean(np.minimum(np.arange(1, w + 1), np.arange(w, 0, -1))) for w in (8, 16)}
    expected = (mean[16] - mean[8]) / mean[8]
    assert curves(thin, thick)["distance_transform.distribution"] == pytest.approx(expected, rel=0.15)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Real grains, other ones of the same size, and larger ones; as numbers and as distances."""
    root = tmp_path_factory.mktemp("grains")
    for name, grains, first in (("real", 60, 0), ("same", 60, 100), ("larger", 36, 200)):
        for kind in ("labels", "distance"):
            (root / f"{name}-{kind}").mkdir()
        for k in range(12):
            labels = structure(grains, first + k)
            tifffile.imwrite(root / f"{name}-labels" / f"{k:02d}.tif", labels)
            distance = distance_of_labels(labels)
            tifffile.imwrite(root / f"{name}-distance" / f"{k:02d}.tif", distance.astype(np.float32))
    return root


def compared(folders, other, kind, out):
    return compare(
        folders / f"real-{kind}", folders / f"{other}-{kind}", out=out, grains=kind, repeats=4, copies=8
    )


def test_larger_grains_are_detected_and_equal_ones_are_not(folders, tmp_path):
    larger = compared(folders, "larger", "distance", tmp_path / "larger")
    for name in ("grain_count", "grain_radius"):
        assert name in larger["not_trusted"]
    same = compared(folders, "same", "distance", tmp_path / "same")
    assert not set(same["not_trusted"]) & {"grain_count", "grain_radius", "grain_slope", "grain_neighbours"}
    assert set(same["units"]) == {*NAMES, *GRAIN_NAMES}
    assert same["units"]["grain_count"] == "1/px^2"
    numbers = {
        n: r["metrics"]["distance_transform.distribution"]["value"] for n, r in (("a", same), ("b", larger))
    }
    assert numbers["a"] < 0.1 < numbers["b"]
    assert "grain slope" in (tmp_path / "same" / "report.html").read_text()
    head = (tmp_path / "same" / "images.csv").read_text().splitlines()[0]
    assert "grain_radius [px]" in head


def test_numbers_of_grains_are_compared_like_their_distances(folders, tmp_path):
    ways = [compared(folders, "same", kind, tmp_path / kind) for kind in ("labels", "distance")]
    metrics = [way["metrics"] for way in ways]
    for name in ("grain_radius.wasserstein", "grain_slope.wasserstein", "mean_grey.wasserstein"):
        assert metrics[0][name] == metrics[1][name]


def test_distances_are_no_grain_numbers(folders, tmp_path):
    with pytest.raises(LabelTypeError, match="whole"):
        compare(
            folders / "real-distance", folders / "same-distance", out=tmp_path, grains="labels", repeats=4
        )
