import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.segment.unet_default import ResidualUNet
from napari_microgen.segment.unet_tiles import tile_starts, tile_weight, tiled_logits


@given(
    length=st.integers(1, 80).map(lambda n: 16 * n),
    tile=st.integers(4, 40).map(lambda n: 16 * n),
    overlap=st.integers(0, 160),
)
def test_tiles_cover_the_axis_on_the_pooling_grid(length, tile, overlap):
    starts = tile_starts(length, tile, overlap, 16)
    covered = np.zeros(length)
    for start in starts:
        assert start % 16 == 0
        assert start >= 0
        covered[start : start + tile] += 1
    assert covered.min() >= 1
    if tile >= length:
        assert starts == [0]
    else:
        assert starts[-1] + tile == length
        steps = np.diff(starts)
        assert (steps > 0).all()
        assert (steps <= max(16, tile - 2 * overlap)).all()


@given(overlap=st.integers(8, 120), tile=st.integers(16, 30).map(lambda n: 16 * n))
def test_somewhere_a_tile_always_decides_outside_its_inner_margin(overlap, tile):
    """Everywhere the sum of the weights of pixels far enough from inner edges is that of all weights."""
    length = 16 * 50
    total, good = np.zeros(length), np.zeros(length)
    for start in tile_starts(length, tile, overlap, 16):
        weight = tile_weight(tile, start, length, overlap)
        inside = np.arange(len(weight))
        far = np.ones(len(weight), bool)
        if start:
            far &= inside >= overlap - 8
        if start + tile < length:
            far &= len(weight) - 1 - inside >= overlap - 8
        total[start : start + tile] += weight
        good[start : start + tile] += np.where(far, weight, 0)
    assert (good > 0.99 * total).all()
    assert (total > 0.3).all()


def test_weights_rise_as_a_raised_cosine_and_are_one_at_the_edges_of_the_image():
    weight = tile_weight(128, 64, 512, 32)
    assert weight[:24] == pytest.approx(1e-6)
    assert weight[40:88] == pytest.approx(1)
    assert weight[31] + weight[32] == pytest.approx(1, abs=1e-6)
    assert np.allclose(weight, weight[::-1])
    assert tile_weight(128, 0, 512, 32)[:88] == pytest.approx(1)
    assert tile_weight(600, 0, 512, 32).tolist() == [1] * 512


@pytest.fixture(scope="module")
def whole():
    torch.manual_seed(0)
    net = ResidualUNet(1, 3, base=8).eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    image = torch.randn(1, 1, 480, 544)
    with torch.inference_mode():
        return net, image, net(image)


def tiled(net, image, tile, overlap):
    with torch.inference_mode():
        parts = list(tiled_logits(net, image, (tile, tile), overlap, 16))
    return parts[-1], len(parts)


@pytest.mark.parametrize("tile", [272, 320, 384, 448, 528])
def test_with_the_reach_of_the_network_tiles_change_nothing(whole, tile):
    net, image, expected = whole
    found, count = tiled(net, image, tile, net.margin + 8)
    assert count > 2
    assert float((found - expected).abs().max()) <= 1e-5 * max(1, float(expected.abs().max()))


@pytest.mark.parametrize("tile", [160, 192, 256])
def test_with_64_px_hardly_anything_changes(whole, tile):
    net, image, expected = whole
    found, _ = tiled(net, image, tile, 64)
    assert (found.argmax(1) != expected.argmax(1)).float().mean() <= 1e-3
