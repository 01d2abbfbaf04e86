"""Parts of the diffusion networks in 16 and in 32 bit."""

import pytest
import torch

from napari_microgen.generate.networks.blocks import Normalisation
from napari_microgen.generate.networks.condition_embedding import ConditionedDenoiser
from napari_microgen.generate.networks.unet_ddpm import WideUNet


def inputs(network):
    random = torch.Generator().manual_seed(0)
    images = torch.randn(2, 1, 32, 32, generator=random)
    conditions = torch.randn(2, 3, generator=random)
    level = torch.tensor([0.2, 0.9]) if isinstance(network, ConditionedDenoiser) else torch.tensor([20, 900])
    return images, level, conditions


@pytest.mark.parametrize("make", [lambda: ConditionedDenoiser("tiny", 3), lambda: WideUNet(3, width=8)])
def test_half_precision_gives_nearly_the_same_maps_and_gradients(make):
    torch.manual_seed(0)
    network = make().eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn(weight.shape))
    found = []
    for half in (False, True):
        network.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            maps = network(*inputs(network))
        maps.float().square().mean().backward()
        slopes = [w.grad.flatten() for w in network.parameters() if w.grad is not None]
        assert all(slope.dtype == torch.float32 for slope in slopes)
        found.append((maps.float().detach(), torch.cat(slopes)))
    for exact, rounded in zip(*found, strict=True):
        assert (rounded - exact).norm() < 0.03 * exact.norm()


def test_an_embedding_learns_in_half_precision_what_unknown_is():
    network = ConditionedDenoiser("tiny", 3)
    with torch.autocast("cpu", torch.bfloat16):
        network(*inputs(network), torch.tensor([0.0, 1.0]))  # the second without its conditions


def test_normalisation_is_that_of_32_bit():
    x = 100 + torch.randn(2, 8, 16, 16)
    layer = Normalisation(2, 8)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(layer(x), torch.nn.functional.group_norm(x, 2))
