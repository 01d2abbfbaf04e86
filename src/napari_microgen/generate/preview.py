"""A few generated patches above a few real ones, now and then during a training."""

import time
from typing import Any

import numpy as np
import torch

from ..train.engine import Engine
from ..train.torch_state import load_weights
from .contract import Generator, Noise
from .training_set import TrainingSet

COLUMNS = 4
SIDE = 256
COST = 0.05
"""Largest share of the time that previews may take."""


class Preview:
    """Makes a small picture from time to time; the training is the same with and without.

    Parameters
    ----------
    generator : Generator
        What is trained.
    engine : Engine
        Its averages, used where there are some.
    data : TrainingSet
        Real patches for comparison.
    seconds : float
        Time between two pictures; 0 for none.
    """

    def __init__(self, generator: Generator[Any], engine: Engine, data: TrainingSet, seconds: float) -> None:
        self.generator, self.engine, self.seconds = generator, engine, seconds
        self._next = time.monotonic() + seconds / 2
        rows = np.unique(np.linspace(0, len(data.table) - 1, COLUMNS).round().astype(int))
        self.conditions = generator.setup.encoder.encode(data.table)[rows]
        self.real = data.patches(rows, np.random.default_rng(0))[:, 0] if seconds else None

    def due(self) -> np.ndarray | None:
        """Return a picture if it is time for one: generated patches above real ones of the same conditions.

        Returns
        -------
        ndarray of uint8, shape (R, C), or None
        """
        if not self.seconds or self.real is None or time.monotonic() < self._next:
            return None
        start = time.monotonic()
        made = self._made()
        taken = time.monotonic() - start
        self._next = time.monotonic() + max(self.seconds, taken / COST)
        if made is None:
            return None
        side = min(made.shape[-1], SIDE // COLUMNS)
        rows = [np.hstack([image[:side, :side] for image in images]) for images in (made, self.real)]
        return (np.clip(np.vstack(rows), -1, 1) * 127.5 + 127.5).round().astype(np.uint8)

    def _made(self) -> np.ndarray | None:
        """Sample with the averaged weights, then put weights, modes and random states back."""
        if not self.generator.can_sample:
            return None
        networks = self.generator.networks
        before = {name: {k: v.clone() for k, v in net.state_dict().items()} for name, net in networks.items()}
        states = torch.get_rng_state()
        try:
            for name, net in networks.items():
                if name in self.engine.averages:
                    load_weights(net, self.engine.averages[name].state().tensors)
                net.eval()
            steps = self.generator.sample(self.conditions, Noise(0), evaluations=6)
            while True:
                try:
                    next(steps)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
        finally:
            torch.set_rng_state(states)
            for name, net in networks.items():
                net.load_state_dict(before[name])
                net.train()
