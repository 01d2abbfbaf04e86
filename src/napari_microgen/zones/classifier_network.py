"""The network that tells structures apart, as published: three convolutions and two dense layers.

References
----------
Banko et al., Communications Materials 1 (2020) 15, doi 10.1038/s43246-020-0017-2.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..train.engine import Phase

SIDE = 64
"""Side of the patches it sees, in px."""


class StructureNetwork(nn.Module):
    """From patches to one number per class; their softmax is the probability.

    Parameters
    ----------
    classes : int
        How many there are.

    Examples
    --------
    >>> sum(weight.numel() for weight in StructureNetwork(6).parameters())
    175974
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 32, 3)
        self.second = nn.Conv2d(32, 32, 3)
        self.third = nn.Conv2d(32, 64, 3)
        self.dense = nn.Linear(2304, 64)
        self.last = nn.Linear(64, classes)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (N, classes), of patches from -1 to 1, shape (N, 1, 64, 64)."""
        for layer in (self.first, self.second, self.third):
            x = functional.max_pool2d(functional.relu(layer(x)), 2)
        return self.last(self.dropout(functional.relu(self.dense(x.flatten(1)))))  # type: ignore[no-any-return]


class Trainee:
    """The network under training: Adam and cross-entropy, each class with its weight.

    Parameters
    ----------
    weights : ndarray, shape (classes,)
        Weight of each class in the loss.
    learning_rate : float
        Of Adam.
    """

    averaged: Sequence[str] = ()
    clip: float | None = None

    def __init__(self, weights: np.ndarray, learning_rate: float) -> None:
        self.network = StructureNetwork(len(weights))
        self.weights = torch.from_numpy(weights.astype(np.float32))
        self.networks: Mapping[str, nn.Module] = {"network": self.network}
        self.optimisers: Mapping[str, torch.optim.Optimizer] = {
            "network": torch.optim.Adam(self.network.parameters(), learning_rate)
        }

    def phases(
        self, batch: Mapping[str, np.ndarray], generator: torch.Generator, device: torch.device
    ) -> Sequence[Phase]:
        """Return the one update of a step: ``images`` and ``labels`` of a batch."""
        tensors = {name: torch.from_numpy(batch[name]).to(device) for name in ("images", "labels")}
        tensors["weights"] = self.weights.to(device)[tensors["labels"]]

        def loss(part: Mapping[str, Tensor]) -> Tensor:
            each = functional.cross_entropy(self.network(part["images"]), part["labels"], reduction="none")
            return (part["weights"] * each).mean()

        return [Phase("cross-entropy", "network", tensors, loss)]

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate: always 1."""
        return 1.0

    def half_life(self, images: int) -> float:
        """Return the half-life of a moving average; there is none."""
        return 1.0


def logits_of(network: StructureNetwork, patches: np.ndarray, batch: int = 256) -> np.ndarray:
    """Return the logits of patches from -1 to 1, shape (N, 1, 64, 64), as float64, shape (N, classes)."""
    network.eval()
    device = next(network.parameters()).device
    rows = []
    with torch.no_grad():
        for start in range(0, len(patches), batch):
            part = torch.from_numpy(np.ascontiguousarray(patches[start : start + batch], np.float32))
            rows.append(network(part.to(device)).double().cpu().numpy())
    return np.concatenate(rows) if rows else np.zeros((0, network.last.out_features))
