"""Conditional GAN for thin films: 64 px, conditions as numbers (paper 000, section on generation)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .initialisation import start_as_keras

SLOPE = 0.2


class ThinFilmGenerator(nn.Module):
    """Noise and conditions to an image in [-1, 1].

    Two transposed convolutions, 3 x 3 with stride 2 and "same" padding, double the size
    twice; a last convolution ends in tanh.

    Parameters
    ----------
    conditions : int
        Length of the condition vector.
    z_dim : int
        Length of the noise vector.
    size : int
        Side of the image in px, a multiple of 4.
    channels : int
        Feature maps of every layer.
    final_kernel : int
        Side of the last convolution; 7 in the published code.
    """

    def __init__(
        self, conditions: int, *, z_dim: int = 16, size: int = 64, channels: int = 128, final_kernel: int = 7
    ) -> None:
        super().__init__()
        self.z_dim, self.start, self.channels = z_dim, size // 4, channels
        self.noise = nn.Linear(z_dim, channels * self.start**2)
        self.condition = nn.Linear(conditions, self.start**2)
        self.up1 = nn.ConvTranspose2d(channels + 1, channels, 3, stride=2)
        self.up2 = nn.ConvTranspose2d(channels, channels, 3, stride=2)
        self.last = nn.Conv2d(channels, 1, final_kernel, padding=final_kernel // 2)
        start_as_keras(self)

    def forward(self, noise: Tensor, conditions: Tensor) -> Tensor:
        """Return images, shape (N, 1, size, size)."""
        side = self.start
        maps = functional.leaky_relu(self.noise(noise), SLOPE).view(-1, self.channels, side, side)
        x = torch.cat([maps, self.condition(conditions).view(-1, 1, side, side)], 1)
        for layer in (self.up1, self.up2):
            side *= 2
            x = functional.leaky_relu(layer(x)[..., :side, :side], SLOPE)
        return torch.tanh(self.last(x))


class ThinFilmDiscriminator(nn.Module):
    """Image and conditions to the logit of being real.

    Parameters
    ----------
    conditions : int
        Length of the condition vector.
    size : int
        Side of the image in px, a multiple of 4.
    channels : int
        Feature maps of both convolutions.
    """

    def __init__(self, conditions: int, *, size: int = 64, channels: int = 128) -> None:
        super().__init__()
        self.size = size
        self.condition = nn.Linear(conditions, size**2)
        self.down1 = nn.Conv2d(2, channels, 3, stride=2)
        self.down2 = nn.Conv2d(channels, channels, 3, stride=2)
        self.dropout = nn.Dropout(0.4)
        self.last = nn.Linear(channels * (size // 4) ** 2, 1)
        start_as_keras(self)

    def forward(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Return logits, shape (N,)."""
        x = torch.cat([images, self.condition(conditions).view(-1, 1, self.size, self.size)], 1)
        for layer in (self.down1, self.down2):
            x = functional.leaky_relu(layer(functional.pad(x, (0, 1, 0, 1))), SLOPE)
        return self.last(self.dropout(x.flatten(1)))[:, 0]
