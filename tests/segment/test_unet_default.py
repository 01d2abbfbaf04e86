import pytest
import torch
from torch import nn

from napari_microgen.segment.unet_default import ResidualUNet


@pytest.mark.parametrize(("channels", "base", "low", "high"), [(5, 16, 1.0e6, 3.0e6), (10, 24, 2.0e6, 8.0e6)])
def test_its_size_suits_a_processor(channels, base, low, high):
    assert low < sum(p.numel() for p in ResidualUNet(channels, 3, base=base).parameters()) < high


@pytest.mark.parametrize("normalisation", ["batch", "group"])
@pytest.mark.parametrize(("channels", "classes", "sides"), [(1, 2, (16, 16)), (10, 7, (32, 80))])
def test_any_number_of_channels_and_classes(channels, classes, sides, normalisation):
    net = ResidualUNet(channels, classes, base=8, normalisation=normalisation).eval()
    with torch.inference_mode():
        assert net(torch.zeros(2, channels, *sides)).shape == (2, classes, *sides)


def test_the_encoder_reaches_the_decoder_at_every_level():
    """With the deepest features silenced the image still matters, and so does each skip alone."""
    torch.manual_seed(0)
    net = ResidualUNet(1, 2, base=8).eval()
    image = torch.randn(1, 1, 32, 32)
    with torch.inference_mode():
        whole = net(image)
        for level in range(4):
            shortened = ResidualUNet(1, 2, base=8).eval()
            shortened.load_state_dict(net.state_dict())
            deeper = shortened.shrink[level]
            deeper.register_forward_hook(lambda module, inputs, output: torch.zeros_like(output))
            changed = shortened(image)
            assert not torch.equal(changed, whole)
            assert not torch.equal(changed, shortened(torch.zeros_like(image)))


def test_far_pixels_do_not_matter():
    torch.manual_seed(0)
    net = ResidualUNet(1, 2, base=8).eval()
    image = torch.randn(1, 1, 320, 320, requires_grad=True)
    far = 0
    for offset in range(0, 16, 5):
        net(image)[0, 0, 160 + offset, 160 + offset].backward()
        touched = image.grad.abs().sum((0, 1)).nonzero()
        far = max(far, int((touched - 160 - offset).abs().max()))
        image.grad = None
    assert 64 < far <= ResidualUNet.margin


def test_it_is_shifted_with_the_image_by_whole_strides():
    torch.manual_seed(0)
    net = ResidualUNet(1, 3, base=8).eval()
    image = torch.randn(1, 1, 320, 320)
    with torch.inference_mode():
        here, there = net(image), net(image.roll((16, 32), (2, 3)))
    inner = slice(160, 192)
    assert torch.allclose(here.roll((16, 32), (2, 3))[..., inner, inner], there[..., inner, inner], atol=1e-5)


def test_it_learns_from_a_few_steps():
    torch.manual_seed(0)
    net = ResidualUNet(1, 2, base=8)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3)
    image = torch.randn(2, 1, 32, 32)
    truth = (image[:, 0] > 0).long()
    for _ in range(30):
        loss = nn.functional.cross_entropy(net(image), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (net(image).argmax(1) == truth).float().mean() > 0.95
