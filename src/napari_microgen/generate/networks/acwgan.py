"""Generator and critic of the auxiliary-classifier Wasserstein GAN (paper 001 after Iyer et al. 2019)."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 128, 64, 32, 1)
SLOPE = 0.3
EMBEDDING = 20


class AcwganGenerator(nn.Module):
    """Noise and embedded conditions to an image in [-1, 1].

    Parameters
    ----------
    groups : sequence of int
        Length of each condition's own vector: the number of its classes, or 1 for a
        number as it is. Each is embedded in 20 dimensions by a matrix.
    noise : int
        Length of the noise vector.
    size : int
        Side of the image in px, a multiple of 16.
    """

    def __init__(self, groups: Sequence[int], *, noise: int = 100, size: int = 128) -> None:
        super().__init__()
        self.groups, self.z_dim, self.start = tuple(groups), noise, size // 16
        self.embeddings = nn.ModuleList(nn.Linear(length, EMBEDDING, bias=False) for length in groups)
        self.dense = nn.Linear(noise + EMBEDDING * len(self.groups), WIDTHS[0] * self.start**2)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in itertools.pairwise(WIDTHS)
        )
        self.dropout = nn.Dropout(0.25)

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Return images, shape (N, 1, size, size)."""
        parts = conditions.split(self.groups, 1)
        embedded = [layer(part) for layer, part in zip(self.embeddings, parts, strict=True)]
        x = self.dropout(functional.relu(self.dense(torch.cat([noise, *embedded], 1))))
        x = x.view(-1, WIDTHS[0], self.start, self.start)
        for layer in self.convolutions:
            y = layer(functional.interpolate(x, scale_factor=2.0, mode="nearest"))
            x = torch.tanh(y) if layer is self.convolutions[-1] else functional.leaky_relu(y, SLOPE)
        return x


class AcwganCritic(nn.Module):
    """Image to the Wasserstein score and to what it says of each condition.

    Parameters
    ----------
    heads : sequence of int
        Outputs per condition: the number of its classes, or 1 for a number.
    size : int
        Side of the image in px, a multiple of 16.
    """

    def __init__(self, heads: Sequence[int], *, size: int = 128) -> None:
        super().__init__()
        widths = (1, 32, 64, 128, 16)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in itertools.pairwise(widths)
        )
        self.dropout = nn.Dropout(0.25)
        features = widths[-1] * (size // 16) ** 2
        self.score = nn.Linear(features, 1)
        self.heads = nn.ModuleList(nn.Linear(features, outputs) for outputs in heads)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the score, shape (N,), and one tensor of shape (N, outputs) per condition."""
        x = images
        for layer in self.convolutions:
            x = functional.leaky_relu(layer(x), SLOPE)
        x = self.dropout(x.flatten(1))
        return self.score(x)[:, 0], [head(x) for head in self.heads]
