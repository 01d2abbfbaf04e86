"""Variational autoencoder with a regressor of the conditions (paper 000, section on exploration)."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from .initialisation import start_as_keras

WIDTHS = (32, 64, 128, 128, 128)
HALVINGS = 5


class ThinFilmVae(nn.Module):
    """Image in [0, 1] to a latent vector, back to an image, and to the conditions.

    Parameters
    ----------
    outputs : int
        Conditions that the regressor tells.
    latent : int
        Length of the latent vector.
    size : int
        Side of the image in px, a multiple of 32.
    dropout : float
        Share of the activations dropped in training.
    """

    def __init__(self, outputs: int, *, latent: int = 64, size: int = 64, dropout: float = 0.2) -> None:
        super().__init__()
        self.start = size // 2**HALVINGS
        features = WIDTHS[-1] * self.start**2
        ins = (1, *WIDTHS[:-1])
        self.encoder = nn.Sequential(
            *(_block(a, b, 2, dropout) for a, b in zip(ins, WIDTHS, strict=True)), nn.Flatten()
        )
        self.mean = nn.Linear(features, latent)
        self.log_variance = nn.Linear(features, latent)
        self.dense = nn.Linear(latent, features)
        outs = tuple(reversed(WIDTHS))
        self.decoder = nn.Sequential(
            *(
                nn.Sequential(_block(a, b, 1, dropout), nn.Upsample(scale_factor=2))
                for a, b in zip((outs[0], *outs[:-1]), outs, strict=True)
            ),
            nn.ZeroPad2d((1, 2, 1, 2)),
            nn.Conv2d(outs[-1], 1, 4),
        )
        widths = (latent, 20, 20, 20, 6)
        hidden = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in itertools.pairwise(widths)]
        self.regressor = nn.Sequential(*hidden, nn.Linear(6, outputs))
        start_as_keras(self)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance, each of shape (N, latent)."""
        features = self.encoder(images)
        return self.mean(features), self.log_variance(features)

    def decode(self, latent: Tensor) -> Tensor:
        """Return the logits of the pixels, shape (N, 1, size, size)."""
        return self.decoder(self.dense(latent).view(-1, WIDTHS[-1], self.start, self.start))

    def forward(self, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return pixel logits, mean, log-variance and the conditions told from the sampled vector."""
        mean, log_variance = self.encode(images)
        latent = mean + noise * torch.exp(log_variance / 2)
        return self.decode(latent), mean, log_variance, self.regressor(latent)

    def images(self, latent: Tensor) -> Tensor:
        """Return images in [0, 1]."""
        return functional.sigmoid(self.decode(latent))


def _block(ins: int, outs: int, stride: int, dropout: float) -> nn.Sequential:
    """4 x 4 convolution with "same" padding, normalisation, activation, dropout."""
    padding = (1, 1, 1, 1) if stride == 2 else (1, 2, 1, 2)
    return nn.Sequential(
        nn.ZeroPad2d(padding),
        nn.Conv2d(ins, outs, 4, stride=stride),
        nn.BatchNorm2d(outs),
        nn.LeakyReLU(0.2),
        nn.Dropout(dropout),
    )
