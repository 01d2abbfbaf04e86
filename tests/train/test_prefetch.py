"""Batches made ahead are the same ones, also after going back, and errors are not lost."""

import threading

import pytest

from napari_microgen.train.batches import SeededBatches
from napari_microgen.train.prefetch import AHEAD, PrefetchedBatches


def make(number, random):
    return number, random.standard_normal(3).tolist()


def test_the_row_is_the_same_as_without():
    plain = SeededBatches(make, 5)
    with PrefetchedBatches(make, 5) as ahead:
        assert [next(ahead) for _ in range(20)] == [next(plain) for _ in range(20)]
        assert ahead.state().numbers == plain.state().numbers == {"seed": 5, "position": 20}


def test_going_back_gives_the_same_again():
    with PrefetchedBatches(make, 5) as ahead:
        first = [next(ahead) for _ in range(7)]
        kept = SeededBatches(make, 5)
        kept.position = 3
        ahead.restore(kept.state())
        assert [next(ahead) for _ in range(4)] == first[3:]


def test_batches_are_made_ahead_and_no_farther():
    made, enough = [], threading.Event()

    def noted(number, random):
        made.append(number)
        if len(made) == AHEAD:
            enough.set()
        return number

    with PrefetchedBatches(noted, 0) as ahead:
        assert next(ahead) == 0
        assert enough.wait(10)
        assert sorted(made) == list(range(AHEAD))


def test_an_error_comes_out_where_its_batch_is_wanted():
    def faulty(number, random):
        if number == 2:
            raise ValueError("image 7 is gone")
        return number

    with PrefetchedBatches(faulty, 0) as ahead:
        assert [next(ahead), next(ahead)] == [0, 1]
        with pytest.raises(ValueError, match="image 7"):
            next(ahead)


def test_no_thread_is_left():
    before = threading.active_count()
    with PrefetchedBatches(make, 0) as ahead:
        next(ahead)
    assert threading.active_count() == before
