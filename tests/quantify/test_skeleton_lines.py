"""The skeleton as lines: a straight rod, the numbers of the struts, and what is written."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.errors import AxesError, LabelValueError, UnknownVoxelSizeError
from napari_microgen.io.ply import read_ply
from napari_microgen.quantify.skeleton_lines import neighbour_pairs, skeleton_lines
from napari_microgen.quantify.struts import struts
from napari_microgen.volume import Volume

EDGES = (40.0, 20.0, 20.0)


def rod(length=60, radius=0.12):
    """A rod along the columns, radius in um."""
    z, y = np.ogrid[-8:9, -16:17]
    round_face = (z * 0.04) ** 2 + (y * 0.02) ** 2 <= radius**2
    return Volume(
        np.repeat(round_face[:, :, None], length, 2).astype(np.uint8), "ZYX", EDGES, "nm", name="rod"
    )


def blobs():
    from scipy import ndimage as ndi

    smooth = ndi.gaussian_filter(np.random.default_rng(3).standard_normal((24, 48, 48)), (2, 4, 4))
    return (smooth > np.quantile(smooth, 0.45)).astype(np.uint8)


def test_a_rod_is_one_line_with_its_diameter(tmp_path):
    facts = skeleton_lines(rod(), out=tmp_path)
    found = read_ply(tmp_path / "skeleton.ply")
    assert facts["struts"] == 1
    inside = found.values["strut"] == 0
    np.testing.assert_allclose(found.places[inside, 1], 16 * 0.02, atol=0.021)
    np.testing.assert_allclose(found.places[inside, 2], 8 * 0.04, atol=0.041)
    np.testing.assert_allclose(found.values["diameter"][inside], 0.24, atol=0.02)
    assert np.isnan(found.values["diameter"][~inside]).all()
    ends = np.bincount(found.edges.ravel(), minlength=len(found.places))
    assert sorted(ends.tolist()) == [1, 1, *[2] * (len(ends) - 2)], "one line without a fork"


def test_places_and_diameters_are_those_of_the_struts(tmp_path):
    phase = blobs()
    facts = skeleton_lines(Volume(phase, "ZYX", EDGES, "nm"), out=tmp_path)
    network = struts(phase.astype(bool), tuple(edge / 1000 for edge in EDGES))
    found = read_ply(tmp_path / "skeleton.ply")
    np.testing.assert_allclose(
        found.places[:, ::-1], network.voxels * np.array(EDGES) / 1000, rtol=1e-6, atol=1e-9
    )
    np.testing.assert_array_equal(found.values["strut"], network.strut)
    with open(tmp_path / "struts.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == facts["struts"] == len(network.diameter)
    assert [float(row["diameter [um]"]) for row in rows] == network.diameter.tolist()
    assert [float(row["length [um]"]) for row in rows] == network.length.tolist()


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_neighbours_are_those_within_one_step(seed, count):
    random = np.random.default_rng(seed)
    flat = random.choice(4 * 5 * 6, size=count, replace=False)
    voxels = np.stack(np.unravel_index(flat, (4, 5, 6)), axis=1)
    pairs = {tuple(sorted(pair)) for pair in neighbour_pairs(voxels, (4, 5, 6)).tolist()}
    apart = np.abs(voxels[:, None] - voxels[None]).max(axis=2)
    expected = {(i, j) for i in range(count) for j in range(i + 1, count) if apart[i, j] == 1}
    assert pairs == expected
    assert len(neighbour_pairs(voxels, (4, 5, 6))) == len(expected)


def test_what_has_no_struts_says_why(tmp_path):
    whole = rod()
    with pytest.raises(LabelValueError, match="fills the volume"):
        skeleton_lines(whole.with_data(np.ones_like(whole.data)), out=tmp_path)
    with pytest.raises(LabelValueError, match="phase 4 is absent"):
        skeleton_lines(whole, phase=4, out=tmp_path)
    with pytest.raises(AxesError, match="one plane"):
        skeleton_lines(Volume(whole.data[8], "YX", EDGES[1:], "nm"), out=tmp_path)
    with pytest.raises(UnknownVoxelSizeError):
        skeleton_lines(Volume(whole.data, "ZYX"), out=tmp_path)
    dot = np.zeros((9, 9, 9), np.uint8)
    dot[4, 4, 4] = 1
    with pytest.raises(LabelValueError, match="no strut"):
        skeleton_lines(Volume(dot, "ZYX", EDGES, "nm"), out=tmp_path)
    assert not (tmp_path / "skeleton.ply").exists()
