"""Grain maps of two real EBSD scans; numbers of grains as published with them."""

import numpy as np
import pytest

from napari_microgen.grains import measure_grains
from napari_microgen.io.reading import read

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
