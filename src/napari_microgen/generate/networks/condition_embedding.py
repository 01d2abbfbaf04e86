"""Encoded conditions as a vector that the denoising network adds to its noise level."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from .unet import PROFILES, DenoisingUNet

BANDWIDTH = 0.25
"""Standard deviation of the frequencies, in waves per standard deviation of a condition."""
WAVES = 4


class ConditionEmbedding(nn.Module):
    """Slow waves of every encoded column, then two layers; a learned vector where conditions are dropped.

    The waves are slow, so that neighbouring conditions stay neighbours.

    Parameters
    ----------
    width : int
        Columns of the encoding.
    length : int
        Length of the result.
    """

    frequencies: Tensor

    def __init__(self, width: int, length: int = 128) -> None:
        super().__init__()
        drawn = np.random.default_rng(width).standard_normal((width, WAVES)).astype(np.float32)
        # scaled in numpy: a product of tensors without values would import the whole of torch._dynamo
        self.register_buffer("frequencies", torch.tensor((BANDWIDTH * drawn).tolist()))
        self.layers = nn.Sequential(
            nn.Linear(width * (1 + 2 * WAVES), length), nn.SiLU(), nn.Linear(length, length), nn.SiLU()
        )
        self.none = nn.Parameter(torch.zeros(length))

    def forward(self, conditions: Tensor, dropped: Tensor | None = None) -> Tensor:
        """Return the embedding, shape (N, length); that of "unknown" where ``dropped`` is 1."""
        angles = 2 * math.pi * conditions[:, :, None] * self.frequencies
        waves = torch.cat([conditions[:, :, None], angles.cos(), angles.sin()], 2).flatten(1)
        embedded = self.layers(waves)
        if dropped is None:
            return embedded
        return torch.lerp(embedded.float(), self.none.expand_as(embedded), dropped[:, None])


class ConditionedDenoiser(nn.Module):
    """The U-Net with its embedding of the conditions."""

    def __init__(self, profile: str, width: int) -> None:
        super().__init__()
        self.embedding = ConditionEmbedding(width)
        self.unet = DenoisingUNet(PROFILES[profile], conditioning=128)
        self.to(memory_format=torch.channels_last)

    def forward(
        self, images: Tensor, level: Tensor, conditions: Tensor, dropped: Tensor | None = None
    ) -> Tensor:
        """Return what the preconditioning needs, shape (N, 1, R, C)."""
        images = images.contiguous(memory_format=torch.channels_last)
        return self.unet(images, level, self.embedding(conditions, dropped))

    def hidden_and_other_weights(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the matrices and convolutions between first and last layer, and all other weights."""
        hidden: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        outer = {*self.unet.first.parameters(), *self.unet.last.parameters(), *self.embedding.parameters()}
        for weight in self.parameters():
            (hidden if weight.ndim > 1 and weight not in outer else others).append(weight)
        return hidden, others
