"""Work shared among threads: every number once, and parts of about the same load."""

import numpy as np
import pytest

from napari_microgen.quantify.threads import run_in_parts, run_in_shares


def count(done, first, last):
    done[first:last] += 1


@pytest.mark.parametrize("threads", [1, 2, 5, 40])
@pytest.mark.parametrize(
    "loads", [np.ones(9), np.zeros(7), np.arange(30), np.r_[1000, np.ones(20)], np.ones(1)]
)
def test_every_number_is_worked_on_once(loads, threads):
    done = np.zeros(len(loads), int)
    bounds = run_in_shares(count, loads, done, threads=threads)
    assert (done == 1).all()
    assert bounds[0] == 0
    assert bounds[-1] == len(loads)
    assert len(bounds) <= threads + 1
    done[:] = 0
    run_in_parts(count, len(loads), done, threads=threads)
    assert (done == 1).all()


def test_nothing_to_do_is_no_error():
    assert run_in_shares(count, np.zeros(0), np.zeros(0), threads=2) == [0]


def test_shares_carry_about_the_same_load():
    loads = np.random.default_rng(0).random(400) ** 4
    bounds = run_in_shares(count, loads, np.zeros(400, int), threads=4)
    shares = np.add.reduceat(loads, bounds[:-1])
    assert len(shares) == 4
    assert shares.max() - shares.min() < 4 * loads.max()
