"""Variational autoencoder of distance maps of grains (paper 003)."""

import math

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128)
NARROWEST = 4
"""Least side of the map before the latent vector. From a map of one pixel every place would look the same."""


def pools(size: int) -> tuple[int, ...]:
    """Return by how much the side shrinks after each width: by 4 as published, by less in small maps.

    The number of weights does not depend on it where the narrowest map has the published side of 4.

    Examples
    --------
    >>> pools(256), pools(128), pools(64)
    ((4, 4, 4), (4, 4, 2), (4, 2, 2))
    """
    found = [4] * len(WIDTHS)
    for place in reversed(range(len(found))):
        if size // math.prod(found) < NARROWEST:
            found[place] = 2
    return tuple(found)


class GrainVae(nn.Module):
    """Distance map to a latent vector and back; values z-scored.

    Normalisation follows the activation; averages pool, the nearest value enlarges, see `pools`.

    Parameters
    ----------
    latent : int
        Length of the latent vector.
    size : int
        Side of the map in px, a multiple of 64.
    """

    def __init__(self, *, latent: int = 256, size: int = 256) -> None:
        super().__init__()
        shrinks = pools(size)
        self.start = size // math.prod(shrinks)
        features = WIDTHS[-1] * self.start**2
        encoder: list[nn.Module] = []
        for a, b, pool in zip((1, *WIDTHS[:-1]), WIDTHS, shrinks, strict=True):
            encoder += [_unit(a, b), _unit(b, b), nn.AvgPool2d(pool)]
        self.encoder = nn.Sequential(*encoder, nn.Flatten())
        self.mean = nn.Linear(features, latent)
        self.log_variance = nn.Linear(features, latent)
        self.dense = nn.Linear(latent, features)
        outs = tuple(reversed(WIDTHS))
        decoder: list[nn.Module] = []
        for a, b, pool in zip((outs[0], *outs[:-1]), outs, reversed(shrinks), strict=True):
            decoder += [nn.Upsample(scale_factor=pool), _unit(a, b), _unit(b, b)]
        self.decoder = nn.Sequential(*decoder, nn.Conv2d(outs[-1], 1, 3, padding=1))

    def encode(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance, each of shape (N, latent)."""
        features = self.encoder(maps)
        return self.mean(features), self.log_variance(features)

    def decode(self, latent: Tensor) -> Tensor:
        """Return maps, shape (N, 1, size, size)."""
        return self.decoder(self.dense(latent).view(-1, WIDTHS[-1], self.start, self.start))

    def forward(self, maps: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the reconstruction, mean and log-variance."""
        mean, log_variance = self.encode(maps)
        return self.decode(mean + noise * torch.exp(log_variance / 2)), mean, log_variance


def _unit(ins: int, outs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(ins, outs, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(outs))
