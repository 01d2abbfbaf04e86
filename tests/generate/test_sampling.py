"""Samplers against normal laws, for which the best denoiser is a formula."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from napari_microgen.generate.first_moment import contraction
from napari_microgen.generate.sampling import (
    ancestral,
    deterministic,
    dpm_solver_2m,
    few_levels,
    heun,
    karras_levels,
)

MU, SIGMA = 0.7, 0.3


def best(x, level):
    """Return the expected clean value of a normal law."""
    return (SIGMA**2 * x + level**2 * MU) / (SIGMA**2 + level**2)


def final(steps):
    count = 0
    while True:
        try:
            count = next(steps)
        except StopIteration as end:
            return end.value, count


def exact(x, s_max):
    """Return where the flow of a normal law ends."""
    return MU + (x - MU) * SIGMA / np.hypot(SIGMA, s_max)


@pytest.mark.parametrize("solve", [dpm_solver_2m, heun])
def test_solvers_converge_to_the_flow_of_a_normal_law_with_the_square_of_the_steps(solve):
    s_max = 80.0
    x = torch.linspace(-2, 2, 8, dtype=torch.float64) * s_max
    errors = []
    for count in (80, 160):
        found, evaluations = final(solve(best, x, karras_levels(count, 0.002, s_max)))
        assert evaluations == (count if solve is dpm_solver_2m else 2 * count - 1)
        errors.append(float(np.abs((found.numpy() - MU) / (exact(x.numpy(), s_max) - MU) - 1).max()))
    assert errors[0] < 0.005
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.15)


def few_or_karras(count, published):
    return (karras_levels(count, 0.002, 96.0), 1.0) if published else few_levels(count, 0.002, 96.0)


def spread_error(count, spread, published):
    levels, weight = few_or_karras(count, published)

    def of_spread(x, level):
        return spread**2 * x / (spread**2 + level**2)

    found, _ = final(dpm_solver_2m(of_spread, torch.ones(1, dtype=torch.float64), levels, weight))
    return float(found) / (spread / np.hypot(spread, 96.0)) - 1


@pytest.mark.parametrize(("count", "bound"), [(10, 0.085), (12, 0.085), (20, 0.06)])
def test_few_steps_keep_the_spread_of_normal_laws_better_than_the_published_levels(count, bound):
    ours, karras = (
        max(abs(spread_error(count, spread, published)) for spread in (0.1, 0.3, 0.5, 1, 2, 4, 8))
        for published in (False, True)
    )
    assert ours < bound
    assert ours < karras


def test_levels_made_for_few_steps_converge_too():
    assert abs(spread_error(300, 0.5, published=False)) < 1e-3


def test_few_steps_keep_the_shares_and_widths_of_a_mixture():
    share, width, s_max = 0.3, 0.15, 96.0
    random = np.random.default_rng(0)
    clean = np.where(random.random(50_000) < share, 1.0, -1.0) + width * random.standard_normal(50_000)
    x = torch.from_numpy(clean + s_max * random.standard_normal(50_000))

    def of_mixture(x, level):
        variance = width**2 + level**2
        chance = torch.sigmoid(2 * x / variance + np.log(share / (1 - share)))
        return (width**2 * x + level**2 * (2 * chance - 1)) / variance

    found = []
    for published in (False, True):
        made = final(dpm_solver_2m(of_mixture, x, *few_or_karras(10, published)))[0].numpy()
        found.append((abs((made > 0).mean() - share), np.sqrt(((np.abs(made) - 1) ** 2).mean()) / width - 1))
    assert found[0][0] < 0.012
    assert abs(found[0][1]) < 0.05
    assert found[1][1] > 0.3


@pytest.mark.parametrize("count", [4, 10, 20])
def test_the_mean_is_kept_exactly_whatever_the_number_of_steps(count):
    x = torch.full((1,), MU, dtype=torch.float64)
    found, _ = final(dpm_solver_2m(best, x, karras_levels(count)))
    assert float(found) == pytest.approx(MU, abs=1e-12)


def test_the_bias_of_a_start_around_zero_is_the_predicted_one():
    side, spread, mean, s_max = 224, 0.06, 0.70, 80.0

    def of_means(m, level):
        noise = (level / side) ** 2
        return (spread**2 * m + noise * mean) / (spread**2 + noise)

    found, _ = final(heun(of_means, torch.zeros(1, dtype=torch.float64), karras_levels(200, 0.002, s_max)))
    assert float(found) == pytest.approx(mean * (1 - contraction(spread, s_max, side)), abs=2e-4)
    assert float(found) == pytest.approx(0.5840, abs=2e-4)


def of_noise(products):
    """Return the best prediction of the noise for the normal law."""

    def predicted(x, step):
        kept = products[step]
        variance = kept * SIGMA**2 + 1 - kept
        return (1 - kept).sqrt() * (x - kept.sqrt() * MU) / variance

    return predicted


def test_ancestral_sampling_draws_from_the_law():
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, generator=generator, dtype=torch.float64)
    found, done = final(
        ancestral(
            of_noise(torch.cumprod(1 - betas, 0)),
            x,
            betas,
            lambda step: torch.randn(20_000, generator=generator, dtype=torch.float64),
        )
    )
    assert done == 1000
    assert float(found.mean()) == pytest.approx(MU, abs=0.01)
    assert float(found.std()) == pytest.approx(SIGMA, rel=0.05)


def test_deterministic_steps_converge_to_the_flow():
    products = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    expected = MU + (x.numpy() - products[-1].sqrt().item() * MU) * SIGMA
    errors = []
    for count in (50, 500):
        found, done = final(deterministic(of_noise(products), x, products, count))
        assert done == count
        errors.append(float(np.abs(found.numpy() - expected).max()))
    assert errors[0] < 0.06
    assert errors[1] < 0.01


def test_levels_fall_from_end_to_end():
    levels = karras_levels(10, 0.002, 96.0)
    assert levels[0] == pytest.approx(96)
    assert levels[-1] == pytest.approx(0.002)
    assert all(a > b for a, b in pairwise(levels))
