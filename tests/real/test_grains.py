"""Grain maps of two real EBSD scans; numbers of grains as published with them."""

import numpy as np
import pytest

from napari_microgen.grains import find_grains, measure_grains
from napari_microgen.io.reading import read
from napari_microgen.progress import finish
from napari_microgen.simulate.grain_maps import boundary_distance, grain_boundaries

MAPS = {"titanium_OIMgrainId_4um_grains.tif": 85, "mg_twins_grains.tif": 83}


@pytest.mark.parametrize("name", MAPS)
def test_there_are_as_many_grains_as_ids(real_data, name):
    volume = read(real_data("grains") / name)
    ids = np.unique(np.asarray(volume))
    table = measure_grains(volume)
    assert table.facts["source"] == "labels"
    assert table.facts["count"] == len(ids[ids != 0]) == MAPS[name]
    assert 4.5 < table.facts["mean_neighbours"] < 6.5
    assert table["slope"].low > 0
    assert table["triple_points"].value > len(ids)


def test_boundaries_of_the_titanium_are_found_in_its_image_quality(real_data):
    """Dark lines in the picture; some boundaries hardly show, and scratches look like boundaries."""
    volume = read(real_data("grains") / "titanium_imagequality_4um.tif")
    truth = read(real_data("grains") / "titanium_OIMgrainId_4um_grains.tif")
    found, ids = measure_grains(volume, source="etched"), measure_grains(truth)
    assert found.facts["count"] == pytest.approx(ids.facts["count"], rel=0.35)
    assert found.facts["mean_radius"] == pytest.approx(ids.facts["mean_radius"], rel=0.25)


def agreement(ids, found):
    """Share of grains found (over half of the union), and of boundary pixels within 2 px of the other's."""
    names, index = np.unique(ids, return_inverse=True)
    width = int(found.max()) + 1
    both = np.bincount(index.ravel() * width + found.ravel(), minlength=len(names) * width)
    both = both.reshape(len(names), width)
    union = both.sum(1)[:, None] + both.sum(0) - both
    lines = [grain_boundaries(labels.astype(int), periodic=False) for labels in (ids, found)]
    away = [boundary_distance(line, periodic=False) for line in lines]
    return {
        "grains": float((both / union > 0.5).any(1).mean()),
        "recall": float((away[1][lines[0]] <= 2).mean()),
        "precision": float((away[0][lines[1]] <= 2).mean()),
        "chance": float((away[1] <= 2).mean()),
    }


@pytest.mark.parametrize(
    ("picture", "ids", "least"),
    [
        ("titanium_imagequality_4um.tif", "titanium_OIMgrainId_4um_grains.tif", (0.6, 0.75, 0.7)),
        ("mg_twins_bandcontrast.tif", "mg_twins_grains.tif", (0.25, 0.6, 0.9)),
    ],
)
def test_grains_of_a_picture_against_those_of_the_orientations(real_data, picture, ids, least):
    """Numbers of docs/grains.md: most twin boundaries of the magnesium do not show in its picture."""
    plane, truth = (np.asarray(read(real_data("grains") / name)) for name in (picture, ids))
    found = finish(find_grains(plane, "etched", False, "saddles", 0.5, 0.0, 3.0, dark=True))
    score = agreement(truth, found)
    assert score["grains"] >= least[0]
    assert score["recall"] >= max(least[1], 2 * score["chance"])
    assert score["precision"] >= least[2]
