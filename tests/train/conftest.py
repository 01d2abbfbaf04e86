"""A training small enough to compute by hand: a straight line fitted by gradient descent with momentum."""

import numpy as np
import pytest

from napari_microgen.train.batches import SeededBatches
from napari_microgen.train.state import State


class Line:
    """Fits y = a x + b; the Method of the loop, without torch."""

    def __init__(self, rate=0.05):
        self.rate = rate
        self.weights = np.zeros(2)
        self.speed = np.zeros(2)
        self.jitter = 0.0

    def step(self, batch):
        x, y = batch
        error = self.weights[0] * x + self.weights[1] - y
        loss = float(np.mean(error**2))
        if not np.isfinite(loss):
            return loss
        gradient = 2 * np.array([np.mean(error * x), np.mean(error)])
        self.jitter = 1e-3 * np.random.standard_normal()  # noqa: NPY002 - draws from the global generator
        self.speed = 0.9 * self.speed - self.rate * gradient
        self.weights = self.weights + self.speed + self.jitter
        return loss

    def state(self):
        return State({"weights": self.weights, "speed": self.speed}, {"jitter": self.jitter})

    def restore(self, state):
        self.weights, self.speed = state.tensors["weights"].copy(), state.tensors["speed"].copy()
        self.jitter = state.numbers["jitter"]


def points(number, generator):
    x = generator.standard_normal(16)
    return x, 2 * x + 1


@pytest.fixture
def line():
    return Line


@pytest.fixture
def batches():
    return lambda seed=0: SeededBatches(points, seed)
