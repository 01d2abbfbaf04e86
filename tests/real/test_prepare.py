"""Cleaning of real micrographs."""

import os
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imread

from napari_microgen.io.data_bar import DataBar, find_data_bar, propose_data_bar

ROOT = Path(os.environ.get("MICROGEN_DATA") or Path(__file__).parents[2].parent / "shared" / "data")


def data_set(name: str) -> Path:
    if not (ROOT / name).is_dir():
        pytest.skip(f"real data set '{name}' is absent (set MICROGEN_DATA)")
    return ROOT / name


def test_the_data_bar_of_a_real_micrograph_is_found():
    image = imread(data_set("nanoporous-gold") / "npg_sem_500kx_with_databar.png")
    assert find_data_bar(image) == DataBar(768 - 691, "bottom")


def test_no_data_bar_is_proposed_for_cropped_micrographs():
    files = sorted((data_set("uhcs") / "images").glob("*.png"))
    files += sorted(data_set("ni-superalloy").glob("*_sem.png"))
    assert len(files) == 546 + 14
    assert [file.name for file in files if propose_data_bar(imread(file))] == []


@pytest.mark.parametrize("detector", ["se", "bse"])
def test_no_data_bar_is_proposed_for_slices(detector):
    stack = imread(data_set("fibsem-lco") / f"{detector}.tif")
    assert np.count_nonzero([propose_data_bar(plane) for plane in stack]) == 0
