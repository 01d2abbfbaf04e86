"""Shifts against stacks that were displaced by known amounts."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.prepare.registration import PairShift, pair_shift, path_of, running_median

MARGIN = 40


def displaced(phases, count, seed, *, step=1.0, noise=8.0, brightness=0.03, depth=6.0, path=None):
    """A grey stack of a level-cut volume displaced by a random walk, and that walk in px."""
    rng = np.random.default_rng(seed)
    shape = (count, 240 + 2 * MARGIN, 320 + 2 * MARGIN)
    volume = phases(shape, (depth, 4, 4), seed) if depth else [phases(shape[1:], 4, seed)] * count
    walk = np.cumsum(rng.normal(0, step, (count, 2)), axis=0) if path is None else np.asarray(path, float)
    walk = walk - walk[0]
    slices = []
    for solid, shift in zip(volume, walk, strict=True):
        sharp = ndimage.gaussian_filter(np.where(solid, 160.0, 60.0), 0.6)
        moved = ndimage.shift(sharp, shift, order=3)[MARGIN:-MARGIN, MARGIN:-MARGIN]
        gain, offset = 1 + brightness * rng.normal(), 100 * brightness * rng.normal()
        grey = moved * gain + offset + rng.normal(0, noise, moved.shape)
        slices.append(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return np.array(slices), walk


def registered(stack, **options):
    pairs = [pair_shift(one, two) for one, two in pairwise(stack)]
    return path_of(pairs, list(range(len(stack))), len(stack), **options), pairs


def rms(difference):
    return float(np.sqrt(np.mean(np.square(difference))))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_random_walk_is_recovered_within_a_tenth_of_a_pixel(phases, seed):
    count = 24
    stack, walk = displaced(phases, count, seed)
    still, _ = displaced(phases, count, seed, path=np.zeros((count, 2)))
    found, pairs = registered(stack)
    shifts = np.array([pair.shift for pair in pairs])
    assert rms(shifts - np.diff(walk, axis=0)) <= 0.1
    # what the structure itself seems to drift from slice to slice is no displacement
    own_drift, _ = registered(still)
    assert rms(found.shifts - own_drift.shifts - walk) <= 0.1
    assert found.replaced == ()


def test_one_structure_in_all_slices_is_recovered_to_hundredths(phases):
    stack, walk = displaced(phases, 20, 3, depth=0, brightness=0.1)
    found, _ = registered(stack)
    assert rms(found.shifts - walk) <= 0.02


def test_brightness_does_not_pull_the_shift(phases):
    stack, walk = displaced(phases, 2, 5, depth=0, brightness=0.0, noise=2.0)
    plain = pair_shift(stack[0], stack[1])
    changed = pair_shift(stack[0], stack[1] * 0.4 + 70.0)
    assert np.allclose(plain.shift, changed.shift, atol=0.005)
    assert np.allclose(plain.shift, walk[1], atol=0.02)


def test_shift_turns_its_sign_with_the_order_and_its_axes_with_the_image(phases):
    stack, _ = displaced(phases, 2, 6, depth=0)
    forward, backward = pair_shift(stack[0], stack[1]).shift, pair_shift(stack[1], stack[0]).shift
    turned = pair_shift(stack[0].T, stack[1].T).shift
    assert np.allclose(forward, np.negative(backward), atol=0.03)
    assert np.allclose(forward, turned[::-1], atol=1e-3)


@pytest.mark.parametrize("shift", [(0, 0), (7, -5), (-16, 12)])
def test_whole_shifts_are_exact(face, shift):
    image, _ = face((200, 220), noise=3.0)
    first = image[30:160, 30:180]
    second = image[30 - shift[0] : 160 - shift[0], 30 - shift[1] : 180 - shift[1]]
    found = pair_shift(first, second, max_shift=16)
    assert np.allclose(found.shift, shift, atol=1e-3)
    assert found.residual < 1e-3


def test_a_constant_slice_is_undefined_not_zero(face):
    image, _ = face((100, 100))
    found = pair_shift(image, np.full_like(image, 7))
    assert found.shift is None
    assert "one grey value" in found.reason


def test_stripes_have_no_shift_along_themselves():
    stripes = np.tile(np.sin(np.arange(100) / 3.0), (100, 1))
    found = pair_shift(stripes, stripes)
    assert found.shift is None
    assert "no structure along" in found.reason


def test_a_shift_beyond_the_search_is_said(face):
    image, _ = face((200, 200), smoothing=8.0)
    found = pair_shift(image[20:180, 20:180], image[:160, 20:180], max_shift=6)
    assert "search limit" in found.reason


def test_a_bad_pair_takes_the_mean_of_its_neighbours(phases):
    stack, walk = displaced(phases, 14, 8, path=np.arange(14)[:, None] * [0.5, -0.25])
    stack[7] = np.random.default_rng(0).permutation(stack[7].ravel()).reshape(stack[7].shape)
    found, _ = registered(stack)
    assert found.replaced == (7, 8)
    assert np.abs(found.shifts - walk).max() < 0.5


def test_an_undefined_slice_is_bridged():
    pairs = [PairShift((1.0, 0.0), 0.1), PairShift((2.0, 0.0), 0.1), PairShift((1.0, 0.0), 0.1)]
    found = path_of(pairs, [0, 1, 3, 4], 5)
    assert found.undefined == (2,)
    assert np.allclose(found.shifts[:, 0], [0, 1, 2, 3, 4])


def test_trend_is_kept_on_request_and_reported():
    slope = np.array([0.98, -0.1])
    jitter = np.random.default_rng(1).normal(0, 1, (120, 2))
    path = np.arange(120)[:, None] * slope + jitter
    pairs = [PairShift(tuple(step), 0.1) for step in np.diff(path, axis=0)]
    whole = path_of(pairs, list(range(120)), 120)
    kept = path_of(pairs, list(range(120)), 120, keep_trend=True)
    assert np.allclose(whole.trend, slope, atol=0.02)
    assert np.allclose(whole.shifts, path - path[0])
    assert np.abs(np.polyfit(np.arange(120), kept.shifts, 1)[0]).max() < 0.005
    assert rms(kept.shifts - jitter) < 0.3


def test_running_median_keeps_a_straight_line():
    line = np.arange(80.0)[:, None] * [1.0, -2.0]
    assert np.allclose(running_median(line, 51), line)
    assert np.allclose(running_median(line[:5], 51), line[:5])
    assert running_median(line[:1], 51).shape == (1, 2)


@pytest.mark.parametrize("shape", [(1, 40), (40, 4), (15, 15)])
def test_slices_too_small_to_overlap_are_undefined(shape):
    noise = np.random.default_rng(0).normal(size=(2, *shape))
    found = pair_shift(noise[0], noise[1])
    assert found.shift is None
    assert "fewer than 16" in found.reason


@pytest.mark.parametrize("shift", [(4, -4), (-4, 4)])
def test_the_smallest_slices_do_not_fail(shift):
    noise = np.random.default_rng(0).normal(size=(30, 30))
    second = noise[7 - shift[0] : 23 - shift[0], 7 - shift[1] : 23 - shift[1]]
    assert np.allclose(pair_shift(noise[7:23, 7:23], second).shift, shift, atol=0.05)


def test_small_images_are_searched_as_far_as_they_go(face):
    image, _ = face((24, 30), smoothing=2.0)
    assert np.allclose(
        pair_shift(image[2:22, 2:28], image[1:21, 3:29], max_shift=16).shift, (1, -1), atol=0.05
    )
