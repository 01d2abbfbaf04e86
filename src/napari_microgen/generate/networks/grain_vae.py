"""Variational autoencoder of distance maps of grains (paper 003)."""

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128)
POOL = 4


class GrainVae(nn.Module):
    """Distance map to a latent vector and back; values z-scored.

    Normalisation follows the activation; averages pool by 4, the nearest value enlarges by 4.

    Parameters
    ----------
    latent : int
        Length of the latent vector.
    size : int
        Side of the map in px, a multiple of 64.
    """

    def __init__(self, *, latent: int = 256, size: int = 256) -> None:
        super().__init__()
        self.start = size // POOL ** len(WIDTHS)
        features = WIDTHS[-1] * self.start**2
        encoder: list[nn.Module] = []
        for a, b in zip((1, *WIDTHS[:-1]), WIDTHS, strict=True):
            encoder += [_unit(a, b), _unit(b, b), nn.AvgPool2d(POOL)]
        self.encoder = nn.Sequential(*encoder, nn.Flatten())
        self.mean = nn.Linear(features, latent)
        self.log_variance = nn.Linear(features, latent)
        self.dense = nn.Linear(latent, features)
        outs = tuple(reversed(WIDTHS))
        decoder: list[nn.Module] = []
        for a, b in zip((outs[0], *outs[:-1]), outs, strict=True):
            decoder += [nn.Upsample(scale_factor=POOL), _unit(a, b), _unit(b, b)]
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
