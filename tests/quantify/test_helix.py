"""A helical rod: volume, surface, curvature, topology, thickness and way through it are known.

A round tube of radius r about a curve of length L has the volume pi r^2 L, the surface 2 pi r L
and the integral of mean curvature pi L, however the curve bends (Steiner).
"""

import numpy as np
import pytest

from napari_microgen.quantify.euler_number import euler_numbers
from napari_microgen.quantify.geodesic_tortuosity import directional_tortuosity
from napari_microgen.quantify.integral_geometry import curvature_integrals
from napari_microgen.quantify.local_thickness import local_thickness
from napari_microgen.quantify.specific_surface_area import specific_surface_area
from napari_microgen.quantify.struts import struts

RADIUS, PITCH, TUBE, TURNS = 18.0, 36.0, 5.0, 2
SPACINGS = [(1.0, 1.0, 1.0), (1.4, 1.0, 1.0)]


@pytest.fixture(scope="module", params=SPACINGS, ids=["cubic", "anisotropic"])
def helix(request):
    """Mask, spacing and length of the curve between the first and the last plane."""
    spacing = request.param
    planes = int(TURNS * PITCH / spacing[0])
    half = int(RADIUS + TUBE + 4)
    turns = np.linspace(-0.6, TURNS + 0.6, 3000) * 2 * np.pi
    curve = np.stack([PITCH * turns / (2 * np.pi), RADIUS * np.sin(turns), RADIUS * np.cos(turns)], axis=1)
    from scipy.spatial import cKDTree

    shape = (planes, 2 * half + 1, 2 * half + 1)
    places = np.indices(shape).reshape(3, -1).T * spacing + np.array([0.5 * spacing[0], -half, -half])
    near = cKDTree(curve).query(places, distance_upper_bound=TUBE)[0] <= TUBE
    per_pitch = np.hypot(PITCH, 2 * np.pi * RADIUS)
    return near.reshape(shape), spacing, per_pitch * planes * spacing[0] / PITCH


def test_volume_and_surface(helix):
    phase, spacing, length = helix
    assert phase.sum() * np.prod(spacing) == pytest.approx(np.pi * TUBE**2 * length, rel=0.01)
    volume = np.prod((np.array(phase.shape) - 1) * spacing) * (phase.shape[0] / (phase.shape[0] - 1))
    area = specific_surface_area(phase, spacing) * volume
    assert area == pytest.approx(2 * np.pi * TUBE * length, rel=0.03)


def test_integral_of_the_mean_curvature_and_topology(helix):
    phase, spacing, length = helix
    volume = np.prod((np.array(phase.shape) - 1) * spacing) * (phase.shape[0] / (phase.shape[0] - 1))
    assert curvature_integrals(phase, spacing).mean * volume == pytest.approx(np.pi * length, rel=0.06)
    assert euler_numbers(phase) == {6: 1, 26: 1}


def test_thickness_and_strut_diameter(helix):
    phase, spacing, _ = helix
    inner = local_thickness(phase, spacing)[phase]
    assert np.median(inner) == pytest.approx(2 * TUBE, abs=0.5)
    found = struts(phase, spacing)
    assert found.diameter.size == 1
    assert found.diameter[0] == pytest.approx(2 * TUBE, abs=0.5)


def test_the_way_through_grows_like_the_inner_line(helix):
    """From layer to layer the shortest way gains the length of the helix on the inner side of the tube."""
    phase, spacing, _ = helix
    inner, one_voxel_off = (np.hypot(1, 2 * np.pi * r / PITCH) for r in (RADIUS - TUBE, RADIUS - TUBE + 1))
    (found,) = directional_tortuosity(phase, spacing, directions=["plane+"], accuracy="extrapolated")
    depth = (np.arange(len(phase)) + 0.5) * spacing[0]
    way = np.array(found.profile) * depth
    late = depth > 0.4 * depth[-1]
    slope = np.polyfit(depth[late], way[late], 1)[0]
    assert inner < slope < one_voxel_off
