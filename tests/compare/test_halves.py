"""Random halves: by micrograph, equal in number, condition by condition."""

import numpy as np

from napari_microgen.compare.descriptors import NAMES, Descriptors
from napari_microgen.compare.halves import Side, draws, matched
from napari_microgen.compare.image_set import of_arrays


def side(condition, groups):
    count = len(condition)
    rows = [np.zeros((count, n)) for n in (len(NAMES), 2, 2, 2, 10, 4, 4, 2)]
    found = Descriptors(*rows, distance=np.arange(2.0), unit="px", pixel=1.0)
    return Side(
        of_arrays("x", np.zeros((count, 16, 16), np.uint8)), found, np.array(condition), np.array(groups)
    )


def test_halves_share_no_micrograph_and_have_equal_numbers_per_condition():
    random = np.random.default_rng(0)
    condition = np.repeat([0, 1, 2], [40, 24, 30])
    groups = np.concatenate([np.arange(40) // 4, 100 + np.arange(24) // 2, 200 + np.arange(30) // 5])
    real, synthetic = side(condition, groups), side(np.repeat([0, 1, 2, 3], 12), np.arange(48))
    for draw in draws(real, synthetic, 20, random):
        assert not set(groups[draw.real]) & set(groups[draw.rest])
        counts = [np.bincount(c, minlength=4) for c in (condition[draw.real], condition[draw.rest])]
        counts.append(np.bincount(synthetic.condition[draw.synthetic], minlength=4))
        assert counts[0].tolist() == counts[1].tolist() == counts[2].tolist()
        assert counts[0][3] == 0
        assert (counts[0][:3] > 0).all()
        assert len(set(draw.synthetic.tolist())) == len(draw.synthetic)


def test_one_micrograph_leaves_no_floor():
    found = list(draws(side([0] * 10, [0] * 10), side([0] * 6, range(6)), 3, np.random.default_rng(0)))
    assert all(len(d.rest) == 0 and len(d.real) == 6 for d in found)


def test_conditions_of_one_micrograph_stand_back_where_others_have_more():
    real = side([0] * 10 + [1] * 10, [0] * 10 + list(range(1, 11)))
    for draw in draws(real, side([0] * 10 + [1] * 10, range(20)), 3, np.random.default_rng(0)):
        assert set(real.condition[draw.real]) == {1}
        assert len(draw.rest) == 5


def test_every_micrograph_has_its_turn():
    real = side([0] * 30, np.arange(30) // 3)
    seen = [d.real for d in draws(real, side([0] * 30, range(30)), 40, np.random.default_rng(0))]
    counts = np.bincount(np.concatenate(seen), minlength=30)
    assert counts.min() > 8


def test_matched_rows_have_the_conditions_wanted():
    pool = side([0] * 3 + [1] * 9, range(12))
    rows = matched(pool, [0] * 5 + [1] * 4, np.random.default_rng(0))
    assert np.bincount(pool.condition[rows]).tolist() == [3, 4]
