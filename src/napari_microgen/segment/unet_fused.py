"""A trained network made fast on a processor: fewer, larger operations with the same result.

Batch normalisation is folded into the convolution before it, ReLU and the sum of a
residual block become part of the convolution, and weights are laid out once as oneDNN
wants them. Where these operations are missing, plain ones take their place.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .unet_default import Residual


def fused(network: nn.Module, dtype: torch.dtype = torch.float32) -> nn.Module:
    """Return a copy of a trained network for inference on a processor.

    Parameters
    ----------
    network : Module
        A `PaperUNet` or `ResidualUNet`; not changed.
    dtype : torch.dtype
        Number format of weights and images: float32 or bfloat16.

    Returns
    -------
    Module
        Takes and returns images of ``dtype``, best in channels-last layout.
    """
    result = copy.deepcopy(network).eval().requires_grad_(False)
    _replace(result)
    return result.to(dtype=dtype, memory_format=torch.channels_last)


class FusedConvolution(nn.Module):
    """A convolution with what follows it: ReLU, or the sum with another image and ReLU."""

    def __init__(self, convolution: nn.Conv2d, *, relu: bool = False) -> None:
        super().__init__()
        self.weight, self.bias = convolution.weight, convolution.bias
        self.settings = (
            list(convolution.padding),
            list(convolution.stride),
            list(convolution.dilation),
            convolution.groups,
        )
        self.relu = relu
        self._packed: tuple[Any, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolved image, above zero if ReLU is part of it."""
        if not _onednn(x):
            y = self._plain(x)
            return functional.relu_(y) if self.relu else y
        kind = "relu" if self.relu else "none"
        return torch.ops.mkldnn._convolution_pointwise(
            x, self._weight(x), self.bias, *self.settings, kind, [], ""
        )

    def add_to(self, sum_: Tensor, x: Tensor) -> Tensor:
        """Return relu(``sum_`` + convolved ``x``); ``sum_`` is overwritten."""
        if not _onednn(x):
            return functional.relu_(sum_.add_(self._plain(x)))
        return torch.ops.mkldnn._convolution_pointwise_.binary(
            sum_, x, self._weight(x), self.bias, *self.settings, "add", 1.0, "relu", [], ""
        )

    def _plain(self, x: Tensor) -> Tensor:
        padding, stride, dilation, groups = self.settings
        return functional.conv2d(x, self.weight, self.bias, stride, padding, dilation, groups)

    def _weight(self, x: Tensor) -> Tensor:
        """Return the weight laid out for images of this shape."""
        key = (tuple(x.shape), x.dtype)
        if self._packed is None or self._packed[0] != key:
            packed = torch.ops.mkldnn._reorder_convolution_weight(self.weight, *self.settings, list(x.shape))
            self._packed = key, packed
        return self._packed[1]


class FusedResidual(nn.Module):
    """A residual block of two fused convolutions."""

    def __init__(self, block: Residual) -> None:
        super().__init__()
        first, second = _convolutions(block.body)
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's result in the memory of ``x``, which nobody else needs."""
        return self.second.add_to(x, self.first(x))


def _replace(module: nn.Module) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, Residual) and not _has_group_normalisation(child):
            setattr(module, name, FusedResidual(child))
        elif isinstance(child, nn.Sequential):
            setattr(module, name, nn.Sequential(*_convolutions(child)))
        elif isinstance(child, nn.Conv2d):
            setattr(module, name, FusedConvolution(child))
        else:
            _replace(child)


def _has_group_normalisation(module: nn.Module) -> bool:
    return any(isinstance(layer, nn.GroupNorm) for layer in module.modules())


def _convolutions(layers: nn.Sequential) -> list[Any]:
    """Return the layers with each convolution, its batch normalisation and its ReLU made one."""
    result: list[Any] = []
    for layer in layers:
        last = result[-1] if result else None
        if isinstance(layer, nn.Conv2d):
            result.append(FusedConvolution(layer))
        elif isinstance(layer, nn.BatchNorm2d) and isinstance(last, FusedConvolution):
            result[-1] = FusedConvolution(_folded(last, layer))
        elif isinstance(layer, nn.ReLU) and isinstance(last, FusedConvolution) and not last.relu:
            last.relu = True
        else:
            result.append(layer)
    return result


def _folded(convolution: FusedConvolution, normalisation: nn.BatchNorm2d) -> nn.Conv2d:
    padding, stride, dilation, groups = convolution.settings
    width, inner, *kernel = convolution.weight.shape
    plain = nn.Conv2d(inner * groups, width, kernel, stride, padding, dilation, groups)
    plain.weight, plain.bias = convolution.weight, convolution.bias
    return fuse_conv_bn_eval(plain.eval(), normalisation.eval())


def _onednn(x: Tensor) -> bool:
    """Tell whether the fused operations can be used on this image."""
    return (
        x.device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
        and not torch.is_grad_enabled()
    )
