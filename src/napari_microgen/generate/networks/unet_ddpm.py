"""The wide denoising U-Net of the first diffusion models, for the recipe of paper 002.

Width 64 x (1, 2, 4, 8), two residual blocks and one attention per level, both block
outputs handed across (Ho et al. 2020 in its much-used form with linear attention,
Katharopoulos et al. 2020, above the lowest level).
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import Normalisation, wave_embedding

HEADS, HEAD = 4, 32


class WideUNet(nn.Module):
    """Noisy image, step number and class vector to the noise in it.

    Parameters
    ----------
    conditions : int
        Length of the class vector, embedded by a matrix and added to the step embedding.
    width : int
        Channels of the finest level.
    factors : sequence of int
        Channels per level over ``width``.
    """

    def __init__(self, conditions: int, *, width: int = 64, factors: Sequence[int] = (1, 2, 4, 8)) -> None:
        super().__init__()
        self.width, length = width, 4 * width
        widths = [width, *(width * factor for factor in factors)]
        self.first = nn.Conv2d(1, width, 7, padding=3)
        self.time = nn.Sequential(nn.Linear(width, length), nn.GELU(), nn.Linear(length, length))
        self.classes = nn.Linear(conditions, length, bias=False)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        pairs = list(itertools.pairwise(widths))
        for index, (ins, outs) in enumerate(pairs):
            lowest = index == len(pairs) - 1
            attention = FullAttention(ins) if lowest else LinearAttention(ins)
            change = nn.Conv2d(ins, outs, 3, padding=1) if lowest else _Halving(ins, outs)
            blocks = [WideBlock(ins, ins, length), WideBlock(ins, ins, length)]
            self.down.append(nn.ModuleList([*blocks, attention, change]))
        lowest_width = widths[-1]
        self.middle1 = WideBlock(lowest_width, lowest_width, length)
        self.middle_attention = FullAttention(lowest_width)
        self.middle2 = WideBlock(lowest_width, lowest_width, length)
        for index, (ins, outs) in enumerate(reversed(pairs)):
            attention = FullAttention(outs) if index == 0 else LinearAttention(outs)
            finest = index == len(pairs) - 1
            grow = nn.Identity() if finest else nn.Upsample(scale_factor=2)
            blocks = [WideBlock(outs + ins, outs, length), WideBlock(outs + ins, outs, length)]
            change = nn.Sequential(grow, nn.Conv2d(outs, ins, 3, padding=1))
            self.up.append(nn.ModuleList([*blocks, attention, change]))
        self.final = WideBlock(2 * width, width, length)
        self.last = nn.Conv2d(width, 1, 1)

    @property
    def multiple(self) -> int:
        """What the side of an image must be a multiple of, in px."""
        return 2 ** (len(self.down) - 1)

    def forward(self, images: Tensor, step: Tensor, conditions: Tensor) -> Tensor:
        """Return the predicted noise, shape (N, 1, R, C)."""
        embedding = self.time(wave_embedding(step, self.width)) + self.classes(conditions)
        x = entry = self.first(images)
        skips = []
        for block1, block2, attention, change in self.down:  # type: ignore[misc]
            x = block1(x, embedding)
            skips.append(x)
            x = attention(block2(x, embedding))
            skips.append(x)
            x = change(x)
        x = self.middle2(self.middle_attention(self.middle1(x, embedding)), embedding)
        for block1, block2, attention, change in self.up:  # type: ignore[misc]
            x = block1(torch.cat([x, skips.pop()], 1), embedding)
            x = change(attention(block2(torch.cat([x, skips.pop()], 1), embedding)))
        return self.last(self.final(torch.cat([x, entry], 1), embedding))


class WideBlock(nn.Module):
    """Two 3 x 3 convolutions, each normalised and activated; the embedding scales and shifts the first."""

    def __init__(self, ins: int, outs: int, length: int) -> None:
        super().__init__()
        self.affine = nn.Linear(length, 2 * outs)
        self.conv1, self.norm1 = nn.Conv2d(ins, outs, 3, padding=1), Normalisation(8, outs)
        self.conv2, self.norm2 = nn.Conv2d(outs, outs, 3, padding=1), Normalisation(8, outs)
        self.shortcut = nn.Conv2d(ins, outs, 1) if ins != outs else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Return the maps after the block."""
        scale, shift = self.affine(functional.silu(embedding))[:, :, None, None].chunk(2, 1)
        h = functional.silu(self.norm1(self.conv1(x)) * (scale + 1) + shift)
        return self.shortcut(x) + functional.silu(self.norm2(self.conv2(h)))


class LinearAttention(nn.Module):
    """Attention whose cost grows with the number of places, not with its square."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = Normalisation(1, channels)
        self.qkv = nn.Conv2d(channels, 3 * HEADS * HEAD, 1, bias=False)
        self.out = nn.Sequential(nn.Conv2d(HEADS * HEAD, channels, 1), Normalisation(1, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps with what attention adds."""
        n, _, rows, columns = x.shape
        q, k, v = self.qkv(self.norm(x)).view(n, 3, HEADS, HEAD, rows * columns).unbind(1)
        context = torch.einsum("nhdp,nhep->nhde", k.softmax(-1), v / (rows * columns) ** 0.5)
        seen = torch.einsum("nhde,nhdp->nhep", context, q.softmax(-2) * HEAD**-0.5)
        return x + self.out(seen.reshape(n, HEADS * HEAD, rows, columns))


class FullAttention(nn.Module):
    """Attention of every place to every other."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = Normalisation(1, channels)
        self.qkv = nn.Conv2d(channels, 3 * HEADS * HEAD, 1, bias=False)
        self.out = nn.Conv2d(HEADS * HEAD, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps with what attention adds."""
        n, _, rows, columns = x.shape
        flat = self.qkv(self.norm(x)).view(n, 3, HEADS, HEAD, rows * columns).transpose(-1, -2)
        seen = functional.scaled_dot_product_attention(*flat.unbind(1)).transpose(-1, -2)
        return x + self.out(seen.reshape(n, HEADS * HEAD, rows, columns))


class _Halving(nn.Sequential):
    """Half the size: 2 x 2 pixels become channels, mixed by a 1 x 1 convolution."""

    def __init__(self, ins: int, outs: int) -> None:
        super().__init__(nn.PixelUnshuffle(2), nn.Conv2d(4 * ins, outs, 1))
