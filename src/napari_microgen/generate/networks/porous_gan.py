"""Conditional GAN for porous solids: 224 px, a label that becomes a map (paper 002, details open)."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from .initialisation import start_as_keras

WIDTHS = (512, 256, 128, 64, 32)
SLOPE = 0.2


class PorousGenerator(nn.Module):
    """Noise and a label to an image in [-1, 1]: five transposed convolutions 4 x 4 with stride 2.

    Parameters
    ----------
    conditions : int
        Length of the label vector; its matrix is the table of label maps.
    z_dim : int
        Length of the noise vector.
    size : int
        Side of the image in px, a multiple of 32.
    """

    def __init__(self, conditions: int, *, z_dim: int = 100, size: int = 224) -> None:
        super().__init__()
        self.z_dim, self.start = z_dim, size // 32
        self.noise = nn.Linear(z_dim, WIDTHS[0] * self.start**2)
        self.label = nn.Linear(conditions, self.start**2, bias=False)
        widths = (WIDTHS[0] + 1, *WIDTHS[1:], 1)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in itertools.pairwise(widths)
        )
        start_as_keras(self)

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Return images, shape (N, 1, size, size)."""
        shape = (-1, WIDTHS[0], self.start, self.start)
        maps = functional.leaky_relu(self.noise(noise), SLOPE).view(shape)
        x = torch.cat([maps, self.label(conditions).view(-1, 1, self.start, self.start)], 1)
        for layer in self.ups[:-1]:
            x = functional.leaky_relu(layer(x), SLOPE)
        return torch.tanh(self.ups[-1](x))


class PorousDiscriminator(nn.Module):
    """Image and label to the logit of being real; the generator mirrored.

    Parameters
    ----------
    conditions : int
        Length of the label vector.
    size : int
        Side of the image in px, a multiple of 32.
    """

    def __init__(self, conditions: int, *, size: int = 224) -> None:
        super().__init__()
        self.size = size
        self.label = nn.Linear(conditions, size**2, bias=False)
        widths = (2, *reversed(WIDTHS))
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in itertools.pairwise(widths)
        )
        self.last = nn.Linear(WIDTHS[0] * (size // 32) ** 2, 1)
        start_as_keras(self)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return logits, shape (N,)."""
        x = torch.cat([images, self.label(conditions).view(-1, 1, self.size, self.size)], 1)
        for layer in self.downs:
            x = functional.leaky_relu(layer(x), SLOPE)
        return self.last(x.flatten(1))[:, 0]
