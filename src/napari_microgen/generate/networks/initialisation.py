"""How weights start where a published network was written for Keras."""

import torch
from torch import nn

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def start_as_keras(module: nn.Module) -> None:
    """Draw dense and convolution weights from the Glorot uniform law and set their biases to 0."""
    for part in module.modules():
        if isinstance(part, WEIGHTED):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def count(module: nn.Module) -> int:
    """Return the number of trained numbers of a network.

    Examples
    --------
    >>> count(nn.Linear(3, 2))
    8
    """
    return sum(weight.numel() for weight in module.parameters() if isinstance(weight, torch.Tensor))
