"""The search for copies: windows, candidates, shifts, what it says."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_microgen.compare.cross_correlation import symmetric
from napari_microgen.compare.memorisation import Known, memorisation
from napari_microgen.compare.window_search import candidates, window_basis, window_index
from napari_microgen.progress import finish


def smooth(seed, count, edge=64):
    fields = gaussian_filter(np.random.default_rng(seed).standard_normal((count, edge, edge)), (0, 2.5, 2.5))
    return fields / fields.std()


@pytest.mark.parametrize("which", range(8))
def test_a_shifted_and_turned_cut_is_found_with_its_place(which):
    """Cuts of large images: 64 px at (0, 0) are known, a cut at (13, 22) is asked for."""
    large = smooth(0, 12, 100)
    known = large[:, :64, :64]
    asked = symmetric(large[:, 13:77, 22:86], which)
    basis = window_basis(known)
    place, symmetry, score = finish(candidates(finish(window_index(known, basis)), asked, 3))
    assert place[:, 0].tolist() == list(range(12))
    assert (score[:, 0] > 0.95).all()
    inverse = which if which >= 4 else (4 - which) % 4
    assert (symmetry[:, 0] == inverse).all()
    groups = np.arange(12)
    found = finish(memorisation(asked, Known(known, groups), Known(smooth(1, 12), groups)))
    assert {(n.image, n.known, n.symmetry, n.shift) for n in found.nearest} <= {
        (k, k, inverse, (13, 22)) for k in range(12)
    }
    assert found.copies == 12
    assert found.flagged


def test_nothing_is_found_between_strangers():
    known, others, asked = (Known(smooth(s, 40), np.arange(40)) for s in (1, 2, 3))
    found = finish(memorisation(asked.images, known, others))
    assert not found.flagged
    assert found.copies == 0
    assert found.close_share == 0
    assert found.interval[0] < 0.5 < found.interval[1]
    assert abs(found.auc - 0.5) < 0.15


def test_more_micrographs_on_one_side_prove_nothing():
    """Forty cuts of five micrographs against forty of twenty: sides are dealt by images, not micrographs."""
    known, others = Known(smooth(1, 40), np.arange(40) // 8), Known(smooth(2, 40), np.arange(40) // 2)
    for one, other in ((known, others), (others, known)):
        found = finish(memorisation(smooth(3, 40), one, other))
        assert 0.05 < found.p < 0.95


def test_training_images_left_out_of_the_equal_numbers_are_searched_for_copies():
    known, held_out, rest = (Known(smooth(s, 20), np.arange(20)) for s in (1, 2, 4))
    asked = smooth(5, 20)
    asked[:5] = np.roll(rest.images[:5], (6, -9), (1, 2))
    found = finish(memorisation(asked, known, held_out, others=rest))
    assert found.copies >= 4
    assert found.flagged
    assert {n.known for n in found.nearest[:4]} <= {20, 21, 22, 23, 24}


def test_the_floor_needs_two_micrographs():
    known, held_out = Known(smooth(1, 10), np.arange(10)), Known(smooth(2, 10), np.zeros(10, int))
    found = finish(memorisation(smooth(3, 10), known, held_out))
    assert found.floor_auc is None


def test_the_same_seed_gives_the_same_result():
    known, held_out = (Known(smooth(s, 12), np.arange(12)) for s in (1, 2))
    first, again = (finish(memorisation(smooth(3, 12), known, held_out, seed=4)) for _ in range(2))
    assert first == again


def test_images_without_contrast_are_no_copies():
    blank = np.zeros((12, 64, 64))
    blank[:, 0, 0] = 1.0
    known, held_out = (Known(smooth(s, 12), np.arange(12)) for s in (1, 2))
    assert finish(memorisation(blank, known, held_out)).copies == 0
