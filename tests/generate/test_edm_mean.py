"""The mean of an image in the default generator: combined by its own spread and noise."""

import numpy as np
import pytest
import torch

from napari_microgen.generate.model import read_generator


@pytest.fixture
def generator(train, tmp_path):
    train("edm", tmp_path / "model", steps=1)
    return read_generator(tmp_path / "model").generator


def outputs(generator, value):
    """Make the network give one value everywhere."""
    generator._network = lambda scaled, *_: torch.full_like(scaled, value)
    return generator


@pytest.mark.parametrize("level", [0.05, 1.0, 20.0])
def test_a_silent_network_gives_the_best_guess_of_two_normal_laws(generator, level):
    side, spread, sd = 16, generator.means.spread, generator.deviation
    noisy = torch.randn((3, 1, side, side), generator=torch.Generator().manual_seed(0)) + 0.3
    found = outputs(generator, 0.0).denoise(noisy, level, torch.zeros(3, 1))
    mean = noisy.mean((1, 2, 3))
    own = spread**2 / (spread**2 + (level / side) ** 2)
    torch.testing.assert_close(found.mean((1, 2, 3)), own * mean, atol=1e-5, rtol=1e-4)
    rest = (noisy - mean[:, None, None, None]) * sd**2 / (sd**2 + level**2)
    torch.testing.assert_close(found - found.mean((1, 2, 3), keepdim=True), rest, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("level", [0.05, 1.0, 20.0, 96.0])
def test_at_high_noise_the_network_moves_the_mean_by_no_more_than_it_can_be_off(generator, level):
    spread, sd, noise = generator.means.spread, generator.deviation, level / 16
    flat = torch.zeros((1, 1, 16, 16))
    moved = float(outputs(generator, 1.0).denoise(flat, level, torch.zeros(1, 1)).mean())
    own, pixel = 1 / np.hypot(1 / spread, 1 / noise), 1 / np.hypot(1 / sd, 1 / level)
    lost = noise**2 / (noise**2 + spread**2)
    assert moved == pytest.approx(lost * own + (1 - lost) * pixel, rel=1e-4)
    assert own <= moved <= pixel
    assert abs(moved / own - 1) < 0.2 or noise < 5 * spread


def test_a_model_without_a_mean_of_its_own_is_read_as_before(generator):
    generator.own_mean = False
    noisy, sd = torch.full((1, 1, 16, 16), 0.5), generator.deviation
    found = outputs(generator, 0.2).denoise(noisy, 2.0, torch.zeros(1, 1))
    before = 0.5 * sd**2 / (4 + sd**2) + 0.2 * 2 * sd / np.hypot(2, sd)
    assert float(found.mean()) == pytest.approx(before, rel=1e-5)
