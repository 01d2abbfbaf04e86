"""The published networks have the published numbers of weights, and all give images of the right size."""

from itertools import pairwise

import pytest
import torch

from napari_microgen.generate.networks.acwgan import AcwganCritic, AcwganGenerator
from napari_microgen.generate.networks.condition_embedding import ConditionedDenoiser
from napari_microgen.generate.networks.grain_vae import GrainVae
from napari_microgen.generate.networks.initialisation import count
from napari_microgen.generate.networks.porous_gan import PorousDiscriminator, PorousGenerator
from napari_microgen.generate.networks.thin_film_gan import ThinFilmDiscriminator, ThinFilmGenerator
from napari_microgen.generate.networks.thin_film_vae import ThinFilmVae
from napari_microgen.generate.networks.unet import PROFILES, DenoisingUNet, profile_for
from napari_microgen.generate.networks.unet_ddpm import WideUNet


@pytest.fixture(autouse=True)
def no_memory():
    """Networks are only counted, so they need no memory."""
    with torch.device("meta"):
        yield


@pytest.mark.parametrize(
    ("make", "weights"),
    [
        (lambda: ThinFilmGenerator(6), 861_441),
        (lambda: ThinFilmGenerator(6, z_dim=32), 1_385_729),
        (lambda: ThinFilmDiscriminator(6), 211_457),
        (lambda: ThinFilmVae(6), 1_743_557),
        (lambda: AcwganGenerator((2, 3)), 255_589),
        (lambda: AcwganCritic((2, 3)), 117_270),
        (lambda: GrainVae(), 2_297_537),
        (lambda: GrainVae(size=64), 2_297_537),
    ],
    ids=["000 G", "000 G z 32", "000 D", "000 VAE", "001 G", "001 critic", "003 VAE", "003 VAE 64 px"],
)
def test_published_networks_have_their_number_of_weights(make, weights):
    assert count(make()) == weights


@pytest.mark.parametrize(
    ("profile", "millions"),
    [("cpu-64", 3.04), ("std-64", 12.2), ("big-64", 31.6), ("std-224", 17.2), ("big-224", 31.7)],
)
def test_the_profiles_of_the_default_have_their_size(profile, millions):
    found = count(DenoisingUNet(PROFILES[profile])) / 1e6
    assert found == pytest.approx(millions, abs=0.05 if millions > 10 else 0.005)


def test_the_diffusion_network_of_paper_002_has_about_35_7_million_weights():
    assert count(WideUNet(9)) / 1e6 == pytest.approx(35.7, abs=0.05)


def test_the_gan_of_paper_002_is_what_its_layers_add_up_to():
    labels, side, widths = 9, 7, [512, 256, 128, 64, 32, 1]
    ups = [(widths[0] + 1, 256), *pairwise(widths[1:])]
    expected = 100 * 512 * side**2 + 512 * side**2 + labels * side**2
    expected += sum(16 * a * b + b for a, b in ups)
    assert count(PorousGenerator(labels)) == expected
    downs = zip([2, 32, 64, 128, 256], [32, 64, 128, 256, 512], strict=True)
    expected = labels * 224**2 + sum(16 * a * b + b for a, b in downs) + 512 * side**2 + 1
    assert count(PorousDiscriminator(labels)) == expected


@pytest.mark.parametrize("size", [16, 64])
def test_thin_film_networks_take_any_multiple_of_4(size):
    images = ThinFilmGenerator(3, size=size)(torch.empty(2, 16), torch.empty(2, 3))
    assert images.shape == (2, 1, size, size)
    assert ThinFilmDiscriminator(3, size=size)(images, torch.empty(2, 3)).shape == (2,)


def test_the_other_networks_keep_the_size():
    images = PorousGenerator(3, size=64)(torch.empty(2, 100), torch.empty(2, 3))
    assert images.shape == (2, 1, 64, 64)
    images = AcwganGenerator((2, 1), size=32)(torch.empty(2, 100), torch.empty(2, 3))
    assert images.shape == (2, 1, 32, 32)
    score, told = AcwganCritic((2, 1), size=32)(images)
    assert score.shape == (2,)
    assert [head.shape for head in told] == [(2, 2), (2, 1)]
    logits, mean, _, told = ThinFilmVae(5)(torch.empty(2, 1, 64, 64), torch.empty(2, 64))
    assert (logits.shape, mean.shape, told.shape) == ((2, 1, 64, 64), (2, 64), (2, 5))
    maps, mean, _ = GrainVae()(torch.empty(2, 1, 256, 256), torch.empty(2, 256))
    assert (maps.shape, mean.shape) == ((2, 1, 256, 256), (2, 256))
    assert WideUNet(3, width=8)(torch.empty(2, 1, 24, 24), torch.empty(2), torch.empty(2, 3)).shape == (
        2,
        1,
        24,
        24,
    )


@pytest.mark.parametrize("size", [64, 128, 192, 256, 320])
def test_the_grain_network_keeps_the_size_and_never_narrows_to_a_pixel(size):
    with torch.device("meta"):
        network = GrainVae(latent=8, size=size)
        maps, mean, _ = network(torch.empty(2, 1, size, size), torch.empty(2, 8))
        narrow = network.encoder[:-1](torch.empty(2, 1, size, size))
    assert (maps.shape, mean.shape) == ((2, 1, size, size), (2, 8))
    assert narrow.shape[2:] == (network.start,) * 2
    assert network.start >= 4


@pytest.mark.parametrize("profile", PROFILES)
def test_the_default_network_keeps_the_size(profile):
    network = ConditionedDenoiser(profile, 4).to("meta")
    side = 2 * network.unet.multiple
    found = network(torch.empty(2, 1, side, side), torch.empty(2), torch.empty(2, 4), torch.empty(2))
    assert found.shape == (2, 1, side, side)


def test_a_profile_is_chosen_by_size_and_device():
    assert [profile_for(s, d) for s in (64, 224) for d in ("cpu", "cuda")] == [
        "cpu-64",
        "std-64",
        "std-224",
        "std-224",
    ]
