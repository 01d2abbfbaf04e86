"""The denoising U-Net of the default generator, on pixel-unshuffled images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import Normalisation, ResidualBlock, SelfAttention, groups_of, wave_embedding


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A size of the U-Net."""

    unshuffle: int
    """Side of the pixel blocks that become channels."""
    channels: tuple[int, ...]
    """Channels per level, finest first."""
    blocks: int
    """Residual blocks per level."""
    attention: tuple[int, ...]
    """Levels with attention, 0 is the finest."""
    dropout: float = 0.1
    """Share of activations dropped in training; none where a training is too short to learn by heart."""


PROFILES: Mapping[str, Profile] = {
    "cpu-64": Profile(unshuffle=2, channels=(32, 64, 128), blocks=1, attention=(2,), dropout=0.0),
    "std-64": Profile(unshuffle=2, channels=(64, 128, 192), blocks=2, attention=(1, 2)),
    "big-64": Profile(unshuffle=2, channels=(128, 256, 256), blocks=2, attention=(1, 2)),
    "std-224": Profile(unshuffle=4, channels=(64, 128, 256), blocks=2, attention=(2,)),
    "big-224": Profile(unshuffle=4, channels=(128, 256, 256), blocks=2, attention=(1, 2)),
    "tiny": Profile(unshuffle=2, channels=(8, 16), blocks=1, attention=(1,)),
}
"""``cpu``, ``std``, ``big`` with the px of the images they are for; ``tiny`` is for trying things out."""


class DenoisingUNet(nn.Module):
    """Noisy image, noise level and embedded conditions to what the preconditioning needs.

    Levels with attention change size inside a residual block, the others by a
    convolution with stride 2 or after doubling.

    Parameters
    ----------
    profile : Profile
        Its size.
    conditioning : int
        Length of the embedded conditions that are added to the embedded noise level; 0
        for none.
    """

    def __init__(self, profile: Profile, *, conditioning: int = 0) -> None:
        super().__init__()
        self.profile = profile
        first, last = profile.channels[0], profile.channels[-1]
        length, pixels = 4 * first, profile.unshuffle**2
        self.length = length
        self.time = nn.Sequential(nn.Linear(first, length), nn.SiLU(), nn.Linear(length, length))
        self.conditions = nn.Linear(conditioning, length) if conditioning else None
        self.first = nn.Conv2d(pixels, first, 3, padding=1)
        skips = self._build_down(length)
        self.middle = _Stage([_block(last, last, length, profile), _block(last, last, length, profile)])
        self.middle_attention = SelfAttention(last)
        self._build_up(length, skips)
        self.norm = Normalisation(groups_of(first), first, eps=1e-6)
        self.last = nn.Conv2d(first, pixels, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def _build_down(self, length: int) -> list[int]:
        profile, width, skips = self.profile, self.profile.channels[0], [self.profile.channels[0]]
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        for level, channels in enumerate(profile.channels):
            seen = level in profile.attention
            blocks = []
            for _ in range(profile.blocks):
                blocks.append(_block(width, channels, length, profile))
                width = channels
                skips.append(width)
            self.down.append(_Stage(blocks, channels if seen else None))
            if level < len(profile.channels) - 1:
                self.shrink.append(_Resampling(width, length, profile, "down", residual=seen))
                skips.append(width)
        return skips

    def _build_up(self, length: int, skips: list[int]) -> None:
        profile, width = self.profile, self.profile.channels[-1]
        self.up, self.grow = nn.ModuleList(), nn.ModuleList()
        for level in reversed(range(len(profile.channels))):
            channels, seen = profile.channels[level], level in profile.attention
            blocks = []
            for _ in range(profile.blocks + 1):
                blocks.append(_block(width + skips.pop(), channels, length, profile))
                width = channels
            self.up.append(_Stage(blocks, channels if seen else None))
            if level:
                self.grow.append(_Resampling(width, length, profile, "up", residual=seen))

    @property
    def multiple(self) -> int:
        """What the side of an image must be a multiple of, in px."""
        return self.profile.unshuffle * 2 ** (len(self.profile.channels) - 1)

    def forward(self, images: Tensor, level: Tensor, conditions: Tensor | None = None) -> Tensor:
        """Return maps of the size of the images, shape (N, 1, R, C)."""
        embedding = self.time(wave_embedding(8.0 * level, self.profile.channels[0], longest=100.0))
        if self.conditions is not None and conditions is not None:
            embedding = embedding + self.conditions(conditions)
        x = self.first(functional.pixel_unshuffle(images, self.profile.unshuffle))
        skips = [x]
        for index, stage in enumerate(self.down):
            for step in range(self.profile.blocks):
                x = stage(x, embedding, step)
                skips.append(x)
            if index < len(self.shrink):
                x = self.shrink[index](x, embedding)
                skips.append(x)
        x = self.middle_attention(self.middle(x, embedding, 0))
        x = self.middle(x, embedding, 1)
        for index, stage in enumerate(self.up):
            for step in range(self.profile.blocks + 1):
                x = stage(torch.cat([x, skips.pop()], 1), embedding, step)
            if index < len(self.grow):
                x = self.grow[index](x, embedding)
        return functional.pixel_shuffle(self.last(functional.silu(self.norm(x))), self.profile.unshuffle)


class _Stage(nn.Module):
    """Residual blocks of one level, each with attention if the level has it."""

    def __init__(self, blocks: Sequence[ResidualBlock], attention: int | None = None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        count = len(blocks) if attention else 0
        self.attention = nn.ModuleList(SelfAttention(attention or 1) for _ in range(count))

    def forward(self, x: Tensor, embedding: Tensor, step: int) -> Tensor:
        """Apply block number ``step``."""
        x = self.blocks[step](x, embedding)
        return self.attention[step](x) if len(self.attention) else x


class _Resampling(nn.Module):
    """Halves or doubles the size, in a residual block or by a plain convolution."""

    def __init__(self, channels: int, length: int, profile: Profile, kind: str, *, residual: bool) -> None:
        super().__init__()
        self.kind, self.residual = kind, residual
        if residual:
            self.change: nn.Module = _block(channels, channels, length, profile, resample=kind)
        else:
            self.change = nn.Conv2d(channels, channels, 3, padding=1, stride=2 if kind == "down" else 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Return the maps at the new size."""
        if self.residual:
            return self.change(x, embedding)
        return self.change(x if self.kind == "down" else functional.interpolate(x, scale_factor=2.0))


def _block(ins: int, outs: int, length: int, profile: Profile, *, resample: str = "") -> ResidualBlock:
    return ResidualBlock(ins, outs, length, dropout=profile.dropout, resample=resample)


def profile_for(size: int, device: str) -> str:
    """Return the profile for images of ``size`` px on a device.

    Examples
    --------
    >>> profile_for(64, "cpu"), profile_for(64, "cuda"), profile_for(224, "cuda")
    ('cpu-64', 'std-64', 'std-224')
    """
    if size <= 128:
        return "cpu-64" if device == "cpu" else "std-64"
    return "std-224"
