"""Parts of the diffusion networks: residual block, attention, embeddings of a number."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def wave_embedding(values: Tensor, dimensions: int, longest: float = 10_000.0) -> Tensor:
    """Return cosines and sines of numbers at frequencies from 1 down to 1/longest.

    Parameters
    ----------
    values : Tensor, shape (N,)
        Step numbers or logarithms of noise levels.
    dimensions : int
        Length of the embedding, even.
    longest : float
        Longest wave over the shortest.

    Returns
    -------
    Tensor, shape (N, dimensions)
    """
    half = dimensions // 2
    scale = torch.arange(half, dtype=torch.float32, device=values.device) / half
    angles = values.float()[:, None] * torch.exp(-math.log(longest) * scale)[None]
    return torch.cat([angles.cos(), angles.sin()], 1)


class Normalisation(nn.GroupNorm):
    """Group normalisation in 32 bit, also where the rest is in 16: exact, and on a processor faster."""

    def forward(self, input: Tensor) -> Tensor:
        """Return normalised maps of 32 bit."""
        return super().forward(input.float())


class ResidualBlock(nn.Module):
    """Two normalised 3 x 3 convolutions beside a shortcut; the embedding scales and shifts the middle.

    Parameters
    ----------
    ins, outs : int
        Channels before and after.
    embedding : int
        Length of the embedding.
    dropout : float
        Share of activations dropped before the second convolution.
    resample : {"", "down", "up"}
        Halve or double the size inside the block.
    """

    def __init__(self, ins: int, outs: int, embedding: int, *, dropout: float, resample: str = "") -> None:
        super().__init__()
        self.norm1 = Normalisation(groups_of(ins), ins, eps=1e-6)
        self.conv1 = nn.Conv2d(ins, outs, 3, padding=1)
        self.affine = nn.Linear(embedding, 2 * outs)
        self.norm2 = Normalisation(groups_of(outs), outs, eps=1e-6)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(outs, outs, 3, padding=1)
        self.shortcut = nn.Conv2d(ins, outs, 1) if ins != outs else nn.Identity()
        self.resample = resample
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Return the maps after the block."""
        h = functional.silu(self.norm1(x))
        h, x = _resized(h, self.resample), _resized(x, self.resample)
        h = self.conv1(h)
        scale, shift = self.affine(functional.silu(embedding))[:, :, None, None].chunk(2, 1)
        h = functional.silu(torch.addcmul(shift, self.norm2(h), scale + 1))
        return self.shortcut(x) + self.conv2(self.dropout(h))


class SelfAttention(nn.Module):
    """Attention of every place to every other, with heads of 32 channels."""

    def __init__(self, channels: int, head: int = 32) -> None:
        super().__init__()
        self.heads = max(1, channels // head)
        self.norm = Normalisation(groups_of(channels), channels, eps=1e-6)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps with what attention adds."""
        n, c, rows, columns = x.shape
        flat = self.norm(x).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(flat).view(n, rows * columns, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if x.device.type == "cpu":  # in bf16 it is four times slower there
            with torch.autocast("cpu", enabled=False):
                seen = functional.scaled_dot_product_attention(q.float(), k.float(), v.float())
        else:
            seen = functional.scaled_dot_product_attention(q, k, v)
        seen = seen.transpose(1, 2).reshape(n, rows * columns, c)
        return x + self.out(seen).transpose(1, 2).view(n, c, rows, columns)


def groups_of(channels: int) -> int:
    """Return the number of normalisation groups: 32, or as many as leave 4 channels in each."""
    groups = min(32, max(1, channels // 4))
    while channels % groups:
        groups -= 1
    return groups


def _resized(x: Tensor, resample: str) -> Tensor:
    if resample == "down":
        return functional.avg_pool2d(x, 2)
    if resample == "up":
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")
    return x
