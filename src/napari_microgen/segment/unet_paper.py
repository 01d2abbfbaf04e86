"""The network of paper 002: a U-shaped, Xception-like net without encoder-to-decoder skips.

Layers and their order follow the Keras example "Image segmentation with a U-Net-like
architecture" (F. Chollet), which Wijaya et al. 2024 use, its "same" padding included:
a stride of 2 pads below and on the right only. Its transposed convolutions of stride 1 are
convolutions with turned kernels, and are written as such: the same functions, trained
faster. Weights start as in Keras (Glorot and Bengio 2010).
"""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 16
"""Image sides must be multiples of this."""
MARGIN = 128
"""Pixels at least this far apart do not influence each other."""

DOWN = (64, 128, 256)
UP = (256, 128, 64, 32)


class PaperUNet(nn.Module):
    """The paper's network; logits of shape (N, classes, R, C) from images (N, channels, R, C).

    Parameters
    ----------
    channels : int
        Grey or colour channels of the input.
    classes : int
        Classes to tell apart.
    normalisation : {"batch", "group"}
        Batch normalisation as in the paper, or group normalisation.

    Examples
    --------
    >>> sum(weight.numel() for weight in PaperUNet(1, 3).parameters())
    2054627
    """

    stride = STRIDE
    margin = MARGIN

    def __init__(
        self, channels: int, classes: int, *, normalisation: Literal["batch", "group"] = "batch"
    ) -> None:
        super().__init__()
        self.bytes_per_pixel = 4 * (channels + 90 + classes)
        self.entry = nn.Sequential(
            SamePad(0.0),
            nn.Conv2d(channels, 32, 3, stride=2),
            normal(32, normalisation),
            nn.ReLU(inplace=True),
        )
        self.down = nn.ModuleList(Down(a, b, normalisation) for a, b in pairwise((32, *DOWN)))
        self.up = nn.ModuleList(Up(a, b, normalisation) for a, b in pairwise((DOWN[-1], *UP)))
        self.head = nn.Conv2d(UP[-1], classes, 3, padding=1)
        self.apply(start_as_keras)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        x = self.entry(images)
        for stage in (*self.down, *self.up):
            x = stage(x)
        return self.head(x)


class Down(nn.Module):
    """ReLU, two separable convolutions, pooling to half the side; plus a 1x1 convolution of the input."""

    def __init__(self, width_in: int, width: int, normalisation: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReLU(),
            *separable(width_in, width),
            normal(width, normalisation),
            nn.ReLU(inplace=True),
            *separable(width, width),
            normal(width, normalisation),
            SamePad(-torch.inf),
            nn.MaxPool2d(3, stride=2),
        )
        self.residual = nn.Conv2d(width_in, width, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of half the side."""
        return self.body(x) + self.residual(x)


class Up(nn.Module):
    """ReLU, two convolutions, twice the side; plus a 1x1 convolution of the input."""

    def __init__(self, width_in: int, width: int, normalisation: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(width_in, width, 3, padding=1),
            normal(width, normalisation),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            normal(width, normalisation),
        )
        self.residual = nn.Conv2d(width_in, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return features of twice the side.

        A 1x1 convolution and nearest-neighbour enlargement commute, so both are added
        before the one enlargement.
        """
        return functional.interpolate(self.body(x) + self.residual(x), scale_factor=2.0, mode="nearest")


class SamePad(nn.Module):
    """One row below and one column on the right, as "same" padding asks at stride 2 of an even side."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: Tensor) -> Tensor:
        """Return the padded images."""
        return functional.pad(x, (0, 1, 0, 1), value=self.value)


def start_as_keras(layer: nn.Module) -> None:
    """Draw the weights of a convolution from Glorot's uniform distribution and set its bias to zero."""
    if isinstance(layer, nn.Conv2d):
        nn.init.xavier_uniform_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def separable(width_in: int, width: int) -> tuple[nn.Module, nn.Module]:
    """Return a depthwise 3x3 convolution without bias and a pointwise one with bias."""
    depthwise = nn.Conv2d(width_in, width_in, 3, padding=1, groups=width_in, bias=False)
    return depthwise, nn.Conv2d(width_in, width, 1)


def normal(width: int, kind: str) -> nn.Module:
    """Return a normalisation layer with the constants of Keras."""
    if kind == "group":
        return nn.GroupNorm(8, width, eps=1e-3)
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)
