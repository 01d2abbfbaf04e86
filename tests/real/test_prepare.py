"""Cleaning of real micrographs."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.io import imread

from napari_microgen.io.data_bar import DataBar, find_data_bar, propose_data_bar
from napari_microgen.prepare.pipeline import prepare
from napari_microgen.volume import Volume


def test_the_data_bar_of_a_real_micrograph_is_found(real_data):
    image = imread(real_data("nanoporous-gold") / "npg_sem_500kx_with_databar.png")
    assert find_data_bar(image) == DataBar(768 - 691, "bottom")
    assert prepare(Volume(image, "YX"), crop_data_bar="auto").shape == (691, 1024)


def test_no_data_bar_is_proposed_for_cropped_micrographs(real_data):
    files = sorted((real_data("uhcs") / "images").glob("*.png"))
    files += sorted(real_data("ni-superalloy").glob("*_sem.png"))
    assert len(files) == 546 + 14
    assert [file.name for file in files if propose_data_bar(imread(file))] == []


@pytest.mark.parametrize("detector", ["se", "bse"])
def test_no_data_bar_is_proposed_for_slices(real_data, detector):
    stack = imread(real_data("fibsem-lco") / f"{detector}.tif")
    assert np.count_nonzero([propose_data_bar(plane) for plane in stack]) == 0


def streak_strength(image, solid):
    """Root mean square step of the streaks from column to column, deep inside the solid.

    Steps of means over 50 even rows times those over the 50 odd rows between them: what
    differs between neighbouring rows, the noise, averages out.
    """
    inside = ndimage.binary_erosion(solid, iterations=8)
    steps = []
    for first in (0, 1):
        some = np.zeros_like(inside)
        some[first::2] = inside[first::2]
        count = ndimage.uniform_filter1d(some.astype(float), 101, axis=0) * 101
        total = ndimage.uniform_filter1d(np.where(some, image, 0).astype(float), 101, axis=0) * 101
        steps.append(
            np.diff(np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 20), axis=1)
        )
    return float(np.sqrt(max(np.nanmean(steps[0] * steps[1]), 0)))


@pytest.mark.parametrize("method", ["fft", "wavelet"])
def test_real_curtains_fade_and_the_phases_stay(real_data, method):
    folder = real_data("fibsem-lco")
    stack = imread(folder / "se.tif")[[0, 7, 17]]
    solid = imread(folder / "mask.tif")[[0, 7, 17]] > 0
    clean = np.asarray(prepare(Volume(stack, "ZYX"), curtaining=method).data)
    before = np.mean([streak_strength(*pair) for pair in zip(stack, solid, strict=True)])
    after = np.mean([streak_strength(*pair) for pair in zip(clean, solid, strict=True)])
    assert after < 0.5 * before
    scores = []
    for image in (stack, clean):
        smooth = np.stack([ndimage.gaussian_filter(plane.astype(float), 1) for plane in image])
        found = smooth > threshold_otsu(smooth)
        scores.append((found & solid).sum() / (found | solid).sum())
    assert scores[1] > scores[0] - 0.01


def test_planes_ten_slices_apart_are_not_aligned_blindly(real_data):
    stack = imread(real_data("fibsem-lco") / "se.tif")
    result = prepare(Volume(stack, "ZYX"), register=True)
    assert result.facts["steps"][0]["replaced_slices"]
    assert any("did not fit" in note for note in result.notes)


def test_a_real_serial_section_is_registered_within_a_pixel(real_data):
    stack = imread(real_data("nanoporous-gold") / "fib_serial_130x150x150.tif")[40:70]
    walk = np.cumsum(np.random.default_rng(0).integers(-3, 4, (30, 2)), axis=0)
    walk -= walk[0]
    moved = np.array(
        [np.roll(plane, tuple(step), axis=(0, 1)) for plane, step in zip(stack, walk, strict=True)]
    )
    crop = (slice(None), slice(25, 125), slice(25, 125))

    def path(data):
        return np.array(
            prepare(Volume(data, "ZYX"), register=True, register_edges="fill").facts["steps"][0]["shifts_px"]
        )

    error = path(moved[crop]) - path(stack[crop]) - walk
    assert np.sqrt(np.mean(error**2)) < 1.0
