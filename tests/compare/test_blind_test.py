"""Pairs for a blind test, and the interval of its score."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binomtest

from napari_microgen.compare.blind_test import blind_pairs, score_interval


class Images(SimpleNamespace):
    """Conditions of some images."""

    def __len__(self):
        return len(self.condition)


@pytest.mark.parametrize(("right", "shown"), [(0, 5), (5, 5), (7, 10), (31, 60)])
def test_the_interval_is_the_exact_one(right, shown):
    expected = binomtest(right, shown).proportion_ci(0.95, method="exact")
    assert score_interval(right, shown) == pytest.approx((expected.low, expected.high))


def test_pairs_share_their_condition_and_no_image_is_shown_twice():
    real = Images(condition=np.repeat([0, 1, 2], 20))
    synthetic = Images(condition=np.repeat([2, 1, 0, -1], 15))
    pairs = blind_pairs(real, synthetic, 200)
    assert len(pairs) == 45
    assert all(real.condition[p.real] == synthetic.condition[p.synthetic] for p in pairs)
    assert len({p.real for p in pairs}) == len({p.synthetic for p in pairs}) == 45
    assert 12 < sum(p.real_is_left for p in pairs) < 33
    assert len(blind_pairs(real, synthetic, 7)) == 7
    assert pairs == blind_pairs(real, synthetic, 200)
    assert pairs != blind_pairs(real, synthetic, 200, seed=1)
