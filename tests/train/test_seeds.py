import random

import numpy as np
import torch

from napari_microgen.train.seeds import random_states, restore_random_states, seed_all


def draw():
    return (
        random.random(),
        random.gauss(0, 1),
        *np.random.standard_normal(3),  # noqa: NPY002
        *np.random.randint(0, 10**6, 2),  # noqa: NPY002
        *torch.randn(3).tolist(),
        *torch.randperm(5).tolist(),
    )


def test_the_same_seed_gives_the_same_numbers():
    seed_all(5)
    first = draw()
    seed_all(5)
    assert draw() == first
    seed_all(6)
    assert draw() != first


def test_all_generators_go_on_where_they_were():
    seed_all(1)
    np.random.standard_normal()  # noqa: NPY002 - leaves half of a pair behind
    random.gauss(0, 1)
    kept = random_states()
    first = draw()
    draw()
    restore_random_states(kept)
    assert draw() == first
