"""Fields, surface and skeleton of a real rock: they agree with the numbers measured of it."""

import numpy as np
import pytest
import tifffile

from napari_microgen.io.ply import read_ply
from napari_microgen.quantify.fields import field
from napari_microgen.quantify.skeleton_lines import skeleton_lines
from napari_microgen.quantify.surface import surface
from napari_microgen.quantify.table import quantify
from napari_microgen.volume import Volume

EDGE = 5.0
"""Of a voxel, in um; the source does not say it, and nothing here depends on it but the scale."""


@pytest.fixture(scope="module")
def rock(real_data):
    """A cube of 100 voxels of Berea sandstone: 1 grains, 0 pores."""
    whole = tifffile.imread(real_data("sandstone") / "berea_400_solid1.tif")
    return Volume((whole[:100, :100, :100] > 0).astype(np.uint8), "ZYX", (EDGE,) * 3, "um", name="berea")


@pytest.mark.parametrize("direction", ["row+", "plane-"])
def test_the_mean_of_way_over_depth_is_the_tortuosity(rock, direction):
    way = field(rock, field="geodesic_distance", direction=direction).data
    axis = {"plane": 0, "row": 1}[direction[:-1]]
    depth = (np.arange(100) + 0.5) * EDGE
    depth = depth[::-1] if direction.endswith("-") else depth
    ratio = way / depth.reshape([-1 if a == axis else 1 for a in range(3)])
    last = np.moveaxis(ratio, axis, 0)[depth > 75 * EDGE]
    assert np.nanmin(ratio) > 1 - 1e-5, "no way is shorter than the straight one"
    found = quantify(rock, features=("geodesic_tortuosity",))[f"geodesic_tortuosity.{direction}"].value
    assert np.nanmean(last, dtype=float) == pytest.approx(found, rel=1e-5)


@pytest.mark.parametrize("phase", [0, 1])
def test_the_mean_of_the_thickness_is_that_of_the_table(rock, phase):
    thickness = field(rock, phase=phase)
    found = quantify(rock, phase=phase, features=("local_thickness",))["local_thickness"].value
    assert thickness.facts["mean"] == pytest.approx(found, rel=1e-6)
    assert np.isfinite(thickness.data).mean() == np.mean(rock.data == phase)


def test_the_surface_bends_the_same_way_from_both_sides(rock, tmp_path):
    sides = []
    for phase in (0, 1):
        surface(rock, phase=phase, out=tmp_path / str(phase), most_triangles=None)
        mesh = read_ply(tmp_path / str(phase) / "surface.ply")
        corners = mesh.places[mesh.faces].astype(float)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        sides.append((mesh, np.linalg.norm(normal, axis=1).sum() / 2))
    (pore, area), (grain, same) = sides
    assert area == pytest.approx(same, rel=1e-4)
    means = [float(np.median(mesh.values["mean_curvature"])) for mesh in (pore, grain)]
    assert means[0] == pytest.approx(-means[1], abs=0.02 * abs(means[1]) + 1e-4)
    share = quantify(rock, features=("specific_surface_area",))["specific_surface_area"].value
    smoothed = area / (99 * EDGE) ** 3
    assert smoothed < share, "smoothing takes area away, so a mesh is no measurement of it"


def test_the_skeleton_of_the_pores_lies_in_them_and_has_their_struts(rock, tmp_path):
    facts = skeleton_lines(rock, phase=0, out=tmp_path)
    found = read_ply(tmp_path / "skeleton.ply")
    voxels = np.rint(found.places[:, ::-1] / EDGE).astype(int)
    assert (rock.data[tuple(voxels.T)] == 0).all()
    table = quantify(rock, phase=0, features=("strut_diameter",))["strut_diameter"]
    assert facts["struts"] == table.details["struts"]
    diameters = [found.values["diameter"][found.values["strut"] == k][0] for k in range(facts["struts"])]
    assert np.mean(diameters) == pytest.approx(table.details["arithmetic_mean"], rel=1e-5)
