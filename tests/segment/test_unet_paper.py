import pytest
import torch
from torch import nn

from napari_microgen.segment.unet_paper import MARGIN, STRIDE, Down, PaperUNet, SamePad, Up


def count(module):
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize(("channels", "total"), [(1, 2_054_627), (3, 2_055_203)])
def test_it_has_the_parameters_of_the_paper(channels, total):
    assert count(PaperUNet(channels, 3)) == total


def test_each_stage_has_the_parameters_of_the_paper():
    net = PaperUNet(1, 3)
    assert count(net.entry) == 384
    assert [count(stage) for stage in net.down] == [9_504, 35_392, 136_320]
    assert [count(stage) for stage in net.up] == [1_246_976, 476_032, 119_232, 29_920]
    assert count(net.head) == 867


def test_it_makes_the_work_the_paper_says():
    """55.6 GFLOP for a slice of 1120 x 640, a multiplication and an addition counted as two.

    Ours is less: 1x1 convolutions on the way up are made before the image is enlarged.
    """
    work = []

    def note(module, inputs, output):
        work.append((module, 2 * module.weight[0].numel() * output.numel()))

    net = PaperUNet(1, 3).eval()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note)
    with torch.inference_mode():
        net(torch.zeros(1, 1, 64, 112))
    moved = {stage.residual for stage in net.up}
    ours = sum(flops for _, flops in work) * 100 / 1e9
    papers = sum(flops * (4 if module in moved else 1) for module, flops in work) * 100 / 1e9
    assert papers == pytest.approx(55.6, rel=0.002)
    assert ours == pytest.approx(47.9, rel=0.002)


@pytest.mark.parametrize("sides", [(16, 16), (48, 32), (16, 64)])
def test_the_sides_stay(sides):
    with torch.inference_mode():
        assert PaperUNet(2, 4).eval()(torch.zeros(1, 2, *sides)).shape == (1, 4, *sides)


def test_there_are_no_skips_from_the_encoder():
    """The deepest features decide everything: with them silenced, the result does not depend on the image."""
    net = PaperUNet(1, 3).eval()
    net.down[-1].register_forward_hook(lambda module, inputs, output: torch.zeros_like(output))
    with torch.inference_mode():
        results = [net(image) for image in (torch.zeros(1, 1, 32, 32), torch.randn(1, 1, 32, 32))]
    assert torch.equal(*results)


def test_padding_at_stride_two_is_below_and_on_the_right():
    """A stride-2 convolution of Keras on an even side has its first tap at pixel 0."""
    layer = nn.Sequential(SamePad(0.0), nn.Conv2d(1, 1, 3, stride=2, bias=False))
    nn.init.zeros_(layer[1].weight)
    layer[1].weight.data[0, 0, 0, 0] = 1
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert layer(image).flatten().tolist() == [0, 2, 8, 10]


def test_enlarging_after_the_sum_is_the_sum_of_what_is_enlarged():
    stage = Up(4, 8, "batch").eval()
    x = torch.randn(1, 4, 6, 6)
    with torch.inference_mode():
        enlarge = nn.Upsample(scale_factor=2.0)
        as_in_the_paper = enlarge(stage.body(x)) + stage.residual(enlarge(x))
        assert torch.allclose(stage(x), as_in_the_paper, atol=1e-6)


def test_a_transposed_convolution_of_stride_one_is_a_convolution_with_turned_kernels():
    convolution, transposed = nn.Conv2d(3, 5, 3, padding=1), nn.ConvTranspose2d(3, 5, 3, padding=1)
    transposed.weight.data = convolution.weight.data.transpose(0, 1).flip(2, 3)
    transposed.bias.data = convolution.bias.data
    x = torch.randn(1, 3, 7, 9)
    assert torch.allclose(convolution(x), transposed(x), atol=1e-6)


def test_the_residual_of_the_way_down_samples_even_pixels():
    stage = Down(1, 4, "batch")
    x = torch.randn(1, 1, 8, 8)
    expected = nn.functional.conv2d(x[..., ::2, ::2], stage.residual.weight, stage.residual.bias)
    assert torch.allclose(stage.residual(x), expected, atol=1e-6)


def test_constants_are_those_of_keras():
    norms = [m for m in PaperUNet(1, 3).modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 15
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}
    pointwise = PaperUNet(1, 3).up[0].residual
    assert not pointwise.bias.any()
    limit = (6 / (256 + 256)) ** 0.5
    assert 0.95 * limit < pointwise.weight.abs().max() <= limit
    assert not any(isinstance(m, nn.BatchNorm2d) for m in PaperUNet(1, 3, normalisation="group").modules())


@pytest.mark.parametrize("normalisation", ["batch", "group"])
def test_it_learns(normalisation):
    torch.manual_seed(0)
    net = PaperUNet(1, 2, normalisation=normalisation)
    optimiser = torch.optim.RMSprop(net.parameters(), 1e-3)
    image = torch.randn(1, 1, 64, 64)
    image[..., 32:] += 2
    truth = torch.zeros(1, 64, 64, dtype=torch.long)
    truth[..., 32:] = 1
    losses = []
    for _ in range(15):
        loss = nn.functional.cross_entropy(net(image), truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert min(losses[-3:]) < 0.5 * losses[0]


def reach(net, channels, side):
    """Largest distance in px at which an input pixel changes the logits of another pixel."""
    net = net.eval()
    image = torch.randn(1, channels, side, side, requires_grad=True)
    far = 0
    for offset in range(0, net.stride, 5):
        centre = side // 2 + offset
        net(image)[0, 0, centre, centre].backward()
        touched = image.grad.abs().sum((0, 1)).nonzero()
        far = max(far, int((touched - centre).abs().max()))
        image.grad = None
    return far


def test_far_pixels_do_not_matter():
    torch.manual_seed(0)
    assert 64 < reach(PaperUNet(1, 2), 1, 320) <= MARGIN
    assert PaperUNet.stride == STRIDE == 16
