from functools import cache

import numpy as np
import pytest

from napari_microgen.errors import NothingToSegmentError, ParameterError
from napari_microgen.progress import finish
from napari_microgen.segment.watershed_grains import watershed_grains
from napari_microgen.simulate.grain_growth import Stage, grow
from napari_microgen.simulate.grain_maps import boundary_distance, grain_boundaries
from napari_microgen.simulate.grain_patches import random_patches
from napari_microgen.simulate.grain_phase_field import PhaseField
from napari_microgen.simulate.grain_potts import Potts
from napari_microgen.simulate.grain_start import voronoi_start


@cache
def grown(method):
    """Grains of a periodic domain at two mean radii."""
    labels = finish(voronoi_start((400, 420), 640, 2))
    grains = PhaseField(labels) if method == "phase-field" else Potts(labels, seed=2)
    return [tick.labels for tick in grow(grains, (12.0, 15.0)) if isinstance(tick, Stage)]


def score(truth, found):
    """Share of true grains of which a found one covers more than half of both together; false ones."""
    names, index = np.unique(truth, return_inverse=True)
    index, width = index.reshape(truth.shape), int(found.max()) + 1
    both = np.bincount((index.astype(np.int64) * width + found).ravel(), minlength=len(names) * width)
    both = both.reshape(len(names), width)
    union = both.sum(1)[:, None] + both.sum(0) - both
    right = ((both / np.maximum(union, 1)).max(1) > 0.5).sum()
    return right / len(names), (found.max() - right) / len(names), both.max(1).sum() / truth.size


@pytest.mark.parametrize("stage", [0, 1])
@pytest.mark.parametrize("method", ["phase-field", "potts"])
def test_grains_of_exact_distance_maps_are_found(method, stage):
    truth = grown(method)[stage]
    found = watershed_grains(boundary_distance(grain_boundaries(truth)), periodic=True)
    share, false, pixels = score(truth, found)
    assert pixels > 0.995
    assert false <= (0.0 if method == "phase-field" else 0.005)  # rough boundaries cut off single pixels
    if method == "phase-field":
        assert share >= 0.99
    traced = np.unique(truth[~grain_boundaries(truth)])  # the others are nothing but boundary
    assert share * len(np.unique(truth)) >= len(traced)


def test_a_thin_grain_with_a_neck_is_one():
    """Its inside hangs together over a corner only; the true labels of a grain on the point of vanishing."""
    rows = ["11111111333333"] * 4 + [
        "11111111433333",
        "11111111443333",
        "11111111444333",
        "11111111144433",
        "11111111144433",
        "11111111224443",
        "11111112222443",
        "11111122222233",
    ]
    truth = np.array([[int(sign) for sign in row] for row in [*rows, *["22222222222223"] * 4]])
    distance = boundary_distance(grain_boundaries(truth, periodic=False), periodic=False)
    found = watershed_grains(distance)
    assert found.max() == 4
    assert score(truth, found)[:2] == (1.0, 0.0)


def test_the_published_way_finds_fewer():
    truth = grown("phase-field")[0]
    distance = boundary_distance(grain_boundaries(truth))
    ours = score(truth, watershed_grains(distance, periodic=True))
    theirs = score(truth, watershed_grains(distance, periodic=True, trimming="peaks", smoothing=0.4))
    assert 0.95 < theirs[0] < ours[0]
    assert theirs[1] < 0.01


@pytest.mark.parametrize("depth", [0.5, 0.6])
def test_turned_patches(depth):
    """Interpolated maps, in which boundaries are no longer zero."""
    labels = grown("phase-field")[1].astype(np.uint16)
    maps = {"labels": labels, "distance": boundary_distance(grain_boundaries(labels))}
    patches = finish(random_patches(maps, 12, 160, 0))
    for truth, distance in zip(patches["labels"], patches["distance"], strict=True):
        found = watershed_grains(distance, depth=depth)
        names, sizes = np.unique(truth, return_counts=True)
        large = np.isin(truth, names[sizes >= 25])  # the edge leaves slivers
        assert score(np.where(large, truth, 0), np.where(large, found, 0))[0] > 0.95
        assert found.max() <= len(names) * 1.02


def test_shifting_a_periodic_map_shifts_the_grains():
    distance = boundary_distance(grain_boundaries(grown("phase-field")[0]))
    first = watershed_grains(distance, periodic=True)
    moved = watershed_grains(np.roll(distance, (31, 77), (0, 1)), periodic=True)
    again = np.roll(moved, (-31, -77), (0, 1))
    assert first.max() == again.max()
    pairs = np.unique(first.astype(np.int64) * 10_000 + again)
    counts = np.bincount((first.astype(np.int64) * 10_000 + again).ravel())[pairs]
    assert counts[np.argsort(counts)[-first.max() :]].sum() / first.size > 0.995


def test_two_peaks_are_one_grain_or_two_by_the_saddle_between_them():
    line = np.array([0, 4, 8, 5, 6, 3, 0, 4, 0], float)
    ridge = np.minimum(line, np.array([0, 9, 9, 9, 0])[:, None])
    assert watershed_grains(ridge, depth=0.8).max() == 2
    assert watershed_grains(ridge, depth=0.9).max() == 3


def test_single_grain_and_order():
    columns = np.broadcast_to(np.arange(40.0), (20, 40))
    distance = np.minimum(np.abs(columns - 19.5) - 0.5, 8.0)
    labels = watershed_grains(np.maximum(distance, 0))
    assert labels[10, 2] == 1
    assert labels[10, 37] == 2


@pytest.mark.parametrize("bad", [np.zeros((5, 5)), np.full((5, 5), 3.0), np.zeros((0, 4))])
def test_maps_without_boundaries_are_refused(bad):
    with pytest.raises(NothingToSegmentError, match="same everywhere"):
        watershed_grains(bad)


def test_senseless_parameters_are_named():
    ramp = np.mgrid[:6, :6][0].astype(float)
    with pytest.raises(ParameterError, match="depth"):
        watershed_grains(ramp, depth=0)
    with pytest.raises(ParameterError, match="finite"):
        watershed_grains(np.where(ramp > 4, np.nan, ramp))
