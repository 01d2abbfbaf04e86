"""The default segmenter: a U-Net of residual blocks that looks at neighbouring slices.

Batch normalisation, not group normalisation: it can be folded into the convolutions
for inference, and a result then does not depend on how an image is cut into tiles.
Encoder features are added to the decoder, not concatenated, which halves the work of
the large first levels.
"""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 5
"""Resolutions, each half of the one before."""


class ResidualUNet(nn.Module):
    """U-Net with skips; logits of shape (N, classes, R, C) from images (N, channels, R, C).

    Parameters
    ----------
    channels : int
        Planes of the input: detectors times neighbouring slices.
    classes : int
        Classes to tell apart.
    base : int
        Width at full resolution; it doubles per level up to 8 times this.
    normalisation : {"batch", "group"}
        Kind of normalisation layers.
    """

    stride = 2 ** (LEVELS - 1)
    """Image sides must be multiples of this."""
    margin = 120
    """Pixels at least this far apart do not influence each other."""

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        base: int = 16,
        normalisation: Literal["batch", "group"] = "batch",
    ) -> None:
        super().__init__()
        self.bytes_per_pixel = 5 * (channels + 3 * base + classes)
        widths = [min(2**level, 8) * base for level in range(LEVELS)]
        self.stem = nn.Sequential(
            nn.Conv2d(channels, base, 3, padding=1, bias=False),
            normal(base, normalisation),
            nn.ReLU(inplace=True),
        )
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2, bias=False) for a, b in pairwise(widths))
        self.encoder = nn.ModuleList(Residual(width, normalisation) for width in widths[1:])
        self.enlarge = nn.ModuleList(nn.Conv2d(b, a, 1, bias=False) for a, b in pairwise(widths))
        self.decoder = nn.ModuleList(Residual(width, normalisation) for width in widths[:-1])
        self.head = nn.Conv2d(base, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        x = self.stem(images)
        skips = [x]
        for shrink, encode in zip(self.shrink, self.encoder, strict=True):
            x = encode(shrink(x))
            skips.append(x)
        x = skips.pop()
        for enlarge, decode in zip(reversed(self.enlarge), reversed(self.decoder), strict=True):
            x = decode(enlarged_sum(skips.pop(), enlarge(x)))
        return self.head(x)


class Residual(nn.Module):
    """Two 3x3 convolutions whose result is added to the input (He et al. 2016)."""

    def __init__(self, width: int, normalisation: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            normal(width, normalisation),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            normal(width, normalisation),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        return functional.relu(self.body(x) + x)


def enlarged_sum(skip: Tensor, small: Tensor) -> Tensor:
    """Return ``skip`` plus ``small`` at twice its side (nearest neighbour).

    Where no gradient is asked for and images lie channels-last, pixels are doubled along
    the rows only and added to two rows of ``skip`` in place: one large copy less.
    """
    last = torch.channels_last
    dense = skip.is_contiguous(memory_format=last) and small.is_contiguous(memory_format=last)
    if torch.is_grad_enabled() or not dense:
        return functional.interpolate(small, scale_factor=2.0, mode="nearest").add_(skip)
    count, width, rows, columns = small.shape
    doubled = small.permute(0, 2, 3, 1).unsqueeze(3).expand(-1, -1, -1, 2, -1)
    pairs = skip.permute(0, 2, 3, 1).view(count, rows, 2, 2 * columns * width)
    pairs.add_(doubled.reshape(count, rows, 1, 2 * columns * width))
    return skip


def normal(width: int, kind: str) -> nn.Module:
    """Return a normalisation layer."""
    return nn.GroupNorm(8, width) if kind == "group" else nn.BatchNorm2d(width)
