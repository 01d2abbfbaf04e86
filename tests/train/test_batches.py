import numpy as np
import pytest

from napari_microgen.errors import CheckpointError
from napari_microgen.train.batches import SeededBatches, shuffled


def row(seed=0):
    return SeededBatches(lambda n, generator: (n, generator.standard_normal(3).tolist()), seed)


def test_a_batch_depends_on_seed_and_number_alone():
    first = [next(batches) for batches in [row()] for _ in range(5)]
    jumped = row()
    jumped.position = 3
    assert next(jumped) == first[3]
    assert next(row(seed=1)) != first[0]


def test_going_on_from_a_state_gives_the_same_row():
    whole, broken = row(), row()
    for _ in range(4):
        next(whole), next(broken)
    again = row()
    again.restore(broken.state())
    assert [next(whole) for _ in range(6)] == [next(again) for _ in range(6)]


def test_a_state_of_another_seed_is_refused():
    with pytest.raises(CheckpointError, match="seed 7"):
        row().restore(row(seed=7).state())


@pytest.mark.parametrize("count", [1, 2, 7])
def test_each_time_round_every_element_comes_once(count):
    for time_round in range(4):
        found = [shuffled(n, count, seed=3) for n in range(time_round * count, (time_round + 1) * count)]
        assert sorted(found) == list(range(count))
    orders = {tuple(shuffled(n + 7 * r, 7, seed=3) for n in range(7)) for r in range(20)}
    assert len(orders) > 15


def test_positions_are_independent():
    drawn = np.array([next_[1] for next_ in (next(batches) for batches in [row()] for _ in range(400))])
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.2
