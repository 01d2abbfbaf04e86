"""The surface with its curvatures: a ball as formulas say, coarser meshes, and what is written."""

import json

import numpy as np
import pytest

from napari_microgen.errors import AxesError, LabelValueError, ParameterError, UnknownVoxelSizeError
from napari_microgen.io.ply import read_ply
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.quantify.coarser_mesh import coarser_mesh
from napari_microgen.quantify.surface import surface
from napari_microgen.volume import Volume

EDGES = (40.0, 20.0, 20.0)
RADIUS = 0.42
"""In um, about 10 planes or 21 rows."""


def ball(edges=EDGES, inside=1, outside=0):
    shape = [int(2.6 * 1000 * RADIUS / e) for e in edges]
    z, y, x = np.ogrid[tuple(slice(0, n) for n in shape)]
    offsets = [(a - (n - 1) / 2) * e / 1000 for a, n, e in zip((z, y, x), shape, edges, strict=True)]
    solid = sum(o**2 for o in offsets) <= RADIUS**2
    return Volume(np.where(solid, inside, outside).astype(np.uint8), "ZYX", edges, "nm", name="ball")


def area_and_volume(places, faces):
    a, b, c = (places[faces[:, k]].astype(float) for k in range(3))
    normal = np.cross(b - a, c - a)
    return np.linalg.norm(normal, axis=1).sum() / 2, np.einsum("ij,ij->", a, normal) / 6


def test_a_ball_has_its_area_curvature_and_place(tmp_path):
    facts = surface(ball(), out=tmp_path)
    mesh = read_ply(tmp_path / "surface.ply")
    area, volume = area_and_volume(mesh.places, mesh.faces)
    smoothed = RADIUS - facts["smoothing_um"] ** 2 / RADIUS  # smoothing moves a surface inward by that
    assert area == pytest.approx(4 * np.pi * smoothed**2, rel=0.02)
    assert volume == pytest.approx(4 / 3 * np.pi * smoothed**3, rel=0.02)
    assert np.median(mesh.values["mean_curvature"]) == pytest.approx(1 / RADIUS, rel=0.05)
    assert np.median(mesh.values["gaussian_curvature"]) == pytest.approx(1 / RADIUS**2, rel=0.1)
    shape = ball().shape[::-1]
    centre = [(n - 1) / 2 * e / 1000 for n, e in zip(shape, EDGES[::-1], strict=True)]
    np.testing.assert_allclose(mesh.places.mean(axis=0), centre, atol=0.005)
    assert facts["vertices"] == len(mesh.places)
    assert facts["triangles"] == len(mesh.faces)
    assert any("unit um" in comment for comment in mesh.comments)


def test_the_rest_bends_the_other_way(tmp_path):
    surface(ball(), phase=0, out=tmp_path)
    mesh = read_ply(tmp_path / "surface.ply")
    assert np.median(mesh.values["mean_curvature"]) == pytest.approx(-1 / RADIUS, rel=0.05)


def test_places_near_a_face_are_marked(tmp_path):
    whole = ball()
    half = whole.with_data(np.ascontiguousarray(whole.data[: whole.shape[0] // 2]))
    facts = surface(half, out=tmp_path)
    mesh = read_ply(tmp_path / "surface.ply")
    reliable = mesh.values["reliable"].astype(bool)
    assert 0 < reliable.sum() < len(reliable)
    assert facts["reliable_share"] == pytest.approx(reliable.mean())
    assert not reliable[mesh.places[:, 2] > (half.shape[0] - 2) * EDGES[0] / 1000].any()


def test_a_coarser_mesh_is_the_same_body(tmp_path):
    fine, coarse = (tmp_path / name for name in ("fine", "coarse"))
    surface(ball(), out=fine, most_triangles=None)
    facts = surface(ball(), out=coarse, most_triangles=1500)
    many, few = read_ply(fine / "surface.ply"), read_ply(coarse / "surface.ply")
    assert 300 < len(few.faces) <= 1500 < len(many.faces)
    assert facts["joined_um"] > 0
    found, expected = (area_and_volume(m.places, m.faces) for m in (few, many))
    assert found[0] == pytest.approx(expected[0], rel=0.03)
    assert found[1] == pytest.approx(expected[1], rel=0.03)
    assert np.median(few.values["mean_curvature"]) == pytest.approx(1 / RADIUS, rel=0.05)


def test_a_mesh_that_is_small_enough_is_kept():
    places, faces = np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32)
    found = coarser_mesh(places, faces, {"v": np.ones(3, np.float32)}, most=1)
    assert found[0] is places
    assert found[1] is faces
    assert found[3] == 0


def test_the_recipe_lies_beside_and_names_the_input(tmp_path):
    volume = ball()
    finish(run("surface", labels=volume, out=tmp_path, smoothing=0.05))
    recipe = json.loads((tmp_path / "recipe.json").read_text())
    assert recipe["operation"] == "surface"
    assert recipe["parameters"]["smoothing"] == 0.05
    assert recipe["inputs"][0]["sha256"] == volume.content_hash()
    assert recipe["output_sha256"]


def test_what_has_no_surface_says_why(tmp_path):
    whole = ball()
    with pytest.raises(LabelValueError, match="fills the volume"):
        surface(whole.with_data(np.ones_like(whole.data)), out=tmp_path)
    with pytest.raises(LabelValueError, match="phase 4 is absent"):
        surface(whole, phase=4, out=tmp_path)
    with pytest.raises(AxesError, match="at least 4 voxels"):
        surface(whole.with_data(whole.data[:3]), out=tmp_path)
    with pytest.raises(UnknownVoxelSizeError):
        surface(Volume(whole.data, "ZYX"), out=tmp_path)
    with pytest.raises(ParameterError, match="above 0"):
        surface(whole, smoothing=-1.0, out=tmp_path)
    single = np.zeros((12, 12, 12), np.uint8)
    single[6, 6, 6] = 1
    with pytest.raises(LabelValueError, match="so small"):
        surface(Volume(single, "ZYX", (20.0,) * 3, "nm"), out=tmp_path)
    assert not (tmp_path / "surface.ply").exists()
