"""The largest correlation over shifts, against plain sums."""

import numpy as np
import pytest

from napari_microgen.compare.cross_correlation import SYMMETRIES, best_correlation, prepare, symmetric


def brute(first, second):
    rows, columns = first.shape
    best = (-1.0, 0, 0)
    for dy in range(-(rows // 2), rows // 2 + 1):
        for dx in range(-(columns // 2), columns // 2 + 1):
            a = first[max(0, dy) : rows + min(0, dy), max(0, dx) : columns + min(0, dx)]
            b = second[max(0, -dy) : rows - max(0, dy), max(0, -dx) : columns - max(0, dx)]
            best = max(best, (np.corrcoef(a.ravel(), b.ravel())[0, 1], dy, dx))
    return best


@pytest.mark.parametrize("shape", [(16, 16), (17, 24)])
def test_all_shifts_are_tried(shape):
    random = np.random.default_rng(0)
    first, second = random.normal(size=shape), random.normal(size=shape)
    value, row, column = best_correlation(prepare(first), prepare(second))
    expected = brute(first, second)
    assert value == pytest.approx(expected[0], abs=1e-5)
    assert (row, column) == expected[1:]


def test_brightness_and_contrast_do_not_matter():
    image = np.random.default_rng(1).normal(size=(32, 32))
    assert best_correlation(prepare(image), prepare(5 + 0.1 * image))[0] == pytest.approx(1.0, abs=1e-5)


def test_the_eight_symmetries_are_different_and_complete():
    image = np.arange(9).reshape(3, 3)
    found = {symmetric(image, k).tobytes() for k in range(SYMMETRIES)}
    assert len(found) == 8
    for k in range(SYMMETRIES):
        assert symmetric(symmetric(image, k), k if k >= 4 else (4 - k) % 4).tolist() == image.tolist()
    assert {symmetric(symmetric(image, 3), 5).tobytes()} <= found


def test_flat_parts_do_not_count():
    """A single bright corner may not make two unrelated images alike where nothing is."""
    first, second = np.zeros((32, 32)), np.zeros((32, 32))
    first[0, 0] = second[31, 31] = 1.0
    assert best_correlation(prepare(first), prepare(second))[0] < 0.5
