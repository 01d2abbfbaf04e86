"""The lowest set bit of a word, against arithmetic."""

import numpy as np
from numba import njit

from napari_microgen.quantify.lowest_bit import lowest_bit


@njit
def places(words):
    found = np.empty(words.size, np.int64)
    for i in range(words.size):
        found[i] = lowest_bit(words[i])
    return found


def test_it_is_the_power_of_two_in_a_word():
    bits = np.arange(64, dtype=np.uint64)
    words = np.uint64(1) << bits
    np.testing.assert_array_equal(places(words), bits)
    higher = np.random.default_rng(0).integers(0, 2**63, 64, dtype=np.uint64)
    np.testing.assert_array_equal(places(words | higher << bits), bits)
