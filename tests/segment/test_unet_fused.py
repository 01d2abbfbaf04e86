import copy

import numpy as np
import pytest
import torch
from torch import nn

from napari_microgen.segment import unet_fused
from napari_microgen.segment.unet_default import ResidualUNet
from napari_microgen.segment.unet_fused import fused
from napari_microgen.segment.unet_paper import PaperUNet


def trained(network):
    """Give the normalisation layers statistics and factors as after a training."""
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
    return network.eval()


@pytest.fixture(params=["paper", "default", "paper group", "default group"])
def network(request):
    torch.manual_seed(1)
    kind = "group" if "group" in request.param else "batch"
    if "paper" in request.param:
        return trained(PaperUNet(2, 3, normalisation=kind))
    return trained(ResidualUNet(2, 3, base=8, normalisation=kind))


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(2)
    return torch.randn(1, 2, 48, 64, generator=generator).contiguous(memory_format=torch.channels_last)


def test_the_result_is_the_same(network, images):
    before = copy.deepcopy(network.state_dict())
    with torch.inference_mode():
        expected = network(images)
        scale = float(expected.abs().max())
        assert float((fused(network)(images) - expected).abs().max()) <= 2e-5 * scale
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_it_does_not_change_the_images_and_gives_the_same_twice(network, images):
    fast, kept = fused(network), images.clone()
    with torch.inference_mode():
        assert torch.equal(fast(images), fast(images))
        smaller = images[..., :32, :32].contiguous(memory_format=torch.channels_last)
        assert fast(smaller).shape == (1, 3, 32, 32)
    assert torch.equal(images, kept)


def test_bfloat16_is_near(network, images):
    with torch.inference_mode():
        expected = network(images)
        found = fused(network, torch.bfloat16)(images.bfloat16()).float()
    error = (found - expected).abs()
    assert float(error.mean()) < 0.05 * float(expected.std())


def test_normalisation_is_gone(network):
    left = [m for m in fused(network).modules() if isinstance(m, nn.BatchNorm2d)]
    assert left == []


def test_plain_operations_take_the_place_of_missing_ones(network, images, monkeypatch):
    with torch.inference_mode():
        expected = fused(network)(images)
        monkeypatch.setattr(unet_fused, "_onednn", lambda x: False)
        assert np.allclose(fused(network)(images), expected, atol=1e-4)
