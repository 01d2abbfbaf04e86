"""Surface, curvature, Euler number and the rest on real and published volumes."""

import csv
import re

import numpy as np
import pytest
import tifffile

from napari_microgen.progress import finish
from napari_microgen.quantify import (
    area_fraction,
    chord_length,
    curvature,
    euler_number,
    feret_diameter,
    lineal_path,
    persistence_image,
    shape_index,
    specific_perimeter,
    specific_surface_area,
    two_point_correlation,
)
from napari_microgen.quantify.relative_density import measure as measure_density
from napari_microgen.quantify.relative_density import relative_density
from napari_microgen.quantify.voi import measure_sub_volumes, statistics, sub_volumes

CUBIC = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def berea(real_data):
    """Four cubes of Berea sandstone with what was published of them."""
    folder = real_data("sandstone")
    volume = tifffile.imread(folder / "berea_400_solid1.tif") > 0
    cubes = []
    with (folder / "berea_200cubes_reference.csv").open() as file:
        for row in csv.DictReader(file):
            corner = [int(n) for n in re.findall(r"\d+", row["start_zyx"])]
            cubes.append((np.ascontiguousarray(volume[tuple(slice(c, c + 200) for c in corner)]), row))
    return cubes


def test_berea_volume_is_exact(berea):
    for cube, row in berea:
        assert relative_density(cube) == int(row["solid_voxels"]) / 200**3


def test_berea_surface_is_the_published_one(berea):
    """The published areas are uncorrected Crofton sums over the 199^3 cells between voxel centres."""
    for cube, row in berea:
        published = float(row["surface_MorphoLibJ_px2"])
        uncorrected = specific_surface_area.specific_surface_area(cube, CUBIC, correction=0)
        assert uncorrected * 199**3 == pytest.approx(published, rel=3e-4)
        found = specific_surface_area.specific_surface_area(cube, CUBIC)
        assert found * 199**3 == pytest.approx(published, rel=0.015)


def test_berea_euler_number_and_faces_are_those_counted_elsewhere(berea):
    for cube, row in berea:
        assert euler_number.euler_numbers(cube) == {
            6: int(row["my_euler_conn6"]),
            26: int(row["my_euler_conn26"]),
        }
        faces = specific_surface_area.voxel_face_area(cube, CUBIC) * 200**3
        assert faces == pytest.approx(int(row["my_face_count"]), rel=1e-12)


def test_berea_statistics_over_sub_volumes(berea):
    cube = berea[0][0]
    boxes = sub_volumes(cube.shape, (100, 100, 100))
    measured = finish(measure_sub_volumes(measure_density, cube, CUBIC, boxes))
    density = statistics(measured, boxes, cube.shape)[0]
    assert density.value == pytest.approx(relative_density(cube))
    assert density.low < density.value < density.high


def test_fiberform_fraction_is_exact(real_data):
    folder = real_data("fiberform-ct")
    grey = tifffile.imread(folder / "fiberform_100_gray.tif")
    phase = (grey >= 90) & (grey <= 255)
    assert round(relative_density(phase), 5) == 0.16714
    mask = tifffile.imread(folder / "fiberform_100_nasa_threshold90.tif")
    assert np.array_equal(mask > 0, phase)
    (surface,) = finish(specific_surface_area.measure(phase, (1.3, 1.3, 1.3)))
    assert surface.details["smoothed_mesh"] == pytest.approx(surface.value, rel=0.15)


def test_electrode_fractions_and_face_areas_are_exact(real_data):
    labels = tifffile.imread(real_data("electrode") / "taufactor_electrode_256_GENERATED.tif")
    spacing = (100 / 256,) * 3
    published = {0: (0.44992, 785502), 85: (0.40047, 374028), 170: (0.14962, 876100)}
    for value, (fraction, per_metre) in published.items():
        phase = labels == value
        assert round(relative_density(phase), 5) == fraction
        assert specific_surface_area.voxel_face_area(phase, spacing) * 1e6 == pytest.approx(
            per_metre, abs=0.5
        )


def test_nanoporous_gold_runs_through_everything(real_data):
    grey = tifffile.imread(real_data("nanoporous-gold") / "fib_serial_130x150x150.tif")
    phase, spacing = grey > 127, (0.04618, 0.04, 0.04)
    found = {}
    for quantity in (
        specific_surface_area,
        curvature,
        euler_number,
        chord_length,
        lineal_path,
        two_point_correlation,
    ):
        found |= {f.name: f for f in finish(quantity.measure(phase, spacing))}
    assert all(feature.value is not None for feature in found.values()), found
    density, surface = relative_density(phase), found["specific_surface_area"].value
    # Cauchy: the mean chord is four times volume over surface.
    stationary = np.mean(
        [found[f"chord_length.{a}"].details["stationary_mean"] for a in ("plane", "row", "column")]
    )
    assert stationary == pytest.approx(4 * density / surface, rel=0.05)
    # The slope of the two-point correlation at the origin is minus a quarter of the surface.
    curve = found["two_point_correlation"].details
    slope = (curve["probability"][1] - curve["probability"][0]) / curve["distance_um"][1]
    assert -4 * slope == pytest.approx(surface, rel=0.1)
    assert found["gaussian_curvature"].value < 0


def test_a_slice_of_gold_and_its_micrograph(real_data):
    folder = real_data("nanoporous-gold")
    grey = tifffile.imread(folder / "fib_serial_130x150x150.tif")[60]
    phase, spacing = grey > 127, (0.04, 0.04)
    for quantity in (
        specific_perimeter,
        shape_index,
        euler_number,
        chord_length,
        lineal_path,
        two_point_correlation,
        area_fraction,
        persistence_image,
        feret_diameter,
    ):
        for feature in finish(quantity.measure(phase, spacing)):
            assert feature.value is not None, feature
    for quantity in (area_fraction, persistence_image, feret_diameter):
        (feature,) = finish(quantity.measure_image(grey, spacing))
        assert feature.value is not None


def test_persistence_of_a_micrograph_is_that_of_gudhi(real_data):
    gudhi = pytest.importorskip("gudhi", reason="gudhi is not installed: pip install gudhi")
    from napari_microgen.quantify.persistence import persistence_intervals

    grey = tifffile.imread(real_data("fibsem-lco") / "se.tif")[0, :200, :210].astype(float)
    for construction, cells in (("vertices", "vertices"), ("top_cells", "top_dimensional_cells")):
        complex_ = gudhi.CubicalComplex(**{cells: grey})
        complex_.compute_persistence()
        found = persistence_intervals(grey, construction=construction)
        for ours, dimension in ((found.components, 0), (found.rings, 1)):
            theirs = complex_.persistence_intervals_in_dimension(dimension)
            theirs = theirs[np.isfinite(theirs).all(axis=1) & (theirs[:, 0] < theirs[:, 1])]
            assert np.array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])
